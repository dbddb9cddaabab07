"""Disassembly of ELF files in the form that GNU objdump prints with `-M no-aliases`.

Not here: the text of an instruction (`isa.disasm`).
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence

from assembler.artifacts import Object
from assembler.errors import LinkError, nearest
from assembler.objects import ObjSection, ObjSymbol
from assembler.reloc import types_by_number
from assembler.symbols import FAKE_NAME
from isa.disasm import disassemble
from isa.insn import Insn, Kind
from isa.registers import x_number
from isa.spec import TABLE

MASK64 = (1 << 64) - 1
_GP, _TP = x_number("gp"), x_number("tp")
_SKIPPED, _WORD = 8, 4  # zeros in a row that are not worth showing
_LAST = (True, 99)
_Label = tuple[int, tuple[bool, int], str]
_DATA_WORDS = {2: ".short", 4: ".word", 1: ".byte"}


def disassembly(
    obj: Object, sections: Sequence[str] | None = None, with_relocations: bool = False
) -> Iterator[str]:
    """Give the lines of a disassembly: of the named sections, or of all that hold code."""
    chosen = [section for section in obj.sections if _is_chosen(section, sections)]
    for name in sections or ():
        if all(section.name != name for section in chosen):
            known = [section.name for section in obj.sections]
            raise LinkError(f"{obj.filename}: there is no section {name!r}{nearest(name, known)}")
    yield from ("", f"{obj.filename}:     file format elf64-littleriscv", "")
    for section in chosen:
        yield from ("", f"Disassembly of section {section.name}:")
        yield from _Dump(obj, section, with_relocations).lines()


def _is_chosen(section: ObjSection, names: Sequence[str] | None) -> bool:
    if names:
        return section.name in names
    return "x" in section.flags and section.size > 0 and section.type != "nobits"


class _Dump:
    """The disassembly of one section."""

    def __init__(self, obj: Object, section: ObjSection, with_relocations: bool) -> None:
        self._section = section
        mine = [s for s in obj.symbols if s.section is section and s.type != "section"]
        self._marks = sorted((symbol.value, symbol.name[1]) for symbol in mine if _is_mark(symbol))
        labels = [s for s in mine if _is_label(s)]
        self._labels = _sorted_labels(labels, section)
        all_labels = [s for s in obj.symbols if _is_label(s) and s.section != "undefined"]
        self._targets = _sorted_labels(all_labels, section)
        self._width = _address_width(section.address + section.size)
        gp = [s.value for s in obj.symbols if s.name == "__global_pointer$"]
        self._addresses = _Addresses(gp[0] if gp else None)
        self._starts = [value for value, _, _ in self._labels]
        self._relocations: dict[int, list[str]] = {}
        if with_relocations:
            for entry in section.relocations:
                kind = types_by_number().get(entry.number)
                name = kind.name if kind else f"type {entry.number}"
                target = _target(entry.symbol, entry.addend)
                line = f"\t\t\t{entry.offset:x}: {name}\t{target}"
                self._relocations.setdefault(entry.offset, []).append(line)

    def lines(self) -> Iterator[str]:
        """Give the lines of the section."""
        data, base = self._section.data, self._section.address
        at = 0
        while at < len(data):
            address = base + at
            label = self._label_at(address)
            if label is not None or not at:
                yield from ("", f"{address:016x} <{label or self._section.name}>:")
            size = self._zeros(at)
            if size:
                yield "\t..."
            else:
                size, text = self._item(at, address)
                shown = _digits(data[at : at + size])
                yield f"{address:{self._width}x}:\t{shown}\t{text}"
            for place in range(at, at + size):
                yield from self._relocations.get(place, ())
            at += size

    def _zeros(self, at: int) -> int:
        """Give how many zero bytes to skip at an offset: long runs, and short ones at an end."""
        data, base = self._section.data, self._section.address
        index = bisect_right(self._starts, base + at)
        end = min(len(data), self._starts[index] - base if index < len(self._starts) else len(data))
        stop = at
        while stop < end and not data[stop]:
            stop += 1
        count = stop - at
        if stop < end:
            count -= count % _WORD
        return count if count >= _SKIPPED or (stop == end and 0 < count < _WORD) else 0

    def _item(self, at: int, address: int) -> tuple[int, str]:
        """Give the size and the text of what stands at an offset."""
        data = self._section.data
        left = len(data) - at
        if self._is_data(address) or left < 2:
            size = min(4, left) if left >= 4 else 2 if left >= 2 else 1
            value = int.from_bytes(data[at : at + size], "little")
            return size, f"{_DATA_WORDS[size]}\t0x{value:0{2 * size}x}"
        half = int.from_bytes(data[at : at + 2], "little")
        size = 4 if half & 3 == 3 and left >= 4 else 2
        word = int.from_bytes(data[at : at + size], "little")
        insn = TABLE.decode(word)
        text = disassemble(word, address)
        if insn is None:
            return size, text
        values = insn.extract(word)
        if "offset" in values:
            head, _, _ = text.rpartition("0x")
            goal = (address + values["offset"]) & MASK64
            return size, f"{head}{goal:x}{self._symbolic(goal)}"
        goal_of = self._addresses.follow(insn, values, address)
        return size, text if goal_of is None else f"{text} # {goal_of:x}{self._symbolic(goal_of)}"

    def _is_data(self, address: int) -> bool:
        index = bisect_right(self._marks, (address, "~")) - 1
        return index >= 0 and self._marks[index][1] == "d"

    def _label_at(self, address: int) -> str | None:
        index = bisect_right(self._starts, address) - 1
        if index < 0 or self._starts[index] != address:
            return None
        return next(name for value, _, name in self._labels if value == address)

    def _symbolic(self, address: int) -> str:
        """Name an address: by this section's labels inside it, by any symbol elsewhere."""
        section = self._section
        is_inside = section.address <= address < section.address + section.size
        labels = self._labels if is_inside else self._targets
        index = bisect_right(labels, (address, _LAST)) - 1
        if index < 0:
            offset = address - section.address
            return f" <{section.name}+{offset:#x}>" if is_inside else ""
        start = labels[index][0]
        name = labels[bisect_left(labels, (start,))][2]
        return f" <{name}+{address - start:#x}>" if address != start else f" <{name}>"


