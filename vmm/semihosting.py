"""Semihosting: calls from a program to the host that runs it, marked by three instructions.

Follows "Semihosting for AArch32 and AArch64" (Arm, release 2.0) with the RISC-V binding: `slli x0,
x0, 0x1f; ebreak; srai x0, x0, 7`, the operation in a0, its argument or the address of its block in
a1, the result in a0. Files of the host stay out of reach: there is the console, and no more.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from isa.causes import Cause
from isa.exits import ExitReason
from isa.hart import Hart
from isa.mmu import Access, translate
from isa.state import Slot
from isa.trap import enter_s, pend, take
from vmm.contracts import StopKind, StopRequest
from vmm.fdt import TIMEBASE_HZ

if TYPE_CHECKING:
    from vmm.machine import Machine

MARKS = (0x01F01013, 0x00100073, 0x40705013)
"""What stands before, at and behind the ebreak."""
A0, A1 = 10, 11
MASK = (1 << 64) - 1
FAILED = MASK  # -1
APPLICATION_EXIT = 0x20026
SOURCE = "semihosting"
CONSOLE_NAME = b":tt"
INPUT, OUTPUT = 1, 2  # handles
MOST_BYTES = 1 << 20
PAGE = 4096
EPOCH = 1_767_225_600  # as the real-time clock: 2026-01-01 00:00 UTC


class Semihosting:
    """Carries out the calls of one machine's harts."""

    def __init__(self, machine: "Machine") -> None:
        self._machine = machine
        for hart in machine.harts:
            hart.slots[Slot.SEMIHOSTED] = 1
        self._operations: dict[int, Callable[[Hart, int], int]] = {
            0x01: self._open,
            0x02: lambda _hart, _at: 0,  # close
            0x03: lambda hart, at: self._print(self._read(hart, at, 1)),
            0x04: self._write_text,
            0x05: self._write,
            0x06: self._read_console,
            0x07: self._read_character,
            0x08: lambda hart, at: int(self._words(hart, at, 1)[0] >> 63),  # is this an error
            0x09: lambda _hart, _at: 1,  # is it a terminal
            0x0C: lambda _hart, _at: 0,  # length of a file
            0x10: lambda _hart, _at: self._time * 100 // TIMEBASE_HZ,
            0x11: lambda _hart, _at: EPOCH + self._time // TIMEBASE_HZ,
            0x13: lambda _hart, _at: 0,  # errno
            0x18: self._exit,
            0x20: self._exit,
            0x30: self._elapsed,
            0x31: lambda _hart, _at: TIMEBASE_HZ,
        }

    def settle(self, hart: Hart) -> None:
        """Carry out the call of a hart that has stopped at an ebreak; any other ebreak traps."""
        slots = hart.slots
        slots[Slot.EXIT] = ExitReason.FUEL
        if self._call(hart):
            slots[Slot.TRAPS] += 1
            slots[Slot.PC] = slots[Slot.PC] + 4 & MASK
            return
        pend(hart, Cause.BREAKPOINT, hart[Slot.PC])
        take(hart)
        if slots[Slot.EXIT]:  # nobody below takes it
            slots[Slot.EXIT] = ExitReason.FUEL
            enter_s(hart, Cause.BREAKPOINT, hart[Slot.PC])

    def _call(self, hart: Hart) -> bool:
        """Carry out a call, if that is what the ebreak at pc is."""
        pc = hart.pc
        if pc < 4 or (pc - 4) // PAGE != (pc + 4) // PAGE:
            return False
        code = self._fetch(hart, pc - 4)
        if tuple(int.from_bytes(code[at : at + 4], "little") for at in (0, 4, 8)) != MARKS:
            return False
        operation = self._operations.get(hart.x[A0])
        hart[A0] = FAILED if operation is None else operation(hart, hart.x[A1])
        return True

    # ---------------------------------------------------------------------------- operations

    def _open(self, hart: Hart, at: int) -> int:
        name, mode, length = self._words(hart, at, 3)
        if length != len(CONSOLE_NAME) or self._read(hart, name, length) != CONSOLE_NAME:
            return FAILED
        return INPUT if mode < 4 else OUTPUT

    def _write_text(self, hart: Hart, at: int) -> int:
        """Print up to a zero byte."""
        for start in range(at, at + MOST_BYTES, 64):
            text, end, _rest = self._read(hart, start, 64).partition(b"\0")
            self._print(text)
            if end or not text:
                break
        return 0

    def _write(self, hart: Hart, at: int) -> int:
        """Print; give the number of bytes that were not."""
        handle, data, size = self._words(hart, at, 3)
        if handle != OUTPUT:
            return size
        text = self._read(hart, data, min(size, MOST_BYTES))
        self._print(text)
        return size - len(text)

    def _read_console(self, hart: Hart, at: int) -> int:
        """Read into memory; give the number of bytes that were not read."""
        _handle, to, size = self._words(hart, at, 3)
        data = self._machine.platform.console_read(min(size, MOST_BYTES))
        return size - self._store(hart, to, data)

    def _read_character(self, hart: Hart, _at: int) -> int:
        data = self._machine.platform.console_read(1)
        return data[0] if data else FAILED

    def _exit(self, hart: Hart, at: int) -> int:
        """End the run: the block has a reason, and the status of a program that ended itself."""
        reason, status = self._words(hart, at, 2)
        code = status if reason == APPLICATION_EXIT else 1
        self._machine.end(StopRequest(StopKind.SHUTDOWN, code, SOURCE))
        return 0

    def _elapsed(self, hart: Hart, at: int) -> int:
        stored = self._store(hart, at, self._time.to_bytes(8, "little"))
        return 0 if stored == 8 else FAILED

    # -------------------------------------------------------------------------------- memory

    @property
    def _time(self) -> int:
        return self._machine.timers.time

    def _print(self, text: bytes) -> int:
        self._machine.console.write(text)
        return 0

    def _words(self, hart: Hart, at: int, count: int) -> Sequence[int]:
        """Read a block; what cannot be read is zero."""
        data = self._read(hart, at, 8 * count).ljust(8 * count, b"\0")
        return [int.from_bytes(data[n : n + 8], "little") for n in range(0, 8 * count, 8)]

    def _read(self, hart: Hart, at: int, size: int) -> bytes:
        """Read through the program's own translation, page by page; as far as that goes."""
        data = bytearray()
        while len(data) < size:
            va = at + len(data) & MASK
            length = min(size - len(data), PAGE - va % PAGE)
            pa = self._translate(hart, va, Access.LOAD)
            if pa is None or not self._machine.memory.contains(pa, length):
                break
            data += self._machine.memory.read(pa, length)
        return bytes(data)

    def _store(self, hart: Hart, at: int, data: bytes) -> int:
        """Store through the program's own translation; give how many bytes that were."""
        done = 0
        while done < len(data):
            va = at + done & MASK
            part = data[done : done + PAGE - va % PAGE]
            pa = self._translate(hart, va, Access.STORE)
            if pa is None or not self._machine.memory.contains(pa, len(part)):
                break
            self._machine.memory.write(pa, part)
            done += len(part)
        return done

    def _fetch(self, hart: Hart, va: int) -> bytes:
        pa = self._translate(hart, va, Access.FETCH)
        if pa is None or not self._machine.memory.contains(pa, 12):
            return bytes(12)
        return self._machine.memory.read(pa, 12)

    @staticmethod
    def _translate(hart: Hart, va: int, access: Access) -> int | None:
        pa = int(translate(hart, hart[Slot.X0] + va, access))
        hart[Slot.INLINE_STALE] = 1  # the modelled TLB may have changed beneath it
        if hart.slots[Slot.PENDING]:
            hart[Slot.PENDING] = 0
            return None
        return pa
