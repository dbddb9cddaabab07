"""The link map (-Map): which file gave which bytes, and what every symbol is worth.

Follows the layout of GNU ld's map, which people and scripts read.
"""

from collections.abc import Iterator

from assembler.linking.driver import Link
from assembler.linking.model import OutSection, Section, Symbol
from assembler.linking.statements import Assign, Datum, Orphans, Output, Wild

_NAME_WIDTH = 16


def link_map(linking: Link) -> str:
    """Give the map of a finished link."""
    return "\n".join(_lines(linking)) + "\n"


def _lines(linking: Link) -> Iterator[str]:
    link = linking.context
    if link.trace:
        yield "Archive member included to satisfy reference by file (symbol)"
        yield ""
        yield from link.trace
        yield ""
    if link.commons:
        yield from ("Allocating common symbols", "Common symbol       size              file", "")
        for name, size, home in link.commons:
            yield f"{_padded(name, 20)}{size:<#18x}{home}"
        yield ""
    if link.discarded:
        yield from ("Discarded input sections", "", *link.discarded, "")
    yield from ("Memory Configuration", "")
    yield "Name             Origin             Length             Attributes"
    for region in {id(one): one for one in link.regions.values()}.values():
        if region.is_default and len(link.regions) > 1:
            continue
        attributes = region.attributes.lower().strip()
        row = f"{region.name:16} 0x{region.origin:016x} 0x{region.length:016x} {attributes}"
        yield row.rstrip()
    default = link.default_region
    if len(link.regions) > 1:
        yield f"{default.name:16} 0x{default.origin:016x} 0x{default.length:016x}"
    yield from ("", "Linker script and memory map", "")
    for file in link.files:
        yield f"LOAD {file.name}"
    symbols = _by_section(linking)
    for statement in link.statements:
        if isinstance(statement, Assign):
            yield from _assignment(linking, statement)
        elif isinstance(statement, Output) and not statement.is_skipped:
            yield from _output(linking, statement, symbols)
    yield f"OUTPUT({linking.options.output} elf64-littleriscv)"


def _padded(name: str, width: int) -> str:
    return f"{name:{width}}" if len(name) < width else f"{name}\n{' ' * width}"


def _by_section(linking: Link) -> dict[int, list[Symbol]]:
    found: dict[int, list[Symbol]] = {}
    for symbol in linking.context.symbols.by_name.values():
        if symbol.is_defined and isinstance(symbol.section, Section):
            found.setdefault(id(symbol.section), []).append(symbol)
    return found


def _assignment(linking: Link, statement: Assign) -> Iterator[str]:
    if statement.name == ".":
        return
    address = linking.context.symbol_address(statement.name)
    if address is None:
        symbol = linking.context.symbols.get(statement.name)
        address = symbol.value if symbol is not None and symbol.is_defined else None
    if address is not None:
        yield f"{'':16}0x{address:016x}{'':16}{statement.name}"


def _output(linking: Link, out: Output, symbols: dict[int, list[Symbol]]) -> Iterator[str]:
    made = out.section
    if made is None or (made.is_removed and not out.has_symbols):
        return
    yield ""
    load = f" load address 0x{made.lma:016x}" if made.lma != made.vma else ""
    yield f"{_padded(made.name, _NAME_WIDTH)}0x{made.vma:016x} {made.size:#10x}{load}"
    for content in out.contents:
        if isinstance(content, Wild | Orphans):
            if isinstance(content, Wild):
                names = " ".join(pattern.name for pattern in content.patterns)
                yield f" {content.file}({names})"
            for section in content.placed:
                yield from _input(made, section, symbols)
        elif isinstance(content, Assign):
            yield from _assignment(linking, content)
        elif isinstance(content, Datum):
            yield f" data of {content.size} bytes"


def _input(made: OutSection, section: Section, symbols: dict[int, list[Symbol]]) -> Iterator[str]:
    address = made.vma + section.offset
    name = _padded(f" {section.name}", _NAME_WIDTH)
    yield f"{name}0x{address:016x} {section.size:#10x} {section.file.name}"
    for symbol in sorted(symbols.get(id(section), ()), key=lambda one: one.value):
        yield f"{'':16}0x{made.vma + section.offset + symbol.value:016x}{'':16}{symbol.name}"


def memory_usage(linking: Link) -> str:
    """Say how full memory regions are."""
    rows = ["Memory region         Used Size  Region Size  %age Used"]
    for region in {id(one): one for one in linking.context.regions.values()}.values():
        if region.is_default:
            continue
        used = region.current - region.origin
        share = f"    {100 * used / region.length:6.2f}%" if region.length else ""
        amounts = f"{_amount(used):>13}{_amount(region.length):>13}"
        rows.append(f"{region.name:>16}: {amounts}{share}")
    return "\n".join(rows)


def _amount(size: int) -> str:
    """Write a size in the largest unit that it is a multiple of."""
    for shift, unit in ((30, "GB"), (20, "MB"), (10, "KB")):
        if size and not size & (1 << shift) - 1:
            return f"{size >> shift} {unit}"
    return f"{size} B"
