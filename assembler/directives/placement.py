"""Directives that move the location counter: alignment, gaps and fills.

Follows the manual "Using as", sections "Align", "Balign", "Org", "Space" and "Fill".
"""

from typing import TYPE_CHECKING

from assembler.branches import local_target
from assembler.directives.data import check_size
from assembler.directives.table import Directive, Table
from assembler.errors import Complaint
from assembler.expr import Linear, Value, describe, fold
from assembler.nops import nop_fill
from assembler.parse import Empty, Operands
from assembler.sections import MAX_SECTION, Point, Section

if TYPE_CHECKING:
    from assembler.assembly import Assembly

MAX_POWER = 31
MAX_FILL_SIZE = 8


def _align(assembly: "Assembly", name: str, operands: Operands) -> None:
    """Align to a boundary: `.balign` takes bytes, the others a power of two."""
    first, filler, most = _alignment_operands(assembly, name, operands)
    alignment = _boundary(name, first)
    section = assembly.section
    if section.is_code and alignment > MAX_SECTION:
        raise Complaint(f"code cannot be aligned to more than {MAX_SECTION:#x} bytes")
    size = {"w": 2, "l": 4}.get(name[-1], 1) if name not in (".align", ".balign", ".p2align") else 1
    fill = None if filler is None else (filler & (1 << 8 * size) - 1).to_bytes(size, "little")
    if fill is None and section.is_code and alignment > 1 and assembly.align_code(alignment):
        return
    if fill is not None:
        section.set_mark("d")
    section.align_to(alignment, fill, most, assembly.spot)


def _boundary(name: str, first: int) -> int:
    """Give the boundary in bytes."""
    if name.startswith(".balign"):
        alignment = first or 1
        if alignment < 0 or alignment & alignment - 1 or alignment > 1 << MAX_POWER:
            raise Complaint(f"{first} is not a power of two up to 2**{MAX_POWER}")
        return alignment
    if 0 <= first <= MAX_POWER:
        return 1 << first
    raise Complaint(f"alignment 2**{first} is outside 2**0..2**{MAX_POWER}")


def _alignment_operands(
    assembly: "Assembly", name: str, operands: Operands
) -> tuple[int, int | None, int | None]:
    """Give the boundary, the fill value and the most bytes to skip; the latter may be left out."""
    values: list[int | None] = [
        None
        if isinstance(tree, Empty)
        else assembly.absolute(tree, operands.atoms, f"an operand of {name}")
        for tree in operands.trees
    ]
    if len(values) > 3:
        raise Complaint(f"{name} takes a boundary, a fill value and the most bytes to skip")
    boundary, fill, most = [*values, None, None, None][:3]
    return boundary or 0, fill, most or None


def _space(assembly: "Assembly", name: str, operands: Operands) -> None:
    if not 1 <= len(operands.trees) <= 2:
        raise Complaint(f"{name} takes a size and a fill value")
    fill = 0
    if len(operands.trees) == 2:
        fill = assembly.absolute(operands.trees[1], operands.atoms, "the fill value")
        check_size(assembly, 1, fill)
    pattern = bytes([fill & 0xFF])
    value = fold(assembly.evaluate(operands.trees[0], operands.atoms), is_final=False)
    assembly.section.set_mark("d")
    if not isinstance(value, int):
        _add_gap(assembly, lambda _: _known(value), pattern)
    elif value <= 0:
        sign = "negative" if value else "zero"
        assembly.warn(f".space repeat count is {sign}, ignored")
    else:
        assembly.section.reserve(value, pattern)
        assembly.section.stretch += 1


def _known(value: Value) -> int:
    folded = fold(value, is_final=True)
    if isinstance(folded, int):
        return max(0, folded)
    raise Complaint(f"the size depends on {describe(folded)}")


def _add_gap(assembly: "Assembly", measure, pattern: bytes) -> None:  # type: ignore[no-untyped-def]
    """Add a gap whose size is known only when sizes before it are."""
    section = assembly.section

    def fill(size: int) -> bytes:
        if size > MAX_SECTION:
            raise Complaint(f"a gap of {size:#x} bytes is more than {MAX_SECTION:#x}")
        return pattern * size

    section.add_point(Point(section.size, 0, measure, fill, False, assembly.spot, "gap"))


