"""The linker as Python sees it: objects in, an `Image` out.

The work is done in `assembler/linking/`; the command `trapline ld` uses that directly.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from assembler.artifacts import Image, Object
from assembler.errors import LinkError, ScriptError
from assembler.linking import model
from assembler.linking.driver import Link, read_script
from assembler.linking.model import OutSection, Symbol
from assembler.linking.options import Input, LinkOptions, Loaded
from assembler.linking.script import parse_script
from assembler.linking.segments import PT_LOAD
from assembler.linking.statements import Script
from assembler.linking.writing import section_flags, section_type
from assembler.objects import (
    BINDINGS,
    SECTION_FLAGS,
    SECTION_TYPES,
    SYMBOL_TYPES,
    VISIBILITIES,
    ObjSection,
    ObjSymbol,
    Segment,
)


def link_objects(
    objects: Sequence[Object],
    script: str | Path | None,
    entry: str | int | None,
    defines: Mapping[str, int],
    starts: Mapping[str, int],
    relax: bool = True,
) -> Image:
    """Link objects into an executable."""
    if not objects:
        raise LinkError("there is nothing to link")
    options = LinkOptions(entry=entry, starts=dict(starts), relax=relax)
    options.defines = [f"{name}={value:#x}" for name, value in defines.items()]
    linking = Link(options)
    inputs: list[Input] = [Loaded(one.filename, data=one.to_bytes()) for one in objects]
    data = linking.run(inputs, _script(linking, script))
    if isinstance(entry, str) and linking.context.symbol_address(entry) is None:
        suggestion = linking.context.suggest(entry)
        raise LinkError(f"entry symbol {entry!r} is not defined{suggestion}")
    return image_of(linking, data)


def _script(linking: Link, script: str | Path | None) -> Script | None:
    if script is None:
        return None
    if isinstance(script, Path):
        return read_script(str(script), linking.loader)
    try:
        return parse_script(script)
    except RecursionError:
        raise ScriptError("the linker script is nested too deeply") from None


def image_of(linking: Link, data: bytes) -> Image:
    """Describe a finished link: its segments, sections and symbols."""
    sections = {id(out): _section(out) for out in linking.context.outputs}
    segments = tuple(
        Segment(
            header.va,
            header.pa,
            data[header.offset : header.offset + header.file_size],
            header.memory_size,
            "".join(letter for letter, bit in (("r", 4), ("w", 2), ("x", 1)) if flags & bit),
        )
        for header in linking.headers
        if header.type == PT_LOAD and (flags := header.flags or 0)
    )
    symbols = [_symbol(one, sections) for one in _symbols(linking)]
    found = Image(linking.entry, segments, list(sections.values()), symbols, linking.context.flags)
    found.file = data
    return found


def _section(out: OutSection) -> ObjSection:
    flags, kind = section_flags(out), section_type(out)
    letters = "".join(letter for letter, bit in SECTION_FLAGS.items() if flags & bit)
    names = {number: name for name, number in SECTION_TYPES.items()}
    data = b"" if kind == model.SHT_NOBITS else out.contents
    name = names.get(kind, "progbits")
    made = ObjSection(out.name, name, letters, data, out.size, 1 << out.align_power)
    made.address, made.entsize = out.vma, out.entsize
    return made


def _symbols(linking: Link) -> Iterator[Symbol]:
    for file in linking.context.files:
        for symbol in file.symbols[1 : file.first_global]:
            if symbol.type not in (model.STT_SECTION, model.STT_FILE):
                yield symbol
    yield from linking.context.symbols.by_name.values()


def _symbol(symbol: Symbol, sections: Mapping[int, ObjSection]) -> ObjSymbol:
    address = symbol.address()
    made = ObjSymbol(symbol.name, symbol.value if address is None else address, symbol.size)
    weak = symbol.kind in (model.DEFWEAK, model.UNDEFWEAK)
    made.binding = "local" if symbol.is_local else "weak" if weak else "global"
    made.type = _named(SYMBOL_TYPES, symbol.type, "notype")
    made.visibility = _named(VISIBILITIES, symbol.visibility, "default")
    out = symbol.section.out if symbol.section is not None else None
    if symbol.is_defined:
        made.section = sections.get(id(out), "absolute")
    assert made.binding in BINDINGS
    return made


def _named(table: Mapping[str, int], number: int, default: str) -> str:
    return next((name for name, value in table.items() if value == number), default)
