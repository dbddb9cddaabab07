"""Disco's experiment again: what a monitor costs monolith's workloads: `python -m bench.disco`.

Modelled cycles of each memory mode against the bare board, with the preset of 1997 as it was fixed
before anything was measured: overhead, Disco's five buckets, and in mode softtlb a sweep of the
second-level TLB's size. Deterministic: two runs give the same table.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import trapline
from bench._figures import Figure, MeasurementError, conclude, table
from bench._subjects import compile_first
from trapline.settings import BARE, SOFTTLB
from vmm.costs import PRESETS
from vmm.schema import Bucket

GUEST = "monolith"
SECOND_LEVELS = ("1x0", "16x4", "64x4", "128x4", "256x4", "512x4", "1024x4", "4096x4")


@dataclass(frozen=True)
class Workload:
    """A workload, and how long it runs."""

    name: str
    what: str
    scale: int
    at_most: float | None
    """What softtlb may cost with the preset of 1997, in per cent."""
    today_at_most: float | None = None
    """What twostage may cost with the present-day preset."""


TWOSTAGE = "twostage"
WORKLOADS = (
    Workload("compute", "compute-bound", 100, 3, 3),
    Workload("compile", "compile-like", 80, 16),
    Workload("database", "database-like", 60, 16),
    Workload("calls", "system-call-bound", 200, None, 3),
)


def line_of(workload: Workload, scale: float) -> str:
    """Give the command line that runs a workload."""
    return f"run={workload.name} scale={max(1, round(workload.scale * scale))}"


def compared(workload: Workload, costs: str, scale: float) -> trapline.Comparison:
    """Run a workload on the bare board and in every mode."""
    line = line_of(workload, scale)
    found = trapline.compare(GUEST, input=b"", append=line, costs=costs)
    if found.exit_status or not found.state_agrees:
        raise MeasurementError(f"{line}: status {found.exit_status}, or not the same in all modes")
    return found


def overhead(comparison: trapline.Comparison, mode: str) -> float:
    """Give what a mode adds to the bare board's cycles, in per cent."""
    bare, domain = (comparison.runs[name].account for name in (BARE, mode))
    return 100 * (domain.cycles / bare.cycles - 1)


def rows_of(workload: Workload, comparison: trapline.Comparison) -> list[list[str]]:
    """Make the lines of a workload: a mode each, the buckets in per cent of the bare board."""
    bare = comparison.runs[BARE].account
    rows = []
    for mode in comparison.modes:
        account = comparison.runs[mode].account
        shares = [100 * account.buckets[bucket] / bare.cycles for bucket in Bucket]
        rows.append(
            [
                workload.what,
                mode,
                f"{bare.instructions / 1e6:.1f} M",
                f"{overhead(comparison, mode):+.1f} %",
                *(f"{share:.1f}" for share in shares),
            ]
        )
    return rows


def sweep(
    workload: Workload, found: trapline.Comparison, costs: str, scale: float
) -> dict[str, float]:
    """Give the overhead of softtlb by geometry of the second-level TLB."""
    bare = found.runs[BARE].account.cycles
    line = line_of(workload, scale)
    cycles = {
        shape: trapline.boot(
            GUEST, input=b"", append=line, costs=costs, tlb="exact", second_tlb=shape
        ).account.cycles
        for shape in SECOND_LEVELS
    }
    return {shape: 100 * (each / bare - 1) for shape, each in cycles.items()}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and give the exit status."""
    parser = argparse.ArgumentParser(prog="bench.disco", description=__doc__)
    parser.add_argument("--costs", default="1997", choices=sorted(PRESETS))
    parser.add_argument("--scale", type=float, default=1.0, help="times the length of each run")
    parser.add_argument("--json", metavar="F", help="write everything to a file")
    options = parser.parse_args(arguments)
    compile_first()
    runs = {one: compared(one, options.costs, options.scale) for one in WORKLOADS}
    head = ["workload", "mode", "instructions", "overhead", *(bucket.value for bucket in Bucket)]
    print(f"costs of {options.costs}; buckets in per cent of the bare board's cycles")
    print(table([head, *(row for one, found in runs.items() for row in rows_of(one, found))]))
    sweeps = {one: sweep(one, runs[one], options.costs, options.scale) for one in WORKLOADS}
    print("\noverhead of softtlb by the second-level TLB (sets x ways), in per cent")
    lines = [[one.what, *(f"{value:.1f}" for value in sweeps[one].values())] for one in WORKLOADS]
    print(table([["workload", *SECOND_LEVELS], *lines]) + "\n")
    if options.json is not None:
        document = {
            one.name: {"runs": runs[one].to_json(), "sweep": sweeps[one]} for one in WORKLOADS
        }
        Path(options.json).write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    is_whole = options.scale >= 1
    return conclude([figure(one, runs[one], options.costs, is_whole) for one in WORKLOADS])


def figure(workload: Workload, found: trapline.Comparison, costs: str, is_whole: bool) -> Figure:
    """Give what must be reached: Disco's overheads in 1997, those of two stages today."""
    mode, at_most = SOFTTLB, workload.at_most if costs == "1997" else None
    if costs == "today":
        mode, at_most = TWOSTAGE, workload.today_at_most
    bound = at_most if is_whole else None
    return Figure(f"{workload.what}, {mode}", overhead(found, mode), "%", at_most=bound)


if __name__ == "__main__":
    sys.exit(main())
