"""What a mode costs beyond the bare board, and how much that rests on single numbers of the model.

Modelled cycles only. The bare board may refill its TLB by a hardware walker or in software: the
overhead is given against both, whichever the preset's machine had.
"""

from fractions import Fraction
from typing import TYPE_CHECKING

from trapline.settings import BARE, cost_model
from vmm.costs import CostModel, Refill
from vmm.stats import account, kernel_misses

if TYPE_CHECKING:
    from rich.table import Table

    from trapline.session import Comparison, Result


def cycles_under(
    result: "Result", model: CostModel, refill: Refill, bare_kernel_misses: int | None = None
) -> int:
    """Give the cycles of a run under a cost model."""
    counters, facts = result.machine.cpu.counters(), result.account.facts
    return account(
        counters, model, facts, bare_refill=refill, bare_kernel_misses=bare_kernel_misses
    ).cycles


def overhead(comparison: "Comparison", mode: str, model: CostModel, refill: Refill) -> float | None:
    """Give a mode's extra cycles as a part of the bare board's; None when those are none."""
    bare = comparison.runs[BARE]
    base = cycles_under(bare, model, refill)
    misses = kernel_misses(bare.machine.cpu.counters())
    cycles = cycles_under(comparison.runs[mode], model, refill, misses)
    return (cycles - base) / base if base else None


def overheads(comparison: "Comparison") -> dict[str, dict[str, float | None]]:
    """Give every mode's overhead against each kind of bare board, by mode and refill."""
    model = cost_model(comparison.options)
    return {
        mode: {refill.value: overhead(comparison, mode, model, refill) for refill in Refill}
        for mode in comparison.modes
    }


def overhead_lines(comparison: "Comparison") -> list[str]:
    """Say every mode's overhead in words."""
    return [
        f"overhead of {mode}: "
        + ", ".join(
            f"{percent(value)} against a bare board with refills in {refill}"
            for refill, value in by_refill.items()
        )
        for mode, by_refill in overheads(comparison).items()
    ]


def percent(part: float | None) -> str:
    """Give a part as per cent."""
    return "-" if part is None else f"{100 * part:+.1f} %"


def sensitivity_table(comparison: "Comparison") -> "Table":
    """Return a table of the overheads with each cost halved and doubled, if they change."""
    from rich.table import Table

    model = cost_model(comparison.options)
    refill = model.bare_refill
    table = Table(title=f"overhead if a cost of {model.name} were another", title_justify="left")
    for heading in ("cost", "cycles", "mode", "halved", "as it is", "doubled"):
        table.add_column(heading, justify="left" if heading in ("cost", "mode") else "right")
    for name, cost in model.costs().items():
        for mode in comparison.modes:
            halved, same, doubled = (
                percent(overhead(comparison, mode, model.with_scaled(name, factor), refill))
                for factor in (Fraction(1, 2), Fraction(1), Fraction(2))
            )
            if halved != doubled:
                table.add_row(name, f"{cost.cycles:,}", mode, halved, same, doubled)
    return table
