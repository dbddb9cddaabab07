"""The interpreter's expansion of compressed instructions, generated from their table.

A parcel's low two and high three bits choose a group of forms; the first that fits counts.
"""

import ast
from collections.abc import Callable

from isa.compressed import ALWAYS, Form, FormTable
from isa.engine.interpreter.fields_codegen import field_text
from isa.engine.lowering.subset import Lowering
from isa.extensions import needs
from isa.fields import Operand
from isa.spec import FORMS, InstructionTable
from isa.state import Slot

GROUP = 0xE003


def expand_text(lowering: Lowering, table: InstructionTable) -> str:
    """Give `expand`: from a parcel to the 32-bit word it stands for, 0 for none."""
    k = lowering.constant
    lines = [
        "@compiled\ndef expand(hart, parcel):",
        f"    isa = get(hart, {k(Slot.ISA)})",
        f"    group = parcel & {k(GROUP)}",
    ]
    fields: dict[str, str] = {}  # every field once, before the tests
    groups: dict[int, list[Form]] = {}
    for form in FormTable(FORMS, table):
        groups.setdefault(form.pattern.match & GROUP, []).append(form)
    tests: list[str] = []
    for match, forms in groups.items():
        tests.append(f"    if group == {k(match)}:")
        for form in forms:
            tests += _case(form, table, lowering, fields)
    lines += [f"    {name} = {text}" for text, name in fields.items()]
    return "\n".join((*lines, *tests, f"    return {k(0)}"))


def _case(
    form: Form, table: InstructionTable, lowering: Lowering, fields: dict[str, str]
) -> list[str]:
    k = lowering.constant
    lines = [
        f"        if parcel & {k(form.pattern.mask)} == {k(form.pattern.match)}:",
    ]
    for need in needs(form.ext):
        lines += [f"            if isa & {k(need)} == {k(0)}:", f"                return {k(0)}"]
    names = {}
    for name, operand in form.pattern.operands.items():
        text = field_text(operand, "parcel", k)
        names[name] = fields.setdefault(text, f"f{len(fields)}")
        if form.legal != ALWAYS:
            lines.append(f"            {name} = {names[name]}")
    if form.legal != ALWAYS:
        legal = _with_constants(form.legal, lowering)
        lines += [f"            if not ({legal}):", f"                return {k(0)}"]
    insn = table.by_name[form.target]
    parts = [k(insn.pattern.match)]
    for name, source in form.sources(insn).items():
        operand = insn.pattern.operands[name]
        if isinstance(source, int):
            parts.append(k(operand.insert(source)))
        else:
            parts.append(_insertion(operand, names[source], k))
    return [*lines, f"            return {' | '.join(parts)}"]


def _insertion(operand: Operand, source: str, k: Callable[[int], str]) -> str:
    return " | ".join(
        f"(({source} >> {k(part.low)} & {k((1 << part.width) - 1)}) << {k(part.at)})"
        for part in operand.slices
    )


def _with_constants(condition: str, lowering: Lowering) -> str:
    """Give a condition with its numbers replaced by word constants."""
    tree = ast.parse(condition, mode="eval")
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            node.comparators = [_constant(item, lowering) for item in node.comparators]
    return ast.unparse(tree)


def _constant(node: ast.expr, lowering: Lowering) -> ast.expr:
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return ast.Name(lowering.constant(node.value), ast.Load())
    return node
