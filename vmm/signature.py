"""The signature of a conformance test: what stands in memory between two of its symbols at the end.

Written as Spike does: a line for every `granularity` bytes, in hexadecimal digits, the byte at the
highest address first; what is missing from the last line is zeros.
"""

from isa.errors import TraplineError
from vmm.boot import RamRange
from vmm.elf import Symbols
from vmm.guest_memory import GuestMemory

BEGIN, END = "begin_signature", "end_signature"
MAX_GRANULARITY = 4096


class Signature:
    """Where a program's signature is, and how many bytes a line has."""

    def __init__(self, symbols: Symbols, ram: RamRange, granularity: int) -> None:
        """Raise TraplineError when there is no signature, or none that can be written."""
        if not 1 <= granularity <= MAX_GRANULARITY:
            raise TraplineError(
                f"--signature-granularity {granularity}: expected 1 to {MAX_GRANULARITY} bytes"
            )
        for name in (BEGIN, END):
            if name not in symbols.by_name:
                raise TraplineError(f"--signature: the program has no symbol {name}")
        self._at, end = symbols.by_name[BEGIN], symbols.by_name[END]
        self._size = end - self._at
        self._granularity = granularity
        if self._size < 0 or not ram.holds(self._at, self._size):
            raise TraplineError(
                f"--signature: {BEGIN} {self._at:#x} to {END} {end:#x} is no range of RAM"
            )

    def text(self, memory: GuestMemory) -> str:
        """Give the lines, as memory now is."""
        data = memory.read(self._at, self._size) if self._size else b""
        width = self._granularity
        parts = (data[start : start + width] for start in range(0, len(data), width))
        return "".join(part.ljust(width, b"\0")[::-1].hex() + "\n" for part in parts)
