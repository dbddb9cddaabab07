"""Pieces of random programs that several kinds of them have, and what registers are kept for.

What needs a whole program around it is in `difftest/generate.py`.
"""

import random

from difftest import frame
from isa.spec import TABLE

CODE_POINTER, ALIAS_POINTER, DATA_POINTER, SPLIT_POINTER, WILD_POINTER = 5, 6, 8, 9, 7
STACK_POINTER = 2
TABLE_POINTER, SATP_VALUE, HGATP_VALUE = 27, 26, 25
KEPT = (
    STACK_POINTER,
    *range(CODE_POINTER, SPLIT_POINTER + 1),
    TABLE_POINTER,
    SATP_VALUE,
    HGATP_VALUE,
    *range(28, 32),
)
FREE = tuple(i for i in range(32) if i not in KEPT)


def asm(name: str, **values: int) -> int:
    """Encode one instruction."""
    return TABLE.by_name[name].encode(**values)


def csr(name: str, which: str, register: int) -> int:
    """Encode a CSR instruction that drops the old value."""
    return asm(name, rd=0, csr=frame.number_of(which), rs1=register)


def enter_guest(rng: random.Random, ahead: int) -> list[int]:
    """Return to where V is 1, or leave it at that: mstatus.MPV or hstatus.SPV.

    `ahead` is how far from the code's first instruction to go on.
    """
    bits, pointer = rng.choice(FREE[1:]), rng.choice(FREE[1:])
    change = rng.choice(("csrrs", "csrrs", "csrrs", "csrrc"))
    which = rng.choice(("mstatus", "hstatus"))
    back, where = ("mret", "mepc") if which == "mstatus" else ("sret", "sepc")
    base = rng.choice((CODE_POINTER, ALIAS_POINTER))
    shift = 39 if which == "mstatus" else 7
    return [
        asm("addi", rd=bits, rs1=0, imm=1),
        asm("slli", rd=bits, rs1=bits, shamt=shift),
        csr(change, which, bits),
        asm("addi", rd=pointer, rs1=base, imm=ahead),
        csr("csrrw", where, pointer),
        *([asm(back)] if rng.random() < 0.8 else []),
    ]


def guest_switch(rng: random.Random) -> list[int]:
    """Turn a stage of the guest's translation on or off."""
    which = rng.choice((("vsatp", SATP_VALUE), ("hgatp", HGATP_VALUE), ("hgatp", 0)))
    fences = [asm(name, rs1=0, rs2=0) for name in ("hfence.vvma", "hfence.gvma")]
    return [csr("csrrw", which[0], rng.choice((which[1], which[1], 0))), *fences]


def protect(rng: random.Random, has_mseccfg: bool) -> list[int]:
    """Change an entry of PMP: its address, or its configuration."""
    value, entry = rng.choice(FREE[1:]), rng.randrange(frame.OPEN_ENTRY)
    if has_mseccfg and rng.random() < 0.02:
        setting = asm("addi", rd=value, rs1=0, imm=rng.choice((4, 4, 2, 1, 7)))
        return [setting, csr(rng.choice(("csrrw", "csrrs")), "mseccfg", value)]
    if rng.random() < 0.5:
        address = frame.pmp_address(rng)
        return [
            asm("lui", rd=value, imm20=address + 0x800 >> 12),
            asm("addi", rd=value, rs1=value, imm=(address + 0x800 & 0xFFF) - 0x800),
            csr("csrrw", f"pmpaddr{entry}", value),
        ]
    return [
        asm("addi", rd=value, rs1=0, imm=frame.pmp_config(rng)),
        asm("slli", rd=value, rs1=value, shamt=8 * entry),
        csr(rng.choice(("csrrs", "csrrc")), "pmpcfg0", value),
    ]


def trigger(rng: random.Random) -> list[int]:
    """Set one of the four triggers: on code or data, for some modes, alone or in a chain."""
    value, flags = rng.sample(FREE[1:], 2)
    base = rng.choice((CODE_POINTER, CODE_POINTER, ALIAS_POINTER, DATA_POINTER, SPLIT_POINTER))
    is_code = base in (CODE_POINTER, ALIAS_POINTER)
    distance = rng.randrange(0, 500) * 4 if is_code else rng.randrange(-256, 256) * 8
    match = rng.choice((0, 0, 0, 0, 1, 1, 2, 3))
    control = rng.choice((1, 2, 3, 4, 4, 7)) | rng.choice((8, 16, 64, 88, 88)) | match << 7
    guests = rng.choice((0, 3, 1, 2)) << 23 | (rng.random() < 0.1) << 11
    control |= guests
    return [
        asm("addi", rd=value, rs1=0, imm=rng.randrange(5)),
        csr("csrrw", "tselect", value),
        asm("addi", rd=value, rs1=base, imm=distance | (match == 1) * 7),
        csr("csrrw", "tdata2", value),
        asm("addi", rd=value, rs1=0, imm=rng.choice((6, 6, 6, 2, 15))),
        asm("slli", rd=value, rs1=value, shamt=60),
        asm("lui", rd=flags, imm20=control + 0x800 >> 12),
        asm("addi", rd=flags, rs1=flags, imm=(control + 0x800 & 0xFFF) - 0x800),
        asm("add", rd=value, rs1=value, rs2=flags),
        csr("csrrw", "tdata1", value),
    ]
