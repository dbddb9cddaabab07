"""Every instruction that computes, loads, stores or branches: reasoned cases on all engines.

Values are written so that one can see why: `N(x)` is the two's complement of x. An instruction
without a case fails the suite; the privileged ones have files of their own.
"""

import pytest

from isa.causes import Priv
from isa.spec import TABLE
from tests.isa.bench import CODE, DATA, asm, bench, put_word, run

ONES = (1 << 64) - 1
MIN, MAX = 1 << 63, (1 << 63) - 1
MIN32, MAX32 = 0xFFFF_FFFF_8000_0000, 0x7FFF_FFFF
BIG = 0x1234_5678_9ABC_DEF0


def N(value: int) -> int:
    """Give minus `value` as a word."""
    return -value & ONES


# rs1, rs2, result
REGISTER = {
    "add": [(1, 2, 3), (ONES, 1, 0), (MAX, 1, MIN), (1 << 40, 1 << 33, 0x102_0000_0000)],
    "sub": [(1, 2, ONES), (MIN, 1, MAX), (1 << 40, 1, (1 << 40) - 1)],
    "sll": [(1, 63, MIN), (1, 64, 1), (3, 63, MIN), (BIG, 4, 0x2345_6789_ABCD_EF00)],
    "slt": [(MIN, 0, 1), (0, MIN, 0), (ONES, 0, 1), (5, 5, 0), (1 << 32, 1 << 33, 1)],
    "sltu": [(MIN, 0, 0), (0, MIN, 1), (0, ONES, 1), (5, 5, 0), (MAX, MIN, 1)],
    "xor": [(BIG, ONES, ~BIG & ONES), (BIG, BIG, 0)],
    "srl": [(MIN, 63, 1), (MIN, 64, MIN), (ONES, 1, MAX)],
    "sra": [(MIN, 63, ONES), (MIN, 64, MIN), (MAX, 62, 1), (N(8), 1, N(4))],
    "or": [(BIG, ~BIG & ONES, ONES), (MIN, 1, MIN | 1)],
    "and": [(BIG, ONES, BIG), (BIG, ~BIG & ONES, 0)],
    "addw": [(MAX32, 1, MIN32), (ONES, 1, 0), (1 << 32, 5, 5), (MIN, 0, 0)],
    "subw": [(0, 1, ONES), (MIN32, 1, MAX32), (1 << 32, 0, 0)],
    "sllw": [(1, 31, MIN32), (1, 32, 1), (BIG, 4, 0xFFFF_FFFF_ABCD_EF00)],
    "srlw": [(MIN32, 31, 1), (ONES, 32, ONES), (ONES, 1, MAX32), (1 << 32, 1, 0)],
    "sraw": [(MIN32, 31, ONES), (MAX32, 30, 1), (0x8000_0000, 4, 0xFFFF_FFFF_F800_0000)],
    "mul": [(ONES, ONES, 1), (1 << 32, 1 << 32, 0), (MIN, 3, MIN), (1 << 33, 5, 5 << 33)],
    "mulh": [(ONES, ONES, 0), (MIN, MIN, 1 << 62), (MIN, 1, ONES), (1 << 32, 1 << 32, 1)],
    "mulhsu": [(ONES, ONES, ONES), (1, ONES, 0), (MIN, ONES, MIN), (N(1), 2, ONES)],
    "mulhu": [(ONES, ONES, ONES - 1), (MIN, 2, 1), (1 << 32, 1 << 32, 1)],
    "div": [(N(7), 2, N(3)), (7, N(2), N(3)), (7, 0, ONES), (MIN, ONES, MIN), (MIN, 1, MIN)],
    "divu": [(ONES, 2, MAX), (7, 0, ONES), (MIN, ONES, 0), (1 << 40, 1 << 33, 128)],
    "rem": [(N(7), 2, ONES), (7, N(2), 1), (7, 0, 7), (MIN, ONES, 0), (N(7), 0, N(7))],
    "remu": [(ONES, 10, 5), (7, 0, 7), (MIN, ONES, MIN)],
    "mulw": [(1 << 32 | 3, 5, 15), (MAX32, 2, N(2)), (1 << 16, 1 << 15, MIN32)],
    "divw": [(N(7), 2, N(3)), (7, 0, ONES), (MIN32, ONES, MIN32), (1 << 32 | 6, 3, 2)],
    "divuw": [(ONES, 1, ONES), (7, 0, ONES), (0xFFFF_FFFE, 2, MAX32), (7, 1 << 32, ONES)],
    "remw": [(N(7), 2, ONES), (7, 0, 7), (MIN32, ONES, 0), (0x8000_0000, 0, MIN32)],
    "remuw": [(ONES, 10, 5), (0x8000_0000, 0, MIN32), (1 << 32 | 7, 4, 3)],
}  # fmt: skip

