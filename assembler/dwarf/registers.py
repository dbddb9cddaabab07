"""Numbers of registers in DWARF, by their names in assembly.

Follows the chapter "DWARF Register Numbers" of the RISC-V psABI.
"""

import re

from assembler.csr_names import csr_number
from isa.registers import x_number

FLOATING, VECTOR, CSR = 32, 96, 4096
_FLOATING_NAMES = (
    *(f"ft{number}" for number in range(8)),
    *("fs0", "fs1"),
    *(f"fa{number}" for number in range(8)),
    *(f"fs{number}" for number in range(2, 12)),
    *(f"ft{number}" for number in range(8, 12)),
)
_NUMBERED = re.compile(r"([fv])([0-9]|[12][0-9]|3[01])")


def register_number(name: str) -> int | None:
    """Give the number of a register by any of its names, or None when it is not one."""
    number = x_number(name)
    if number is not None:
        return number
    if found := _NUMBERED.fullmatch(name):
        return {"f": FLOATING, "v": VECTOR}[found[1]] + int(found[2])
    if name in _FLOATING_NAMES:
        return FLOATING + _FLOATING_NAMES.index(name)
    number = csr_number(name)
    return None if number is None else CSR + number
