"""How fast compiled C executes, beside Spike: `python -m bench.compiled`.

Nine workloads of different kinds (`bench/c/`), compiled by GCC at -O2 for RV64IMAC, in S-mode with
Sv39 on and pages of 4 KiB; and one of RV64GC in double precision. Measured as `bench.engines`.
"""

import argparse
import math
import sys
from collections.abc import Mapping, Sequence

from bench._figures import Figure, conclude, median
from bench._subjects import Subject, compile_first, our_subjects, peers, versions
from bench.engines import Rates, Workload, measure, ratios, report

WORKLOADS = (
    Workload("loops", 2, 600),
    Workload("calls", 2, 4000),
    Workload("sort", 2, 150),
    Workload("dispatch", 2, 8000),
    Workload("copy", 1, 400),
    Workload("hash", 2, 150),
    Workload("text", 2, 100),
    Workload("sieve", 2, 150),
    Workload("tree", 2, 60),
)
REALS = Workload("reals", 2, 60_000)  # a third of it double-precision operations
LEAST_MIPS, LEAST_TO_SPIKE, LEAST_REALS = 300, 1.25, 80
ROUNDS = 3


def figures(results: Mapping[str, Rates], ours: str) -> list[Figure]:
    """Give what must be reached: the geometric mean, and each workload against Spike."""
    integer = {name: rates for name, rates in results.items() if name != REALS.guest}
    logs = [math.log(median(rates[ours])) for rates in integer.values()]
    mean = math.exp(sum(logs) / len(logs))
    found = [Figure("geometric mean, interpreter", mean, "MIPS", at_least=LEAST_MIPS)]
    for name, rates in integer.items():
        ratio = ratios(rates, ours, "spike")
        found.append(Figure(f"{name}, interpreter to spike", ratio, at_least=LEAST_TO_SPIKE))
    reals = median(results[REALS.guest][ours])
    return [*found, Figure("reals, interpreter", reals, "MIPS", at_least=LEAST_REALS)]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and give the exit status."""
    parser = argparse.ArgumentParser(prog="bench.compiled", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--scale", type=float, default=1.0, help="times the long run's iterations")
    options = parser.parse_args(arguments)
    compile_first()
    mine = our_subjects()
    subjects: list[Subject] = [*mine, *(peer for peer in peers() if peer.name == "spike")]
    results = {}
    for workload in (*WORKLOADS, REALS):
        longer = max(workload.short + 1, round(workload.long * options.scale))
        sized = Workload(workload.guest, workload.short, longer)
        results[workload.guest] = measure(sized, subjects, options.rounds)
    print(versions())
    print(report(results, mine[0].name) + "\n")
    return conclude(figures(results, mine[0].name))


if __name__ == "__main__":
    sys.exit(main())
