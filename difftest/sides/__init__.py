"""The sides of a comparison, one module each, and the table that registers them.

A side executes a program step by step. Outside simulators are imported only when asked for.
"""

from collections.abc import Callable
from enum import Enum
from typing import Protocol

from difftest.program import RAM_SIZE, Program
from difftest.state import State
from isa.errors import TraplineError


class Stop(Enum):
    """Why a side cannot go on."""

    NONE = "running"
    WAITING = "waiting for an interrupt"
    OUTSIDE = "left the part of the machine that all sides share"
    MISSED = "trapped where another side has a device"


class Side(Protocol):
    """One executor of programs."""

    name: str
    taken: int  # steps of the last call; only of the first side, which may stop

    def load(self, program: Program) -> None:
        """Start anew with a program."""
        ...

    def step(self, count: int = 1) -> Stop:
        """Execute `count` instructions; a trap counts as one, and so does an interrupt."""
        ...

    def state(self, *, with_csrs: bool) -> State:
        """Read the registers."""
        ...

    def took_trigger(self) -> bool:
        """Say whether the last step raised the breakpoint exception of a trigger."""
        ...

    def memory(self) -> bytes:
        """Read all RAM."""
        ...

    def has_reservation(self) -> bool:
        """Say whether LR has reserved memory; looking at it could then end that."""
        ...

    def word_at_pc(self) -> int | None:
        """Read the instruction about to be executed, where that is easily known."""
        ...

    def set_x(self, number: int, value: int) -> None:
        """Set a register, to reconcile it with the other side's."""
        ...

    def set_csr(self, name: str, value: int) -> None:
        """Set a CSR, to reconcile it with the other side's."""
        ...

    def set_memory(self, pa: int, value: int) -> None:
        """Set 8 aligned bytes of RAM, to reconcile them with the other side's."""
        ...


def _reference(ram_size: int) -> Side:
    from difftest.sides.ours import OurSide

    return OurSide("reference", ram_size=ram_size)


def _interpreter(ram_size: int) -> Side:
    from difftest.sides.ours import OurSide

    return OurSide("interpreter", ram_size=ram_size)


def _spike(ram_size: int) -> Side:
    from difftest.sides.spike import SpikeSide

    return SpikeSide(ram_size)


def _qemu(ram_size: int) -> Side:
    from difftest.sides.qemu import QemuSide

    return QemuSide(ram_size)


def _unicorn(ram_size: int) -> Side:
    from difftest.sides.unicorn import UnicornSide

    return UnicornSide(ram_size)


SIDES: dict[str, Callable[[int], Side]] = {
    "reference": _reference,
    "interpreter": _interpreter,
    "spike": _spike,
    "qemu": _qemu,
    "unicorn": _unicorn,
}


def make_side(name: str, ram_size: int = RAM_SIZE) -> Side:
    """Make the side called `name`; raise TraplineError when it is unknown or not installed."""
    if name not in SIDES:
        known = ", ".join(SIDES)
        raise TraplineError(f"nothing to compare with is called {name!r}: there are {known}")
    try:
        return SIDES[name](ram_size)
    except ImportError as error:
        raise TraplineError(
            f"{name} is not installed ({error}): pip install 'trapline[oracles]'"
        ) from None