# rs1, immediate, result
IMMEDIATE = {
    "addi": [(1, -2, ONES), (MAX, 1, MIN), (1 << 32, -1, 0xFFFF_FFFF), (0, -2048, N(2048))],
    "slti": [(ONES, 0, 1), (MIN, -2048, 1), (0, -1, 0), (1 << 40, 5, 0)],
    "sltiu": [(0, -1, 1), (ONES, -1, 0), (1 << 40, 5, 0), (0, 1, 1)],
    "xori": [(BIG, -1, ~BIG & ONES), (0xFF, 0x0F, 0xF0)],
    "ori": [(MIN, 1, MIN | 1), (0, -1, ONES)],
    "andi": [(BIG, -16, BIG), (ONES, 0x7FF, 0x7FF)],
    "slli": [(1, 63, MIN), (BIG, 32, 0x9ABC_DEF0_0000_0000), (5, 0, 5)],
    "srli": [(MIN, 63, 1), (BIG, 32, 0x1234_5678)],
    "srai": [(MIN, 63, ONES), (MAX, 62, 1), (MIN, 0, MIN)],
    "addiw": [(MAX32, 1, MIN32), (1 << 32, 0, 0), (0, -1, ONES)],
    "slliw": [(1, 31, MIN32), (BIG, 0, 0xFFFF_FFFF_9ABC_DEF0)],
    "srliw": [(MIN32, 31, 1), (ONES, 0, ONES), (ONES, 1, MAX32)],
    "sraiw": [(MIN32, 31, ONES), (0x8000_0000, 4, 0xFFFF_FFFF_F800_0000), (1 << 32, 1, 0)],
}

# immediate, result
UPPER = {
    "lui": [(0x7FFFF, 0x7FFF_F000), (0x80000, MIN32), (0, 0), (1, 0x1000)],
    "auipc": [(0, CODE), (1, CODE + 0x1000), (0x80000, CODE + MIN32 & ONES)],
}

# bytes in memory, result
STORED = 0x8182_8384_8586_8788
LOADS = {
    "lb": N(0x78), "lbu": 0x88, "lh": N(0x7878), "lhu": 0x8788,
    "lw": 0xFFFF_FFFF_8586_8788, "lwu": 0x8586_8788, "ld": STORED,
}  # fmt: skip
STORES = {"sb": 1, "sh": 2, "sw": 4, "sd": 8}

