"""What `objdump` prints of a file, part by part in GNU objdump's order.

Not here: the options' spelling (`trapline.commands.objdump`), the parts (`headers.py`,
`disassembly.py`).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from assembler.artifacts import Object
from assembler.binutils import headers
from assembler.binutils.disassembly import Annotator, Disassembler, Style
from assembler.binutils.elf_file import ElfFile
from assembler.binutils.opening import Opened, describe_member, open_file
from assembler.errors import LinkError, nearest
from assembler.objects import ObjSection


@dataclass(frozen=True)
class Request:
    """What to print; the names are those of objdump's long options."""

    archive_headers: bool = False
    file_headers: bool = False
    private_headers: bool = False
    section_headers: bool = False
    syms: bool = False
    reloc: bool = False
    full_contents: bool = False
    disassemble: bool = False
    line_numbers: bool = False
    source: bool = False
    is_binary: bool = False  # any file, as one section of data
    adjust: int = 0  # what is added to the addresses of sections
    style: Style = field(default_factory=Style)


def dump(name: str, request: Request) -> Iterator[str]:
    """Give the lines that objdump prints of a file or an archive."""
    opened = open_file(name)
    if request.is_binary or not opened.is_archive:
        elf = _flat(opened) if request.is_binary else opened.elf()
        for section in elf.sections[1:]:
            section.address = section.address + request.adjust & (1 << 64) - 1
        _check_sections(elf, request.style.sections)
        yield from _dump_elf(elf, request, elf.filename)
        return
    yield f"In archive {name}:"
    for member, header, data in opened.members():
        if data[:4] != b"\x7fELF":
            continue
        yield from _dump_elf(ElfFile(data, member), request, describe_member(member, header))


def _flat(opened: Opened) -> ElfFile:
    """Take the bytes of any file for a section of data."""
    section = ObjSection(".data", "progbits", "wa", opened.data, len(opened.data))
    return ElfFile(Object(opened.name, [section]).to_bytes(), opened.name)


def _check_sections(elf: ElfFile, wanted: tuple[str, ...]) -> None:
    known = [section.name for section in elf.sections]
    if wanted and not set(wanted) & set(known):
        hint = nearest(wanted[0], known)
        raise LinkError(f"{elf.filename}: there is no section {wanted[0]!r}{hint}")


def _dump_elf(elf: ElfFile, request: Request, description: str) -> Iterator[str]:
    style = request.style
    kind = "binary" if request.is_binary else "elf64-littleriscv"
    yield from ("", f"{elf.filename}:     file format {kind}")
    if request.archive_headers:
        yield description
    if request.file_headers:
        yield from headers.file_header(elf)
    if request.private_headers:
        yield from headers.private_header(elf)
    yield ""
    if request.section_headers:
        yield from headers.section_headers(elf, style.sections, style.wide)
    if request.syms:
        yield from headers.symbol_table(elf, style.sections)
    if request.reloc and not request.disassemble:
        yield from headers.relocation_records(elf, style.sections)
    if request.full_contents:
        yield from headers.full_contents(elf, style.sections, style.start, style.stop)
    if request.disassemble:
        yield from Disassembler(elf, style, _view(elf, request)).lines()


def _view(elf: ElfFile, request: Request) -> Annotator | None:
    if not (request.line_numbers or request.source):
        return None
    from assembler.binutils.source_view import SourceView

    return SourceView(elf, request.line_numbers, request.source)
