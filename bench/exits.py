"""How many exits a second the monitor handles: `python -m bench.exits`.

A guest that does little else than leave, in a domain (deprivileged, `softtlb`): by exits that
compiled code handles, and by exits that go to a handler in Python. The bare board stands beside it,
where calls and devices are exits too. CPU time, start-up subtracted, medians.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from bench._figures import Figure, conclude, median, table
from bench._subjects import Ours, Sample, compile_first, our_subjects

COMPILED, PYTHON = 3_000_000, 200_000
ROUNDS = 7


@dataclass(frozen=True)
class Leaving:
    """A workload, what leaves the guest in it, and how many exits a second are required."""

    guest: str
    what: str
    long: int
    exits: int  # an iteration's, in a domain
    at_least: float | None
    is_bare_exit: bool = True  # whether each is an exit on the bare board too


WORKLOADS = (
    Leaving("csr", "CSR access, compiled", 2_000_000, 2, COMPILED, is_bare_exit=False),
    Leaving("nullcall", "ecall and sret, compiled", 1_000_000, 4, COMPILED, is_bare_exit=False),
    Leaving("sbi", "SBI call, Python", 60_000, 1, PYTHON),
    Leaving("clock", "device register, Python", 60_000, 1, PYTHON),
    Leaving("uart", "line status, mostly compiled", 600_000, 1, PYTHON),
)
SHORT = 100


def rate(subject: Ours, leaving: Leaving, long: int) -> float:
    """Give exits a second: those of a long run less those of a short one."""
    many: Sample = subject.run(leaving.guest, long)
    few = subject.run(leaving.guest, SHORT)
    exits = leaving.exits * (long - SHORT)
    counted = many.exits - few.exits
    assert not counted or exits <= counted <= 1.01 * exits, f"{counted} exits, not some {exits}"
    return exits / (many.cpu_s - few.cpu_s)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and give the exit status."""
    parser = argparse.ArgumentParser(prog="bench.exits", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--scale", type=float, default=1.0, help="times the iterations")
    options = parser.parse_args(arguments)
    compile_first()
    board, domain = our_subjects()
    figures = []
    rows = [["exits a second", board.name, domain.name]]
    for leaving in WORKLOADS:
        long = max(2 * SHORT, round(leaving.long * options.scale))
        rates: dict[str, list[float]] = {board.name: [], domain.name: []}
        for _ in range(options.rounds):
            for subject in (board, domain):
                rates[subject.name].append(rate(subject, leaving, long))
        mid = {name: median(values) for name, values in rates.items()}
        bare = f"{mid[board.name]:,.0f}" if leaving.is_bare_exit else "no exit"
        rows.append([leaving.what, bare, f"{mid[domain.name]:,.0f}"])
        figures.append(Figure(leaving.what, mid[domain.name], "/s", at_least=leaving.at_least))
    print(table(rows) + "\n")
    return conclude(figures)


if __name__ == "__main__":
    sys.exit(main())
