"""The table of directives: each family is a file with a `TABLE`, registered here.

A directive has a style, which says how its operands are read: `operands` (expressions), `raw` (the
text as it is) or a start rule of the grammar; and a handler that does the work.
"""

from assembler.directives import (
    attributes,
    cfi,
    conditional,
    data,
    files,
    lines,
    macro,
    messages,
    numbers,
    options,
    placement,
    relocations,
    sections,
    stabs,
    strings,
    symbols,
    versions,
)
from assembler.directives.table import Directive, Table


def _merge(tables: tuple[Table, ...]) -> Table:
    merged: Table = {}
    for table in tables:
        for name, directive in table.items():
            assert name not in merged, f"directive {name} stands in two tables"
            merged[name] = directive
    return merged


DIRECTIVES: dict[str, Directive] = _merge(
    (
        data.TABLE,
        numbers.TABLE,
        placement.TABLE,
        relocations.TABLE,
        stabs.TABLE,
        strings.TABLE,
        symbols.TABLE,
        versions.TABLE,
        sections.TABLE,
        conditional.TABLE,
        macro.TABLE,
        files.TABLE,
        lines.TABLE,
        cfi.TABLE,
        attributes.TABLE,
        options.TABLE,
        messages.TABLE,
    )
)
