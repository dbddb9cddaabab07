"""The machine words: what meanings use to reach memory and translation caches.

These are the reference engine's versions, on a `MachinePage`; the compiled engines have their own
(`isa/engine/lowering/words.py`). `offset`s count bytes from the start of machine RAM and have been
checked by the caller (`isa/mmu.py`); here they are checked once more.
"""

from typing import Any, Protocol

from isa.state import NO_FRAME, Slot
from isa.words import Page, Word


class MachinePage(Page, Protocol):
    """A hart page with the memory behind it."""

    ram: memoryview
    frames: memoryview | None
    tlb: memoryview
    window: memoryview
    engine: Any
    mode: Any
    calls: Any


def frame_of(hart: MachinePage, number: int) -> int:
    """Give the machine frame of a guest frame, NO_FRAME when it has none."""
    return Word(number if hart.frames is None else hart.frames[number])


def ram_load(hart: MachinePage, offset: int, size: int) -> int:
    """Load `size` bytes (1 to 8), zero-extended, little-endian."""
    assert offset + size <= len(hart.ram), "RAM offset was not checked"
    return Word(int.from_bytes(hart.ram[offset : offset + size], "little"))


def ram_store(hart: MachinePage, offset: int, size: int, value: int) -> None:
    """Store the low `size` bytes of a word, little-endian."""
    assert offset + size <= len(hart.ram), "RAM offset was not checked"
    low = int(value) & ((1 << 8 * size) - 1)
    hart.ram[offset : offset + size] = low.to_bytes(size, "little")


def tlb_get(hart: MachinePage, index: int) -> int:
    """Read a word of the modelled TLB."""
    return int(hart.tlb[index])


def tlb_put(hart: MachinePage, index: int, value: int) -> None:
    """Write a word of the modelled TLB."""
    hart.tlb[index] = value


def window_get(hart: MachinePage, index: int) -> int:
    """Read a word of the window to a device."""
    return Word(hart.window[index])


def window_put(hart: MachinePage, index: int, value: int) -> None:
    """Write a word of the window to a device."""
    hart.window[index] = value


def note_page(hart: MachinePage, va: int, offset: int, access: int) -> None:
    """Let an engine remember a page that an access has reached; the reference engine does not."""


def drop_inline(hart: MachinePage, vpn: int) -> None:
    """Forget a page in an engine's inline TLB; the reference engine has none."""


def drop_all_inline(hart: MachinePage) -> None:
    """Let an engine that has an inline TLB forget every page in it."""
    hart[Slot.INLINE_STALE] = Word(1)


def engine_run(hart: MachinePage, fuel: int) -> int:
    """Run a hart on its engine, as `Engine.run`; gives the exit reason."""
    return Word(hart.engine.run(hart, int(fuel)).reason)


def engine_execute(hart: MachinePage, insn: int) -> int:
    """Carry out an instruction word on a hart, as `Engine.execute`; gives the exit reason."""
    return Word(hart.engine.execute(hart, int(insn)).reason)


__all__ = [
    "NO_FRAME",
    "MachinePage",
    "drop_all_inline",
    "drop_inline",
    "engine_execute",
    "engine_run",
    "frame_of",
    "note_page",
    "ram_load",
    "ram_store",
    "tlb_get",
    "tlb_put",
    "window_get",
    "window_put",
]
