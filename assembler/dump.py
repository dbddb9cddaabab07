"""Disassembly of ELF files in the form that GNU objdump prints with `-M no-aliases`."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence

from assembler.errors import LinkError, nearest
from assembler.objects import Object, ObjSection, ObjSymbol
from assembler.reloc import types_by_number
from isa.disasm import disassemble
from isa.spec import TABLE

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
        base = 0 if section.address else section.address
        mine = [s for s in obj.symbols if s.section is section and s.type != "section"]
        self._marks = sorted(
            (symbol.value - base, symbol.name[1]) for symbol in mine if _is_mark(symbol)
        )
        labels = [symbol for symbol in mine if not _is_mark(symbol) and symbol.name]
        self._labels = sorted(((s.value, _rank(s), s.name) for s in labels))
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
        shown: set[int] = set()
        while at < len(data):
            address = base + at
            if (label := self._label_at(address)) is not None and address not in shown:
                shown.add(address)
                yield from ("", f"{address:016x} <{label}>:")
            elif not at:
                yield from ("", f"{address:016x} <{self._section.name}>:")
            size, text = self._item(at, address)
            yield f"{address:8x}:\t{_digits(data[at : at + size])}\t{text}"
            for place in range(at, at + size):
                yield from self._relocations.get(place, ())
            at += size

    def _item(self, at: int, address: int) -> tuple[int, str]:
        """Give the size and the text of what stands at an offset."""
        data = self._section.data
        left = len(data) - at
        if self._is_data(address) or left < 2:
            size = min(4, left) if left >= 4 else 2 if left >= 2 else 1
            value = int.from_bytes(data[at : at + size], "little")
            return size, f"{_DATA_WORDS[size]}\t{value:#0{2 + 2 * size}x}"
        half = int.from_bytes(data[at : at + 2], "little")
        size = 4 if half & 3 == 3 and left >= 4 else 2
        word = int.from_bytes(data[at : at + size], "little")
        insn = TABLE.decode(word)
        text = disassemble(word, address)
        if insn is None:
            return size, text
        if insn.pattern.operands.get("offset"):
            head, _, _ = text.rpartition("0x")
            goal = (address + insn.extract(word)["offset"]) & (1 << 64) - 1
            text = f"{head}{goal:x}{self._symbolic(goal)}"
        return size, text

    def _is_data(self, address: int) -> bool:
        index = bisect_right(self._marks, (address, "~")) - 1
        return index >= 0 and self._marks[index][1] == "d"

    def _label_at(self, address: int) -> str | None:
        index = bisect_right(self._starts, address) - 1
        if index < 0 or self._starts[index] != address:
            return None
        return next(name for value, _, name in self._labels if value == address)

    def _symbolic(self, address: int) -> str:
        index = bisect_right(self._starts, address) - 1
        if index < 0:
            return f" <{self._section.name}+{address - self._section.address:#x}>"
        start = self._starts[index]
        name = next(name for value, _, name in self._labels if value == start)
        return f" <{name}+{address - start:#x}>" if address != start else f" <{name}>"


def _is_mark(symbol: ObjSymbol) -> bool:
    return symbol.name.startswith(("$x", "$d"))


def _rank(symbol: ObjSymbol) -> int:
    """Prefer functions and global names where several names share an address."""
    return (symbol.type != "func") * 2 + (symbol.binding == "local")


def _target(symbol: ObjSymbol | None, addend: int) -> str:
    name = symbol.name if symbol and symbol.name else "*ABS*"
    return f"{name}{addend:+#x}" if addend else name


def _digits(data: Iterable[int]) -> str:
    """Show bytes as one number, padded to the width of objdump's column."""
    return bytes(reversed(bytes(data))).hex().ljust(18)
