"""What single operations cost in each mode: `python -m bench.nano`.

After the nanobenchmarks of Adams and Agesen (ASPLOS 2006) and lmbench in Xen (SOSP 2003): each
operation is repeated in a small kernel, on the bare board and in every memory mode. Instructions,
exits and modelled cycles of one are exact, a long run less a short one; host time is CPU time.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bench._figures import median, table
from bench._subjects import compile_first
from bench._workloads import elf
from isa.engine import load
from trapline.kernels import Kernel
from trapline.session import Result, execute, make_console, plan_kernel
from trapline.settings import BARE, Options
from vmm.costs import PRESETS
from vmm.memory import MODES

SHORT = 100
ROUNDS = 3
EMPTY = "empty"


@dataclass(frozen=True)
class Operation:
    """An operation: the workload that repeats it, what it is, and how often in a long run."""

    guest: str
    what: str
    long: int


OPERATIONS = (
    Operation("nullcall", "null system call", 100_000),
    Operation("onefault", "page fault: unmap, touch, map", 50_000),
    Operation("pte", "page-table write", 100_000),
    Operation("remap", "page-table write, sfence.vma, touch", 50_000),
    Operation("csrw", "CSR write", 200_000),
    Operation("oneswitch", "context switch: satp, 4 pages", 50_000),
    Operation("ipi", "IPI to oneself, taken", 10_000),
    Operation("timer", "timer programming", 20_000),
    Operation("uart", "device register read", 20_000),
    Operation("sbi", "world switch: to the environment, back", 20_000),
)


@dataclass(frozen=True)
class Cost:
    """What one operation takes."""

    instructions: float
    exits: float
    cycles: float
    host_ns: float


def measure(guest: str, mode: str, costs: str, long: int, rounds: int) -> Cost:
    """Measure one operation in one mode, the loop around it included."""
    pairs = [(run(guest, mode, costs, long), run(guest, mode, costs, SHORT)) for _ in range(rounds)]
    many, few = (result.account for result in pairs[0])
    count = long - SHORT

    def each(much: float, little: float) -> float:
        return (much - little) / count

    seconds = [
        each(long_run.account.facts.cpu_s, short_run.account.facts.cpu_s)
        for long_run, short_run in pairs
    ]
    return Cost(
        instructions=each(many.instructions, few.instructions),
        exits=each(sum(many.exits.values()), sum(few.exits.values())),
        cycles=each(many.cycles, few.cycles),
        host_ns=1e9 * median(seconds),
    )


def run(guest: str, mode: str, costs: str, n: int) -> Result:
    """Run a workload N times."""
    options = Options(mem="64M", tlb="exact", costs=costs)
    plan = plan_kernel(Kernel(guest, elf(guest, n)), options, mode)
    result = execute(plan, mode, load(None), make_console())
    assert result.exit_status == 0, f"{guest} in {mode}: {result.text}"
    return result


def without_loop(cost: Cost, loop: Cost) -> Cost:
    """Give what an operation takes beyond the loop that repeats it; a call brings its own."""
    return Cost(
        cost.instructions - loop.instructions,
        cost.exits - loop.exits,
        cost.cycles - loop.cycles,
        cost.host_ns - loop.host_ns,
    )


def costs_of_all(
    modes: Sequence[str], preset: str, rounds: int, scale: float
) -> dict[str, dict[str, Cost]]:
    """Measure every operation in every mode: by operation, then by mode."""
    loops = {mode: measure(EMPTY, mode, preset, scaled(200_000, scale), rounds) for mode in modes}
    return {
        operation.guest: {
            mode: without_loop(
                measure(operation.guest, mode, preset, scaled(operation.long, scale), rounds),
                loops[mode],
            )
            for mode in modes
        }
        for operation in OPERATIONS
    }


def scaled(count: int, scale: float) -> int:
    """Give the number of repetitions of a long run."""
    return max(2 * SHORT, round(count * scale))


def rows(results: dict[str, dict[str, Cost]], modes: Sequence[str]) -> list[list[str]]:
    """Make the table: for each mode cycles, exits and host time of one operation."""
    head = ["one operation", "instructions"]
    for mode in modes:
        head += [f"{mode}: cycles", "exits", "host ns"]
    body = []
    for operation in OPERATIONS:
        costs = results[operation.guest]
        row = [operation.what, f"{costs[modes[0]].instructions:.1f}"]
        for mode in modes:
            cost = costs[mode]
            row += [f"{cost.cycles:,.0f}", f"{cost.exits:.2f}", f"{cost.host_ns:,.0f}"]
        body.append(row)
    return [head, *body]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="bench.nano", description=__doc__)
    parser.add_argument("--costs", default="1997", choices=sorted(PRESETS))
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--scale", type=float, default=1.0, help="times the repetitions")
    parser.add_argument("--json", metavar="F", help="write everything to a file")
    options = parser.parse_args(arguments)
    compile_first()
    modes = (BARE, *MODES)
    results = costs_of_all(modes, options.costs, options.rounds, options.scale)
    print(f"costs of {options.costs}")
    print(table(rows(results, modes)))
    if options.json is not None:
        named = {
            operation.guest: {
                "what": operation.what,
                "modes": {mode: asdict(cost) for mode, cost in results[operation.guest].items()},
            }
            for operation in OPERATIONS
        }
        document = {"costs": options.costs, "operations": named}
        Path(options.json).write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
