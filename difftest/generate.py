"""Random programs: computation alone, or everything that M, S and U-mode can do to each other.

Whatever a program does must end the same on every side, so nothing has to make sense; but a program
should get far. Handlers therefore skip what trapped, and a few registers usually keep their purpose
(`difftest/snippets.py`). Every choice comes from the seed.
"""

import random
from collections.abc import Callable

from difftest import frame
from difftest.computing import BY_KIND, Computing, Pack
from difftest.program import (
    ISA,
    ISA_OF_QEMU,
    ISA_WITH_LITTLE,
    ISA_WITHOUT_C,
    RAM_BASE,
    Program,
)
from difftest.snippets import (
    ALIAS_POINTER,
    CODE_POINTER,
    DATA_POINTER,
    FREE,
    HGATP_VALUE,
    SATP_VALUE,
    SPLIT_POINTER,
    STACK_POINTER,
    TABLE_POINTER,
    WILD_POINTER,
    asm,
    csr,
    enter_guest,
    guest_switch,
    protect,
    trigger,
)
from isa import mstatus as ms
from isa.insn import Kind
from isa.spec import TABLE

MASK = (1 << 64) - 1
ATOMIC = 0.04  # of what is drawn
SYSTEM = 0.13  # of what is drawn, where programs have privileged things
COMPRESSED = 0.7  # of the programs, in harts that have C

CORNERS = tuple(
    value & MASK
    for near in (0, 1 << 31, 1 << 32, 1 << 63)
    for value in (near - 2, near - 1, near, near + 1)
)
ATOMICS = [insn for insn in TABLE if "aqrl" in insn.pattern.operands]
BLOCK_OPS = [insn for insn in TABLE if insn.ext in ("Zicbom", "Zicboz")]
OTHERS = [TABLE.by_name[name] for name in ("wfi", "wrs.nto", "wrs.sto")]
HYPERVISOR = [insn for insn in TABLE if insn.ext in ("H", "Svinval")]
CSR_OPS = [insn for insn in TABLE if "csr" in insn.pattern.operands]


def interesting(rng: random.Random) -> int:
    """Draw a register value: a corner, a small number, or any bits."""
    choice = rng.random()
    if choice < 0.35:
        return rng.choice(CORNERS)
    if choice < 0.5:
        return rng.randrange(-64, 64) & MASK
    return rng.getrandbits(rng.choice((12, 31, 32, 33, 63, 64)))


