"""What every measurement shares: processor time, medians, tables, and what must be reached.

Not here: what is measured. Times are CPU time unless a name says wall.
"""

import resource
import statistics
import subprocess
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass


class MeasurementError(Exception):
    """Something that was measured did not do what it should."""


@dataclass(frozen=True)
class Figure:
    """One measured figure; `value` is None where there was nothing to measure it with.

    `at_least` and `at_most` say what must be reached, both None that the figure only informs.
    """

    name: str
    value: float | None
    unit: str = ""
    at_least: float | None = None
    at_most: float | None = None

    @property
    def is_required(self) -> bool:
        """Whether a measurement fails without it."""
        return self.at_least is not None or self.at_most is not None

    @property
    def is_reached(self) -> bool:
        """Whether the figure is what it must be."""
        if not self.is_required:
            return True
        if self.value is None:
            return False
        is_enough = self.at_least is None or self.value >= self.at_least
        return is_enough and (self.at_most is None or self.value <= self.at_most)

    def cells(self) -> tuple[str, str, str, str]:
        """Give name, value, requirement and verdict as text."""
        value = "not measured" if self.value is None else f"{_number(self.value)} {self.unit}"
        bounds = ((">=", self.at_least), ("<=", self.at_most))
        must = " ".join(f"{sign} {_number(bound)}" for sign, bound in bounds if bound is not None)
        verdict = ("reached" if self.is_reached else "MISSED") if self.is_required else ""
        return self.name, value.strip(), must, verdict


def _number(value: float) -> str:
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4g}"


def child_cpu(command: Sequence[str], **options: object) -> tuple[float, bytes]:
    """Run a program; give the CPU seconds that it and its children took, and what it printed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run = subprocess.run(command, stdout=subprocess.PIPE, check=False, **options)  # type: ignore[call-overload]
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if run.returncode:
        raise MeasurementError(f"{command[0]} ended with status {run.returncode}")
    seconds = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return seconds, run.stdout


def own_cpu(action: Callable[[], object]) -> float:
    """Give the CPU seconds that a call takes in this process."""
    start = time.process_time()
    action()
    return time.process_time() - start


def median(values: Iterable[float]) -> float:
    """Give the median."""
    return statistics.median(values)


def table(rows: Sequence[Sequence[str]]) -> str:
    """Lay out rows of text in columns: the first to the left, the others to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = (
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )
    return "\n".join(lines)


def conclude(figures: Sequence[Figure]) -> int:
    """Print the figures; give the exit status: 1 when one that must be reached was not."""
    heading = ("figure", "measured", "required", "")
    print(table([heading, *(figure.cells() for figure in figures)]))
    return 0 if all(figure.is_reached for figure in figures) else 1