# rs1, rs2, whether the branch is taken
BRANCHES = {
    "beq": [(5, 5, True), (1 << 32, 0, False), (MIN, MIN, True)],
    "bne": [(5, 5, False), (1 << 32, 0, True)],
    "blt": [(MIN, 0, True), (0, MIN, False), (5, 5, False), (1 << 32, 1 << 33, True)],
    "bge": [(MIN, 0, False), (0, MIN, True), (5, 5, True)],
    "bltu": [(MIN, 0, False), (0, MIN, True), (5, 5, False), (MAX, MIN, True)],
    "bgeu": [(MIN, 0, True), (0, MIN, False), (5, 5, True)],
}
JUMPS = {"jal", "jalr"}
NOTHING = {"fence", "fence.tso", "fence.i"}
FLOATING = {insn.name for insn in TABLE if insn.is_float}  # in test_floats.py
ATOMIC = {i.name for i in TABLE if "aqrl" in i.pattern.operands}  # in test_atomics.py
HINTS = {i.name for i in TABLE if i.ext.startswith(("Zihint", "Zicbop"))}  # in test_hints.py
BLOCKS = {i.name for i in TABLE if i.ext in ("Zicbom", "Zicboz")}  # in test_cache_blocks.py
ELSEWHERE = {"Zba", "Zbb", "Zbc", "Zbs", "Zbkb", "Zbkc", "Zbkx", "Zicond", "Zimop"}  # test_bits.py
ELSEWHERE |= {"Zknd", "Zkne", "Zknh", "Zksed", "Zksh"}  # test_crypto.py
OTHERS = {i.name for i in TABLE if ELSEWHERE & set(i.ext.split("|"))} | {"wrs.nto", "wrs.sto"}
PRIVILEGED = {
    *("ecall", "ebreak", "mret", "sret", "wfi", "sfence.vma"),
    *("csrrw", "csrrs", "csrrc", "csrrwi", "csrrsi", "csrrci"),
}  # in test_traps.py and test_csrs.py
PRIVILEGED |= {insn.name for insn in TABLE if insn.ext in ("H", "Svinval")}  # in test_hyper*.py


def cases(table):
    """Flatten a table to (name, *case)."""
    return [(name, *case) for name, rows in table.items() for case in rows]


def test_every_instruction_has_a_case():
    covered = REGISTER.keys() | IMMEDIATE.keys() | UPPER.keys() | LOADS.keys() | STORES.keys()
    covered |= BRANCHES.keys() | JUMPS | NOTHING | ATOMIC | PRIVILEGED | FLOATING
    covered |= HINTS | BLOCKS | OTHERS
    assert covered == TABLE.by_name.keys()


@pytest.mark.parametrize(("name", "rs1", "rs2", "result"), cases(REGISTER))
def test_register_operations(engine, name, rs1, rs2, result):
    code = [
        asm(name, rd=10, rs1=11, rs2=12),
        asm(name, rd=11, rs1=11, rs2=12),
        asm(name, rd=0, rs1=12, rs2=12),
    ]
    hart = bench(Priv.M, *code)
    hart.x[11], hart.x[12] = rs1, rs2
    run(engine, hart, len(code))
    assert (hart.x[10], hart.x[11], hart.x[0]) == (result, result, 0)
    assert hart.pc == CODE + 4 * len(code)


@pytest.mark.parametrize(("name", "rs1", "immediate", "result"), cases(IMMEDIATE))
def test_immediate_operations(engine, name, rs1, immediate, result):
    (field,) = {"imm", "shamt", "shamtw"} & TABLE.by_name[name].pattern.operands.keys()
    code = [asm(name, rd=rd, rs1=11, **{field: immediate}) for rd in (10, 0, 11)]
    hart = bench(Priv.M, *code)
    hart.x[11] = rs1
    run(engine, hart, len(code))
    assert (hart.x[10], hart.x[11], hart.x[0]) == (result, result, 0)


@pytest.mark.parametrize(("name", "immediate", "result"), cases(UPPER))
def test_upper_immediates(engine, name, immediate, result):
    hart = bench(Priv.M, asm(name, rd=10, imm20=immediate), asm(name, rd=0, imm20=immediate))
    run(engine, hart, 2)
    assert (hart.x[10], hart.x[0]) == (result, 0)


