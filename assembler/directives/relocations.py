"""Directives that ask for relocations by name: `.reloc`, `.dtprelword` and `.dtpreldword`.

Follows the manual "Using as", sections "Reloc" and "RISC-V Directives".
"""

from typing import TYPE_CHECKING

from assembler.debugging import NamedRelocation
from assembler.directives.table import Directive, Table
from assembler.errors import Complaint, nearest
from assembler.expr import Linear, Value, fold
from assembler.parse import Atom, Operands
from assembler.reloc import Field, types_by_name
from assembler.sections import Fixup

if TYPE_CHECKING:
    from assembler.assembly import Assembly

_GENERIC = {"BFD_RELOC_NONE": "R_RISCV_NONE", "BFD_RELOC_32": "R_RISCV_32"}
_GENERIC |= {"BFD_RELOC_64": "R_RISCV_64"}
_THREAD = {".dtprelword": (4, "R_RISCV_TLS_DTPREL32"), ".dtpreldword": (8, "R_RISCV_TLS_DTPREL64")}


def _reloc(assembly: "Assembly", name: str, operands: Operands) -> None:
    """Put a relocation at a place; what it refers to may be left out."""
    if not 2 <= len(operands.trees) <= 3:
        raise Complaint(f"{name} takes a place, the name of a relocation and perhaps an expression")
    where = fold(assembly.evaluate(operands.trees[0], operands.atoms), is_final=False)
    tree = operands.trees[1]
    word = operands.atoms[tree.index] if isinstance(tree, Atom) else ""
    kind = _GENERIC.get(word, word)
    if kind not in types_by_name():
        hint = nearest(word, types_by_name())
        raise Complaint(f"unrecognized reloc type {word!r}{hint}", operands.column(tree))
    value: Value = 0
    if len(operands.trees) == 3:
        value = assembly.evaluate(operands.trees[2], operands.atoms)
    wanted = NamedRelocation(assembly.section, where, Field(0, kind), value, assembly.spot)
    assembly.named_relocations.append(wanted)


def _thread(assembly: "Assembly", name: str, operands: Operands) -> None:
    """Emit the offset of a symbol in the storage of its module's threads."""
    if not operands.trees:
        raise Complaint(f"{name} takes a symbol")
    size, kind = _THREAD[name]
    section = assembly.section
    for tree in operands.trees:
        value = assembly.evaluate(tree, operands.atoms)
        if not isinstance(value, Linear) or value.plus is None or value.minus is not None:
            raise Complaint(f"{name} takes a symbol plus a constant", operands.column(tree))
        value.plus.type = "tls"
        fixup = Fixup(section.here(), Field(0, kind), value, assembly.spot)
        section.emit((value.constant & (1 << 8 * size) - 1).to_bytes(size, "little"))
        section.fixups.append(fixup)


TABLE: Table = {
    ".reloc": Directive("operands", _reloc),
    **{name: Directive("operands", _thread) for name in _THREAD},
}
