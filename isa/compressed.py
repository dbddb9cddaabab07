"""Compressed instructions: 16-bit forms that expand to 32-bit instructions.

A form has no meaning of its own. Engines expand it when decoding, the assembler tries the forms of
an instruction when compression is on. Follows the chapter '"C" Extension for Compressed
Instructions' of the RISC-V Unprivileged ISA.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from types import CodeType

from isa.errors import SpecError
from isa.fields import Operand, Pattern, parse_pattern
from isa.insn import OPERAND_NAME, Insn, InstructionTable
from isa.registers import x_number

_TOKEN = re.compile(r"-?[a-z0-9]+")
ALWAYS = "True"
NEVER = "False"


@dataclass(frozen=True)
class Form:
    """One compressed form.

    `expansion` is the text of the instruction it stands for, in its own operands, registers and
    numbers. `legal` and `hint` are expressions in its operands: whether the encoding is defined,
    and whether it is set aside for hints (it executes, but the assembler does not choose it).
    """

    name: str
    syntax: str
    pattern: Pattern
    expansion: str
    ext: str
    legal: str = ALWAYS
    hint: str = NEVER

    @cached_property
    def operands(self) -> tuple[Operand, ...]:
        """Operands in the order of the assembly text."""
        _, _, text = self.syntax.partition(" ")
        names = [name for name in OPERAND_NAME.findall(text) if name != "sp"]
        return tuple(self.pattern.operands[name] for name in names)

    @cached_property
    def _legal(self) -> CodeType:
        return compile(self.legal, self.name, "eval")

    @cached_property
    def _hint(self) -> CodeType:
        return compile(self.hint, self.name, "eval")

    def is_legal(self, values: dict[str, int]) -> bool:
        """Say whether operand values make a defined encoding."""
        return bool(eval(self._legal, {}, dict(values)))

    def is_hint(self, values: dict[str, int]) -> bool:
        """Say whether operand values make an encoding that is set aside for hints."""
        return bool(eval(self._hint, {}, dict(values)))

    def extract(self, parcel: int) -> dict[str, int]:
        """Read every operand from a 16-bit parcel."""
        return {name: op.extract(parcel) for name, op in self.pattern.operands.items()}

    def encode(self, **values: int) -> int:
        """Encode operand values by name."""
        fields = self.pattern.operands.items()
        return self.pattern.match | sum(op.insert(values[name]) for name, op in fields)

    @cached_property
    def target(self) -> str:
        """Name of the instruction it expands to."""
        return self.expansion.partition(" ")[0]

    def sources(self, insn: Insn) -> dict[str, str | int]:
        """Give, for each operand of the expansion, this form's operand or a constant."""
        _, _, text = self.expansion.partition(" ")
        given = _TOKEN.findall(text)
        if len(given) != len(insn.operands):
            raise SpecError(f"{self.name}: {self.expansion!r} does not fit {insn.syntax!r}")
        pairs = zip(insn.operands, given, strict=True)
        return {operand.name: self._source(token) for operand, token in pairs}

    def _source(self, token: str) -> str | int:
        if token in self.pattern.operands:
            return token
        number = x_number(token)
        return int(token) if number is None else number

    def expand(self, values: dict[str, int], insn: Insn) -> dict[str, int]:
        """Give the operand values of the expansion."""
        expanded = {}
        for name, source in self.sources(insn).items():
            value = source if isinstance(source, int) else values[source]
            operand = insn.pattern.operands[name]
            is_wrapped = value < 0 <= operand.lo  # lui's operand has no sign
            expanded[name] = value + operand.hi + operand.align if is_wrapped else value
        return expanded


def form(syntax: str, bits: str, expansion: str, ext: str = "C", **conditions: str) -> Form:
    """Describe a compressed form."""
    name = syntax.partition(" ")[0]
    return Form(name, syntax, parse_pattern(bits), expansion, ext, **conditions)


class FormTable:
    """All compressed forms; the first that fits a parcel counts."""

    def __init__(self, forms: Iterable[Form], table: InstructionTable) -> None:
        self.by_name: dict[str, Form] = {}
        self._table = table
        for item in forms:
            if item.name in self.by_name:
                raise SpecError(f"two compressed forms are called {item.name}")
            if item.target not in table.by_name:
                raise SpecError(f"{item.name} expands to {item.target}, which does not exist")
            item.sources(table.by_name[item.target])
            self.by_name[item.name] = item

    def __iter__(self) -> Iterator[Form]:
        return iter(self.by_name.values())

    def decode(self, parcel: int, but: Form | None = None) -> tuple[Form, dict[str, int]] | None:
        """Find the form of a parcel and its operand values; None when it is not defined.

        `but` is a form that is passed over.
        """
        for item in self:
            if item is not but and parcel & item.pattern.mask == item.pattern.match:
                values = item.extract(parcel)
                return (item, values) if item.is_legal(values) else None
        return None

    def expand(self, parcel: int) -> tuple[Form, int] | None:
        """Give the form of a parcel and the 32-bit instruction word it stands for."""
        found = self.decode(parcel)
        if found is None:
            return None
        item, values = found
        insn = self._table.by_name[item.target]
        return item, insn.encode(**item.expand(values, insn))