class Generator(Computing):
    """Draws the instructions of one program."""

    def __init__(
        self, rng: random.Random, *, has_system: bool, has_float: bool = False, isa: str = ISA
    ) -> None:
        super().__init__(rng, has_system=has_system, has_float=has_float, isa=isa)
        self._atomics = Pack(rng, self.those_here(ATOMICS))
        self._hypervisor = Pack(rng, self.those_here(HYPERVISOR))
        self._block_ops = Pack(rng, self.those_here(BLOCK_OPS))
        self._others = Pack(rng, self.those_here(OTHERS))

    def code(self, length: int) -> tuple[int, ...]:
        """Draw instructions, and a jump back to the first at the end."""
        words: list[int] = []
        while len(words) < length - 1:
            self._done, self._left = len(words), length - 1 - len(words)
            if self._has_system and self._rng.random() < SYSTEM:
                words += self._system()[: self._left]
            elif self.exists("A") and self._rng.random() < ATOMIC:
                words += self._atomic()[: self._left]
            elif self._is_compressed and self._rng.random() < 0.03:
                words += self._rng.choice((self.jump_short, self.stack))()[: self._left]
            else:
                words += self.plain()[: self._left]
        words.append(asm("jal", rd=0, offset=-4 * len(words)))
        return tuple(words)

    # Privileged things

    def _system(self) -> list[int]:
        has_guests = self.exists("H")
        choices: tuple[tuple[int, Callable[[], list[int]]], ...] = (
            (50, self._csr), (8, self._lower), (4, self._fence), (6, self._call),
            (5, self._return), (4, self._illegal), (8, self._switch), (5, self._edit_table),
            (4, self._interrupt), (8, self._borrow),
            (12 * has_guests, self._guest_access),
            (6, lambda: protect(self._rng, self.exists("Smepmp"))),
            (12 * has_guests, lambda: enter_guest(self._rng, self.ahead())),
            (3 * has_guests, lambda: guest_switch(self._rng)),
            (3 * self.exists("Zicboz"), self._block), (2, self._key),
            (2, lambda: [self._others.draw().encode()]),
            (2 * has_guests, lambda: trigger(self._rng)),
        )  # fmt: skip
        weights = [weight for weight, _ in choices]
        return self._rng.choices([make for _, make in choices], weights)[0]()

    def _csr(self) -> list[int]:
        number = frame.choose_csr(self._rng)
        insn = self._rng.choice(CSR_OPS)
        is_read = number in frame.READ_ONLY_HERE or (number >> 10 == 3 and self._rng.random() < 0.8)
        if is_read:
            insn = TABLE.by_name[self._rng.choice(("csrrs", "csrrc"))]
        values = {"rd": self._any_register(written=True), "csr": number}
        if "rs1" in insn.pattern.operands:
            values["rs1"] = 0 if is_read else self._any_register()
        else:
            values["uimm"] = self._rng.randrange(32)
        return [insn.encode(**values)]

    def _lower(self) -> list[int]:
        """Go to a privilege level that bits of a random register choose."""
        register = self._rng.choice(FREE)
        pointer = self._rng.choice((CODE_POINTER, ALIAS_POINTER))
        where, back = self._rng.choice((("mepc", "mret"), ("sepc", "sret")))
        status = "mstatus" if back == "mret" else "sstatus"
        return [
            asm("addi", rd=register, rs1=pointer, imm=self.ahead()),
            csr("csrrw", where, register),
            *([csr("csrrw", status, self._rng.choice(FREE))] if self._rng.random() < 0.5 else []),
            asm(back),
        ]

    def _fence(self) -> list[int]:
        some = [0, 0, self._any_register(), WILD_POINTER, DATA_POINTER]
        registers = {"rs1": self._rng.choice(some), "rs2": self._rng.choice(some)}
        return [self._rng.choice((asm("sfence.vma", **registers), asm("fence.i")))]

    def _call(self) -> list[int]:
        return [asm(self._rng.choice(("ecall", "ecall", "ebreak")))]

    def _return(self) -> list[int]:
        return [asm(self._rng.choice(("mret", "sret")))]

    def _illegal(self) -> list[int]:
        word = self._rng.getrandbits(32)
        while TABLE.decode(word) is not None:
            word = self._rng.getrandbits(32)
        return [self._rng.choice((word, word | 3 if TABLE.decode(word | 3) is None else word))]

    def _switch(self) -> list[int]:
        """Turn translation on or off."""
        return [csr("csrrw", "satp", self._rng.choice((SATP_VALUE, SATP_VALUE, 0)))]

    def _edit_table(self) -> list[int]:
        """Change a page-table entry, and fence; only M-mode can reach the tables."""
        source = self._rng.choice(FREE)
        at = self._rng.randrange(-0x100, 0xFF) * 8
        flags = self._rng.randrange(0x100)
        return [
            asm("ld", rd=source, rs1=TABLE_POINTER, imm=at),
            asm("xori", rd=source, rs1=source, imm=flags & ~1 if flags & 1 else 1 << flags % 9),
            asm("sd", rs2=source, rs1=TABLE_POINTER, imm=at),
            asm("sfence.vma", rs1=0, rs2=0),
        ]

    def _borrow(self) -> list[int]:
        """Access memory under other rules: MPRV, SUM and MXR on or off."""
        bits, base = self._rng.choice(FREE[1:]), self._rng.choice((DATA_POINTER, SPLIT_POINTER))
        which = self._rng.choice(("mstatus", "mstatus", "sstatus"))
        accesses = self._rng.choices(BY_KIND[Kind.LOAD] + BY_KIND[Kind.STORE], k=3)
        values = {"rd": self._rng.choice(FREE), "rs2": self._any_register(), "rs1": base}
        values["imm"] = self._rng.randrange(-2048, 2048)
        values["fd"] = values["fs2"] = self._rng.randrange(8)
        words = [a.encode(**{n: values[n] for n in a.pattern.operands}) for a in accesses]
        set_bits, clear_bits = self._rng.choice((("csrrs", "csrrc"), ("csrrc", "csrrs")))
        flags = asm("lui", rd=bits, imm20=self._rng.choice((0x20, 0x40, 0x80, 0x60, 0xC0, 0xE0)))
        end = [csr(clear_bits, which, bits)] if self._rng.random() < 0.6 else []
        return [flags, csr(set_bits, which, bits), *words, *end]

    def _atomic(self) -> list[int]:
        """Make an address, mostly aligned; operate on it, or reserve it and store."""
        at, base = self._rng.choice(FREE[1:]), self._rng.choice((DATA_POINTER, SPLIT_POINTER))
        values = {"rd": self._any_register(written=True), "rs2": self._any_register(), "rs1": at}
        values["aqrl"] = self._rng.randrange(4)
        width = self._rng.choice("wd")
        pair = [TABLE.by_name[f"{name}.{width}"] for name in ("lr", "sc")]
        insns = pair if self._rng.random() < 0.2 else [self._atomics.draw()]
        is_aligned = not self._has_system or self._rng.random() < 0.99
        align = asm("andi", rd=at, rs1=at, imm=-16 if is_aligned else -2)
        if insns[0].name.startswith("amocas"):
            even = not self._has_system or self._rng.random() < 0.9
            values |= {name: values[name] & ~int(even) for name in ("rd", "rs2")}
        known = asm("ld", rd=values["rd"], rs1=at, imm=0)  # what a swap may find
        return [
            asm("addi", rd=at, rs1=base, imm=self._rng.randrange(-2048, 2048)),
            align,
            *([known] if insns[0].name.startswith("amocas") and values["rd"] in FREE else []),
            *(
                insn.encode(**{name: values[name] for name in insn.pattern.operands})
                for insn in insns
            ),
        ]

    def _guest_access(self) -> list[int]:
        """Access the guest's memory, or fence its translations."""
        insn = self._hypervisor.draw()
        at, base = self._rng.choice(FREE[1:]), self._rng.choice((DATA_POINTER, SPLIT_POINTER))
        values = {"rs1": at, "rd": self._any_register(written=True), "rs2": self._any_register()}
        if self._rng.random() < 0.1:
            values["rs1"] = self._wild()
        fields = {name: values[name] for name in insn.pattern.operands}
        distance = self._rng.randrange(-2048, 2048) & (-8 if self._rng.random() < 0.8 else -1)
        return [asm("addi", rd=at, rs1=base, imm=distance), insn.encode(**fields)]

    def _block(self) -> list[int]:
        """Operate on a cache block."""
        at, base = self._rng.choice(FREE[1:]), self._rng.choice((DATA_POINTER, SPLIT_POINTER))
        made = asm("addi", rd=at, rs1=base, imm=self._rng.randrange(-2048, 2048))
        return [made, self._block_ops.draw().encode(rs1=at)]

    def _key(self) -> list[int]:
        """Step an AES key schedule, sometimes in a round that does not exist."""
        values = {"rd": self._any_register(written=True), "rs1": self._any_register(), "rnum": 0}
        return [asm("aes64ks1i", **values) | self._rng.randrange(16) << 20]

    def _interrupt(self) -> list[int]:
        """Enable and request interrupts."""
        bits = self._rng.choice(FREE)
        return [
            asm("addi", rd=bits, rs1=0, imm=self._rng.choice((0x222, 0x2, 0x20, 0x200))),
            csr("csrrs", self._rng.choice(("mie", "sie")), bits),
            csr("csrrs", self._rng.choice(("mip", "mip", "sip", "mideleg")), bits),
        ]


