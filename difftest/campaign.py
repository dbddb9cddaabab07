"""Campaigns: many random programs on two sides, with what fails shrunk and saved.

Used by the suite (fixed seeds), by `make soak` and by `python -m difftest` (new ones).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from difftest.generate import (
    base_program,
    float_program,
    guest_program,
    plain_program,
    portable_program,
    system_program,
)
from difftest.lockstep import Report, compare
from difftest.program import Program
from difftest.shrink import save, shrink
from difftest.sides import Side

GENERATORS: dict[str, Callable[[str], Program]] = {
    "base": base_program,
    "plain": plain_program,
    "float": float_program,
    "system": system_program,
    "portable": portable_program,
    "guest": guest_program,
}


@dataclass
class Result:
    """What a campaign did; `failures` are messages with the place of the saved program."""

    programs: int = 0
    steps: int = 0
    traps: int = 0
    failures: list[str] = field(default_factory=list)


def run(
    programs: Iterable[Program],
    ours: Side,
    theirs: Side,
    *,
    steps: int,
    stride: int = 1,
    folder: Path | None = None,
    is_over: Callable[[Result], bool] = lambda result: bool(result.failures),
) -> Result:
    """Compare programs until they are used up or `is_over`; failing ones go to `folder`."""
    result = Result()
    for program in programs:
        report = compare(program, ours, theirs, steps, stride)
        result.programs += 1
        result.steps += report.steps
        result.traps += report.traps
        if report.mismatch:
            result.failures.append(_explain(program, report, ours, theirs, folder))
        if is_over(result):
            break
    return result


def _explain(
    program: Program, report: Report, ours: Side, theirs: Side, folder: Path | None
) -> str:
    """Describe a failure; shrink and save the program when there is a folder for it."""
    assert report.mismatch is not None, "explains only failures"
    text = report.mismatch.describe(ours.name, theirs.name)
    if folder is None:
        return f"{program.seed}: {text}"

    sought = {difference.name for difference in report.mismatch.differences}

    def fails(tried: Program) -> bool:
        found = compare(tried, ours, theirs, report.steps).mismatch
        return found is not None and not sought.isdisjoint(d.name for d in found.differences)

    small = shrink(program, fails) if fails(program) else program
    again = compare(small, ours, theirs, report.steps).mismatch or report.mismatch
    path = save(small, again.describe(ours.name, theirs.name), folder)
    return f"{program.seed}: {text}\n  shrunk to {path}"
