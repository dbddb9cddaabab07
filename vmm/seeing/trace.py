"""What happens in a run, for Perfetto: privilege levels, traps, interrupts, calls, device accesses.

The file is in the Trace Event format, as JSON, a track for each hart; time is the guest's, which
passes with instructions. The trace is written as it comes, so that a long one takes no memory.
"""

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from isa.causes import INTERRUPT, Cause, Priv, describe_cause
from isa.exits import Exit, ExitReason
from isa.hart import Hart
from isa.state import Slot
from vmm.fdt import TIMEBASE_HZ
from vmm.stop import Stop

if TYPE_CHECKING:
    from vmm.machine import Machine

GUEST = 1
A0, A6, A7 = 10, 16, 17
MICROSECONDS = 1_000_000


class Trace:
    """Runs a machine and writes what happens."""

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write
        self._separator = "[\n"
        self._known: dict[int, tuple[int, int, int]] = {}
        self._called: dict[int, int] = {}
        self._machine: Machine | None = None

    def drive(self, machine: "Machine", bound: int | None) -> Stop:
        """Run the machine to its end or bound."""
        self._machine = machine
        run_hart = machine.run_hart

        def run_traced(index: int, fuel: int) -> Exit:
            hart = machine.harts[index]
            self.look(hart)
            exit_ = run_hart(index, fuel)
            self.look(hart)
            self.left(hart, exit_)
            return exit_

        for hart in machine.harts:
            self._name(hart)
        self._watch_moves(machine, 1)
        machine.run_hart = run_traced
        try:
            return machine.run(bound)
        finally:
            machine.run_hart = run_hart
            self._watch_moves(machine, 0)
            for hart in machine.harts:
                self._emit(hart, "E")
            self._write("\n]\n")

    @staticmethod
    def _watch_moves(machine: "Machine", is_watched: int) -> None:
        for hart in machine.harts:
            for page in machine.cpu.pages(hart.id):
                page.slots[Slot.MOVES_WATCHED] = is_watched

    # -------------------------------------------------------------------------------- events

    def look(self, hart: Hart) -> None:
        """Note a trap, and a change of privilege, since the last look."""
        slots = hart.slots
        state = slots[Slot.TRAPS], slots[Slot.PRIV], slots[Slot.V]
        known = self._known.get(hart.id)
        if state == known:
            return
        self._known[hart.id] = state
        call = self._called.pop(hart.id, None)
        if known is not None and state[0] != known[0] and call != hart.pc:
            self._trap(hart)
        if known is None or state[1:] != known[1:]:
            if known is not None:
                self._emit(hart, "E")
            name = f"{'V' if state[2] else ''}{Priv(state[1]).name}-mode"
            self._emit(hart, "B", name)

    def left(self, hart: Hart, exit_: Exit) -> None:
        """Note what a hart has left guest code for."""
        if exit_.reason is ExitReason.MMIO:
            self._access(hart, exit_)
        elif exit_.reason is ExitReason.TRAP and exit_.cause == Cause.ECALL_S:
            x = hart.x
            call = {"extension": hex(x[A7]), "function": x[A6], "a0": hex(x[A0])}
            self._instant(hart, "SBI call", call | {"pc": hex(exit_.pc)})
            self._called[hart.id] = exit_.pc + 4

    def _trap(self, hart: Hart) -> None:
        slots = hart.slots
        by = "m" if slots[Slot.PRIV] == Priv.M else "vs" if slots[Slot.V] else "s"
        cause, tval, epc = (slots[Slot[f"{by}{name}".upper()]] for name in ("cause", "tval", "epc"))
        kind = "interrupt" if cause & INTERRUPT else "trap"
        where = {"cause": describe_cause(cause), "tval": hex(tval), "pc": hex(epc)}
        self._instant(hart, f"{kind}: {describe_cause(cause)}", where)

    def _access(self, hart: Hart, exit_: Exit) -> None:
        assert self._machine is not None, "it runs"
        place = self._machine.bus.find(exit_.pa)
        name = "nothing" if place is None else place.name
        offset = exit_.pa if place is None else exit_.pa - place.base
        verb = "write" if exit_.is_write else "read"
        what: dict[str, object] = {"offset": hex(offset), "size": exit_.size, "pc": hex(exit_.pc)}
        if exit_.is_write:
            what["value"] = hex(exit_.value & (1 << 8 * exit_.size) - 1)
        self._instant(hart, f"{verb} {name}", what)

    def _instant(self, hart: Hart, name: str, args: Mapping[str, object]) -> None:
        self._emit(hart, "i", name, {"s": "t", "args": args})

    # --------------------------------------------------------------------------------- lines

    def _name(self, hart: Hart) -> None:
        args = {"args": {"name": f"hart {hart.id}"}}
        self._emit(hart, "M", "thread_name", args)

    def _emit(
        self, hart: Hart, phase: str, name: str = "", more: Mapping[str, Any] | None = None
    ) -> None:
        ticks = hart.clock / hart.slots[Slot.TICK]
        event: dict[str, Any] = {
            "ph": phase,
            "pid": GUEST,
            "tid": hart.id + 1,
            "ts": round(ticks * MICROSECONDS / TIMEBASE_HZ, 4),
        }
        if name:
            event["name"] = name
        self._write(f"{self._separator}{json.dumps(event | dict(more or {}))}")
        self._separator = ",\n"
