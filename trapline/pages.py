"""Pages of the instruction reference, made from the specification.

Nothing is said here about any instruction or CSR: the words and bits are the table's own.
"""

import inspect
import re
from collections.abc import Iterable, Sequence
from itertools import groupby

from rich.box import SQUARE
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from isa.csrs import CSRS, Csr
from isa.insn import Insn
from isa.popek_goldberg import Verdict
from isa.spec import TABLE

PRIVILEGES = ("U-mode", "S-mode", "VS-mode and HS-mode", "M-mode")  # by bits 9:8 of a CSR's number

Expansion = tuple[str, tuple[str, ...]]  # what is written, what it stands for

_SLICES = re.compile(r"(?P<name>[a-z][a-z0-9]*)\[(?P<slices>[0-9:|]+)\]")


def mnemonic(text: str) -> str:
    """Give the first word of an instruction's text."""
    return text.split(maxsplit=1)[0]


def instruction_page(insn: Insn, pseudo_forms: Iterable[Expansion] = ()) -> RenderableType:
    """Lay out everything that is known about an instruction, and what is written for it."""
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
    forms = [
        form for form in pseudo_forms if insn.name in map(mnemonic, form[1]) and form[1] != form[:1]
    ]
    if forms:
        parts += _section("Also written", _form_table(forms))
    return Group(*parts)


def pseudo_page(forms: Iterable[Expansion]) -> RenderableType:
    """Lay out what a pseudo-instruction stands for, in each of its forms."""
    return Group(Text("pseudo-instruction", style="bold"), Text(), _form_table(forms))


def _form_table(forms: Iterable[Expansion]) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    for written, meant in forms:
        table.add_row(Text(written), Text("; ".join(meant)))
    return table


def popek_goldberg_page(isa: str, verdicts: Sequence[Verdict]) -> RenderableType:
    """Lay out what is sensitive, and the verdict."""
    table = Table(box=None, pad_edge=False)
    for title in ("instruction or CSR access", "sensitive", "traps in deprivileged mode"):
        table.add_column(title)
    for verdict in verdicts:
        if verdict.is_sensitive:
            kinds = {
                "control": verdict.is_control_sensitive,
                "behaviour": verdict.is_behaviour_sensitive,
            }
            table.add_row(verdict.name, ", ".join(k for k, v in kinds.items() if v), verdict.traps)
    exceptions = [verdict.name for verdict in verdicts if verdict.is_exception]
    innocuous = sum(not verdict.is_sensitive for verdict in verdicts)
    text = "classically virtualizable: every sensitive instruction traps"
    if exceptions:
        text = f"not classically virtualizable: {', '.join(exceptions)}"
    counts = f"{len(verdicts)} instructions and CSR accesses, {innocuous} of them innocuous"
    configuration = "counters closed to U-mode, floating point lent, senvcfg 0"
    head = (Text(isa), Text(text, style="bold"), Text(counts), Text(configuration), Text())
    return Group(*head, table)


def csr_page(csr: Csr) -> RenderableType:
    """Lay out everything that is known about a CSR."""
    access = "read-only" if csr.is_read_only else "read and write"
    parts: list[RenderableType] = [
        Text.assemble((csr.name, "bold"), f"    CSR {csr.number:#05x}, {csr.ext}"),
        Text(),
        Text(csr.doc),
        *_section("Access", Text(f"{access}, from {PRIVILEGES[csr.priv]} on")),
    ]
    if not csr.is_read_only and csr.write is None:
        parts += _section("Bits that a write changes", Text(f"{csr.mask:#018x}"))
    for title, function in (("Reading", csr.read), ("Writing", csr.write)):
        if function is not None:
            parts += _section(title, source_text(function))
    return Group(*parts)


def encoding_diagram(insn: Insn) -> RenderableType:
    """Draw the instruction word, bit numbers above its fields, as the manual does."""
    table = Table(box=SQUARE, header_style="dim")
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


def contents() -> RenderableType:
    """List every instruction and CSR with the first line of its description."""
    return Group(_instruction_list(), Text(), _csr_list())


def _csr_list() -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("CSR", "number", "what it holds"):
        table.add_column(heading, no_wrap=heading != "what it holds")
    for doc, group in groupby(CSRS.by_number.values(), key=lambda csr: csr.doc):
        alike = list(group)
        ends = alike[:1] if len(alike) == 1 else [alike[0], alike[-1]]
        name = " to ".join(csr.name for csr in ends)
        number = " to ".join(f"{csr.number:#05x}" for csr in ends)
        table.add_row(name, number, Text(doc.partition("\n")[0]))
    return table


def _instruction_list() -> Table:
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
