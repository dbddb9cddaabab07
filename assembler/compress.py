"""Short encodings: which statements become compressed instructions, as GNU as chooses them.

Rows are tried in order; in a row a name that stands twice must have one value both times, and a
register name or a number must stand as it is. Whether operands fit is known from the compressed
form itself. Not here: the forms (`isa/insns/c.py`) and how far a short branch reaches
(`branches.py`). What binutils 2.40 does not know, Zcb, follows later versions.
"""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from assembler.architecture import Architecture
from assembler.forms import Form, operand_texts
from isa.compressed import ALWAYS, NEVER
from isa.compressed import Form as ShortForm
from isa.errors import OperandError
from isa.registers import x_number
from isa.spec import FORMS

Row = tuple[str, str]

# Both orders of commutative operations; the last name is that of the compressed form.
_EITHER_ORDER = (
    *(("and", "c.and"), ("or", "c.or"), ("xor", "c.xor"), ("addw", "c.addw")),
    ("mul", "c.mul"),
)
_SAME_BASE = (("sub", "c.sub"), ("subw", "c.subw"))
_SHIFTS = (
    *(("slli", "c.slli"), ("sll", "c.slli"), ("srli", "c.srli"), ("srl", "c.srli")),
    *(("srai", "c.srai"), ("sra", "c.srai")),
)
_IN_PLACE = (("addiw", "c.addiw"), ("addw", "c.addiw"), ("andi", "c.andi"), ("and", "c.andi"))
_UNARY = ("zext.b", "sext.b", "zext.h", "sext.h", "zext.w", "not")
_STACK = (("lw", "rd"), ("ld", "rd"), ("sw", "rs2"), ("sd", "rs2"), ("fld", "fd"), ("fsd", "fs2"))
_POPULAR = (*_STACK, ("lbu", "rd"), ("lhu", "rd"), ("lh", "rd"), ("sb", "rs2"), ("sh", "rs2"))

_ROWS: tuple[Row, ...] = (
    ("nop", "c.nop"),
    ("ebreak", "c.ebreak"),
    ("sbreak", "c.ebreak"),
    ("ret", "c.jr ra"),
    ("jr rs", "c.jr rs"),
    ("jalr rs", "c.jalr rs"),
    ("j offset", "c.j offset"),
    ("beqz rs, offset", "c.beqz rs, offset"),
    ("bnez rs, offset", "c.bnez rs, offset"),
    ("beq rs1, zero, offset", "c.beqz rs1, offset"),
    ("bne rs1, zero, offset", "c.bnez rs1, offset"),
    ("lui rd, imm20", "c.lui rd, imm20"),
    ("li rd, imm", "c.li rd, imm"),
    ("mv rd, rs", "c.mv rd, rs"),
    ("move rd, rs", "c.mv rd, rs"),
    ("sext.w rd, rd", "c.addiw rd, 0"),
    ("addi rd, sp, imm", "c.addi4spn rd, imm"),
    ("addi rd, rd, imm", "c.addi rd, imm"),
    ("addi zero, zero, 0", "c.nop"),
    ("addi sp, sp, imm", "c.addi16sp imm"),
    ("addi rd, rs, 0", "c.mv rd, rs"),
    ("addi rd, zero, imm", "c.li rd, imm"),
    ("add rd, rd, rs2", "c.add rd, rs2"),
    ("add rd, rs1, rd", "c.add rd, rs1"),
    ("add rd, zero, rs2", "c.mv rd, rs2"),
    ("add rd, rd, imm", "c.addi rd, imm"),
    ("add rd, sp, imm", "c.addi4spn rd, imm"),
    ("add sp, sp, imm", "c.addi16sp imm"),
    *((f"{name} rd, rd, rs2", f"{short} rd, rs2") for name, short in _SAME_BASE),
    *((f"{name} rd, rd, rs2", f"{short} rd, rs2") for name, short in _EITHER_ORDER),
    *((f"{name} rd, rs1, rd", f"{short} rd, rs1") for name, short in _EITHER_ORDER),
    *((f"{name} rd, rd, shamt", f"{short} rd, shamt") for name, short in _SHIFTS),
    *((f"{name} rd, rd, imm", f"{short} rd, imm") for name, short in _IN_PLACE),
    *((f"{name} rd, rd", f"c.{name} rd") for name in _UNARY),
    *((f"{name} {reg}, imm(sp)", f"c.{name}sp {reg}, imm(sp)") for name, reg in _STACK),
    *((f"{name} {reg}, imm(rs1)", f"c.{name} {reg}, imm(rs1)") for name, reg in _POPULAR),
)
_FLOAT_NAMES = ("fd", "fs1", "fs2")
_LENIENT = "add rd, rd, imm"  # takes 0, which is set aside for hints
_UPPER, _UPPER_SIGN = "c.lui", 1 << 19


