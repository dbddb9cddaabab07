"""What a fetched word is: an instruction, or the compressed form of one.

The tables are the specification's; engines decode for themselves (`isa/engine/`).
"""

from dataclasses import dataclass
from functools import lru_cache

from isa.insn import Insn
from isa.spec import FORMS, TABLE


@dataclass(frozen=True)
class Decoded:
    """An instruction, the 32-bit word of it, and the name and length of what was fetched."""

    insn: Insn
    word: int
    name: str
    length: int

    @property
    def values(self) -> dict[str, int]:
        """Operand values by name."""
        return self.insn.extract(self.word)


@lru_cache(maxsize=1 << 16)
def decode(raw: int) -> Decoded | None:
    """Decode a word as fetched, 16 or 32 bits; None when no instruction has it."""
    if raw & 3 == 3:
        insn = TABLE.decode(raw)
        return None if insn is None else Decoded(insn, raw, insn.name, 4)
    found = FORMS.expand(raw)
    if found is None:
        return None
    form, word = found
    return Decoded(TABLE.by_name[form.target], word, form.name, 2)
