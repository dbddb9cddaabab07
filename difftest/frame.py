"""What random programs stand in: the map of RAM, trap handlers, page tables, starting CSRs.

RAM is mapped where it is (for S-mode) and once more at `ALIAS` above (for U-mode), with flags that
are mostly sensible; in every other program the code's page is mapped the other way round. Handlers
use x28 to x31, and no stack.
"""

import random

from difftest.program import RAM_BASE, RAM_SIZE
from isa import mstatus as ms
from isa.causes import Cause
from isa.csrs import CSRS
from isa.extensions import needs
from isa.isa_string import parse_isa
from isa.pte import PTE_A, PTE_D, PTE_PPN_SHIFT, PTE_R, PTE_U, PTE_V, PTE_W, PTE_X
from isa.spec import TABLE

M_HANDLER, S_HANDLER = RAM_BASE, RAM_BASE + 0x1000
CODE, CODE_MASK = RAM_BASE + 0x4000, 0x7FC
DATA, DATA_SIZE = RAM_BASE + 0x8000, 0x4000
ROOT, MIDDLE, LEAVES = RAM_BASE + 0x10000, RAM_BASE + 0x11000, RAM_BASE + 0x13000
ROOT_48, ROOT_57 = RAM_BASE + 0x15000, RAM_BASE + 0x16000
GUEST_ROOT, GUEST_ROOT_48, GUEST_ROOT_57 = (
    RAM_BASE + 0x18000,
    RAM_BASE + 0x20000,
    RAM_BASE + 0x24000,
)
GUEST_MIDDLE, GUEST_LEAVES = RAM_BASE + 0x1C000, RAM_BASE + 0x1D000
GUEST_PAGES = 0x28  # all of RAM
ALIAS = 1 << 30
MAPPED_PAGES = 16  # from RAM_BASE; the tables themselves are not mapped

OPEN_ENTRY = 7  # the PMP entry behind those that programs change

WILD_ADDRESSES = (
    *(DATA + ALIAS, DATA + ALIAS, DATA, CODE, RAM_BASE + RAM_SIZE - 4, ROOT),
    *(1 << 32, (1 << 38) - 8, 1 << 38, 0xFFFF_FFC0_0000_0000, (1 << 64) - 4, 1 << 40, 1 << 56),
    *((1 << 47) - 8, 1 << 47, 1 << 41, (1 << 50) - 8, (1 << 56) - 4, 0xFF00_0000_0000_0000),
)
"""Addresses to try as data: the alias, the end of RAM, nothing, the edges of Sv39, 48 and 57."""

_LIKELY = (
    *("mstatus", "mstatus", "sstatus", "sstatus", "mie", "mip", "sie", "sip", "mideleg"),
    *("mepc", "sepc", "mcause", "scause", "mtval", "stval", "mscratch", "sscratch"),
    *("medeleg", "mcounteren", "scounteren", "satp", "cycle", "instret", "misa", "menvcfg"),
    *("fflags", "frm", "fcsr", "fcsr"),
    *("hstatus", "hstatus", "hedeleg", "hideleg", "hvip", "hip", "hie", "htval", "htinst", "hgeie"),
    *("vsstatus", "vsstatus", "vsie", "vsip", "vsepc", "vscause", "vstval", "vsscratch", "hgeip"),
    *("hcounteren", "henvcfg", "mtval2", "mtinst", "mstateen0", "hstateen0", "sstateen0"),
    *("mstateen3", "hstateen2", "sstateen1", "scountovf", "vsatp", "hgatp", "vstvec"),
    *("senvcfg", "mtvec", "stvec", "mhartid", "mvendorid"),
)
_HELD = ("misa", "mtvec", "stvec", "satp", "vstvec", "vsatp", "hgatp")
READ_ONLY_HERE = frozenset(CSRS.by_name[n].number for n in _HELD)
"""CSRs that random writes would make a program useless with."""

EVENT_COUNTERS = (*range(0xB03, 0xB20), *range(0x323, 0x340), *range(0xC03, 0xC20))
STIMECMPS = (0x14D, 0x24D)  # time is not shared
NOT_TRIED = frozenset(
    (
        *STIMECMPS,
        *EVENT_COUNTERS,
        *range(0x3A0, 0x3F0),
        0x747,
        *range(0x7A0, 0x7C0),
        0x5A8,
        0x6A8,
        0xF12,
        0x320,
    )
)
"""CSRs that are written with a purpose only, that name the implementation, or that we lack."""


TRIED = tuple(n for n in CSRS.by_number if n not in NOT_TRIED and n != CSRS.by_name["time"].number)


def number_of(name: str) -> int:
    """Give a CSR's number."""
    return CSRS.by_name[name].number