def _fill(assembly: "Assembly", name: str, operands: Operands) -> None:
    values = [assembly.absolute(t, operands.atoms, f"an operand of {name}") for t in operands.trees]
    if not 1 <= len(values) <= 3:
        raise Complaint(f"{name} takes a repeat count, a size and a value")
    count, size, value = (*values, *(1, 0)[len(values) - 1 :])
    if count < 0 or size < 0:
        assembly.warn(f"{'repeat < 0' if count < 0 else 'size negative'}; .fill ignored")
        return
    if size > MAX_FILL_SIZE:
        assembly.warn(f".fill size clamped to {MAX_FILL_SIZE}")
        size = MAX_FILL_SIZE
    # Only the low 4 bytes of the value are used; the rest of each item is zero.
    pattern = (value & 0xFFFF_FFFF).to_bytes(8, "little")[:size]
    assembly.section.set_mark("d")
    if size:
        assembly.section.reserve(count * size, pattern)
        assembly.section.stretch += 1


def org(assembly: "Assembly", name: str, operands: Operands) -> None:
    """Move on to a place in the section."""
    if not 1 <= len(operands.trees) <= 2:
        raise Complaint(".org takes a place and a fill value")
    fill = 0
    if len(operands.trees) == 2:
        fill = assembly.absolute(operands.trees[1], operands.atoms, "the fill value")
    section = assembly.section
    value = fold(assembly.evaluate(operands.trees[0], operands.atoms), is_final=False)
    goal = _place_now(value, section)
    if goal is not None and section.is_firm:
        if goal < section.size:
            raise Complaint(f".org cannot move back from {section.size:#x} to {goal:#x}")
        section.reserve(goal - section.size, bytes([fill & 0xFF]))
        section.stretch += 1
        return

    def measure(address: int) -> int:
        place = value if isinstance(value, int) else local_target(value, section)
        if place is None:
            raise Complaint(f".org needs a place in {section.name}")
        return place - address

    _add_gap(assembly, measure, bytes([fill & 0xFF]))


def _place_now(value: Value, section: object) -> int | None:
    """Give the offset meant, if it is known already."""
    if isinstance(value, int):
        return value
    if isinstance(value, Linear) and value.plus is not None and value.minus is None:
        place = value.plus.place
        if place is not None and place.section is section:
            return place.offset + value.constant
    return None


def _nop(assembly: "Assembly", name: str, operands: Operands) -> None:
    """Emit one instruction that does nothing."""
    if operands.trees:
        raise Complaint(f"{name} takes no operands")
    assembly.section.set_mark("x")
    assembly.section.emit(nop_fill(2 if assembly.target.switches.rvc else 4))


def _nops(assembly: "Assembly", name: str, text: str) -> None:
    raise Complaint(f"{name} is not supported for RISC-V; use .rept")


# ---- layouts of structures


def _structure(assembly: "Assembly", name: str, operands: Operands) -> None:
    """Begin a layout: labels from here on are numbers, counted from the operand."""
    if len(operands.trees) != 1:
        raise Complaint(f"{name} takes where to start")
    start = assembly.absolute(operands.trees[0], operands.atoms, "where to start")
    if start < 0:
        raise Complaint(f"{name} cannot start at {start}")
    section = Section("*ABS*", type="nobits", is_absolute=True)
    section.reserve(start)
    assembly.enter(section)


_ALIGNS = (".align", ".balign", ".balignw", ".balignl", ".p2align", ".p2alignw", ".p2alignl")

TABLE: Table = {
    **{name: Directive("operands", _align) for name in _ALIGNS},
    ".space": Directive("operands", _space),
    ".skip": Directive("operands", _space),
    ".zero": Directive("operands", _space),
    ".fill": Directive("operands", _fill),
    ".org": Directive("operands", org),
    ".nop": Directive("operands", _nop),
    ".nops": Directive("raw", _nops),
    **{name: Directive("operands", _structure) for name in (".struct", ".offset")},
}
