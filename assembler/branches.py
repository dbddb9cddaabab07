"""Branches and jumps whose length depends on how far their target is.

A branch is 2, 4, 6 or 8 bytes long: short, plain, or inverted and around a jump. Follows GNU as:
only what is defined in the same section and is not weak can be near.
"""

from assembler.expr import Linear, Value, fold
from assembler.match import Prepared
from assembler.sections import Goal, Place, Point, Section
from assembler.source import Spot
from isa.insn import Kind
from isa.spec import FORMS, TABLE

SHORT, PLAIN, SHORT_AROUND, AROUND = 2, 4, 6, 8
_SHORT_NAMES = {"beq": "c.beqz", "bne": "c.bnez", "jal": "c.j"}
_SHORT_INVERSE = {"beq": "c.bnez", "bne": "c.beqz"}
_INVERTING = 1 << 12  # the bit of funct3 that tells a branch from its opposite


def branch_point(prepared: Prepared, value: Value, start: Place, spot: Spot) -> Point | None:
    """Make the point of a branch; None when its length is sure."""
    insn, short = prepared.branch, prepared.short
    assert insn is not None
    is_jump = insn.kind is Kind.JUMP
    if is_jump and short is None:
        return None
    reach = TABLE.by_name["beq"].pattern.operands["offset"]
    near = FORMS.by_name[_SHORT_NAMES[insn.name]].pattern.operands["offset"] if short else reach
    word = int.from_bytes(prepared.data, "little")
    sizes = [(near.lo, near.hi + near.align, SHORT)] if short is not None else []
    reaches = (*sizes, (reach.lo, reach.hi + reach.align, PLAIN))
    far = PLAIN if is_jump else AROUND
    far_here = PLAIN if is_jump else SHORT_AROUND if short is not None else AROUND

    def aim() -> Goal | None:
        if not isinstance(value, Linear) or value.minus is not None or value.plus is None:
            return None
        place = value.plus.place
        if place is None and value.plus.value is not None:
            return None
        if place is None or place.section is not start.section.root or value.plus.binding == "weak":
            return Goal(0, 0, (), far)
        return Goal(place.offset + value.constant, place.points, reaches, far_here)

    def measure(address: int) -> int:
        target = local_target(value, start.section.root)
        if target is None:
            return far
        for low, high, size in reaches:
            if low <= target - address < high:
                return size
        return far_here

    def fill(size: int) -> bytes:
        if size == SHORT:
            assert short is not None
            return short.to_bytes(2, "little")
        if size == PLAIN:
            return word.to_bytes(4, "little")
        return _around(insn.name, word, short, size)

    first = SHORT if short else PLAIN
    return Point(start.offset, first, measure, fill, False, spot, "branch", aim)


def _around(name: str, word: int, short: int | None, size: int) -> bytes:
    """Give the inverted branch over a jump, and the jump, whose target is still to be filled in."""
    jump = TABLE.by_name["jal"].encode(rd=0, offset=0).to_bytes(4, "little")
    if size == AROUND:
        inverted = word ^ _INVERTING | TABLE.by_name["beq"].pattern.operands["offset"].insert(size)
        return inverted.to_bytes(4, "little") + jump
    assert short is not None
    before, after = FORMS.by_name[_SHORT_NAMES[name]], FORMS.by_name[_SHORT_INVERSE[name]]
    parcel = short ^ before.pattern.match ^ after.pattern.match
    parcel |= after.pattern.operands["offset"].insert(size)
    return parcel.to_bytes(2, "little") + jump


def local_target(value: Value, section: Section) -> int | None:
    """Give a target's offset when it is sure to stay in this section: defined here and not weak."""
    if isinstance(value, Linear) and value.plus is not None and value.plus.binding == "weak":
        return None
    folded = fold(value, is_final=True)
    if not isinstance(folded, Linear) or folded.minus is not None or folded.plus is None:
        return None
    place = folded.plus.place
    is_here = place is not None and place.section.root is section.root
    if place is None or not is_here or folded.plus.binding == "weak":
        return None
    return place.final() + folded.constant