def csr_exists(name: str, isa: str) -> bool:
    """Say whether a hart of an ISA has a CSR."""
    bits = parse_isa(isa)
    return all(bits & need for need in needs(CSRS.by_name[name].ext) if CSRS.by_name[name].ext)


def choose_csr(rng: random.Random) -> int:
    """Draw a CSR number, now and then of a CSR that does not exist."""
    choice = rng.random()
    if choice < 0.7:
        return number_of(rng.choice(_LIKELY))
    if choice < 0.95:
        return rng.choice(TRIED)
    number = rng.randrange(4096)
    return 0x340 if number in NOT_TRIED or number == number_of("time") else number


def starting_csrs(rng: random.Random) -> dict[str, int]:
    """Draw the CSRs a program starts with."""
    everything = (1 << 64) - 1
    return {
        "mtvec": M_HANDLER | (rng.random() < 0.2),
        "stvec": S_HANDLER | (rng.random() < 0.2),
        "medeleg": rng.choice((0, 0xFFFF, rng.getrandbits(16))) & ~(1 << 1 | 1 << 12),
        "mideleg": rng.choice((0, everything, rng.getrandbits(12))),
        "mcounteren": rng.choice((0, 7, rng.getrandbits(3))),
        "scounteren": rng.choice((0, 7, rng.getrandbits(3))),
        "hcounteren": rng.choice((0, 7, rng.getrandbits(3))),
        "menvcfg": rng.choice((1, 1, 0, rng.getrandbits(3))) << 61
        | rng.choice((0, 1)) << 62
        | rng.choice((0, 0xF0, rng.getrandbits(8))),
        "henvcfg": rng.choice((1, 1, 0, rng.getrandbits(3))) << 61
        | rng.choice((0, 0xF0, rng.getrandbits(8))),
        "senvcfg": rng.choice((0, 0xF0, rng.getrandbits(8))),
        "mstateen0": rng.choice((0, 3 << 62)),
        "hstateen0": rng.choice((0, 3 << 62)),
        "hedeleg": rng.choice((0, 0xFFFF, rng.getrandbits(16))) & ~(1 << 1 | 1 << 12),
        "hideleg": rng.choice((0, everything, rng.getrandbits(13))),
        "hstatus": rng.choice((0, rng.getrandbits(64))),
        "vsstatus": rng.choice((0, rng.getrandbits(64))) & 0xC_0122 | floating(rng),
        "vstvec": S_HANDLER | (rng.random() < 0.2),
        "vsepc": CODE,
        "stimecmp": everything,
        "vstimecmp": everything,
        "mepc": CODE,
        "sepc": CODE,
        "mie": rng.choice((0, everything)),
        "mstatus": floating(rng),
    }


def floating(rng: random.Random) -> int:
    """Draw the state of floating point: mostly on."""
    return rng.choice((0, 1, 2, 3, 3, 3, 3, 3)) * ms.FS // 3


def starting_pmp(rng: random.Random) -> dict[str, int]:
    """Draw PMP entries: all of memory open, or behind entries that may say otherwise."""
    if rng.random() < 0.5:
        return {}
    csrs = {f"pmpaddr{i}": pmp_address(rng) for i in range(OPEN_ENTRY)}
    csrs[f"pmpaddr{OPEN_ENTRY}"] = (1 << 54) - 1
    configs = [pmp_config(rng) for _ in range(OPEN_ENTRY)] + [0x1F]
    return csrs | {"pmpcfg0": int.from_bytes(configs, "little")}


def pmp_address(rng: random.Random) -> int:
    """Draw a pmpaddr in the neighbourhood of something that programs use."""
    near = rng.choice((DATA, DATA + 0x1000, DATA + 0x2000, CODE, LEAVES, MIDDLE))
    at = near + rng.choice((0, 4, 8, 0x80, 0x100, 0x7FC, 0x800, rng.randrange(0, 0x1000, 4)))
    return at >> 2 | (1 << rng.choice((0, 0, 0, 1, 2, 5, 9))) - 1


def pmp_config(rng: random.Random) -> int:
    """Draw the configuration of an entry; most leave what they match open."""
    rights = rng.choice((7, 7, 3, 1, 5, 0, rng.randrange(8)))
    return rights | rng.choice((0, 0, 8, 16, 24)) | (0x80 if rng.random() < 0.01 else 0)


def satp(rng: random.Random) -> int:
    """Draw a satp value for the page tables."""
    mode, root = rng.choice(((8, ROOT), (8, ROOT), (9, ROOT_48), (10, ROOT_57)))
    return mode << 60 | rng.choice((0, 1, 0xFFFF)) << 44 | root >> 12


def hgatp(rng: random.Random) -> int:
    """Draw an hgatp value for the guest's tables."""
    roots = ((8, GUEST_ROOT), (8, GUEST_ROOT), (9, GUEST_ROOT_48), (10, GUEST_ROOT_57))
    mode, root = rng.choice(roots)
    return mode << 60 | root >> 12


