"""Pages of the instruction reference, made from the specification.

Nothing is said here about any instruction or CSR: the words and bits are the table's own.
"""

import inspect
import re
from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from isa.insn import Insn
from isa.spec import TABLE

_SLICES = re.compile(r"(?P<name>[a-z][a-z0-9]*)\[(?P<slices>[0-9:|]+)\]")


def instruction_page(insn: Insn, pseudo_forms: Iterable[str] = ()) -> RenderableType:
    """Lay out everything that is known about an instruction."""
    parts: list[RenderableType] = [
        Text.assemble((insn.syntax, "bold"), f"    {insn.ext}, {insn.length} bytes"),
        Text(),
        Text(insn.doc),
        Text(),
        encoding_diagram(insn),
    ]
    if insn.operands:
        parts += _section("Operands", _operand_table(insn))
    parts += _section("Meaning", source_text(insn.meaning))
    if insn.refines:
        parts += _section("Names encodings of", Text(TABLE.by_name[insn.refines].syntax))
    refined = [Text(other.syntax) for other in TABLE if other.refines == insn.name]
    if refined:
        parts += _section("Encodings with names of their own", *refined)
    forms = [Text(form) for form in pseudo_forms]
    if forms:
        parts += _section("Pseudo-instructions", *forms)
    return Group(*parts)


def encoding_diagram(insn: Insn) -> RenderableType:
    """Draw the instruction word, bit numbers above its fields, as the manual does."""
    table = Table(show_header=True, header_style="dim", padding=(0, 1))
    cells, high = [], insn.length * 8 - 1
    for token in insn.pattern.text.split():
        low = high - token_width(token, insn) + 1
        bits = str(high) if high == low else f"{high}:{low}"
        table.add_column(bits, justify="center", no_wrap=True)
        cells.append(Text(token))
        high = low - 1
    table.add_row(*cells)
    return table


def token_width(token: str, insn: Insn) -> int:
    """Count the bits of one token of an instruction's pattern."""
    sliced = _SLICES.fullmatch(token)
    if sliced:
        ends = (part.split(":") for part in sliced["slices"].split("|"))
        return sum(int(end[0]) - int(end[-1]) + 1 for end in ends)
    if token in insn.pattern.operands:
        return sum(part.width for part in insn.pattern.operands[token].slices)
    return len(token)


def instruction_list() -> RenderableType:
    """List every instruction with the first line of its description."""
    table = Table(box=None, pad_edge=False)
    for heading in ("instruction", "extension", "what it does"):
        table.add_column(heading, no_wrap=heading != "what it does")
    for insn in TABLE:
        table.add_row(Text(insn.syntax), insn.ext, Text(insn.doc.partition("\n")[0]))
    return table


def source_text(thing: object) -> RenderableType:
    """Show the source of a function or class as it stands in the specification."""
    source = inspect.getsource(thing)  # type: ignore[arg-type]
    return Syntax(source.rstrip(), "python", background_color="default", word_wrap=True)


def _operand_table(insn: Insn) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    for operand in insn.operands:
        spread = f"{operand.lo} to {operand.hi}"
        step = f", multiple of {operand.align}" if operand.align > 1 else ""
        table.add_row(operand.name, operand.kind, spread + step)
    return table


def _section(title: str, *content: RenderableType) -> list[RenderableType]:
    """Put a heading over indented content."""
    return [Text(), Text(title, style="bold"), *(Padding(item, (0, 0, 0, 2)) for item in content)]
