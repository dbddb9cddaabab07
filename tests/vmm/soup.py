"""Random privileged programs: a soup of instructions of all kinds between two trap handlers.

The M-mode handler steps over what trapped and returns to a privilege that the instruction count
picks; the S-mode handler steps over too. Two trees of page tables map one GiB onto itself, and some
small pages with every combination of permissions. Nothing writes the tables: no fence is needed.
"""

import struct
from functools import cache
from random import Random

from isa.csrs import CSRS
from isa.pte import PTE_A, PTE_D, PTE_R, PTE_U, PTE_V, PTE_W, PTE_X
from isa.spec import TABLE
from tests.vmm.machines import code

BASE = 0x8000_0000
TABLES = BASE + 0x10_0000
DATA = BASE + 0x20_0000
BODY_WORDS = 300
PARAMETERS = BASE + 0x8000
ALL_PERMISSIONS = [PTE_V | bits << 1 for bits in range(16) if bits & 7 and bits & 3 != 2]

FRAME = """
_start:
    li x31, {parameters:#x}
    la t0, m_vector
    csrw mtvec, t0
    la t0, s_vector
    csrw stvec, t0
    .macro setting csr at
    ld t0, 8 * \\at(x31)
    csrw \\csr, t0
    .endm
    setting medeleg 32
    setting mideleg 33
    setting mie 34
    setting mcounteren 35
    setting scounteren 35
    setting satp 29
    ld t0, 8 * 36(x31)
    li t1, 0x2004000
    sd t0, 0(t1)
    setting mstatus 37
    .irp n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16
    .endr
    ld x1, 8 * 1(x31)
    ld x2, 8 * 2(x31)
    ld x3, 8 * 3(x31)
    ld x4, 8 * 4(x31)
    ld x5, 8 * 5(x31)
    ld x6, 8 * 6(x31)
    ld x7, 8 * 7(x31)
    ld x8, 8 * 8(x31)
    ld x9, 8 * 9(x31)
    ld x10, 8 * 10(x31)
    ld x11, 8 * 11(x31)
    ld x12, 8 * 12(x31)
    ld x13, 8 * 13(x31)
    ld x14, 8 * 14(x31)
    ld x15, 8 * 15(x31)
    ld x16, 8 * 16(x31)
    ld x17, 8 * 17(x31)
    ld x18, 8 * 18(x31)
    ld x19, 8 * 19(x31)
    ld x20, 8 * 20(x31)
    ld x21, 8 * 21(x31)
    ld x22, 8 * 22(x31)
    ld x23, 8 * 23(x31)
    ld x24, 8 * 24(x31)
    ld x25, 8 * 25(x31)
    ld x26, 8 * 26(x31)
    ld x27, 8 * 27(x31)
    ld x28, 8 * 28(x31)
    ld x29, 8 * 29(x31)
    ld x30, 8 * 30(x31)
    ld x31, 8 * 31(x31)
    j body
    .balign 256
m_vector:
    csrw mscratch, t6
    csrr t6, mcause
    bgez t6, 1f
    csrw mie, zero
    j 2f
1:  csrr t6, mepc
    addi t6, t6, 4
    csrw mepc, t6
2:  li t6, 0x20000                      # what goes on must not have its memory lent away
    csrc mstatus, t6
    csrr t6, minstret
    andi t6, t6, 0x18
    slli t6, t6, 8
    csrs mstatus, t6
    csrr t6, mscratch
    mret
    .balign 256
s_vector:
    csrw sscratch, t6
    csrr t6, scause
    bgez t6, 1f
    csrw sie, zero
    j 2f
1:  csrr t6, sepc
    addi t6, t6, 4
    csrw sepc, t6
2:  csrr t6, sscratch
    sret
    .balign 256
body:
"""


def tables(random: Random) -> list[tuple[int, bytes]]:
    """Give page tables: two roots that differ in what the small pages permit."""
    parts = []
    for tree in range(2):
        root = TABLES + tree * 0x4000
        gib = PTE_V | PTE_R | PTE_W | PTE_X | PTE_A | PTE_D | random.choice((0, PTE_U))
        devices = PTE_V | PTE_R | PTE_W | PTE_A | PTE_D
        entries = {0: (root + 0x1000) >> 2 | PTE_V, 1: devices, 2: BASE >> 2 | gib}
        parts.append((root, _table(entries)))
        parts.append((root + 0x1000, _table({0: (root + 0x2000) >> 2 | PTE_V, 1: _mega(random)})))
        parts.append((root + 0x2000, _table({n: _small(random, n) for n in range(64)})))
    return parts


def _table(entries: dict[int, int]) -> bytes:
    return struct.pack("<512Q", *(entries.get(n, 0) for n in range(512)))


