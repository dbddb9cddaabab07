"""The specification: the table of all instructions.

Adding an extension is one file under `isa/insns/` and one line here. Encoder, decoder,
disassembler, engines, assembler and test cases read this table. A user's own instructions join it
as plugins (`isa/plugins.py`).
"""

from types import ModuleType

from isa.compressed import FormTable
from isa.family import insns_of
from isa.fields import Operand
from isa.insn import Insn, InstructionTable, Kind
from isa.insns import (
    a,
    c,
    cmo,
    f,
    fcvt,
    h,
    hints,
    m,
    privileged,
    rv64i,
    zabha,
    zacas,
    zba,
    zbb,
    zbc,
    zbs,
    zfa,
    zicond,
    zicsr,
    zifencei,
    zkn,
    zks,
)
from isa.plugins import plugin_modules

__all__ = ["FORMS", "TABLE", "Insn", "InstructionTable", "Kind", "Operand", "load_table"]

EXTENSIONS: tuple[ModuleType, ...] = (
    *(rv64i, m, a, zicsr, zifencei, privileged, f, fcvt, zfa, h),
    *(zba, zbb, zbc, zbs, zicond, zkn, zks, zacas, zabha, cmo, hints),
)


def load_table(modules: tuple[ModuleType, ...] = EXTENSIONS) -> InstructionTable:
    """Build the table of the instructions that `modules` describe, in their order."""
    found = (value for module in modules for value in vars(module).values())
    return InstructionTable(insn for value in found for insn in insns_of(value))


TABLE = load_table((*EXTENSIONS, *plugin_modules()))
FORMS = FormTable(c.FORMS, TABLE)
