"""How a run ends, and why.

The machine decides; commands turn it into an exit status and the account's `stop_reason`.
"""

from dataclasses import dataclass
from enum import Enum


class StopReason(Enum):
    """Why a run ended; the values are the JSON `stop_reason`."""

    EXIT = "exit"  # the guest ended it
    RESET = "reset"  # the guest asked for a reboot
    BOUND = "bound"  # the bound on instructions was reached
    IDLE = "idle"  # no hart can ever run again, on the bare board
    DEBUG = "debug"  # a debugger's breakpoint or watchpoint was reached; the run can go on
    EXTENSION = "extension"  # an extension of the machine has raised
    STUCK = "stuck"  # the monitor stopped a domain that can make no progress


@dataclass(frozen=True)
class Stop:
    """The end of a run; `detail` is for people."""

    reason: StopReason
    status: int
    detail: str
