"""What `--gdb` does to a run: a server that gdb connects to drives the machine.

A guest that sleeps until a key comes must not keep gdb waiting: the wait is for both.
"""

import re
import select
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from isa.errors import TraplineError
from trapline.terminal import LeftError, PipedInput, TerminalInput
from vmm.inputs import LoggedInput
from vmm.stop import Stop, StopReason

if TYPE_CHECKING:
    from vmm.gdb.server import GdbServer
    from vmm.machine import Machine

MAX_PORT = 65535


def parse_address(text: str) -> tuple[str, int]:
    """Read [HOST:]PORT, or QEMU's tcp:[HOST]:PORT; raise TraplineError."""
    match = re.fullmatch(r"(?:tcp:)?(?:\[?([^\]\[]*?)\]?:)?(\d{1,5})", text)
    if match is None or int(match[2]) > MAX_PORT:
        raise TraplineError(f"--gdb {text}: expected [HOST:]PORT, for example :1234")
    return match[1] or "127.0.0.1", int(match[2])


class AttendedInput:
    """Console input while a debugger may want attention."""

    def __init__(self, source: PipedInput | TerminalInput) -> None:
        self._source = source
        self.others: Callable[[], list[int]] = list
        self.pause: Callable[[], None] | None = None

    @property
    def is_open(self) -> bool:
        """Whether more may come."""
        return self._source.is_open

    def __call__(self, limit: int) -> bytes:
        """Give what has come."""
        return self._source(limit)

    def wait(self, seconds: float | None) -> bool:
        """Wait for input, or until a debugger wants something: then the machine pauses."""
        if seconds is not None and isinstance(self._source, PipedInput):
            return False
        own = self._source.fileno()
        ready = select.select([own, *self.others()], [], [], seconds)[0]
        if own in ready:
            return self._source.wait(seconds)
        if ready and self.pause is not None:
            self.pause()
        return bool(ready)


class Debugging:
    """A run under gdb."""

    def __init__(
        self,
        server: "GdbServer",
        source: AttendedInput | None,
        logged: LoggedInput | None,
        monitor: Callable[[str], str | None],
    ) -> None:
        self._server = server
        self._source = source
        self._logged = logged
        self._monitor = monitor

    def drive(self, machine: "Machine", bound: int | None) -> Stop:
        """Run the machine as gdb wants."""
        from vmm.gdb.server import KilledError

        def pause() -> None:
            machine.stop = Stop(StopReason.DEBUG, 0, "gdb wants something")

        if self._logged is not None:
            self._logged.now = lambda: machine.progress
        if self._source is not None:
            self._source.others = lambda: self._server.descriptors
            self._source.pause = pause
        try:
            return self._server.run(machine, bound, self._monitor, self._logged)
        except KilledError:
            raise LeftError from None
        finally:
            self._server.close()


def open_server(address: str, *, waits: bool) -> "GdbServer":
    """Listen where `--gdb` says, and say so; raise TraplineError when that cannot be had."""
    from vmm.gdb.server import GdbServer

    host, port = parse_address(address)
    server = GdbServer(host, port, waits=waits)
    print(f"trapline: gdb can connect: target remote {host}:{server.port}", file=sys.stderr)
    return server