def guest_tables(rng: random.Random, oddity: float = 0.2) -> dict[int, bytes]:
    """Draw tables of the second stage: guest-physical RAM is where it is, most of the time."""
    root, middle, leaves = [0] * 2048, [0] * 512, [0] * 512
    root[2] = pointer(GUEST_MIDDLE)
    root[5] = leaf(RAM_BASE, rng, oddity) | PTE_U
    root[2047] = pointer(GUEST_MIDDLE)
    middle[0] = pointer(GUEST_LEAVES)
    middle[1] = leaf(RAM_BASE, rng, oddity) | PTE_U
    for i in range(GUEST_PAGES):
        is_table = i >= (ROOT - RAM_BASE) >> 12
        entry = pointer(RAM_BASE + i * 0x1000, PTE_R | PTE_W | PTE_X | PTE_A | PTE_D)
        leaves[i] = PTE_U | (
            entry if is_table and rng.random() < 0.95 else leaf(RAM_BASE + i * 0x1000, rng, oddity)
        )
    high = [pointer(GUEST_ROOT)] + [0] * 2047
    highest = [pointer(GUEST_ROOT_48)] + [0] * 2047
    tables = {GUEST_ROOT: root, GUEST_MIDDLE: middle, GUEST_LEAVES: leaves}
    tables |= {GUEST_ROOT_48: high, GUEST_ROOT_57: highest}
    return {at: _packed(table) for at, table in tables.items()}


def _packed(table: list[int]) -> bytes:
    return b"".join(entry.to_bytes(8, "little") for entry in table)


def page_tables(rng: random.Random, oddity: float = 0.2) -> dict[int, bytes]:
    """Draw page tables: RAM at its own address and at the alias, and some entries gone wrong."""
    turned = rng.choice((0, PTE_U))  # whether code is U-mode's where it is, and S-mode's above
    root, entries = [0] * 512, {MIDDLE: [0] * 512, MIDDLE + 0x1000: [0] * 512}
    for number, (middle, user) in enumerate(((MIDDLE, 0), (MIDDLE + 0x1000, PTE_U))):
        leaves = LEAVES + number * 0x1000
        root[2 + number] = pointer(middle)
        entries[middle][0] = pointer(leaves)
        entries[middle][1] = pointer(leaves, rng.choice((PTE_R, PTE_R | PTE_X | PTE_W)) | user)
        entries[middle][2] = leaf(RAM_BASE, rng, oddity) | user
        entries[leaves] = [
            leaf(RAM_BASE + i * 0x1000, rng, oddity) | user for i in range(MAPPED_PAGES)
        ]
        entries[leaves][CODE - RAM_BASE >> 12] ^= turned
    root[4] = pointer(1 << 40)
    root[5] = leaf(RAM_BASE, rng, oddity)
    root[6] = leaf(RAM_BASE + 0x1000, rng, oddity)
    root[511] = pointer(ROOT)
    upper = [pointer(ROOT), leaf(1 << 39, rng, oddity)] + [0] * 509 + [pointer(ROOT)]
    uppermost = [pointer(ROOT_48), leaf(1 << 48, rng, oddity)] + [0] * 509 + [pointer(ROOT_48)]
    tables = {ROOT: root, ROOT_48: upper, ROOT_57: uppermost} | entries
    return {at: _packed(table) for at, table in tables.items()}


def pointer(at: int, flags: int = 0) -> int:
    """Give the entry that points to a table, or to a page when `flags` say so."""
    return at >> 12 << PTE_PPN_SHIFT | PTE_V | flags


def leaf(at: int, rng: random.Random, oddity: float = 0.2) -> int:
    """Draw a leaf entry: everything allowed, or with a bit or more changed."""
    entry = pointer(at, PTE_R | PTE_W | PTE_X)
    used = rng.choice((0, PTE_A, PTE_A | PTE_D, PTE_A | PTE_D))
    if rng.random() < oddity:
        entry ^= 1 << rng.choice((1, 2, 3, 4, 5, 8, 9, 54, 61, 62, 63))
    if rng.random() < oddity / 2:  # a piece of 64 KiB
        number = (at >> 12) & ~15 | rng.choice((8, 8, 8, 8, 0, 4, 9))
        entry = entry & ~(((1 << 44) - 1) << PTE_PPN_SHIFT) | number << PTE_PPN_SHIFT | 1 << 63
    return entry | used


