"""How an instruction is described: a decorated function; and the table that holds them.

Not here: the instructions (`isa/insns/`), the table itself (`isa/spec.py`), execution
(`isa/engine/`). A description is refused with a `SpecError` when its bits overlap another
instruction's or its operands have no bits.
"""

import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Any

from isa.errors import OperandError, SpecError
from isa.fields import UNWRITTEN, Operand, Pattern, parse_pattern

SUFFIXES: dict[str, tuple[str, ...]] = {
    "aqrl": ("", ".rl", ".aq", ".aqrl"),
    "mop5": tuple(f".{n}" for n in range(32)),
    "mop3": tuple(f".{n}" for n in range(8)),
}
"""The operands that stand in the mnemonic: the suffix of each value."""
LITERALS = ("rtz",)
"""What stands in the text as it is."""
OPERAND_NAME = re.compile(r"[a-z][a-z0-9]*")


class Kind(Enum):
    """How an engine carries an instruction out around its meaning."""

    ALU = "alu"  # the result is written to rd
    LOAD = "load"  # memory at rs1+imm is the argument, the result is written to rd
    STORE = "store"  # the result is written to memory at rs1+imm
    BRANCH = "branch"  # a true result jumps to pc+offset
    JUMP = "jump"  # the result is the target; rd takes the next pc
    FLOAT = "float"  # the meaning may take hart and rounding mode; the result is written to rd, fd
    SYSTEM = "system"  # the meaning takes the hart; its result is written to rd if it has one


@dataclass(frozen=True)
class Insn:
    """One instruction: text, bits, meaning. Sizes are bytes."""

    name: str
    syntax: str
    pattern: Pattern
    ext: str
    kind: Kind
    meaning: Callable[..., Any]
    size: int = 0  # of the memory access
    refines: str = ""  # the instruction some of whose encodings this one names
    fixed: tuple[tuple[str, int], ...] = ()  # arguments of the meaning that are the same always

    @cached_property
    def operands(self) -> tuple[Operand, ...]:
        """Operands in the order of the assembly text."""
        _, _, text = self.syntax.partition(" ")
        names = [name for name in OPERAND_NAME.findall(text) if name not in LITERALS]
        return tuple(self.pattern.operands[name] for name in names)

    @cached_property
    def params(self) -> tuple[str, ...]:
        """Names of the meaning's parameters."""
        return tuple(inspect.signature(self.meaning).parameters)

    @cached_property
    def is_float(self) -> bool:
        """Whether it needs the floating-point state to be on."""
        return any(operand.kind == "freg" for operand in self.pattern.operands.values())

    @cached_property
    def rounding(self) -> str:
        """Name of the operand that holds the rounding mode; empty when there is none."""
        return next((n for n, op in self.pattern.operands.items() if op.kind == "rm"), "")

    @cached_property
    def suffixed(self) -> str:
        """Name of the operand that stands in the mnemonic, if there is one."""
        return next((name for name in self.pattern.operands if name in SUFFIXES), "")

    def mnemonic(self, values: dict[str, int]) -> str:
        """Give the mnemonic, with the suffix that operand values make."""
        return self.name + self.suffix(values)

    def suffix(self, values: dict[str, int]) -> str:
        """Give what operand values append to the name."""
        name = self.suffixed
        return SUFFIXES[name][values.get(name, 0)] if name else ""

    def mnemonics(self) -> dict[str, dict[str, int]]:
        """Give the ways to write the mnemonic, and the operands that each gives."""
        name = self.suffixed
        if not name:
            return {self.name: {}}
        return {self.name + suffix: {name: n} for n, suffix in enumerate(SUFFIXES[name])}

    @property
    def length(self) -> int:
        """Length of the encoding in bytes."""
        return self.pattern.length

    @property
    def doc(self) -> str:
        """The meaning's docstring."""
        return inspect.getdoc(self.meaning) or ""

    def encode(self, **values: int) -> int:
        """Encode operand values by name; an offset is a distance in bytes."""
        word = self.pattern.match
        for name, operand in self.pattern.operands.items():
            value = values.get(name, 0 if name == self.suffixed else UNWRITTEN.get(name))
            if value is None:
                raise OperandError(f"{self.name}: no value for {name}")
            word |= operand.insert(value)
        return word

    def extract(self, word: int) -> dict[str, int]:
        """Read every operand from an instruction word."""
        return {name: op.extract(word) for name, op in self.pattern.operands.items()}

    def where(self) -> str:
        """Give the place of the meaning as file:line, for messages."""
        code = self.meaning.__code__
        return f"{code.co_filename}:{code.co_firstlineno}"