def _isa(rng: random.Random) -> str:
    """Draw the ISA of a program's hart: of Spike and ours, with C or without."""
    return ISA if rng.random() < COMPRESSED else ISA_WITHOUT_C


def _registers(rng: random.Random) -> list[int]:
    x = [interesting(rng) for _ in range(32)]
    x[0] = 0
    x[CODE_POINTER] = frame.CODE
    x[ALIAS_POINTER] = frame.CODE + frame.ALIAS
    x[DATA_POINTER] = frame.DATA + 0x800 + rng.randrange(0, 0x400) * 8
    x[SPLIT_POINTER] = frame.DATA + 0x1000 * rng.randrange(1, 3)
    x[STACK_POINTER] = frame.DATA + 0x1000 + rng.randrange(0, 0x100) * 8
    x[WILD_POINTER] = rng.choice(frame.WILD_ADDRESSES)
    return x


def plain_program(seed: str, length: int = 200) -> Program:
    """Draw a program of integer instructions that only computes, loads, stores and branches."""
    return _computing("plain", seed, length)


def base_program(seed: str, length: int = 200) -> Program:
    """Draw a plain program of the instructions that every side has: RV64IM."""
    return _computing("base", seed, length)


def float_program(seed: str, length: int = 200) -> Program:
    """Draw a program that computes with floating point too, in every rounding mode."""
    return _computing("float", seed, length)


def _computing(kind: str, seed: str, length: int) -> Program:
    rng = random.Random(f"{kind} {seed}")
    has_float = kind == "float"
    isa = ISA_WITH_LITTLE if kind == "base" else _isa(rng)
    x = _registers(rng)
    code = Generator(rng, has_system=False, has_float=has_float, isa=isa).code(length)
    data = {frame.DATA: rng.randbytes(frame.DATA_SIZE)}
    csrs = {"mtvec": RAM_BASE, "stimecmp": MASK, "vstimecmp": MASK}
    if has_float:
        data = {frame.DATA: _floats(rng)}
        csrs |= {"mstatus": ms.FS, "frm": rng.randrange(5)}
    return Program(code, frame.CODE, {}, data, tuple(x), csrs, f"{kind} {seed}", isa)


