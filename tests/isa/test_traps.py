"""Taking traps and returning from them: every cause, from every privilege, delegated or not.

Programs run on all engines; expected states are built here from the manual's rules, bit by bit.
"""

import pytest

from isa.causes import Cause, Priv
from tests.isa.bench import CODE, bench, run

BELOW_M = (Priv.U, Priv.S)
ALL_PRIVS = (Priv.U, Priv.S, Priv.M)


@pytest.mark.parametrize(
    ("word", "tval"),
    [(0xFFFFFFFF, 0xFFFFFFFF), (0x0000_0007, 7), (0x1234_4001, 0x4001), (0xABCD_0000, 0)],
)
def test_an_illegal_instruction_leaves_its_own_bits_in_tval(engine, word, tval):
    hart = bench(Priv.M, word)
    run(engine, hart)
    assert hart.csr["mcause"] == Cause.ILLEGAL
    assert hart.csr["mtval"] == tval
    assert hart.csr["mepc"] == CODE
