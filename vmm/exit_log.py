"""The last exits: of a vCPU, which compiled code keeps, and of a machine to its environment.

The first are a small ring behind the monitor's other words: for each exit what it was, where, and
the address or instruction word that it was about. Read when a domain has to be explained.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from isa.causes import Cause, describe_cause
from isa.disasm import disassemble
from isa.exits import Exit
from isa.hart import Hart
from isa.machine import MachinePage, tlb_get, tlb_put
from isa.spec import TABLE
from isa.state import Slot
from vmm.counts import MONITOR_WORDS

LOG_AT = MONITOR_WORDS
LOG_EXITS = 8  # a power of two
EXIT_WORDS = 3  # cause, pc, value
LOG_WORDS = 1 + LOG_EXITS * EXIT_WORDS  # first how many exits there have been
TLB_MISS = 64
"""Stands where an exception's code stands."""


@dataclass(frozen=True)
class LoggedExit:
    """An exit: its cause (or TLB_MISS), and what mtval would have held."""

    cause: int
    pc: int
    value: int

    def __str__(self) -> str:
        if self.cause == TLB_MISS:
            return f"TLB miss for {self.value:#x}"
        if self.cause == Cause.ILLEGAL and TABLE.decode(self.value) is not None:
            return f"to emulate {' '.join(disassemble(self.value, self.pc).split())}"
        if self.cause == Cause.ECALL_U:
            return "ecall"
        return f"{describe_cause(self.cause)} {self.value:#x}"


class ExitNotes:
    """The last exits that asked a machine for something."""

    def __init__(self) -> None:
        self._notes: deque[tuple[int, int, str | int, int]] = deque(maxlen=LOG_EXITS)

    def add(self, hart: Hart, exit_: Exit, what: str | int, value: int) -> None:
        """Remember an exit: what it was, or which extension a call was for."""
        self._notes.append((hart.id, exit_.pc, what, value))

    def told(self, name: Callable[[int], str]) -> list[str]:
        """Tell of the exits, the latest at the end; `name` names extensions."""
        return [
            f"hart {hart} at {pc:#x}: {what if isinstance(what, str) else f'SBI {name(what)}'}"
            f" {value:#x}"
            for hart, pc, what, value in self._notes
        ]


def log_exit(vcpu: MachinePage, cause: int, pc: int, value: int) -> None:
    """Keep an exit, in place of the oldest."""
    at = vcpu[Slot.MONITOR_AT] + LOG_AT
    number = tlb_get(vcpu, at)
    tlb_put(vcpu, at, number + 1)
    entry = at + 1 + (number & LOG_EXITS - 1) * EXIT_WORDS
    tlb_put(vcpu, entry, cause)
    tlb_put(vcpu, entry + 1, pc)
    tlb_put(vcpu, entry + 2, value)


def read_log(vcpu: Hart) -> list[LoggedExit]:
    """Give the last exits, the latest at the end."""
    at = vcpu.slots[Slot.MONITOR_AT] + LOG_AT
    words = vcpu.tlb[at : at + LOG_WORDS].tolist()
    number, kept = words[0], words[1:]
    exits = []
    for n in range(max(0, number - LOG_EXITS), number):
        entry = n % LOG_EXITS * EXIT_WORDS
        exits.append(LoggedExit(*kept[entry : entry + EXIT_WORDS]))
    return exits
