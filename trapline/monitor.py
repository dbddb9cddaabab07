"""The monitor that Ctrl-A c talks to: a few commands about the machine that is running.

Names are QEMU's where the meaning is.
"""

import sys
from typing import TYPE_CHECKING

from isa.errors import TraplineError
from trapline.terminal import LeftError

if TYPE_CHECKING:
    from vmm.machine import Machine

HELP = """\
help            this list
info registers  registers of each hart
info mtree      devices by address
savevm FILE     save the whole machine (trapline snapshot load FILE goes on)
cont            go on with the guest (so does Ctrl-A c)
quit            leave
"""


class MachineMonitor:
    """Answers commands about a machine, once there is one."""

    def __init__(self, guest: str, mode: str) -> None:
        self._guest = guest
        self._mode = mode
        self._machine: Machine | None = None
        self._problem = ""

    def watch(self, machine: "Machine") -> None:
        """Take the machine to answer for."""
        self._machine = machine

    def __call__(self, line: str) -> str | None:
        """Do a command; give its answer, None to go on with the guest."""
        match line.split():
            case []:
                return ""
            case ["help" | "?"]:
                return HELP
            case ["quit" | "q"]:
                raise LeftError
            case ["cont" | "c"]:
                return None
            case ["info", "registers"]:
                return self._registers()
            case ["info", "mtree"]:
                return self._devices()
            case ["savevm", filename]:
                return self._save_later(filename)
            case _:
                return f"unknown command: {line.strip()} (help lists them)\n"

    def at_once(self, line: str) -> str | None:
        """Do a command while the machine stands between two instructions."""
        answer = self(line)
        while self._machine is not None and self._machine.errands:
            self._machine.errands.popleft()()
        problem, self._problem = self._problem, ""
        return f"{problem}\n" if problem else answer

    def _save_later(self, filename: str) -> str:
        """Have the machine saved as soon as it stands between two instructions."""
        if self._machine is None:
            return ""
        from vmm.snapshot.file import write_snapshot

        machine = self._machine

        def save() -> None:
            try:
                write_snapshot(filename, machine, self._mode, self._guest)
            except (OSError, TraplineError) as error:
                reason = getattr(error, "strerror", None) or str(error)
                self._problem = f"{filename}: {reason}"
                print(f"trapline: {self._problem}", file=sys.stderr)

        machine.errands.append(save)
        return f"saving to {filename}\n"

    def _registers(self) -> str:
        if self._machine is None:
            return ""
        from vmm.diagnosis import hart_lines
        from vmm.elf import Symbols

        lines = [line for hart in self._machine.harts for line in hart_lines(hart, Symbols())]
        return "\n".join(lines) + "\n"

    def _devices(self) -> str:
        if self._machine is None:
            return ""
        ram = self._machine.ram
        lines = [f"{p.base:016x}-{p.end - 1:016x} {p.name}" for p in self._machine.bus.attachments]
        return "\n".join([*lines, f"{ram.base:016x}-{ram.end - 1:016x} ram"]) + "\n"