def _rank(symbol: ObjSymbol) -> int:
    """Prefer functions and global names where several names share an address."""
    is_inner = symbol.name.startswith(".")
    return (symbol.type != "func") * 4 + (symbol.binding == "local") * 2 + is_inner


def _target(symbol: ObjSymbol | None, addend: int) -> str:
    name = _printable(symbol.name) if symbol and symbol.name else "*ABS*"
    return f"{name}{addend:+#x}" if addend else name


def _is_mark(symbol: ObjSymbol) -> bool:
    return symbol.name.startswith(("$x", "$d"))


def _is_label(symbol: ObjSymbol) -> bool:
    return symbol.name not in ("", FAKE_NAME) and symbol.type != "section" and not _is_mark(symbol)


class _Addresses:
    """What `lui` and `auipc` put into registers, to show where the next instruction points.

    A value is used once, as objdump does: what else changes the register is not followed.
    """

    def __init__(self, gp: int | None) -> None:
        self._high: dict[int, int] = {}
        self._gp = gp

    def follow(self, insn: Insn, values: dict[str, int], pc: int) -> int | None:
        """Note what an instruction puts into its register, or give the address it points at."""
        if insn.name in ("lui", "auipc"):
            value = values["imm20"] << 12
            value -= value >> 31 << 32
            self._high[values["rd"]] = value + (pc if insn.name == "auipc" else 0) & MASK64
            return None
        base = values.get("rs1")
        if base is None or "imm" not in values or not _may_point(insn, base):
            return None
        address = self._address(base, values["imm"])
        if address is not None and insn.name == "addiw":
            address = (address & 0xFFFF_FFFF) - ((address >> 31 & 1) << 32) & MASK64
        return address

    def _address(self, base: int, offset: int) -> int | None:
        if base in self._high:
            return (self._high.pop(base) if base else 0) + offset & MASK64
        if base == _GP and self._gp is not None:
            return self._gp + offset & MASK64
        return offset & MASK64 if base in (0, _TP) else None


def _may_point(insn: Insn, base: int) -> bool:
    if insn.kind in (Kind.LOAD, Kind.STORE) or insn.name == "jalr":
        return True
    return insn.name in ("addi", "addiw") and base != 0


def _sorted_labels(symbols: Iterable[ObjSymbol], section: ObjSection) -> list[_Label]:
    """Sort symbols by address, best name first."""
    return sorted(
        (s.value, (s.section is not section, _rank(s)), _printable(s.name)) for s in symbols
    )


def _printable(name: str) -> str:
    """Show control characters as ^A, ^B and so on."""
    return "".join(f"^{chr(ord(c) + 64)}" if c < " " else c for c in name)


def _address_width(last: int) -> int:
    """Give the width of the address column: digits come in groups of four."""
    digits = f"{last:016x}"
    while digits.startswith("00000"):
        digits = digits[4:]
    return len(digits)


def _digits(data: Iterable[int]) -> str:
    """Show bytes as one number, padded to the width of objdump's column."""
    return bytes(reversed(bytes(data))).hex().ljust(18)
