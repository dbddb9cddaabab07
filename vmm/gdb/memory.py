"""Memory as a debugger sees it: by a hart's current translation, or by physical address.

Looking changes nothing: tables are walked on a copy of the hart's state, with every page readable.
Devices are not touched, since reading one can change it; the boot ROM can be read.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from isa import mstatus as ms
from isa.causes import Priv
from isa.hart import Hart
from isa.mmu import Access, translate
from isa.probe import Probe
from isa.pte import MODE_SHIFT, PAGE_SIZE
from isa.state import Slot
from isa.walk import ENVCFG_ADUE
from isa.words import Word
from vmm.devices.rom import Rom

if TYPE_CHECKING:
    from vmm.machine import Machine

MASK = (1 << 64) - 1


class Sight:
    """A debugger's view of a machine's memory."""

    def __init__(self, machine: "Machine") -> None:
        self._machine = machine
        self.is_physical = False

    def read(self, hart: Hart, at: int, size: int) -> bytes:
        """Read what can be read from an address on, up to `size` bytes."""
        data = bytearray()
        for pa, length in self._pieces(hart, at, size):
            piece = self._read_physical(pa, length)
            data += piece
            if len(piece) < length:
                break
        return bytes(data)

    def write(self, hart: Hart, at: int, data: bytes) -> bool:
        """Write all or nothing; say which."""
        pieces = list(self._pieces(hart, at, len(data)))
        memory = self._machine.memory
        if sum(length for _pa, length in pieces) < len(data):
            return False
        if not all(memory.contains(pa, length) for pa, length in pieces):
            return False
        start = 0
        for pa, length in pieces:
            memory.write(pa, data[start : start + length])
            start += length
        return True

    def _read_physical(self, pa: int, size: int) -> bytes:
        memory = self._machine.memory
        if memory.contains(pa, size):
            return memory.read(pa, size)
        place = self._machine.bus.find(pa)
        if place is not None and isinstance(place.device, Rom):
            end = min(pa + size, place.end)
            return bytes(place.device.read(at - place.base, 1) for at in range(pa, end))
        return b""

    def _pieces(self, hart: Hart, at: int, size: int) -> Iterator[tuple[int, int]]:
        """Give physical address and length of the part in each page, as far as there are pages."""
        while size > 0:
            length = min(size, PAGE_SIZE - at % PAGE_SIZE)
            pa = at if self.is_physical else find_physical(hart, at)
            if pa is None:
                return
            yield pa, length
            at, size = at + length & MASK, size - length


def find_physical(hart: Hart, va: int) -> int | None:
    """Translate as the hart would now, whatever the page's permissions; None when not mapped."""
    status = hart.slots[Slot.MSTATUS]
    priv = hart.slots[Slot.PRIV]
    if status & ms.MPRV:
        priv = (status & ms.MPP) >> ms.MPP_SHIFT
    is_guest = hart.slots[Slot.V]
    if not is_guest and (priv == Priv.M or hart.slots[Slot.SATP] >> MODE_SHIFT == 0):
        return va
    probe: Any = Probe(hart)
    probe.slots[Slot.PRIV] = Priv.S
    probe.slots[Slot.MSTATUS] = status & ~ms.MPRV | ms.SUM | ms.MXR
    probe.slots[Slot.VSSTATUS] |= ms.SUM | ms.MXR
    probe.slots[Slot.MENVCFG] |= ENVCFG_ADUE  # a page that was never accessed is no fault here
    probe.slots[Slot.HENVCFG] |= ENVCFG_ADUE
    pa = int(translate(probe, Word(va), Access.LOAD))
    return None if probe.slots[Slot.PENDING] or probe.slots[Slot.EXIT] else pa
