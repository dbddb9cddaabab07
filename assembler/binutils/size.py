"""What `size` prints: how much code, data and zeros a file has, in the formats of GNU size 2.40.

Not here: the options' spelling (`trapline.commands.size`).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from assembler.binutils.elf_file import (
    NOBITS,
    SHF_ALLOC,
    SHF_EXEC,
    SHF_WRITE,
    SHN_COMMON,
    ElfFile,
)
from assembler.binutils.names import printable
from assembler.binutils.opening import open_file


@dataclass(frozen=True)
class Layout:
    """How to print: the format, the radix, and whether to count common symbols."""

    form: str = "berkeley"  # berkeley, sysv, gnu
    radix: int = 10
    has_common: bool = False

    def number(self, value: int) -> str:
        """Give a number in the radix, with C's prefix."""
        return {8: f"0{value:o}", 16: f"{value:#x}"}.get(self.radix, str(value))


@dataclass
class Totals:
    """The sums over all files."""

    text: int = 0
    data: int = 0
    bss: int = 0

    def add(self, other: "Totals") -> None:
        """Add those of another file."""
        self.text += other.text
        self.data += other.data
        self.bss += other.bss

    @property
    def all(self) -> int:
        """Their sum."""
        return self.text + self.data + self.bss


def header(layout: Layout) -> Iterator[str]:
    """Give the line above all files."""
    if layout.form == "gnu":
        yield f"{'text':>10} {'data':>10} {'bss':>10} {'total':>10} filename"
    elif layout.form == "berkeley":
        total = "oct" if layout.radix == 8 else "dec"
        columns = ("text", "data", "bss", total, "hex")
        yield "".join(f"{name:>7}\t" for name in columns) + "filename"


def measure(name: str, layout: Layout, totals: Totals) -> Iterator[str]:
    """Give the lines of a file or an archive, and add its sizes to the totals."""
    opened = open_file(name)
    if not opened.is_archive:
        yield from _lines(opened.elf(), layout, totals, name, "")
        return
    for member, _, data in opened.members():
        if data[:4] == b"\x7fELF":
            yield from _lines(ElfFile(data, member), layout, totals, member, f"(ex {name})")


def total_line(layout: Layout, totals: Totals) -> Iterator[str]:
    """Give the line below all files."""
    if layout.form != "sysv":
        yield _row(layout, totals, "(TOTALS)")


def _lines(elf: ElfFile, layout: Layout, totals: Totals, name: str, archive: str) -> Iterator[str]:
    if layout.form == "sysv":
        yield from _sections(elf, layout, f"{name}   {archive}:" if archive else f"{name}  :")
        return
    found = _sums(elf, layout)
    totals.add(found)
    yield _row(layout, found, f"{name} {archive}" if archive else name)


def _common(elf: ElfFile) -> int:
    return sum(symbol.size for symbol in elf.symbols if symbol.place == SHN_COMMON)


def _sums(elf: ElfFile, layout: Layout) -> Totals:
    found = Totals(bss=_common(elf) if layout.has_common else 0)
    for section in elf.listed:
        if not section.flags & SHF_ALLOC:
            continue
        is_code = section.flags & SHF_EXEC
        is_fixed = layout.form == "berkeley" and not section.flags & SHF_WRITE
        if is_code or (is_fixed and section.type != NOBITS):
            found.text += section.size
        elif section.type != NOBITS:
            found.data += section.size
        else:
            found.bss += section.size
    return found


def _row(layout: Layout, sums: Totals, name: str) -> str:
    number = layout.number
    parts = [number(sums.text), number(sums.data), number(sums.bss)]
    if layout.form == "gnu":
        return " ".join(f"{part:>10}" for part in [*parts, number(sums.all)]) + f" {name}"
    total = f"{sums.all:o}" if layout.radix == 8 else str(sums.all)
    return "".join(f"{part:>7}\t" for part in [*parts, total, f"{sums.all:x}"]) + name


def _sections(elf: ElfFile, layout: Layout, head: str) -> Iterator[str]:
    rows = [(printable(s.name), s.size, s.address) for s in elf.listed]
    if layout.has_common:
        rows.append(("*COM*", _common(elf), 0))
    number = layout.number
    names = max(len("section"), *(len(name) for name, _, _ in rows), 0)
    total = number(sum(size for _, size, _ in rows))
    sizes = max(len("size"), len(total))
    places = max(len("addr"), *(len(number(address)) for _, _, address in rows), 0)
    yield head
    yield f"{'section':<{names}}   {'size':>{sizes}}   {'addr':>{places}}"
    for name, size, address in rows:
        yield f"{name:<{names}}   {number(size):>{sizes}}   {number(address):>{places}}"
    yield from (f"{'Total':<{names}}   {total:>{sizes}}", "", "")