@pytest.mark.parametrize("offset", [0, 1, 5, 0xFFC, 0xFFF])
@pytest.mark.parametrize(("name", "result"), LOADS.items())
def test_loads_extend_what_they_read_wherever_it_lies(engine, name, result, offset):
    hart = bench(Priv.M, *[asm(name, rd=rd, rs1=11, imm=-7) for rd in (10, 0, 11)])
    put_word(hart, DATA + offset, STORED)
    hart.x[11] = DATA + offset + 7
    run(engine, hart, 3)
    assert (hart.x[10], hart.x[11], hart.x[0]) == (result, result, 0)


@pytest.mark.parametrize("offset", [0, 1, 5, 0xFFC, 0xFFF])
@pytest.mark.parametrize(("name", "size"), STORES.items())
def test_stores_write_their_bytes_and_no_others(engine, name, size, offset):
    hart = bench(Priv.M, asm(name, rs1=11, rs2=12, imm=-3), asm(name, rs1=13, rs2=0, imm=2047))
    hart.memory.write(DATA, b"\xaa" * 0x2000)
    hart.x[11], hart.x[12], hart.x[13] = DATA + offset + 3, STORED, DATA + 0x1000
    run(engine, hart, 2)
    expected = bytearray(b"\xaa" * 0x2000)
    expected[offset : offset + size] = STORED.to_bytes(8, "little")[:size]
    expected[0x17FF : 0x17FF + size] = bytes(size)
    assert hart.memory.read(DATA, 0x2000) == bytes(expected)


@pytest.mark.parametrize("offset", [8, -8, 4094, -4096, 6])
@pytest.mark.parametrize(("name", "rs1", "rs2", "is_taken"), cases(BRANCHES))
def test_a_branch_goes_where_its_condition_says(engine, name, rs1, rs2, is_taken, offset):
    hart = bench(Priv.M, asm(name, rs1=11, rs2=12, offset=offset))
    hart.x[11], hart.x[12] = rs1, rs2
    run(engine, hart)
    if is_taken and offset % 4:
        assert (hart.csr["mcause"], hart.csr["mepc"]) == (0, CODE)
        assert hart.csr["mtval"] == CODE + offset
    else:
        assert hart.pc == CODE + (offset if is_taken else 4)


@pytest.mark.parametrize("offset", [4, -4, 0, 1048572, -1048576])
def test_jal_links_and_jumps(engine, offset):
    hart = bench(Priv.M, asm("jal", rd=1, offset=offset))
    run(engine, hart)
    assert (hart.pc, hart.x[1]) == (CODE + offset, CODE + 4)


@pytest.mark.parametrize("rd", [0, 1, 5])
@pytest.mark.parametrize("imm", [0, 1, -3, 2045, -2048])
def test_jalr_clears_bit_0_and_may_link_to_its_own_base(engine, rd, imm):
    hart = bench(Priv.M, asm("jalr", rd=rd, rs1=5, imm=imm))
    hart.x[5] = CODE + 0x100 - (imm & ~1)
    run(engine, hart)
    assert hart.pc == CODE + 0x100
    assert hart.x[0] == 0
    assert not rd or hart.x[rd] == CODE + 4


def test_a_jump_to_a_misaligned_target_traps_and_links_nothing(engine):
    for word in (asm("jal", rd=1, offset=6), asm("jalr", rd=1, rs1=5, imm=3)):
        hart = bench(Priv.M, word)
        hart.x[1], hart.x[5] = 77, CODE + 4
        run(engine, hart)
        assert (hart.csr["mcause"], hart.csr["mepc"], hart.x[1]) == (0, CODE, 77)
        assert hart.csr["mtval"] == CODE + 6


@pytest.mark.parametrize("word", [0x0FF0000F, 0x8330000F, 0x0000100F, 0xFFF8808F])
def test_fences_change_nothing_whatever_their_reserved_fields_hold(engine, word):
    hart = bench(Priv.U, word)
    before = list(hart.x)
    run(engine, hart)
    assert hart.pc == CODE + 4
    assert list(hart.x) == before