def _mega(random: Random) -> int:
    return DATA >> 2 | random.choice(ALL_PERMISSIONS) | random.choice((0, PTE_A, PTE_A | PTE_D))


def _small(random: Random, number: int) -> int:
    if random.random() < 0.1:
        return random.getrandbits(64)
    pa = random.choice((DATA + number * 4096, DATA, BASE + (1 << 40), 0x1000_0000))
    return pa >> 2 | random.choice(ALL_PERMISSIONS) | random.choice((0, PTE_A, PTE_A | PTE_D))


def body(random: Random) -> bytes:
    """Give the soup."""
    return struct.pack(f"<{BODY_WORDS}I", *(_word(random) for _ in range(BODY_WORDS)))


def _word(random: Random) -> int:
    kind = random.random()
    if kind < 0.3:
        return _csr(random)
    if kind < 0.45:
        name = random.choice(
            ("mret", "sret", "mret", "sret", "ecall", "ebreak", "fence.i", "sfence.vma")
        )
        return _insn(random, "wfi" if random.random() < 0.02 else name)
    if kind < 0.8:
        names = ("lb", "lh", "lw", "ld", "lbu", "lhu", "lwu", "sb", "sh", "sw", "sd")
        name = random.choice(names)
        return TABLE.by_name[name].encode(**_access(random, name))
    if kind < 0.98:
        return _insn(random, random.choice(("add", "xor", "addi", "mulhu", "div", "slli")))
    return random.getrandbits(32)


def _access(random: Random, name: str) -> dict[str, int]:
    fields = {"rs1": random.randrange(24, 29), "imm": random.choice((-8, -4, -1, 0, 8, 4, 2040))}
    return fields | (
        {"rs2": random.randrange(24)} if name[0] == "s" else {"rd": random.randrange(24)}
    )


def _insn(random: Random, name: str) -> int:
    insn = TABLE.by_name[name]
    values = {}
    for operand in insn.operands:
        if operand.name == "rd":
            values["rd"] = random.randrange(24)
        elif operand.kind == "xreg":
            values[operand.name] = random.choice((0, random.randrange(32)))
        else:
            values[operand.name] = random.randint(operand.lo, operand.hi)
    return insn.encode(**values)


def _csr(random: Random) -> int:
    name = random.choice(("csrrw", "csrrs", "csrrc", "csrrwi", "csrrsi", "csrrci"))
    csr = random.choice(SAFE_CSRS) if random.random() < 0.95 else random.randrange(4096)
    if csr in UNSAFE:
        return TABLE.by_name["csrrs"].encode(rd=random.randrange(24), csr=csr, rs1=0)
    if csr == CSRS.by_name["satp"].number:
        return TABLE.by_name["csrrw"].encode(rd=0, csr=csr, rs1=random.randrange(29, 32))
    source = {"uimm": random.randrange(32)} if name.endswith("i") else {"rs1": random.randrange(24)}
    return TABLE.by_name[name].encode(rd=random.randrange(24), csr=csr, **source)


UNSAFE = frozenset(CSRS.by_name[name].number for name in ("mtvec", "stvec"))
"""Read only: elsewhere the handlers are never found again."""
_DULL = tuple(f"mhpm{kind}{n}" for kind in ("counter", "event") for n in range(3, 32))
SAFE_CSRS = tuple(csr.number for name, csr in CSRS.by_name.items() if name not in _DULL)


@cache
def frame() -> bytes:
    """Assemble what all programs share."""
    return code(FRAME.format(parameters=PARAMETERS), BASE)


def program(seed: int) -> tuple[bytes, list[tuple[int, bytes]]]:
    """Give a program for BASE, in M-mode at first, and the tables that it needs."""
    random = Random(seed)
    roots = [1 << 63 | asid << 44 | (TABLES + tree * 0x4000) >> 12 for tree, asid in TREES]
    odd = random.choice((0xFFF, 0x2004000, 1 << 38, BASE + (4 << 20) - 4))
    fixed = [0x10000, DATA + 0x800, 0x1F8000 + random.randrange(9), 0x5000_0000, odd, *roots]
    values = [random.getrandbits(64) for _ in range(24)] + fixed
    values += [
        random.choice((0, 0xB3FF, random.getrandbits(16))),
        random.choice((0, 0x222, random.getrandbits(12))),
        random.choice((0xAAA, random.getrandbits(12))),
        random.choice((0, 7)),
        random.randrange(400),
        random.getrandbits(17) | random.getrandbits(6) << 18 | random.choice((0, 1 << 17)),
    ]
    block = struct.pack(f"<{len(values)}Q", *values)
    loop = TABLE.by_name["jal"].encode(rd=0, offset=0).to_bytes(4, "little")
    return frame() + body(random) + loop, [(PARAMETERS, block), *tables(random)]


TREES = ((0, 1), (0, 2), (1, 3))
