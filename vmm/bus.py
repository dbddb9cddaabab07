"""The bus: which device answers at which address.

RAM is not on it: the engine reaches RAM itself and comes here with everything else. A guest's bad
access is a `BusFault` value, which the caller turns into an access fault; it is never an exception.
"""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from isa.errors import TraplineError
from vmm.contracts import Device, DeviceState, StateError

ADDRESS_LIMIT = 1 << 64
MAX_WIDTH = 8


class FaultReason(Enum):
    """Why an access got no answer."""

    UNMAPPED = "no device at this address"
    WIDTH = "the device does not take accesses of this width"
    MISALIGNED = "the address is not a multiple of the width"


@dataclass(frozen=True, slots=True)
class BusFault:
    """An access that no device took."""

    pa: int
    size: int
    is_write: bool
    reason: FaultReason


class BusConflictError(TraplineError):
    """A device's address range is impossible or overlaps another one's."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A device at its place."""

    name: str
    device: Device
    base: int
    end: int
    widths: frozenset[int]


class Bus:
    """Devices by address range."""

    def __init__(self) -> None:
        self._places: list[Attachment] = []
        self._bases: list[int] = []

    @property
    def attachments(self) -> tuple[Attachment, ...]:
        """The devices by ascending address."""
        return tuple(self._places)

    def attach(self, name: str, device: Device, base: int) -> None:
        """Put a device on the bus; raise BusConflictError naming both parties of an overlap."""
        place = Attachment(name, device, base, base + device.span, device.widths)
        self._check(place)
        at = bisect_right(self._bases, base)
        self._places.insert(at, place)
        self._bases.insert(at, base)

    def _check(self, place: Attachment) -> None:
        span = f"{place.name} at {place.base:#x}..{place.end - 1:#x}"
        if not 0 <= place.base < place.end <= ADDRESS_LIMIT:
            raise BusConflictError(f"{span} is not a range of 64-bit addresses")
        if place.base % MAX_WIDTH:
            raise BusConflictError(f"{span} does not start on a multiple of {MAX_WIDTH} bytes")
        for other in self._places:
            if other.name == place.name:
                raise BusConflictError(f"two devices are called {place.name}")
            if place.base < other.end and other.base < place.end:
                taken = f"{other.name} at {other.base:#x}..{other.end - 1:#x}"
                raise BusConflictError(f"{span} overlaps {taken}")

    def find(self, pa: int) -> Attachment | None:
        """Return what answers at an address."""
        at = bisect_right(self._bases, pa) - 1
        if at < 0:
            return None
        place = self._places[at]
        return place if pa < place.end else None

    def read(self, pa: int, size: int) -> int | BusFault:
        """Read `size` bytes as an unsigned number."""
        place = self.find(pa)
        if place is None or size not in place.widths or pa % size or pa + size > place.end:
            return self._fault(place, pa, size, is_write=False)
        return place.device.read(pa - place.base, size)

    def write(self, pa: int, size: int, value: int) -> BusFault | None:
        """Write the low `size` bytes of a value."""
        place = self.find(pa)
        if place is None or size not in place.widths or pa % size or pa + size > place.end:
            return self._fault(place, pa, size, is_write=True)
        place.device.write(pa - place.base, size, value & ((1 << 8 * size) - 1))
        return None

    @staticmethod
    def _fault(place: Attachment | None, pa: int, size: int, *, is_write: bool) -> BusFault:
        if place is None:
            reason = FaultReason.UNMAPPED
        elif size not in place.widths:
            reason = FaultReason.WIDTH
        elif pa % size:
            reason = FaultReason.MISALIGNED
        else:
            reason = FaultReason.UNMAPPED
        return BusFault(pa, size, is_write, reason)

    def save(self) -> dict[str, DeviceState]:
        """Return every device's state by device name."""
        return {place.name: place.device.save() for place in self._places}

    def restore(self, states: Mapping[str, DeviceState]) -> None:
        """Restore every device; raise StateError, with nothing changed, when something is off."""
        names = {place.name for place in self._places}
        if set(states) != names:
            odd = ", ".join(sorted(names ^ set(states)))
            raise StateError(f"saved devices and devices of this board differ in: {odd}")
        before = self.save()
        try:
            for place in self._places:
                place.device.restore(states[place.name])
        except StateError:
            for place in self._places:
                place.device.restore(before[place.name])
            raise
