"""Hints: encodings with names that do nothing, on every hart."""

import random

import pytest

from isa.causes import Priv
from isa.disasm import disassemble
from isa.isa_string import parse_isa
from isa.spec import FORMS, TABLE
from tests.isa.bench import CODE, NOWHERE, bench, run
from tests.isa.samples import operand_sets

HINTS = [insn for insn in TABLE if insn.ext.startswith(("Zihint", "Zicbop"))]
# From the manual: the bits of each name with operands zero.
BITS = {
    "pause": 0x0100_000F,
    "ntl.p1": 0x0020_0033, "ntl.pall": 0x0030_0033, "ntl.s1": 0x0040_0033, "ntl.all": 0x0050_0033,
    "prefetch.i": 0x0000_6013, "prefetch.r": 0x0010_6013, "prefetch.w": 0x0030_6013,
}  # fmt: skip
PARCELS = {"c.ntl.p1": 0x900A, "c.ntl.pall": 0x900E, "c.ntl.s1": 0x9012, "c.ntl.all": 0x9016}


def test_every_hint_has_its_bits():
    zeros = {insn.name: dict.fromkeys(insn.pattern.operands, 0) for insn in HINTS}
    assert {insn.name: insn.encode(**zeros[insn.name]) for insn in HINTS} == BITS
    assert all(disassemble(bits).startswith(name) for name, bits in BITS.items())


def test_short_hints_have_names_and_stand_for_the_long_ones():
    for name, parcel in PARCELS.items():
        found = FORMS.expand(parcel)
        assert found is not None
        form, word = found
        assert (form.name, disassemble(word)) == (name, name.removeprefix("c."))


@pytest.mark.parametrize("isa", ["rv64i_zicsr", "rv64i_zicsr_zihintpause_zihintntl_zicbop"])
@pytest.mark.parametrize("insn", HINTS, ids=lambda insn: insn.name)
def test_a_hint_does_nothing_whether_it_is_known_or_not(engine, insn, isa):
    for values in operand_sets(insn, random.Random(1), 3):
        hart = bench(Priv.U, insn.encode(**values), isa=parse_isa(isa))
        for index in range(1, 32):
            hart.x[index] = NOWHERE + index
        before = list(hart.x)
        run(engine, hart)
        assert (hart.pc, list(hart.x)) == (CODE + 4, before)
