"""Reading and writing a CSR by number, through the table.

The compiled engines replace these three functions by chains of comparisons generated from the same
table; privilege and existence are checked by the caller (`isa/insns/zicsr.py`).
"""

from isa.csrs import ALL, CSRS
from isa.extensions import needs
from isa.state import Slot
from isa.words import Page, Word


def csr_exists(hart: Page, number: int) -> bool:
    """Say whether this hart has a CSR of this number."""
    csr = CSRS.by_number.get(number)
    if csr is None or not csr.ext:
        return csr is not None
    return all(hart[Slot.ISA] & need for need in needs(csr.ext))


def read_csr(hart: Page, number: int) -> int:
    """Read an existing CSR."""
    csr = CSRS.by_number[number]
    if csr.read is not None:
        return csr.read(hart) if csr.index is None else csr.read(hart, Word(csr.index))
    return Word(csr.fixed) if csr.slot is None else hart[csr.slot]


def write_csr(hart: Page, number: int, value: int) -> None:
    """Write an existing CSR; bits outside its mask keep their values."""
    csr = CSRS.by_number[number]
    if csr.write is not None and csr.index is not None:
        csr.write(hart, Word(csr.index), value)
    elif csr.write is not None:
        csr.write(hart, value)
    elif csr.slot is not None:
        hart[csr.slot] = (hart[csr.slot] & (ALL & ~csr.mask)) | (value & csr.mask)
