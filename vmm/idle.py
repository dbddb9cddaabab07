"""What a machine does while no hart can run: it lets time pass, or waits for input, or is over.

The guest's time is its own: it jumps to the next event at once, unless somebody sits at a terminal
or an answer is due from a network.
"""

import select
import time
from typing import TYPE_CHECKING, cast

from isa.state import Slot
from vmm.fdt import TIMEBASE_HZ
from vmm.hypercalls.sbi.hsm import HartState
from vmm.stop import Stop, StopReason

if TYPE_CHECKING:
    from vmm.devices.virtio.net import Net
    from vmm.machine import Machine

NETWORK_CARD = 1
TURN = 0.01  # seconds that networks are waited for before the console is looked at


def skip_idle(machine: "Machine") -> None:
    """Let time pass to the next event; when none is to come, the run is over."""
    running = [
        n for n in range(len(machine.harts)) if machine.states.status(n) is not HartState.STOPPED
    ]
    wait = machine.timers.wait(running)
    seconds = None if wait is None else wait / machine.config.tick / TIMEBASE_HZ
    if machine.timers.look() or _wait(machine, seconds):
        return
    if wait is not None:
        for hart in machine.harts:
            hart[Slot.IDLE] += wait
    elif machine.is_watched:
        detail = "every hart waits for an interrupt that cannot come"
        machine.stop = Stop(StopReason.STUCK, 125, detail)
    else:
        machine.stop = Stop(StopReason.IDLE, 124, "no interrupt can wake any hart")


def watch_outside(machine: "Machine") -> None:
    """Have a machine look at its console's input and its networks now and then."""
    machine.timers.watch(machine.receiver)
    for card in _network_cards(machine):
        machine.timers.watch(card)


def _network_cards(machine: "Machine") -> "list[Net]":
    cards = (each for each in machine.virtio.values() if each.device_id == NETWORK_CARD)
    return [cast("Net", each) for each in cards]


def _wait(machine: "Machine", seconds: float | None) -> bool:
    """Let the host wait for input, a while or for ever; say whether there may be some now."""
    expecting = [card.network for card in _network_cards(machine)]
    expecting = [network for network in expecting if network.is_expecting]
    if not expecting:
        return machine.receiver.wait(seconds)
    end = None if seconds is None else time.monotonic() + seconds
    while True:
        left = TURN if end is None else min(TURN, end - time.monotonic())
        files = [network.files() for network in expecting]
        reads = [number for readable, _ in files for number in readable]
        writes = [number for _, writable in files for number in writable]
        if any(select.select(reads, writes, [], max(left, 0))) or machine.receiver.wait(0):
            return True
        if left < TURN or not any(network.is_expecting for network in expecting):
            return False
