"""Drawing instructions that compute, load, store and branch, 32 bits long or compressed.

Kinds of instructions are drawn by weight and each kind's instructions from a pack that is dealt
out before any comes again, so that a program of some length has them all.
"""

import random
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from difftest.program import ISA
from difftest.snippets import (
    ALIAS_POINTER,
    CODE_POINTER,
    DATA_POINTER,
    FREE,
    SPLIT_POINTER,
    STACK_POINTER,
    WILD_POINTER,
    asm,
)
from isa.compressed import Form
from isa.extensions import needs
from isa.fields import Operand
from isa.insn import Insn, Kind
from isa.isa_string import parse_isa
from isa.spec import FORMS, TABLE

KIND_WEIGHTS = {Kind.ALU: 60, Kind.LOAD: 14, Kind.STORE: 12, Kind.BRANCH: 10, Kind.JUMP: 4}
FLOAT_WEIGHT, FEWER_FLOATS = 40, 20  # the second in programs that trap
BY_KIND = {kind: [insn for insn in TABLE if insn.kind is kind] for kind in Kind}
INTEGER = {kind: [insn for insn in BY_KIND[kind] if not insn.is_float] for kind in KIND_WEIGHTS}
SEEN = [TABLE.by_name[name] for name in ("fmv.x.d", "fsd", "feq.d", "fclass.s", "fsw")]
"""Instructions that bring a floating-point register to where every side shows it."""
C_NOP = FORMS.by_name["c.nop"].encode()
TRAPPING = ("c.ebreak",)
THROUGH_REGISTERS = ("c.jr", "c.jalr")
POPULAR_FREE = tuple(range(10, 16))  # of the registers that three bits can name

T = TypeVar("T")


class Pack(Generic[T]):
    """Things to draw from: none comes again before all have come."""

    def __init__(self, rng: random.Random, things: Sequence[T]) -> None:
        self._rng, self._things = rng, tuple(things)
        self._left: list[T] = []

    def draw(self) -> T:
        """Take a thing."""
        if not self._left:
            self._left = list(self._things)
            self._rng.shuffle(self._left)
        return self._left.pop()


