"""Under which other names instructions are printed: the pseudo table read backwards.

A pseudo-instruction that stands for one instruction with some operands fixed is a row here.
The row with most bits fixed counts, as in GNU's opcode table; what that table does differently is
said below.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from assembler.csr_names import csr_number
from assembler.pseudo import expansions
from isa.insn import OPERAND_NAME, Insn
from isa.registers import x_number
from isa.spec import TABLE

_TOKEN = re.compile(r"-?[a-z0-9_.]+")
_WORD = re.compile(r"[a-z][a-z0-9_]*")
# Printed as well as what the pseudo table lists; `li` comes before `mv` where both fit.
_EXTRA = (("li rd, imm", ("addi rd, zero, imm",)),)
_EARLY = ("li",)
# Read, but not printed.
_UNPRINTED = ("move", "sbreak", "scall", "fsrmi uimm", "fsflagsi uimm")
# The names of register instructions that GNU objdump 2.40 prints for immediate ones.
_SHORTENED = frozenset(
    (
        "add addw and or xor sll srl sra sllw srlw sraw csrrw csrrs csrrc"
        " ror rorw bclr bext binv bset"
    ).split()
)
# Names for accesses to these CSRs are known only where there is floating point.
_FLOAT_CSRS = (("csr", 1), ("csr", 2), ("csr", 3))
_FLOAT = "F|Zfinx"


@dataclass(frozen=True)
class Alias:
    """One printed form of `insn`: it fits where operands have the `fixed` values.

    `parts` is the operand text: strings, and the instruction's operand names in braces.
    """

    name: str
    insn: str
    fixed: tuple[tuple[str, int], ...]
    equal: tuple[tuple[str, str], ...]
    parts: tuple[str, ...]
    rank: int
    ext: str = "I"

    def fits(self, values: dict[str, int]) -> bool:
        """Say whether operand values can be printed in this form."""
        return all(values[name] == value for name, value in self.fixed) and all(
            values[one] == values[other] for one, other in self.equal
        )


@cache
def aliases() -> dict[str, tuple[Alias, ...]]:
    """Give the printed forms by the name of the instruction, the one to try first at the front."""
    found: dict[str, list[Alias]] = {}
    for alias in _rows((*_EXTRA, *expansions())):
        found.setdefault(alias.insn, []).append(alias)
    return {name: tuple(sorted(rows, key=lambda row: -row.rank)) for name, rows in found.items()}


def _rows(table: Iterable[tuple[str, tuple[str, ...]]]) -> Iterator[Alias]:
    for pattern, steps in table:
        name = pattern.partition(" ")[0]
        if len(steps) != 1 or {name, pattern} & set(_UNPRINTED) or "%" in pattern:
            continue
        target, _, text = steps[0].partition(" ")
        insn = TABLE.by_name.get(target)
        if insn is None or "%" in text or "@" in text:
            continue
        alias = _row(pattern, insn, _TOKEN.findall(text))
        if alias is not None:
            yield alias


def _row(pattern: str, insn: Insn, tokens: list[str]) -> Alias | None:
    """Make a row; None for one that fixes nothing and is not printed for another reason."""
    name, _, text = pattern.partition(" ")
    written = _WORD.findall(text)
    fixed: list[tuple[str, int]] = []
    sources: dict[str, str] = {}
    equal: list[tuple[str, str]] = []
    if len(tokens) != len(insn.operands):
        return None
    for operand, token in zip(insn.operands, tokens, strict=True):
        if token in written:
            if token in sources:
                equal.append((sources[token], operand.name))
            sources.setdefault(token, operand.name)
            continue
        value = _constant(operand.kind, token)
        if value is None:
            return None
        fixed.append((operand.name, value))
    if not (fixed or equal or name in _SHORTENED) or not set(written) <= set(sources):
        return None
    widths = {op.name: sum(part.width for part in op.slices) for op in insn.operands}
    rank = sum(widths[operand] for operand, _ in fixed) + 15 * (name in _EARLY)
    rank += sum(widths[operand] for _, operand in equal)
    ext = _FLOAT if any(pair in _FLOAT_CSRS for pair in fixed) else "I"
    parts = _parts(text, sources)
    return Alias(name, insn.name, tuple(fixed), tuple(equal), parts, rank, ext)


def _parts(text: str, sources: dict[str, str]) -> tuple[str, ...]:
    """Cut an operand text into literals and names of the instruction's operands, in turn."""
    parts: list[str] = []
    for index, piece in enumerate(re.split(f"({_WORD.pattern})", text.replace(", ", ","))):
        parts.append(sources[piece] if index % 2 else piece)
    return tuple(parts)


def plain_parts(syntax: str) -> tuple[str, ...]:
    """Cut an instruction's own operand text into literals and operand names, in turn."""
    text = syntax.partition(" ")[2].replace(", ", ",")
    return tuple(re.split(f"({OPERAND_NAME.pattern})", text))


def _constant(kind: str, token: str) -> int | None:
    if kind == "xreg":
        return x_number(token)
    if kind == "csr":
        return csr_number(token)
    if kind == "fence":
        return sum(8 >> "iorw".index(letter) for letter in token)
    try:
        return int(token, 0)
    except ValueError:
        return None
