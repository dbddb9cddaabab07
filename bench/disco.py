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
    """A workload, how long it runs, and the overhead that Disco's paper allows it in per cent."""

    name: str
    what: str
    scale: int
    at_most: float | None


WORKLOADS = (
    Workload("compute", "compute-bound", 100, 3),
    Workload("compile", "compile-like", 80, 16),
    Workload("database", "database-like", 60, 16),
    Workload("calls", "system-call-bound", 20, None),
)


def compared(workload: Workload, costs: str, scale: float, **options: str) -> trapline.Comparison:
    """Run a workload on the bare board and in every mode."""
    line = f"run={workload.name} scale={max(1, round(workload.scale * scale))}"
    found = trapline.compare(GUEST, input=b"", append=line, costs=costs, **options)
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


def sweep(workload: Workload, costs: str, scale: float) -> dict[str, float]:
    """Give the overhead of softtlb by geometry of the second-level TLB."""
    return {
        shape: overhead(compared(workload, costs, scale, second_tlb=shape), SOFTTLB)
        for shape in SECOND_LEVELS
    }


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
    sweeps = {one: sweep(one, options.costs, options.scale) for one in WORKLOADS}
    print("\noverhead of softtlb by the second-level TLB (sets x ways), in per cent")
    lines = [[one.what, *(f"{value:.1f}" for value in sweeps[one].values())] for one in WORKLOADS]
    print(table([["workload", *SECOND_LEVELS], *lines]) + "\n")
    if options.json is not None:
        document = {
            one.name: {"runs": runs[one].to_json(), "sweep": sweeps[one]} for one in WORKLOADS
        }
        Path(options.json).write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    is_disco = options.costs == "1997" and options.scale >= 1
    return conclude(
        [
            Figure(
                f"{one.what}, softtlb",
                overhead(runs[one], SOFTTLB),
                "%",
                at_most=one.at_most if is_disco else None,
            )
            for one in WORKLOADS
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
