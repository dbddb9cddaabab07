"""How fast the interpreter executes, beside other simulators: `python -m bench.engines`.

Three bundled guests in S-mode with Sv39 on, in turns: every round runs each simulator once. A rate
is instructions over CPU seconds of a long run less a short one, so that start-up does not count; a
ratio is that of one round; both are given as medians of the rounds. Spike interprets, Unicorn and
QEMU translate. QEMU and our own domain only inform.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench._figures import Figure, MeasurementError, conclude, median, table
from bench._subjects import Subject, compile_first, our_subjects, peers, versions

REQUIRED_MIPS = {"intloop": 250}
REQUIRED_FASTER = {"branchy": ("spike", "unicorn"), "stores": ("spike", "unicorn")}
ROUNDS = 5


@dataclass(frozen=True)
class Workload:
    """A bundled benchmark guest with the iterations of its short and its long run."""

    guest: str
    short: int
    long: int


WORKLOADS = (
    Workload("intloop", 1000, 16_000_000),
    Workload("branchy", 4, 6000),
    Workload("stores", 1, 600),
)

Rates = dict[str, list[float]]
"""MIPS by simulator, one of each round."""


def measure(workload: Workload, subjects: Sequence[Subject], rounds: int) -> Rates:
    """Run a workload under each simulator, round after round."""
    rates: Rates = {subject.name: [] for subject in subjects}
    for each in range(rounds + 1):
        expected: dict[int, str] = {}
        instructions = 0
        for subject in subjects:
            samples = {n: subject.run(workload.guest, n) for n in (workload.short, workload.long)}
            for n, sample in samples.items():
                if sample.console != expected.setdefault(n, sample.console):
                    raise MeasurementError(
                        f"{workload.guest} under {subject.name} printed {sample.console!r}"
                        f" instead of {expected[n]!r}"
                    )
            short, long = samples.values()
            instructions = instructions or long.instructions - short.instructions
            if each:  # the first round only warms up
                rates[subject.name].append(instructions / (long.cpu_s - short.cpu_s) / 1e6)
    return rates


def ratios(rates: Rates, ours: str, peer: str) -> float | None:
    """Give how many times as fast as a peer we are: the median of the rounds."""
    if peer not in rates:
        return None
    return median(a / b for a, b in zip(rates[ours], rates[peer], strict=True))


def report(results: Mapping[str, Rates], ours: str) -> str:
    """Lay out the medians and the ratios."""
    names = list(next(iter(results.values())))
    rows = [["MIPS, and ours to theirs", *names]]
    for guest, rates in results.items():
        row = [guest]
        for name in names:
            ratio = "" if name == ours else f" ({ratios(rates, ours, name):.2f})"
            row.append(f"{median(rates[name]):.0f}{ratio}")
        rows.append(row)
    return table(rows)


def figures(results: Mapping[str, Rates], ours: str) -> list[Figure]:
    """Give what must be reached."""
    found = []
    for guest, least in REQUIRED_MIPS.items():
        rate = median(results[guest][ours])
        found.append(Figure(f"{guest}, interpreter", rate, "MIPS", at_least=least))
    for guest, names in REQUIRED_FASTER.items():
        for peer in names:
            ratio = ratios(results[guest], ours, peer)
            found.append(Figure(f"{guest}, interpreter to {peer}", ratio, at_least=1))
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and give the exit status."""
    parser = argparse.ArgumentParser(prog="bench.engines", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--scale", type=float, default=1.0, help="times the long run's iterations")
    options = parser.parse_args(arguments)
    compile_first()
    mine = our_subjects()
    subjects: list[Subject] = [*mine, *peers()]
    ours = mine[0].name
    results = {}
    for workload in WORKLOADS:
        longer = max(workload.short * 2, round(workload.long * options.scale))
        sized = Workload(workload.guest, workload.short, longer)
        results[workload.guest] = measure(sized, subjects, options.rounds)
    print(versions())
    print(report(results, ours) + "\n")
    return conclude(figures(results, ours))


if __name__ == "__main__":
    sys.exit(main())
