"""Each instruction under parts of the ISA, beside Spike: what is not chosen is illegal."""

import pytest

from difftest.pair import RAM, OurMachine, SpikeMachine, put_all
from isa import mstatus as ms
from isa.causes import Cause
from isa.csrs import CSRS
from isa.spec import TABLE
from isa.words import MASK
from tests.tools import require_module

EXTENSIONS = (
    *("zba", "zbb", "zbc", "zbs", "zbkb", "zbkc", "zbkx", "zknd", "zkne", "zknh", "zksed", "zksh"),
    *("zicond", "zimop", "zacas", "zabha_zacas", "zawrs", "zicbom", "zicbop", "zicboz"),
    *("zfh", "zfhmin", "zfa", "zfh_zfa", "svinval", "zkn", "zks"),
)
STRINGS = (
    *("rv64i_zicsr", "rv64ia_zicsr", "rv64im_zicsr", "rv64if_zicsr", "rv64ifd_zicsr"),
    *("rv64imac_zicsr", "rv64gc", "rv64gch", "rv64gch_svinval"),
    *(f"rv64gc_{name}" for name in EXTENSIONS),
)
HANDLER, DATA = RAM + 0x9_0000, RAM + 0x8_0000
FIELDS = {"rs1": 10, "rs2": 12, "rd": 14, "csr": 0x340, "offset": 8}
STRIDE = 8
LENIENT = ("fence.i",)
"""Spike has them always."""


def outcomes(machine):
    """Execute each instruction in M-mode by itself; say which are illegal."""
    operands = {insn.name: insn.pattern.operands for insn in TABLE}
    words = [insn.encode(**{n: FIELDS.get(n, 0) for n in operands[insn.name]}) for insn in TABLE]
    machine.load({RAM: b"".join(word.to_bytes(STRIDE, "little") for word in words)})
    illegal = []
    for at, insn in enumerate(TABLE):
        machine.reset()
        put_all(machine, {"mtvec": HANDLER, "pmpaddr0": MASK, "pmpcfg0": 0x1F, "mstatus": ms.FS})
        put_all(machine, {"menvcfg": MASK, "mepc": RAM})
        for number in range(1, 32):
            machine.set_x(number, DATA if number == FIELDS["rs1"] else 0)
        is_trap = machine.step(RAM + STRIDE * at) == HANDLER
        if is_trap and machine.get(CSRS.by_name["mcause"].number) == Cause.ILLEGAL:
            illegal.append(insn.name)
    return set(illegal) - set(LENIENT)


@pytest.mark.parametrize("isa", STRINGS)
def test_the_same_instructions_are_illegal(isa):
    require_module("riscv")
    ours = outcomes(OurMachine(f"{isa}_sv57", "interpreter"))
    assert ours == outcomes(SpikeMachine(isa))
    assert ours
