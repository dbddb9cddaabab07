"""A machine's extensions at work: what they answer and see, and what becomes of what they raise.

An extension is its author's code: whatever it raises stops the machine that it belongs to, with its
file and line, and nothing else.
"""

import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast, get_args

from isa.exits import Exit, ExitReason
from isa.hart import Hart
from isa.state import Slot
from isa.trap import enter_s
from isa.words import word
from vmm.contracts import CallOutcome, Device, SbiPlatform, SbiReturn
from vmm.counts import Count
from vmm.devices import DeviceEntry, DeviceHost
from vmm.extensions import FROM_ENVIRONMENT, Call, Hook
from vmm.hypercalls.sbi.args import FAILED
from vmm.hypercalls.sbi.extension import Extension
from vmm.schema import EXIT_NAMES
from vmm.stop import Stop, StopReason

if TYPE_CHECKING:
    from vmm.machine import Machine

Answer = TypeVar("Answer")
CALL_OUTCOMES = get_args(CallOutcome)


@dataclass
class ExitEvent:
    """What a hook is shown: the machine, the hart with its registers, the cause, the exit itself.

    `exit` is None for an exit that compiled code has handled already.
    """

    machine: "Machine"
    hart: Hart
    cause: str
    exit: Exit | None
    is_settled: bool = False
    """Whether the hook has said what comes of it: then nothing else is done."""
    answer: CallOutcome | int | None = None

    def inject(self, cause: int, tval: int = 0) -> None:
        """Let the guest's S-mode take an exception, in place of what the exit asks for."""
        enter_s(self.hart, cause, tval)
        self.is_settled = True

    def interrupt(self, code: int, level: bool = True) -> None:
        """Make an interrupt pending, or not: 1 software, 5 timer, 9 external (S-mode's)."""
        pending = self.hart.slots[Slot.MIP] & ~(1 << code)
        self.hart.slots[Slot.MIP] = pending | level << code

    def reply(self, answer: CallOutcome | int) -> None:
        """Answer a call (an outcome, or the value beside success), or a load of a device."""
        self.answer, self.is_settled = answer, True


class Extended:
    """The extensions of one machine."""

    def __init__(self, machine: "Machine", extras: Sequence[object]) -> None:
        self._machine = machine
        self.calls = tuple(extra for extra in extras if isinstance(extra, Call))
        self._entries = tuple(extra for extra in extras if isinstance(extra, DeviceEntry))
        self.hooks = tuple(extra for extra in extras if isinstance(extra, Hook))
        wanted = frozenset().union(*(hook.causes for hook in self.hooks))
        self.stepped_causes = wanted - set(FROM_ENVIRONMENT)
        """Causes for which the machine has to go step by step."""

    def guard(self, what: str, function: Callable[..., Answer], *args: Any) -> Answer | None:
        """Call an extension's function; when it raises, stop the machine and give None."""
        try:
            return function(*args)
        except Exception as error:  # noqa: BLE001 - whatever an extension may raise
            self._stop(what, error)
            return None

    def _stop(self, what: str, error: Exception) -> None:
        frames = traceback.extract_tb(error.__traceback__)
        place = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "an unknown place"
        detail = f"the extension {what} raised {type(error).__name__}: {error} ({place})"
        self._machine.stop = Stop(StopReason.EXTENSION, 125, detail)

    # ------------------------------------------------------------------------- hypercalls

    def groups(self) -> tuple[Extension, ...]:
        """Give the hypercalls as the SBI has them: by extension id."""
        return tuple(
            Extension(
                self._group_name(eid),
                eid,
                {call.fid: self._handler(call) for call in self.calls if call.eid == eid},
            )
            for eid in dict.fromkeys(call.eid for call in self.calls)
        )

    def _group_name(self, eid: int) -> str:
        return " and ".join(call.function.__name__ for call in self.calls if call.eid == eid)

    def _handler(self, call: Call) -> Callable[[SbiPlatform, int, Sequence[int]], CallOutcome]:
        def handle(_platform: SbiPlatform, _hart: int, args: Sequence[int]) -> CallOutcome:
            words = [word(value) for value in args[: call.arity]]
            first = [self._machine] if call.takes_machine else []
            before = self._machine.stop
            answer = self.guard(call.function.__name__, call.function, *first, *words)
            return FAILED if self._machine.stop is not before else _outcome(answer)

        return handle

    # ---------------------------------------------------------------------------- devices

    def devices(self) -> tuple[DeviceEntry, ...]:
        """Give the lines that the board's map has besides its own."""
        return tuple(map(self.guarded, self._entries))

    def guarded(self, entry: DeviceEntry) -> DeviceEntry:
        """Give a line of the map whose device can raise without harm."""

        def make(host: DeviceHost, line: Any) -> Device:
            return GuardedDevice(self, entry.name, entry.make(host, line))

        return DeviceEntry(entry.name, entry.base, entry.window, entry.irq, make)

    # ------------------------------------------------------------------------------ hooks

    def shown(self, hart: Hart, cause: str, exit_: Exit | None) -> ExitEvent | None:
        """Show an exit to its hooks; give what they have settled, if they have."""
        for hook in self.hooks:
            if cause in hook.causes:
                event = ExitEvent(self._machine, hart, cause, exit_)
                self.guard(hook.function.__name__, hook.function, event)
                if event.is_settled or self._machine.stop is not None:
                    return event
        return None

    def step(self, index: int, fuel: int) -> Exit:
        """Run a hart an instruction at a time, showing what compiled code has handled."""
        machine, hart = self._machine, self._machine.harts[index]
        end = hart.progress + fuel
        while True:
            before = _exit_counts(hart)
            exit_ = machine.cpu.run(index, 1)
            for name, one, other in zip(EXIT_NAMES, before, _exit_counts(hart), strict=True):
                if one != other and name in self.stepped_causes:
                    self.shown(hart, name, None)
            is_over = machine.stop is not None or hart.progress >= end
            if exit_.reason is not ExitReason.FUEL or is_over:
                return exit_


def _exit_counts(hart: Hart) -> list[int]:
    at = hart.slots[Slot.MONITOR_AT]
    return hart.tlb[at : at + Count.HART_MISSES].tolist() or [0] * len(EXIT_NAMES)


def _outcome(answer: object) -> CallOutcome:
    """Give what an answer means: an outcome as it is, a number beside success, None for none."""
    if isinstance(answer, CALL_OUTCOMES):
        return cast("CallOutcome", answer)
    return SbiReturn(0, 0 if answer is None else int(answer))  # type: ignore[call-overload]


class GuardedDevice:
    """A device of an extension: what it raises stops the machine, and reads as zero."""

    def __init__(self, extended: Extended, name: str, device: Device) -> None:
        self._extended, self._name = extended, name
        self.device = device
        self.span, self.widths = device.span, device.widths
        self.save, self.restore, self.tree = device.save, device.restore, device.tree

    def read(self, offset: int, size: int) -> int:
        """Read a register."""
        value = self._extended.guard(self._name, self.device.read, offset, size)
        return 0 if value is None else value

    def write(self, offset: int, size: int, value: int) -> None:
        """Write a register."""
        self._extended.guard(self._name, self.device.write, offset, size, value)
