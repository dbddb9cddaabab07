"""What a disassembly remembers on its way: what is data, and what registers hold addresses.

Not here: the text of an instruction (`insn_text.py`), symbols of addresses (`symbol_search.py`).
"""

from bisect import bisect_right

from assembler.binutils.elf_file import Symbol
from assembler.binutils.insn_text import Text

MASK64 = (1 << 64) - 1
_GP, _TP = 3, 4


class Marks:
    """Where code and data begin, by the mapping symbols of a section."""

    def __init__(self, marks: list[tuple[int, str]]) -> None:
        self._addresses = [address for address, _ in marks]
        self._names = [name for _, name in marks]
        isa, self._isas = "", []
        for name in self._names:
            isa = name[2:].partition(".")[0] if name.startswith("$xrv") else isa
            self._isas.append(isa)

    def is_data(self, address: int) -> bool:
        index = bisect_right(self._addresses, address) - 1
        return index >= 0 and self._names[index].startswith("$d")

    def isa(self, address: int) -> str:
        index = bisect_right(self._addresses, address) - 1
        return self._isas[index] if index >= 0 else ""

    def next(self, address: int, end: int) -> int:
        """Give where the next mark is, or the section's end."""
        index = bisect_right(self._addresses, address)
        return self._addresses[index] if index < len(self._addresses) else end


class Addresses:
    """What `lui` and `auipc` put into registers, to show where the next instruction points.

    A value is used once, as objdump does: what else changes the register is not followed.
    """

    def __init__(self, symbols: list[Symbol]) -> None:
        self._high: dict[int, int] = {}
        self._gp = next((s.value for s in symbols if s.name == "__global_pointer$"), None)

    def follow(self, text: Text, pc: int) -> int | None:
        """Note what an instruction puts into its register, or give the address it points at."""
        if text.high is not None:
            register, value = text.high
            self._high[register] = value + (pc if text.is_relative else 0) & MASK64
        if text.low is None:
            return None
        address = self._address(*text.low)
        if address is not None and text.is_wide:
            address = (address & 0xFFFF_FFFF) - ((address >> 31 & 1) << 32) & MASK64
        return address

    def _address(self, base: int, offset: int) -> int | None:
        if base in self._high:
            high = self._high.pop(base)
            return (high if base else 0) + offset & MASK64
        if base == _GP and self._gp is not None:
            return self._gp + offset & MASK64
        return offset & MASK64 if base in (0, _TP) else None
