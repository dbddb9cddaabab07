"""Extensions in Python: hypercalls, devices and exit hooks that a machine has besides its own.

They are decorated functions, or lines of the board's map, and are passed in with the machine's
configuration: `MachineConfig(extras=(multiply, watch))`. A file or an installed package full of
them is read by `vmm.extension_files`. What they raise stops their machine (`vmm.extended`).
"""

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from isa.errors import Location, TraplineError
from vmm.devices import DEVICES, DeviceEntry
from vmm.schema import EXIT_NAMES

MOST_ARGUMENTS = 6
MACHINE = "machine"
"""A hypercall's first parameter, if it is called so, gets the machine."""
FROM_ENVIRONMENT = ("sbi", "mmio", "exception")
"""Causes of exits that come to Python anyway: hooks on them cost nothing else."""


class ExtensionError(TraplineError):
    """An extension that cannot be one; its file and line are given."""


@dataclass(frozen=True)
class Call:
    """A hypercall: an ecall with `eid` in a7 and `fid` in a6, made by `hypercall`."""

    eid: int
    fid: int
    function: Callable[..., Any]
    arity: int
    takes_machine: bool
    is_compiled: bool


@dataclass(frozen=True)
class Hook:
    """A function that is called at exits of some causes, made by `on_exit`."""

    causes: frozenset[str]
    function: Callable[[Any], None]


Extra = Call | Hook | DeviceEntry
"""What an extension may be."""


def hypercall(
    eid: int, fid: int = 0, *, compiled: bool = False
) -> Callable[[Callable[..., Any]], Call]:
    """Make a function of up to six words (a0 to a5) a hypercall.

    The guest gets 0 in a0 and the result in a1. Without `compiled` the function may take the
    machine first, as `machine`, and may give a `CallOutcome` or None. With it, it is written in the
    words of `isa.words`, and domains answer it in compiled code, without leaving their fast path.
    """

    def make(function: Callable[..., Any]) -> Call:
        names = list(inspect.signature(function).parameters)
        takes_machine = names[:1] == [MACHINE]
        arity = len(names) - takes_machine
        if arity > MOST_ARGUMENTS:
            raise _error(function, f"a hypercall takes up to {MOST_ARGUMENTS} words, not {arity}")
        if takes_machine and compiled:
            raise _error(function, "a compiled hypercall has words only, no machine")
        if compiled:
            _check_source(function)
        return Call(eid, fid, function, arity, takes_machine, compiled)

    return make


def _check_source(function: Callable[..., Any]) -> None:
    try:
        inspect.getsource(function)
    except (OSError, TypeError):
        raise _error(function, "its source is in no file, so it cannot be compiled") from None


def on_exit(*causes: str) -> Callable[[Callable[[Any], None]], Hook]:
    """Have a function called, with an `ExitEvent`, at each exit of these causes.

    Exits to the environment (`sbi`, `mmio`, `exception`) are shown before they are handled. Those
    that compiled code handles are shown after; the machine then goes step by step, far slower.
    """

    def make(function: Callable[[Any], None]) -> Hook:
        for cause in causes:
            if cause not in EXIT_NAMES:
                known = ", ".join(EXIT_NAMES)
                raise _error(function, f"no exit has the cause {cause!r}; there is {known}")
        return Hook(frozenset(causes or FROM_ENVIRONMENT), function)

    return make


def check_extras(extras: Iterable[object]) -> tuple[Extra, ...]:
    """Give back extensions that go together; raise ExtensionError for others."""
    checked: list[Extra] = []
    for extra in extras:
        if not isinstance(extra, Call | Hook | DeviceEntry):
            raise ExtensionError(f"{extra!r} is no hypercall, hook or device")
        checked.append(extra)
    calls = [(extra.eid, extra.fid) for extra in checked if isinstance(extra, Call)]
    for eid, fid in calls:
        if calls.count((eid, fid)) > 1:
            raise ExtensionError(f"two hypercalls have extension id {eid:#x}, function {fid}")
    devices = (*DEVICES, *(extra for extra in checked if isinstance(extra, DeviceEntry)))
    for number, one in enumerate(devices):
        for other in devices[:number]:
            _check_apart(other, one)
    return tuple(checked)


def _check_apart(one: DeviceEntry, other: DeviceEntry) -> None:
    names = f"the devices {one.name} and {other.name}"
    if one.name == other.name:
        raise ExtensionError(f"two devices are called {one.name}")
    if one.irq is not None and one.irq == other.irq:
        raise ExtensionError(f"{names} both have interrupt {one.irq}")
    if one.base < other.base + other.window and other.base < one.base + one.window:
        raise ExtensionError(f"{names} overlap at {max(one.base, other.base):#x}")


def device_entries(extras: Iterable[object]) -> tuple[DeviceEntry, ...]:
    """Give the board's map with the devices among the extensions."""
    return (*DEVICES, *(extra for extra in extras if isinstance(extra, DeviceEntry)))


def compiled_calls(extras: Iterable[object]) -> tuple[Call, ...]:
    """Give the hypercalls that domains answer in compiled code."""
    return tuple(extra for extra in extras if isinstance(extra, Call) and extra.is_compiled)


def _error(function: Callable[..., Any], message: str) -> ExtensionError:
    code = function.__code__
    return ExtensionError(
        f"{function.__name__}: {message}", Location(code.co_filename, code.co_firstlineno)
    )