def _floats(rng: random.Random) -> bytes:
    """Draw data for floating-point programs: exponents that often meet, NaNs, boxed values."""
    words = []
    for _ in range(frame.DATA_SIZE // 8):
        near_one = 0x3FF + rng.randrange(-60, 60)
        exponent = rng.choice((0, 1, near_one, near_one, 0x7FE, 0x7FF, rng.getrandbits(11)))
        fraction = rng.getrandbits(52) & rng.getrandbits(52)
        double = rng.getrandbits(1) << 63 | exponent << 52 | fraction
        single = MASK << 32 | rng.getrandbits(1) << 31 | (exponent & 0xFF) << 23 | double >> 29
        words.append(rng.choice((double, single & MASK, MASK << 16 & MASK | rng.getrandbits(16))))
    return b"".join(word.to_bytes(8, "little") for word in words)


def system_program(seed: str, length: int = 500) -> Program:
    """Draw a program that traps, changes privilege, translates, and takes interrupts."""
    rng = random.Random(f"system {seed}")
    return _privileged(rng, _isa(rng), f"system {seed}", length)


def portable_program(seed: str, length: int = 500) -> Program:
    """Draw a system program for harts with no more than QEMU's has: no guests, no timers."""
    rng = random.Random(f"portable {seed}")
    return _privileged(rng, ISA_OF_QEMU, f"portable {seed}", length)


def _privileged(rng: random.Random, isa: str, name: str, length: int) -> Program:
    x = _registers(rng)
    x[TABLE_POINTER] = frame.LEAVES + 0x800
    x[SATP_VALUE] = frame.satp(rng)
    x[HGATP_VALUE] = frame.hgatp(rng)
    x[SPLIT_POINTER] += rng.choice((0, frame.ALIAS))
    code = Generator(rng, has_system=True, has_float=True, isa=isa).code(length)
    data = {frame.DATA: rng.randbytes(frame.DATA_SIZE)} | frame.page_tables(rng)
    data |= frame.guest_tables(rng)
    csrs = (
        frame.starting_csrs(rng)
        | frame.starting_pmp(rng)
        | {
            "satp": rng.choice((0, x[SATP_VALUE])),
            "vsatp": rng.choice((0, x[SATP_VALUE])),
            "hgatp": rng.choice((0, x[HGATP_VALUE])),
        }
    )
    csrs = {csr: value for csr, value in csrs.items() if frame.csr_exists(csr, isa)}
    traps = isa != ISA_OF_QEMU and rng.random() < 0.2
    return Program(code, frame.CODE, frame.HANDLERS, data, tuple(x), csrs, name, isa, traps)


def guest_program(seed: str, length: int = 500) -> Program:
    """Draw a program that begins in a guest, which its traps mostly return to."""
    rng = random.Random(f"guest {seed}")
    x = _registers(rng)
    x[TABLE_POINTER] = frame.LEAVES + 0x800
    x[SATP_VALUE], x[HGATP_VALUE] = frame.satp(rng), frame.hgatp(rng)
    is_user = rng.random() < 0.3
    vsatp = rng.choice((0, x[SATP_VALUE], x[SATP_VALUE]))
    alias = frame.ALIAS if is_user and vsatp else 0
    x[SPLIT_POINTER] += alias
    x[DATA_POINTER] += alias
    isa = _isa(rng)
    generator = Generator(rng, has_system=True, has_float=True, isa=isa)
    code = (asm("mret"), *generator.code(length - 1))
    data = {frame.DATA: rng.randbytes(frame.DATA_SIZE)} | frame.page_tables(rng, 0.03)
    data |= frame.guest_tables(rng, 0.03)
    csrs = frame.starting_csrs(rng) | {
        "vsatp": vsatp,
        "hgatp": rng.choice((0, x[HGATP_VALUE], x[HGATP_VALUE])),
        "mstatus": 1 << 39 | (not is_user) << 11,
        "mepc": frame.CODE + 4 + alias,
        "medeleg": rng.choice((0, 0xF0_B5FD, 0xF0_B5FD & rng.getrandbits(24))),
        "mie": rng.choice((0, 0, (1 << 64) - 1)),
    }
    traps = rng.random() < 0.2
    name = f"guest {seed}"
    return Program(code, frame.CODE, frame.HANDLERS, data, tuple(x), csrs, name, isa, traps)
