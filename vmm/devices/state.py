"""Saving and restoring a device's state dataclass, with every field checked.

A saved state may come from a damaged or hostile file: nothing is taken before all of it is proved
to be in range.
"""

from dataclasses import Field, dataclass, field, fields
from typing import Any, ClassVar, Protocol, TypeVar

from vmm.contracts import DeviceState, StateError, StateValue


@dataclass(frozen=True)
class Shape:
    """What a field of a saved state may hold."""

    bits: int = 0
    """Width of a number, or of each item of a list."""
    items: int | None = None
    """Length of a list."""
    max_bytes: int | None = None
    """Greatest length of a byte string."""

    def problem(self, value: object) -> str | None:
        """Say what is wrong with a value, None if nothing is."""
        if self.max_bytes is not None:
            if not isinstance(value, bytes):
                return "is not a byte string"
            return f"is longer than {self.max_bytes}" if len(value) > self.max_bytes else None
        if self.items is not None:
            if not isinstance(value, list) or len(value) != self.items:
                return f"is not a list of {self.items} numbers"
            return next(filter(None, map(self._number_problem, value)), None)
        return self._number_problem(value)

    def _number_problem(self, value: object) -> str | None:
        if not isinstance(value, int) or isinstance(value, bool):
            return "is not a number"
        return None if 0 <= value < 1 << self.bits else f"does not fit {self.bits} bits"


class StateClass(Protocol):
    """A dataclass whose fields were made by the functions below."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


StateT = TypeVar("StateT", bound=StateClass)


def register(bits: int, reset: int = 0) -> Any:
    """Return a dataclass field for a register of so many bits."""
    return field(default=reset, metadata=shaped(bits=bits))


def shaped(bits: int = 0, max_bytes: int | None = None) -> dict[str, Shape]:
    """Return the field metadata for a list of registers, or for a bytearray of bounded length."""
    return {"shape": Shape(bits=bits, max_bytes=max_bytes)}


def save_state(state: StateClass) -> dict[str, StateValue]:
    """Return the fields as plain values that share nothing with the state."""
    return {item.name: _plain(getattr(state, item.name)) for item in fields(state)}


def _plain(value: Any) -> StateValue:
    if isinstance(value, bytearray):
        return bytes(value)
    if isinstance(value, list):
        return list(value)
    return int(value)


def load_state(kind: type[StateT], saved: DeviceState, **items: int) -> StateT:
    """Return a state object made from a saved one; `items` gives the lengths of list fields.

    Raises StateError naming the field that is missing, unknown, of another type or out of range.
    """
    known = {item.name: item for item in fields(kind)}
    if set(known) != set(saved):
        odd = ", ".join(sorted(set(known) ^ set(saved)))
        raise StateError(f"saved {kind.__name__} does not have exactly its fields: {odd}")
    taken: dict[str, Any] = {}
    for name, item in known.items():
        shape: Shape = item.metadata["shape"]
        if name in items:
            shape = Shape(bits=shape.bits, items=items[name])
        value = saved[name]
        if problem := shape.problem(value):
            raise StateError(f"saved {kind.__name__}.{name} {problem}")
        taken[name] = _working(value)
    return kind(**taken)


def _working(value: StateValue) -> object:
    if isinstance(value, bytes):
        return bytearray(value)
    return list(value) if isinstance(value, list) else value
