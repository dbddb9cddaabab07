"""A machine's whole state: harts, devices, timers, console, whose turn it is, and memory.

Derived things are not in it: inline TLBs, decoded code, what a memory mode has made of the guest's
tables. They are made anew, so that a state goes on under any engine.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from isa.pte import PAGE_SHIFT, PAGE_SIZE
from vmm.contracts import DeviceState, StateError
from vmm.devices.virtio.block import Block
from vmm.disks.memory import MemoryDisk
from vmm.disks.overlay import Overlay
from vmm.htif import mailbox_places
from vmm.snapshot.harts import HartState, check_hart, restore_hart, save_hart

if TYPE_CHECKING:
    from vmm.machine import Machine

MOST = 1 << 80
Pages = Iterable[tuple[int, bytes]]
"""Numbers and contents of pages of 4 KiB; all others are zero."""


@dataclass(frozen=True)
class MachineState:
    """Everything but memory and disks, as plain values."""

    harts: tuple[HartState, ...]
    course: Mapping[str, Any]
    """Whose turn it is, and counts."""
    hart_states: DeviceState
    timers: Mapping[str, Any]
    devices: Mapping[str, DeviceState]
    console: Mapping[str, Any]
    mailbox: Mapping[str, Any] | None


def save_machine(machine: "Machine") -> MachineState:
    """Give a machine's state between two instructions; raise StateError when not all can be had."""
    if machine.extended:
        raise StateError("extensions in Python have state of their own, which cannot be saved")
    return MachineState(
        tuple(save_hart(hart) for hart in machine.harts),
        _course(machine),
        machine.states.save(),
        machine.timers.save(),
        machine.bus.save(),
        machine.console.save(),
        None if machine.mailbox is None else machine.mailbox.save(),
    )


def check_machine(machine: "Machine", state: MachineState) -> None:
    """Raise StateError unless the harts and the course of a state fit a machine."""
    if len(state.harts) != len(machine.harts):
        raise StateError(f"a state of {len(state.harts)} harts")
    for hart, saved in zip(machine.harts, state.harts, strict=True):
        check_hart(hart, saved)
    course, count = state.course, len(machine.harts)
    if set(course) != set(_course(machine)):
        raise StateError("the saved course has other fields")
    turns = course["turns"]
    if not isinstance(turns, list) or len(turns) > count or len(set(turns)) < len(turns):
        raise StateError("the saved turns are impossible")
    for index in (course["current"], *turns):
        if not isinstance(index, int) or not 0 <= index < count:
            raise StateError(f"the saved turns are those of {count} harts, one is {index!r}")
    for name in ("share", "settled", "calls", "next_look"):
        if not isinstance(course[name], int) or not 0 <= course[name] <= MOST:
            raise StateError(f"the saved {name} is impossible")


def restore_machine(machine: "Machine", state: MachineState) -> None:
    """Put a machine of the same configuration into a saved state; memory is not part of it.

    Raises StateError when the state does not fit; the machine is of no use then.
    """
    check_machine(machine, state)
    if state.mailbox is not None:
        if machine.mailbox is None:
            machine.open_mailbox(*mailbox_places(state.mailbox))
        assert machine.mailbox is not None, "it was opened"
        machine.mailbox.restore(state.mailbox)
    machine.states.restore(state.hart_states)
    machine.console.restore(state.console)
    machine.bus.restore(state.devices)
    for hart, saved in zip(machine.harts, state.harts, strict=True):
        restore_hart(hart, saved)
    machine.cpu.restored()
    course = state.course
    machine.turns.clear()
    machine.turns.extend(course["turns"])
    machine.current, machine.share = course["current"], course["share"]
    machine.settled, machine.calls = course["settled"], course["calls"]
    if machine.watch is not None:
        machine.watch.next_look = course["next_look"]
    machine.uart.is_listening = bool(course["is_listening"])
    machine.timers.restore(state.timers)
    machine.stop = machine.reached = None


def _course(machine: "Machine") -> dict[str, Any]:
    return {
        "current": machine.current,
        "turns": list(machine.turns),
        "share": machine.share,
        "settled": machine.settled,
        "calls": machine.calls,
        "next_look": 0 if machine.watch is None else machine.watch.next_look,
        "is_listening": int(machine.uart.is_listening),
    }


# -------------------------------------------------------------------------------------- memory


def restore_memory(machine: "Machine", pages: Pages) -> None:
    """Make memory what the pages say; those that are not among them become zero."""
    memory = machine.memory
    left = dict(memory.filled_pages())
    for number, page in pages:
        if left.pop(number, None) != page:
            memory.write(memory.base + (number << PAGE_SHIFT), page)
    for number in left:
        memory.write(memory.base + (number << PAGE_SHIFT), bytes(PAGE_SIZE))


def overlays(machine: "Machine") -> Iterator[tuple[int, Overlay | MemoryDisk]]:
    """Give the disks whose content goes with the machine, by slot.

    Raises StateError for a disk that is written in place.
    """
    for slot, device in sorted(machine.virtio.items()):
        disk = device.disk if isinstance(device, Block) else None
        if isinstance(disk, (Overlay, MemoryDisk)):
            yield slot, disk
        elif disk is not None and not disk.is_read_only:
            raise StateError(
                f"the disk in slot {slot} is written in place, and what is written there is not"
                " part of a snapshot: give --snapshot, or readonly=on"
            )
