"""Under which name a symbol is listed in an object, and whether it is listed at all.

Not here: its value, type and section (`finish.py`).
"""

from assembler.errors import Complaint
from assembler.expr import Linear, Value, fold
from assembler.symbols import Symbol


def is_elsewhere(symbol: Symbol) -> bool:
    """Whether a symbol only stands for one that is not defined here."""
    if symbol.value is None or isinstance(symbol.value, int):
        return False
    folded = fold(symbol.value, is_final=True)
    if not isinstance(folded, Linear) or folded.plus is None or folded.minus is not None:
        return False
    return not folded.plus.is_defined


def listed_name(symbol: Symbol) -> str:
    """Give the name for the table, with the version where that replaces the plain one."""
    for version in symbol.versions:
        if "@@@" in version:
            return version.replace("@@@", "@@" if symbol.is_defined else "@")
        if not symbol.is_defined and "@@" in version:
            raise Complaint(
                f"invalid attempt to declare external version name as default in {version!r}"
            )
    if symbol.versions and not symbol.is_defined:
        return symbol.versions[0]
    return symbol.name


def keep_name(value: Value) -> Value:
    """Fold a value, keeping the name of an assigned symbol that stands for a place."""
    folded = fold(value, is_final=True)
    if isinstance(folded, int) or not isinstance(value, Linear) or value.minus is not None:
        return folded
    if value.plus is not None and is_elsewhere(value.plus):
        return folded
    return value
