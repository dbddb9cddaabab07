"""How fast compiled C executes, beside Spike: `python -m bench.compiled`.

Nine workloads of different kinds (`bench/c/`), compiled by GCC at -O2 for RV64IMAC, in S-mode with
Sv39 on and pages of 4 KiB. Measured as `bench.engines` does it.
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
LEAST_MIPS, LEAST_TO_SPIKE = 300, 1.25
ROUNDS = 3


def figures(results: Mapping[str, Rates], ours: str) -> list[Figure]:
    """Give what must be reached: the geometric mean, and each workload against Spike."""
    logs = [math.log(median(rates[ours])) for rates in results.values()]
    mean = math.exp(sum(logs) / len(logs))
    found = [Figure("geometric mean, interpreter", mean, "MIPS", at_least=LEAST_MIPS)]
    for name, rates in results.items():
        ratio = ratios(rates, ours, "spike")
        found.append(Figure(f"{name}, interpreter to spike", ratio, at_least=LEAST_TO_SPIKE))
    return found


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
    for workload in WORKLOADS:
        longer = max(workload.short + 1, round(workload.long * options.scale))
        sized = Workload(workload.guest, workload.short, longer)
        results[workload.guest] = measure(sized, subjects, options.rounds)
    print(versions())
    print(report(results, mine[0].name) + "\n")
    return conclude(figures(results, mine[0].name))


if __name__ == "__main__":
    sys.exit(main())
