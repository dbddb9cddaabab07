"""How packets are framed: `$data#checksum`, acknowledged by `+`, and the byte that interrupts.

Follows "Debugging with GDB", appendix "GDB Remote Serial Protocol", section "Overview". What comes
in is not trusted: a packet has a greatest length, and whatever is none is passed over.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

MOST_BYTES = 0x4000
"""Of a packet's data, as it is announced to gdb."""
_START, _END, _ESCAPE, _FLIP, _REPEAT = 0x24, 0x23, 0x7D, 0x20, 0x2A
_ACK, _NACK, _INTERRUPT = 0x2B, 0x2D, 0x03
_TO_ESCAPE = (_START, _END, _ESCAPE, _REPEAT)


class Sign(Enum):
    """What comes between packets."""

    ACK = auto()
    NACK = auto()
    INTERRUPT = auto()
    DAMAGED = auto()  # a packet whose checksum is wrong, or that is too long


@dataclass(frozen=True)
class Packet:
    """A packet's data, escapes undone."""

    data: bytes


class Unframer:
    """Takes bytes as they come and gives packets and signs."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._is_too_long = False

    def feed(self, data: bytes) -> Iterator[Packet | Sign]:
        """Take bytes; give what they complete."""
        self._buffer += data
        while self._buffer:
            first = self._buffer[0]
            if first != _START:
                del self._buffer[0]
                sign = {_ACK: Sign.ACK, _NACK: Sign.NACK, _INTERRUPT: Sign.INTERRUPT}.get(first)
                if sign is not None:
                    yield sign
                continue
            found = self._take()
            if found is None:
                return
            yield found

    def _take(self) -> Packet | Sign | None:
        """Take a packet out of the buffer; None when it is not all there."""
        end = self._buffer.find(_END)
        if end < 0:
            if len(self._buffer) > 2 * MOST_BYTES:
                self._is_too_long = True
                del self._buffer[1:]
            return None
        if len(self._buffer) < end + 3:
            return None
        data, digits = bytes(self._buffer[1:end]), bytes(self._buffer[end + 1 : end + 3])
        del self._buffer[: end + 3]
        was_too_long, self._is_too_long = self._is_too_long, False
        if was_too_long or not _is_sum(digits, data):
            return Sign.DAMAGED
        return Packet(unescape(data))


def _is_sum(digits: bytes, data: bytes) -> bool:
    try:
        return bytes.fromhex(digits.decode("ascii"))[0] == sum(data) & 0xFF
    except (ValueError, IndexError):
        return False


def frame(data: bytes) -> bytes:
    """Make a packet of data."""
    body = escape(data)
    return b"$%b#%02x" % (body, sum(body) & 0xFF)


def escape(data: bytes) -> bytes:
    """Escape what would end a packet or stand for a repetition."""
    if not any(code in data for code in _TO_ESCAPE):
        return data
    escaped = bytearray()
    for byte in data:
        escaped += bytes((_ESCAPE, byte ^ _FLIP)) if byte in _TO_ESCAPE else bytes((byte,))
    return bytes(escaped)


def unescape(data: bytes) -> bytes:
    """Undo escapes."""
    if _ESCAPE not in data:
        return data
    plain = bytearray()
    rest = iter(data)
    for byte in rest:
        plain.append(next(rest, _FLIP) ^ _FLIP if byte == _ESCAPE else byte)
    return bytes(plain)
