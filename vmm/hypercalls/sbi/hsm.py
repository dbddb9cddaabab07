"""SBI HSM: starting, stopping and suspending harts, and the state machine behind it.

Follows the SBI Specification v3.0, chapter "Hart State Management Extension (EID #0x48534D "HSM")".

Stopping and suspending take effect within the call, so STOP_PENDING, SUSPEND_PENDING and
RESUME_PENDING are never seen here. START_PENDING lasts until the run loop gives the hart its turn.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from isa.hart import INSTRUCTION_ALIGNMENT
from vmm.contracts import (
    CallOutcome,
    DeviceState,
    HartEntry,
    HartStopped,
    HartSuspended,
    SbiPlatform,
    SbiReturn,
    StateError,
)
from vmm.hypercalls.sbi.args import INVALID_ADDRESS, INVALID_PARAM, SUCCESS, u32
from vmm.hypercalls.sbi.errors import SbiError
from vmm.hypercalls.sbi.extension import Extension

RETENTIVE, NON_RETENTIVE = 0x0000_0000, 0x8000_0000


class HartState(IntEnum):
    """The HSM state ids."""

    STARTED = 0
    STOPPED = 1
    START_PENDING = 2
    STOP_PENDING = 3
    SUSPENDED = 4
    SUSPEND_PENDING = 5
    RESUME_PENDING = 6


INTERRUPTIBLE = frozenset({HartState.STARTED, HartState.START_PENDING, HartState.SUSPENDED})


@dataclass
class _Hart:
    state: HartState
    entry: HartEntry | None = None
    """Where to enter when started or resumed; None in a retentive suspension."""


class HartStates:
    """The state of every hart. All but the boot hart begin STOPPED ("ordered boot")."""

    def __init__(self, hart_ids: Sequence[int], boot_hart: int) -> None:
        assert boot_hart in hart_ids, f"boot hart {boot_hart} is not one of {hart_ids}"
        self._harts = {hart: _Hart(HartState.STOPPED) for hart in hart_ids}
        self._harts[boot_hart].state = HartState.STARTED

    def is_known(self, hart: int) -> bool:
        return hart in self._harts

    def status(self, hart: int) -> HartState:
        return self._harts[hart].state

    def is_interruptible(self, hart: int) -> bool:
        """Say whether interrupts and fences for the hart have to be kept or executed."""
        return self._harts[hart].state in INTERRUPTIBLE

    def are_all_stopped(self) -> bool:
        """Say whether no hart can ever run again: only a running hart can start another."""
        return all(hart.state is HartState.STOPPED for hart in self._harts.values())

    def request_start(self, hart: int, entry: HartEntry) -> bool:
        """Ask a stopped hart to start; return False if it is not stopped."""
        if self._harts[hart].state is not HartState.STOPPED:
            return False
        self._harts[hart] = _Hart(HartState.START_PENDING, entry)
        return True

    def begin(self, hart: int) -> HartEntry | None:
        """Start a hart that is to be started and return its entry; None if none was asked for."""
        pending = self._harts[hart]
        if pending.state is not HartState.START_PENDING:
            return None
        self._harts[hart] = _Hart(HartState.STARTED)
        return pending.entry

    def stop(self, hart: int) -> None:
        self._harts[hart] = _Hart(HartState.STOPPED)

    def suspend(self, hart: int, entry: HartEntry | None) -> None:
        """Suspend the running hart; with an entry the suspension is non-retentive."""
        self._harts[hart] = _Hart(HartState.SUSPENDED, entry)

    def resume(self, hart: int) -> HartEntry | None:
        """End a suspension; return the entry of a non-retentive one."""
        sleeping = self._harts[hart]
        if sleeping.state is not HartState.SUSPENDED:
            return None
        self._harts[hart] = _Hart(HartState.STARTED)
        return sleeping.entry

    def save(self) -> DeviceState:
        """Return five numbers a hart: id, state, and pc, a0, a1 of the entry; see `restore`.

        The state has bit 8 set when there is an entry.
        """
        rows: list[int] = []
        for number, hart in self._harts.items():
            entry = hart.entry or HartEntry(0, 0, 0)
            rows += [number, hart.state | (hart.entry is not None) << 8]
            rows += [entry.pc, entry.a0, entry.a1]
        return {"harts": rows}

    def restore(self, state: DeviceState) -> None:
        """Take a saved state; raise StateError and change nothing when it is not one."""
        rows = state.get("harts")
        if not isinstance(rows, list) or len(state) != 1 or len(rows) != 5 * len(self._harts):
            raise StateError("saved hart states do not have five numbers for each hart")
        harts: dict[int, _Hart] = {}
        for at in range(0, len(rows), 5):
            harts[rows[at]] = _restored(rows[at + 1 : at + 5])
        if list(harts) != list(self._harts):
            raise StateError(f"saved hart states are for harts {list(harts)}")
        self._harts = harts


def _restored(row: Sequence[object]) -> _Hart:
    numbers = [value for value in row if isinstance(value, int) and 0 <= value < 1 << 64]
    if len(numbers) != len(row):
        raise StateError("a saved hart state does not fit 64-bit numbers")
    state, *entry = numbers
    has_entry = bool(state >> 8)
    if state not in ALLOWED_SAVED or (any(entry) and not has_entry):
        raise StateError(f"a hart cannot be in the saved state {state:#x}")
    return _Hart(HartState(state & 0xFF), HartEntry(*entry) if has_entry else None)


ALLOWED_SAVED = frozenset(
    {
        HartState.STARTED,
        HartState.STOPPED,
        HartState.START_PENDING | 1 << 8,
        HartState.SUSPENDED,
        HartState.SUSPENDED | 1 << 8,
    }
)


# ---------------------------------------------------------------------------------- functions


def hart_start(platform: SbiPlatform, _hart: int, args: Sequence[int]) -> SbiReturn:
    """Start a stopped hart at a physical address."""
    target, start, opaque = args[:3]
    if not platform.harts.is_known(target):
        return INVALID_PARAM
    if platform.harts.status(target) != HartState.STOPPED:
        return SbiReturn(SbiError.ALREADY_AVAILABLE)
    if not may_enter(platform, start):
        return INVALID_ADDRESS
    platform.harts.request_start(target, HartEntry(start, target, opaque))
    return SUCCESS


def hart_stop(platform: SbiPlatform, hart: int, _args: Sequence[int]) -> HartStopped:
    """Stop the calling hart."""
    platform.harts.stop(hart)
    return HartStopped()


def hart_get_status(platform: SbiPlatform, _hart: int, args: Sequence[int]) -> SbiReturn:
    """Return a hart's HSM state id."""
    if not platform.harts.is_known(args[0]):
        return INVALID_PARAM
    return SbiReturn(SbiError.SUCCESS, platform.harts.status(args[0]))


def hart_suspend(platform: SbiPlatform, hart: int, args: Sequence[int]) -> CallOutcome:
    """Put the calling hart to sleep until an interrupt is pending."""
    kind, resume, opaque = u32(args[0]), args[1], args[2]
    if kind not in (RETENTIVE, NON_RETENTIVE):
        return INVALID_PARAM
    if kind == NON_RETENTIVE and not may_enter(platform, resume):
        return INVALID_ADDRESS
    entry = HartEntry(resume, hart, opaque) if kind == NON_RETENTIVE else None
    platform.harts.suspend(hart, entry)
    return HartSuspended()


def may_enter(platform: SbiPlatform, pa: int) -> bool:
    """Say whether a hart can begin at this physical address."""
    aligned = pa % INSTRUCTION_ALIGNMENT == 0
    return aligned and platform.has_memory(pa, INSTRUCTION_ALIGNMENT)


EXTENSION = Extension(
    "HSM", 0x48534D, {0: hart_start, 1: hart_stop, 2: hart_get_status, 3: hart_suspend}
)