class Computing:
    """Draws what every mode can execute."""

    def __init__(
        self,
        rng: random.Random,
        *,
        has_system: bool,
        has_float: bool = False,
        isa: str = ISA,
    ) -> None:
        self._rng = rng
        self._has_system = has_system
        self._bits = parse_isa(isa)
        self._is_compressed = self.exists("C")
        self._weights = dict(KIND_WEIGHTS)
        if has_float:
            self._weights[Kind.FLOAT] = FEWER_FLOATS if has_system else FLOAT_WEIGHT
        chosen = BY_KIND if has_float else INTEGER
        self._packs = {kind: Pack(rng, self.those_here(chosen[kind])) for kind in self._weights}
        self._forms = Pack(rng, [form for form in FORMS if self._may_use(form, has_float)])
        self._done = self._left = self._into_word = 0

    def exists(self, ext: str) -> bool:
        """Say whether the programs' harts have an extension."""
        return all(self._bits & need for need in needs(ext))

    def those_here(self, insns: Sequence[Insn]) -> list[Insn]:
        """Leave out the instructions that the programs' harts do not have."""
        return [insn for insn in insns if self.exists(insn.ext)]

    def _may_use(self, form: Form, has_float: bool) -> bool:
        target = TABLE.by_name[form.target]
        if form.name in THROUGH_REGISTERS or not self.those_here([target]):
            return False
        if not self.exists(form.ext):
            return False
        is_float = target.is_float
        return (has_float or not is_float) and (self._has_system or form.name not in TRAPPING)

    def plain(self) -> list[int]:
        """Draw an instruction, or some compressed ones, as words of 32 bits."""
        if self._is_compressed and self._rng.random() < 0.4:
            return self._compressed()
        return [self._insn()]

    def _insn(self) -> int:
        kind = self._rng.choices(list(self._weights), list(self._weights.values()))[0]
        insn = self._packs[kind].draw()
        if kind is Kind.FLOAT and self._rng.random() < 0.35:
            insn = self._rng.choice(SEEN)
        return insn.encode(**{name: self._value(insn, name) for name in insn.pattern.operands})

    def _value(self, insn: Insn, name: str) -> int:
        operand = insn.pattern.operands[name]
        if name == "rd":
            return self._any_register(written=True)
        if name == "rs1" and insn.kind in (Kind.LOAD, Kind.STORE):
            return self._pick((DATA_POINTER, 6), (SPLIT_POINTER, 5), (self._wild(), 1))
        if name == "rs1" and insn.kind is Kind.JUMP:
            return self._pick((CODE_POINTER, 8), (self._wild_code(), 1))
        if operand.kind == "freg":
            return self._rng.randrange(self._rng.choice((3, 8, 32)))
        if operand.kind == "rm":
            return self._rounding()
        if operand.kind == "xreg":
            return self._any_register()
        if name == "offset":
            return self._offset()
        if name == "imm" and insn.kind is Kind.JUMP:
            is_odd = self._has_system and self._rng.random() < 0.05
            return self.ahead() + 2 * is_odd
        if name == "imm" and self._rng.random() < 0.3:
            return self._rng.randrange(-16, 16) * operand.align
        return self._rng.randrange(operand.lo, operand.hi + 1, operand.align)

    def _rounding(self) -> int:
        """Draw a rounding mode, now and then, where traps are expected, a reserved one."""
        if self._has_system and self._rng.random() < 0.02:
            return self._rng.choice((5, 6))
        return self._rng.choice((0, 1, 2, 3, 4, 7, 7, 7))

    def _pick(self, *weighted: tuple[int, int]) -> int:
        return self._rng.choices([v for v, _ in weighted], [w for _, w in weighted])[0]

    def _any_register(self, *, written: bool = False) -> int:
        if written and (not self._has_system or self._rng.random() < 0.99):
            return self._rng.choice(FREE)
        return self._rng.randrange(32)

    def _wild(self) -> int:
        """Choose a base register that may hold anything, where traps are expected."""
        if not self._has_system:
            return DATA_POINTER
        return self._rng.choice((*[WILD_POINTER] * len(FREE), *FREE))

    def _wild_code(self) -> int:
        return self._rng.choice((ALIAS_POINTER, *FREE)) if self._has_system else CODE_POINTER

    def _offset(self) -> int:
        """Draw a branch distance: mostly a few instructions forward, sometimes back."""
        if self._has_system and self._rng.random() < 0.02:
            return self._rng.randrange(-64, 64) * 2
        if self._done and self._rng.random() < 0.02:
            return -4 * self._rng.randint(1, min(8, self._done)) - self._into_word
        return 4 * self._rng.randint(1, min(8, self._left)) - self._into_word

    def ahead(self) -> int:
        """Draw how far from the code's first instruction to jump: mostly a little forward."""
        if self._rng.random() < 0.03:
            return self._rng.randrange(min(self._done + self._left, 500)) * 4
        return 4 * min(self._done + self._rng.randint(1, max(1, min(8, self._left))), 500)

    # Compressed

    def _compressed(self) -> list[int]:
        """Draw two compressed instructions; or two around a longer one, which lies athwart."""
        first = self._parcel()
        if not self._has_system or self._rng.random() < 0.8:
            return [first | self._upper(self._parcel) << 16]
        long, second = self._upper(self._insn), self._parcel()
        return [first | (long & 0xFFFF) << 16, long >> 16 | second << 16]

    def _upper(self, draw: Callable[[], int]) -> int:
        """Draw an instruction that begins in the upper half of a word."""
        self._into_word = 2
        drawn = draw()
        self._into_word = 0
        return drawn

    def _parcel(self) -> int:
        """Draw a compressed instruction; jumps through registers are left to `jump_short`."""
        form = self._forms.draw()
        for _ in range(20):
            values = {
                name: self._form_value(form, operand)
                for name, operand in form.pattern.operands.items()
            }
            parcel = form.encode(**values)
            found = FORMS.decode(parcel)
            if found is not None and found[0] is form:
                return parcel
        return C_NOP

    def _form_value(self, form: Form, operand: Operand) -> int:
        kind = TABLE.by_name[form.target].kind
        if operand.name == "rs1p" and kind in (Kind.LOAD, Kind.STORE):
            return self._rng.choice((DATA_POINTER, SPLIT_POINTER))
        if operand.name == "rdp":
            return self._rng.choice(POPULAR_FREE)
        if operand.name == "rd":
            return self._any_register(written=True)
        if operand.kind == "freg":
            return self._rng.randrange(operand.lo, min(operand.lo + 8, operand.hi + 1))
        if operand.name == "offset":
            return self._offset()
        return self._rng.randrange(operand.lo, operand.hi + 1, operand.align)

    def jump_short(self) -> list[int]:
        """Jump by a compressed instruction to somewhere in the code."""
        register = self._rng.choice(FREE[1:])
        name = self._rng.choice(("c.jr", "c.jalr"))
        where = asm("addi", rd=register, rs1=CODE_POINTER, imm=self.ahead())
        return [where, FORMS.by_name[name].encode(rs1=register) | C_NOP << 16]

    def stack(self) -> list[int]:
        """Bring the stack pointer back to the data."""
        return [asm("addi", rd=STACK_POINTER, rs1=DATA_POINTER, imm=self._rng.randrange(0, 8) * 8)]