class Short(NamedTuple):
    """A row read: which operands must agree with what, and what the compressed form takes."""

    form: ShortForm
    fixed: tuple[tuple[int, int], ...]  # position, value
    equal: tuple[tuple[int, int], ...]  # position, position
    sources: tuple[tuple[str, int | None, int], ...]  # name, position or none, value
    takes_hints: bool  # but not those of register zero

    def encode(self, values: Sequence[int | None]) -> int | None:
        """Give the parcel for operand values, or None when it does not fit; None is a target."""
        for position, wanted in self.fixed:
            if values[position] != wanted:
                return None
        for first, second in self.equal:
            if values[first] != values[second]:
                return None
        found: dict[str, int] = {}
        for name, source, number in self.sources:
            value = number if source is None else values[source]
            found[name] = 0 if value is None else value
        if self.form.name == _UPPER and found["imm"] > _UPPER_SIGN:
            found["imm"] -= 2 * _UPPER_SIGN  # the operand of lui has no sign
        if self.takes_hints and not found["rd"]:
            return None
        return _encode(self.form, found, self.takes_hints)


def _encode(form: ShortForm, values: dict[str, int], takes_hints: bool) -> int | None:
    try:
        parcel = form.encode(**values)
    except OperandError:
        return None
    if form.legal != ALWAYS and not form.is_legal(values):
        return None
    if form.hint != NEVER and not takes_hints and form.is_hint(values):
        return None
    return None if is_another(form, parcel) else parcel


def is_another(form: ShortForm, parcel: int) -> bool:
    """Say whether a parcel of a form means a form that counts before it."""
    return any(parcel & mask == match for mask, match in _ahead(form.name))


@cache
def _ahead(name: str) -> tuple[tuple[int, int], ...]:
    """Give mask and match of the forms that count before one and share encodings with it."""
    own = FORMS.by_name[name].pattern
    found = []
    for other in FORMS:
        if other.name == name:
            break
        pattern = other.pattern
        if not (pattern.match ^ own.match) & pattern.mask & own.mask:
            found.append((pattern.mask, pattern.match))
    return tuple(found)


@cache
def _shorts() -> dict[tuple[str, str], tuple[Short, ...]]:
    """Give the rows by mnemonic and the kinds of its operands."""
    found: dict[tuple[str, str], list[Short]] = {}
    for pattern, target in _ROWS:
        name = pattern.partition(" ")[0]
        form = FORMS.by_name.get(target.partition(" ")[0])
        if form is not None:
            short, kinds = _read(pattern, target, form)
            found.setdefault((name, kinds), []).append(short)
    return {key: tuple(shorts) for key, shorts in found.items()}


def _flat(text: str) -> list[str]:
    """List the single operands of a pattern: `imm(sp)` gives two."""
    words = " ".join(operand_texts(text)).replace("(", " ").replace(")", " ")
    return words.split()


def _read(pattern: str, target: str, form: ShortForm) -> tuple[Short, str]:
    words = _flat(pattern)
    fixed, equal = [], []
    seen: dict[str, int] = {}
    for position, word in enumerate(words):
        number = _number(word)
        if number is not None:
            fixed.append((position, number))
        elif word in seen:
            equal.append((seen[word], position))
        else:
            seen[word] = position
    given = [word for word in _flat(target) if word != "sp"]
    sources = []
    for operand, word in zip(form.operands, given, strict=True):
        sources.append((operand.name, seen.get(word), _number(word) or 0))
    kinds = "".join(_kind(word) for word in words)
    is_lenient = pattern == _LENIENT
    return Short(form, tuple(fixed), tuple(equal), tuple(sources), is_lenient), kinds


def _number(word: str) -> int | None:
    number = x_number(word)
    return int(word) if number is None and word.lstrip("-").isdigit() else number


def _kind(word: str) -> str:
    if word in _FLOAT_NAMES:
        return "f"
    if word == "offset":
        return "o"
    return "x" if x_number(word) is not None or word.startswith("r") else "i"


def candidates(mnemonic: str, form: Form) -> tuple[Short, ...]:
    """Give the rows for a statement that matched a form."""
    return _shorts().get((mnemonic, form.kinds), ())


def compress(
    shorts: tuple[Short, ...], values: Sequence[int | None], arch: Architecture
) -> tuple[ShortForm, int] | None:
    """Give the first compressed form that fits, and its parcel."""
    for short in shorts:
        if arch.has(short.form.ext):
            parcel = short.encode(values)
            if parcel is not None:
                return short.form, parcel
    return None
