"""A hart on the test bench: a page of code, a page of data, vectors, and nothing else.

Physical addresses. RAM is small, so that leaving it is easy.
"""

from typing import Any

from isa import mstatus as ms
from isa.exits import Exit
from isa.hart import Hart
from isa.isa_string import parse_isa
from isa.memory import Memory
from isa.pte import PTE_PPN_SHIFT, PTE_V
from isa.spec import TABLE
from isa.state import Slot

BASE_ISA = "rv64ima_zicsr_zifencei_zicntr_zihpm_smepmp"  # without C: instructions are of 4 bytes
WHOLE_ISA = (
    "rv64imah_zicntr_zicsr_zifencei_zihpm_smepmp_smstateen_sscofpmf_sstc"
    "_svadu_svinval_svnapot_svpbmt_sv57"
)
"""All of the privileged architecture, without C too."""
RAM = 0x8000_0000
SIZE = 0x10_000
CODE = RAM + 0x1000
M_VECTOR = RAM + 0x2000
S_VECTOR = RAM + 0x3000
DATA = RAM + 0x4000
ROOT, MIDDLE, LEAVES = RAM + 0x8000, RAM + 0x9000, RAM + 0xA000
NOWHERE = 0x10_0000_0000  # no RAM here, and no device

FIXED = ms.MSTATUS_FIXED


def asm(name: str, **values: int) -> int:
    """Encode one instruction."""
    return TABLE.by_name[name].encode(**values)


def bench(priv: int, *code: int, **hart_options: Any) -> Hart:
    """Give a hart about to execute `code` at a privilege level, with both vectors set."""
    hart = Hart(Memory(RAM, SIZE), **{"isa": parse_isa(BASE_ISA), **hart_options})
    hart.memory.write(CODE, b"".join(word.to_bytes(4, "little") for word in code))
    hart.pc = CODE
    hart[Slot.PRIV] = priv
    hart.csr["mtvec"], hart.csr["stvec"] = M_VECTOR, S_VECTOR
    return hart


def run(engine: Any, hart: Hart, fuel: int = 1) -> Exit:
    """Run for some instructions."""
    found: Exit = engine.run(hart, fuel)
    return found


def status(hart: Hart) -> int:
    """Give mstatus without the bits that never change."""
    return hart.csr["mstatus"] & ~FIXED


def put_word(hart: Hart, at: int, value: int, size: int = 8) -> None:
    """Write a little-endian number into RAM."""
    hart.memory.write(at, value.to_bytes(size, "little"))


def get_word(hart: Hart, at: int, size: int = 8) -> int:
    """Read a little-endian number from RAM."""
    return int.from_bytes(hart.memory.read(at, size), "little")


def entry(at: int, flags: int) -> int:
    """Give the page-table entry of an address."""
    return at >> 12 << PTE_PPN_SHIFT | flags


def map_page(hart: Hart, va: int, pte: int) -> int:
    """Put a leaf entry for a page into three-level tables; gives the entry's address."""
    at = ROOT
    for level, below in ((2, MIDDLE), (1, LEAVES)):
        index = va >> 12 + 9 * level & 511
        put_word(hart, at + 8 * index, entry(below, PTE_V))
        at = below
    at += 8 * (va >> 12 & 511)
    put_word(hart, at, pte)
    return at


def turn_on_sv39(hart: Hart, asid: int = 0) -> None:
    """Make the tables at ROOT the ones in use."""
    hart.csr["satp"] = 8 << 60 | asid << 44 | ROOT >> 12