class _Assembly:
    """A little assembler with labels, for the handlers below."""

    def __init__(self) -> None:
        self._lines: list[tuple[str, str, dict[str, int]]] = []
        self._labels: dict[str, int] = {}

    def label(self, name: str) -> None:
        self._labels[name] = 4 * len(self._lines)

    def add(self, name: str, to: str = "", **values: int) -> None:
        self._lines.append((name, to, values))

    def csr(self, name: str, which: str, rd: int, rs1: int) -> None:
        self.add(name, rd=rd, csr=number_of(which), rs1=rs1)

    def words(self) -> tuple[int, ...]:
        found = []
        for i, (name, to, values) in enumerate(self._lines):
            offset = {"offset": self._labels[to] - 4 * i} if to else {}
            found.append(TABLE.by_name[name].encode(**values, **offset))
        return tuple(found)

    @property
    def here(self) -> int:
        return 4 * len(self._lines)


def _handler(level: str, at: int) -> tuple[int, ...]:
    """Write the trap handler of M or S-mode.

    It skips what trapped, or goes on somewhere in the code when fetching was what trapped; an
    interrupt's requests are withdrawn. M-mode's sometimes returns to another privilege.
    """
    asm = _Assembly()
    asm.csr("csrrs", f"{level}cause", 31, 0)
    asm.add("addi", rd=28, rs1=28, imm=1861)
    asm.add("blt", "interrupt", rs1=31, rs2=0)
    asm.csr("csrrs", f"{level}epc", 30, 0)
    asm.add("addi", rd=30, rs1=30, imm=4)
    asm.add("lui", rd=29, imm20=1 << Cause.FETCH_PAGE - 12 | 1 << Cause.FETCH_GUEST_PAGE - 12)
    asm.add("addi", rd=29, rs1=29, imm=1 << Cause.FETCH_ACCESS)
    asm.add("srl", rd=29, rs1=29, rs2=31)
    asm.add("andi", rd=29, rs1=29, imm=1)
    asm.add("beq", "back", rs1=29, rs2=0)
    asm.add("auipc", rd=31, imm20=(CODE - at) >> 12)
    asm.add("addi", rd=31, rs1=31, imm=4 - asm.here)
    asm.add("slli", rd=30, rs1=28, shamt=2)
    asm.add("andi", rd=30, rs1=30, imm=CODE_MASK)
    asm.add("add", rd=30, rs1=30, rs2=31)
    _alias_for_user(asm, level)
    asm.label("back")
    asm.csr("csrrw", f"{level}epc", 0, 30)
    _change_privilege(asm, level)
    asm.add(f"{level}ret")
    asm.label("interrupt")
    asm.add("addi", rd=31, rs1=0, imm=-1)
    asm.csr("csrrc", f"{level}ip", 0, 31)
    asm.csr("csrrw", f"{level}ie", 0, 0)
    asm.add(f"{level}ret")
    return asm.words()


def _alias_for_user(asm: _Assembly, level: str) -> None:
    """Go on at the alias when the return is to U or VU-mode and addresses are translated."""
    shift, mask = (11, 3) if level == "m" else (8, 1)
    asm.csr("csrrs", f"{level}status", 31, 0)
    if level == "m":
        asm.add("srli", rd=31, rs1=31, shamt=shift)
        asm.add("andi", rd=29, rs1=31, imm=mask)
        asm.add("bne", "back", rs1=29, rs2=0)
        asm.add("srli", rd=31, rs1=31, shamt=39 - shift)  # MPV
        asm.add("andi", rd=31, rs1=31, imm=1)
        asm.add("beq", "of the host", rs1=31, rs2=0)
        asm.csr("csrrs", "vsatp", 31, 0)
        asm.add("bne", "translated", rs1=31, rs2=0)
        asm.label("of the host")
    else:
        asm.add("andi", rd=31, rs1=31, imm=mask << shift)
        asm.add("bne", "back", rs1=31, rs2=0)
    asm.csr("csrrs", "satp", 31, 0)
    asm.add("beq", "back", rs1=31, rs2=0)
    asm.label("translated")
    asm.add("lui", rd=31, imm20=ALIAS >> 12)
    asm.add("add", rd=30, rs1=30, rs2=31)


def _change_privilege(asm: _Assembly, level: str) -> None:
    """Let bits of x28 become MPP or SPP, every fourth time."""
    asm.add("andi", rd=31, rs1=28, imm=96)
    asm.add("bne", "as it was", rs1=31, rs2=0)
    if level == "m":
        asm.add("lui", rd=31, imm20=2)
        asm.add("addi", rd=31, rs1=31, imm=-2048)
    else:
        asm.add("addi", rd=31, rs1=0, imm=ms.SPP)
    asm.csr("csrrc", f"{level}status", 0, 31)
    asm.add("and", rd=31, rs1=31, rs2=28)
    asm.csr("csrrs", f"{level}status", 0, 31)
    asm.label("as it was")


# Vectored interrupts land up to 11 instructions into the handler, wherever that is.
HANDLERS = {M_HANDLER: _handler("m", M_HANDLER), S_HANDLER: _handler("s", S_HANDLER)}
