"""Registers as gdb numbers and describes them: x, pc, f, CSRs and the privilege level.

Follows "Debugging with GDB", appendix "Target Descriptions", section "RISC-V Features". Which CSRs
there are comes from the table (`isa/csrs.py`). Reading changes nothing of the hart.
"""

from array import array
from xml.sax.saxutils import quoteattr

from isa.causes import Priv
from isa.csr_file import csr_exists, read_csr, write_csr
from isa.csrs import CSRS
from isa.extensions import BITS
from isa.hart import Hart
from isa.registers import F_NAMES, X_NAMES
from isa.state import Slot
from isa.words import Word

PC = 32
F_FIRST = 33
CSR_FIRST = 65
PRIV = CSR_FIRST + 4096
V = PRIV + 1
END = V + 1
WIDTH = 8
FLOAT_CSRS = ("fflags", "frm", "fcsr")


class _Copy:
    """A hart's slots to read CSRs of: some readings count."""

    def __init__(self, hart: Hart) -> None:
        self.slots = array("Q", hart.slots.tobytes())

    def __getitem__(self, slot: int) -> Word:
        return Word(self.slots[slot])

    def __setitem__(self, slot: int, value: int) -> None:
        self.slots[slot] = value & (1 << 64) - 1


def core(hart: Hart) -> bytes:
    """Give x0 to x31 and pc, which gdb reads at once."""
    return hart.slots[: int(Slot.X31) + 1].tobytes() + hart.pc.to_bytes(WIDTH, "little")


def read(hart: Hart, number: int) -> int | None:
    """Read a register; None when there is none of that number."""
    if number < PC:
        return hart.slots[number]
    if number == PC:
        return hart.pc
    if number < CSR_FIRST:
        return hart.slots[Slot.F0 + number - F_FIRST] if _has_floats(hart) else None
    if number < PRIV:
        copy = _Copy(hart)
        csr = Word(number - CSR_FIRST)
        return int(read_csr(copy, csr)) if csr_exists(copy, csr) else None
    if number == PRIV:
        return hart.slots[Slot.PRIV]
    return hart.slots[Slot.V] if number == V and hart.slots[Slot.ISA] & BITS["H"] else None


def write(hart: Hart, number: int, value: int) -> bool:
    """Write a register, as an instruction would; say whether there is such a register and value."""
    if number < PC:
        if number:
            hart.slots[number] = value
    elif number == PC:
        if value & hart.slots[Slot.UNALIGNED]:
            return False
        hart.pc = value
    elif read(hart, number) is None:
        return False
    elif number < CSR_FIRST:
        hart.slots[Slot.F0 + number - F_FIRST] = value
    elif number < PRIV:
        write_csr(hart, Word(number - CSR_FIRST), Word(value))
    elif number == PRIV:
        if value not in tuple(Priv):
            return False
        hart.slots[Slot.PRIV] = value
    else:
        hart.slots[Slot.V] = value & 1
    return True


def _has_floats(hart: Hart) -> bool:
    return bool(hart.slots[Slot.ISA] & BITS["F"])


# -------------------------------------------------------------------------------- description


def describe(hart: Hart) -> str:
    """Give the target description: which registers there are, with names, numbers and types."""
    features = [_feature("cpu", [*_integers(), _reg("pc", PC, "code_ptr")])]
    if _has_floats(hart):
        features.append(_feature("fpu", [*_floats(hart), *_csrs(hart, of_floats=True)]))
    features.append(_feature("csr", _csrs(hart, of_floats=False)))
    virtual = [_reg("priv", PRIV, "int")]
    if read(hart, V) is not None:
        virtual.append(_reg("v", V, "int"))
    features.append(_feature("virtual", virtual))
    return (
        '<?xml version="1.0"?>\n<!DOCTYPE target SYSTEM "gdb-target.dtd">\n'
        '<target version="1.0">\n<architecture>riscv:rv64</architecture>\n<osabi>none</osabi>\n'
        f"{''.join(features)}</target>\n"
    )


def _feature(name: str, registers: list[str]) -> str:
    return f'<feature name="org.gnu.gdb.riscv.{name}">\n{"".join(registers)}</feature>\n'


def _reg(name: str, number: int, kind: str, group: str = "") -> str:
    grouped = f" group={quoteattr(group)}" if group else ""
    return (
        f'<reg name={quoteattr(name)} bitsize="64" regnum="{number}" type={quoteattr(kind)}'
        f"{grouped}/>\n"
    )


def _integers() -> list[str]:
    kinds = {"ra": "code_ptr", "sp": "data_ptr", "gp": "data_ptr", "tp": "data_ptr"}
    return [_reg(name, n, kinds.get(name, "int")) for n, name in enumerate(X_NAMES)]


def _floats(hart: Hart) -> list[str]:
    kind = "riscv_double" if hart.slots[Slot.ISA] & BITS["D"] else "ieee_single"
    union = (
        '<union id="riscv_double"><field name="float" type="ieee_single"/>'
        '<field name="double" type="ieee_double"/></union>\n'
    )
    numbered = enumerate(F_NAMES, F_FIRST)
    return [union, *(_reg(name, n, kind, "float") for n, name in numbered)]


def _csrs(hart: Hart, *, of_floats: bool) -> list[str]:
    copy = _Copy(hart)
    group = "float" if of_floats else ""
    return [
        _reg(csr.name, CSR_FIRST + csr.number, "int", group)
        for number, csr in sorted(CSRS.by_number.items())
        if csr_exists(copy, Word(number)) and (csr.name in FLOAT_CSRS) is of_floats
    ]
