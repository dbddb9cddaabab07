"""Bit patterns of instructions and the operand fields in them.

A pattern is written most significant bit first, as in the manual's instruction-format diagrams:
literal bits, field slices such as `rs1` or `imm[12|10:5]`, and dashes for bits that are ignored
when decoding and zero when encoding. It says where each operand bit lives; the operand's name says
how the bits are read (see `OPERAND_KINDS`).
"""

import re
from dataclasses import dataclass

from isa.errors import OperandError, SpecError

WIDTHS = {"rd": 5, "rs1": 5, "rs2": 5, "csr": 12, "uimm": 5, "imm20": 20, "shamt": 6, "shamtw": 5}
WIDTHS |= {"pred": 4, "succ": 4, "fm": 4, "rdp": 3, "rs1p": 3, "rs2p": 3, "aqrl": 2}
WIDTHS |= {"fd": 5, "fs1": 5, "fs2": 5, "fs3": 5, "fdp": 3, "fs2p": 3, "rm": 3, "rmx": 3, "fli": 5}
WIDTHS |= {"bs": 2, "rnum": 4}

OPERAND_KINDS = {
    **dict.fromkeys(("rd", "rs1", "rs2"), "xreg"),
    **dict.fromkeys(("rdp", "rs1p", "rs2p"), "xreg"),
    **dict.fromkeys(("fd", "fs1", "fs2", "fs3", "fdp", "fs2p"), "freg"),
    **dict.fromkeys(("rm", "rmx"), "rm"),
    **dict.fromkeys(("imm",), "imm"),
    "fli": "fli",
    **dict.fromkeys(("uimm", "imm20", "shamt", "shamtw", "fm", "aqrl"), "uimm"),
    **dict.fromkeys(("bs", "rnum", "mop3", "mop5"), "uimm"),
    "offset": "offset",
    "csr": "csr",
    **dict.fromkeys(("pred", "succ"), "fence"),
}
SIGNED_KINDS = ("imm", "offset")
REGISTER_KINDS = ("xreg", "freg")
LARGEST = {"rnum": 10}  # of fields with values that no instruction has
POPULAR = 8  # compressed three-bit fields name x8 to x15
UNWRITTEN = {"rm": 7, "rmx": 0}
"""Operands that may be left out of the text, and the value that leaving one out stands for.

`rm` is a rounding mode, by default the dynamic one; `rmx` that of a conversion always exact.
"""

_TOKEN = re.compile(r"(?P<bits>[-01]+)$|(?P<name>[a-z][a-z0-9]*)(\[(?P<slices>[0-9:|]+)\])?$")


@dataclass(frozen=True)
class Slice:
    """`width` bits: instruction bits from `at` up hold operand bits from `low` up."""

    at: int
    low: int
    width: int


@dataclass(frozen=True)
class Operand:
    """One operand: its kind, where its bits are, and the inclusive range of its values."""

    name: str
    kind: str
    slices: tuple[Slice, ...]
    lo: int
    hi: int
    align: int
    bias: int = 0  # what is added to the bits' value

    def insert(self, value: int) -> int:
        """Give the instruction bits of `value`; raise OperandError when it does not fit."""
        if not self.lo <= value <= self.hi:
            raise OperandError(f"{self.name} {value} is outside {self.lo}..{self.hi}")
        if value % self.align:
            raise OperandError(f"{self.name} {value} is not a multiple of {self.align}")
        bits = value - self.bias
        word = 0
        for part in self.slices:
            word |= ((bits >> part.low) & ((1 << part.width) - 1)) << part.at
        return word

    def extract(self, word: int) -> int:
        """Read the operand from an instruction word, sign-extended where it is signed."""
        value = sum(((word >> s.at) & ((1 << s.width) - 1)) << s.low for s in self.slices)
        value += self.bias
        return value - 2 * (self.hi + self.align) if value > self.hi and self.lo < 0 else value


@dataclass(frozen=True)
class Pattern:
    """A parsed bit pattern: fixed bits as `mask` and `match`, and the operand fields."""

    text: str
    length: int
    mask: int
    match: int
    operands: dict[str, Operand]


def parse_pattern(text: str) -> Pattern:
    """Parse a bit pattern; raise SpecError when bits are missing, doubled or too many."""
    mask = match = 0
    slices: dict[str, list[Slice]] = {}
    at = _total_width(text)
    if at not in (16, 32):
        raise SpecError(f"pattern {text!r} has {at} bits, expected 16 or 32")
    length = at // 8
    for token in text.split():
        bits, name, parts = _parse_token(token, text)
        if bits:
            at -= len(bits)
            mask |= int(bits.replace("0", "1").replace("-", "0"), 2) << at
            match |= int(bits.replace("-", "0"), 2) << at
            continue
        for high, low in parts:
            at -= high - low + 1
            slices.setdefault(name, []).append(Slice(at, low, high - low + 1))
    operands = {name: _make_operand(name, parts, text) for name, parts in slices.items()}
    return Pattern(text, length, mask, match, operands)


def _parse_token(token: str, text: str) -> tuple[str, str, list[tuple[int, int]]]:
    """Split a token into literal bits, or a field name and its (high, low) slices."""
    found = _TOKEN.match(token)
    if not found:
        raise SpecError(f"pattern {text!r}: cannot read {token!r}")
    if found["bits"]:
        return found["bits"], "", []
    name = found["name"]
    if name not in OPERAND_KINDS:
        raise SpecError(f"pattern {text!r}: no operand kind is called {name!r}")
    if not found["slices"]:
        if name not in WIDTHS:
            raise SpecError(f"pattern {text!r}: {name!r} needs its bits, as in {name}[11:0]")
        return "", name, [(WIDTHS[name] - 1, 0)]
    parts = []
    for part in found["slices"].split("|"):
        high, _, low = part.partition(":")
        parts.append((int(high), int(low or high)))
    return "", name, parts


def _total_width(text: str) -> int:
    width = 0
    for token in text.split():
        bits, _, parts = _parse_token(token, text)
        width += len(bits) + sum(high - low + 1 for high, low in parts)
    return width


def _make_operand(name: str, slices: list[Slice], text: str) -> Operand:
    covered: set[int] = set()
    for part in slices:
        bits = set(range(part.low, part.low + part.width))
        if covered & bits:
            raise SpecError(
                f"pattern {text!r}: bits {sorted(covered & bits)} of {name} stand twice"
            )
        covered |= bits
    low, top = min(covered), max(covered)
    if covered != set(range(low, top + 1)):
        missing = sorted(set(range(low, top + 1)) - covered)
        raise SpecError(f"pattern {text!r}: bits {missing} of {name} are missing")
    kind = OPERAND_KINDS[name]
    align = 1 << low
    if kind in SIGNED_KINDS:
        return Operand(name, kind, tuple(slices), -(1 << top), (1 << top) - align, align)
    if kind in REGISTER_KINDS and top == 2:
        return Operand(name, kind, tuple(slices), POPULAR, POPULAR + 7, align, POPULAR)
    return Operand(name, kind, tuple(slices), 0, LARGEST.get(name, (2 << top) - align), align)
