"""Chains of micro-ops do what their parts would do one after the other."""

import random

import pytest

from isa.causes import Priv
from isa.engine import load
from isa.engine.interpreter.fusion import LONGER, SECONDS
from isa.insn import Kind
from isa.isa_string import parse_isa
from isa.spec import TABLE
from isa.state import Slot
from tests.isa.bench import CODE, DATA, M_VECTOR, NOWHERE, asm, bench, put_word, run

PAIRS = [(first, second) for first, seconds in SECONDS.items() for second in seconds.split()]
CHAINS = [*PAIRS, *(tuple(words.split()) for words in LONGER)]
ROUNDS = 40
NOP = asm("addi", rd=0, rs1=0, imm=0)


@pytest.fixture(scope="module")
def both():
    """Give the reference engine and the interpreter."""
    return load("reference"), load("interpreter")


def random_insn(name, rng):
    """Give an instruction on x8 to x15; jumps are short, x8 and x9 hold addresses."""
    insn = TABLE.by_name[name.removesuffix(".zero")]
    values = {operand.name: rng.randrange(10, 16) for operand in insn.operands}
    for operand in insn.operands:
        if operand.name == "offset":
            values["offset"] = 8 if insn.kind is Kind.BRANCH or rng.random() < 0.5 else -8
        elif operand.name not in ("rd", "rs1", "rs2"):
            values[operand.name] = rng.randrange(0, 64, 8)
    if insn.kind in (Kind.LOAD, Kind.STORE):
        values["rs1"] = rng.choice((8, 8, 8, 9))
    if name.endswith(".zero"):
        values["rd"] = 0
    if name == "jalr":
        values |= {"rs1": 7, "imm": 0}
    return insn.encode(**values)


def program(chain, rng):
    """Give a hart whose loop goes through the chain, sometimes only through its last parts."""
    code = [NOP, *(random_insn(name, rng) for name in chain), NOP, NOP]
    code.append(asm("jal", rd=0, offset=-4 * rng.randrange(3, len(chain) + 4)))
    seed = rng.random()

    def make():
        own = random.Random(seed)
        hart = bench(Priv.M, *code)
        for number in range(10, 16):
            hart.x[number] = own.choice((0, 1, own.getrandbits(64), own.getrandbits(8)))
        hart.x[7], hart.x[8] = CODE + 4 * len(chain) + 4, DATA + own.choice((0, 0, 1, 0xFFC))
        hart.x[9] = own.choice((NOWHERE, DATA, DATA + 0x100))
        put_word(hart, M_VECTOR, asm("jal", rd=0, offset=0), 4)
        return hart

    return make


def state(hart):
    """Give what the engines must agree on."""
    return [hart.slots[slot] for slot in range(Slot.ARCH_END) if slot != Slot.SINK]


@pytest.mark.parametrize("chain", CHAINS, ids=" ".join)
def test_a_chain_is_its_parts_at_every_fuel(both, chain):
    rng = random.Random(" ".join(chain))
    for _ in range(4):
        make = program(chain, rng)
        slow, fast = make(), make()
        for _ in range(ROUNDS // 4):
            fuel = rng.choice((1, 1, 2, 3, 4, 5, 7, 11))
            assert run(both[0], slow, fuel) == run(both[1], fast, fuel)
            assert state(slow) == state(fast)
        assert slow.memory.read(DATA, 0x1100) == fast.memory.read(DATA, 0x1100)


@pytest.mark.parametrize("distance", [0, 4])
def test_overwriting_either_half_breaks_the_pair(engine, distance):
    ret = asm("jalr", rd=0, rs1=1, imm=0)
    pair = [asm("addi", rd=10, rs1=10, imm=1), asm("add", rd=11, rs1=11, rs2=10), ret]
    call = asm("jalr", rd=1, rs1=5, imm=0)
    hart = bench(Priv.M, call, call, asm("sw", rs1=5, rs2=6, imm=distance), call)
    hart.x[5], hart.x[6] = CODE + 0x40, asm("addi", rd=12, rs1=12, imm=5)
    for i, insn in enumerate(pair):
        put_word(hart, CODE + 0x40 + 4 * i, insn, 4)
    run(engine, hart, 8)
    assert (hart.x[10], hart.x[11], hart.x[12]) == (2, 3, 0)
    run(engine, hart, 5)
    assert (hart.x[10], hart.x[11], hart.x[12]) == ((2, 5, 5) if distance == 0 else (3, 3, 5))


def test_a_first_half_of_two_bytes_pairs_too_and_is_forgotten_with_its_second(engine):
    c_addi, c_add = 0x0505, 0x95AA  # c.addi a0, 1; c.add a1, a0
    ret = asm("jalr", rd=0, rs1=1, imm=0)
    call = asm("jalr", rd=1, rs1=5, imm=0)
    hart = bench(
        Priv.M, call, call, asm("sh", rs1=5, rs2=6, imm=2), call, isa=parse_isa("rv64imac")
    )
    hart.x[5], hart.x[6] = CODE + 0x40, 0x0605  # c.addi a2, 1
    put_word(hart, CODE + 0x40, ret << 32 | c_add << 16 | c_addi)
    run(engine, hart, 8)
    assert (hart.x[10], hart.x[11], hart.x[12]) == (2, 3, 0)
    run(engine, hart, 5)
    assert (hart.x[10], hart.x[11], hart.x[12]) == (3, 3, 1)


@pytest.mark.parametrize("at", range(4))
def test_overwriting_any_part_breaks_a_long_chain(engine, at):
    """Four stores in a row, of which one becomes an addition before the second round."""
    chain = [asm("sd", rs1=8, rs2=10, imm=8 * i) for i in range(4)]
    call = asm("jalr", rd=1, rs1=5, imm=0)
    hart = bench(Priv.M, call, call, asm("sw", rs1=5, rs2=6, imm=4 * at), call)
    hart.x[5], hart.x[6], hart.x[8] = CODE + 0x40, asm("addi", rd=10, rs1=10, imm=1), DATA
    for i, insn in enumerate([*chain, asm("jalr", rd=0, rs1=1, imm=0)]):
        put_word(hart, CODE + 0x40 + 4 * i, insn, 4)
    hart.x[10] = 7
    run(engine, hart, 12)
    assert [hart.memory.read(DATA + 8 * i, 1)[0] for i in range(4)] == [7, 7, 7, 7]
    hart.x[10] = 9
    run(engine, hart, 7)
    expected = [9 if i < at else 7 if i == at else 10 for i in range(4)]
    assert [hart.memory.read(DATA + 8 * i, 1)[0] for i in range(4)] == expected


@pytest.mark.parametrize("before", [1, 2, 3])
def test_a_chain_is_broken_by_a_store_just_behind_one_of_its_parts(engine, before):
    c_mv, c_addi, c_ret = 0x852E, 0x0605, 0x8082  # c.mv a0, a1; c.addi a2, 1; c.jr ra
    count = 6
    call = asm("jalr", rd=1, rs1=5, imm=0)
    store = asm("sh", rs1=5, rs2=6, imm=2 * count + 2 * before)
    hart = bench(Priv.M, call, call, store, call, call, isa=parse_isa("rv64imac"))
    hart.x[5] = CODE + 0x40
    for i, insn in enumerate([c_mv, c_addi] * (count // 2) + [c_ret]):
        put_word(hart, CODE + 0x40 + 2 * i, insn, 2)
    run(engine, hart, 2 * (count + 2))
    assert hart.x[12] == count
    run(engine, hart, 1)
    run(engine, hart, 2 * (count + 2))
    assert hart.x[12] == 2 * count