class InstructionTable:
    """All instructions, by name and by bits."""

    def __init__(self, insns: Iterable[Insn] = ()) -> None:
        self.by_name: dict[str, Insn] = {}
        self._by_mnemonic: dict[str, tuple[Insn, dict[str, int]]] = {}
        self._by_opcode: dict[int, list[Insn]] = {}
        for insn in insns:
            self.add(insn)

    def __iter__(self) -> Iterator[Insn]:
        return iter(self.by_name.values())

    def __len__(self) -> int:
        return len(self.by_name)

    def add(self, insn: Insn) -> None:
        """Add an instruction; raise SpecError naming both parties of a conflict."""
        _check_syntax(insn)
        if insn.name in self.by_name:
            other = self.by_name[insn.name]
            raise SpecError(f"{insn.where()}: {insn.name} is already defined at {other.where()}")
        bucket = self._by_opcode.setdefault(_opcode(insn.pattern.match), [])
        for other in bucket:
            if _overlap(insn.pattern, other.pattern) and insn.refines != other.name:
                raise SpecError(
                    f"{insn.where()}: the bits of {insn.name} ({insn.pattern.text}) overlap those "
                    f"of {other.name} ({other.pattern.text}) at {other.where()}"
                )
        bucket.insert(0, insn)  # one that refines another comes after it and is tried first
        self.by_name[insn.name] = insn
        for mnemonic, values in insn.mnemonics().items():
            self._by_mnemonic[mnemonic] = insn, values

    def find(self, mnemonic: str) -> tuple[Insn, dict[str, int]] | None:
        """Find an instruction by its mnemonic, and the operands that its suffix gives."""
        return self._by_mnemonic.get(mnemonic)

    def decode(self, word: int) -> Insn | None:
        """Find the instruction a word encodes; None when there is none."""
        for insn in self._by_opcode.get(_opcode(word), ()):
            if word & insn.pattern.mask == insn.pattern.match:
                return insn
        return None


def _opcode(word: int) -> int:
    """Give the bits that every pattern of a length fixes: 7 of a 32-bit, 2 of a 16-bit word."""
    return word & (0x7F if word & 3 == 3 else 3)


def _overlap(a: Pattern, b: Pattern) -> bool:
    return not (a.match ^ b.match) & a.mask & b.mask


def _check_syntax(insn: Insn) -> None:
    _, _, text = insn.syntax.partition(" ")
    written = set(OPERAND_NAME.findall(text)) - set(LITERALS)
    fields = set(insn.pattern.operands) - {insn.suffixed}
    if written != fields:
        odd = ", ".join(sorted(written ^ fields))
        raise SpecError(f"{insn.where()}: {insn.name}: {odd} is not in both its text and its bits")
    low = 0x7F if insn.length == 4 else 3
    if insn.pattern.mask & low != low:
        raise SpecError(f"{insn.where()}: {insn.name} must fix its opcode bits")
    if not insn.doc:
        raise SpecError(f"{insn.where()}: {insn.name} has no docstring")


Meaning = Callable[..., Any]


def _decorator(kind: Kind) -> Callable[..., Callable[[Meaning], Insn]]:
    def describe(
        syntax: str, bits: str, *, ext: str, size: int = 0, refines: str = "", **fixed: int
    ) -> Callable[[Meaning], Insn]:
        name = syntax.partition(" ")[0]
        always = tuple(fixed.items())

        def make(meaning: Meaning) -> Insn:
            pattern = parse_pattern(bits)
            return Insn(name, syntax, pattern, ext, kind, meaning, size, refines, always)

        return make

    describe.__doc__ = f"Describe an instruction of kind {kind.value}: its text, bits, extension."
    return describe


insn = _decorator(Kind.ALU)
load = _decorator(Kind.LOAD)
store = _decorator(Kind.STORE)
floating = _decorator(Kind.FLOAT)
branch = _decorator(Kind.BRANCH)
jump = _decorator(Kind.JUMP)
system = _decorator(Kind.SYSTEM)
