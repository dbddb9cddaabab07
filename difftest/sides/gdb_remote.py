"""The client's end of gdb's remote protocol, over a process's standard input and output.

Only what stepping a hart and reading its registers needs; `trapline`'s own stub is
`vmm/gdb/`. Packets are those of the chapter "Remote Protocol" of gdb's manual.
"""

import os
import subprocess
import weakref
from collections.abc import Sequence

from isa.errors import TraplineError

ENDING_WITH_US = ("setpriv", "--pdeathsig", "KILL")
"""The kernel ends the process when this one is gone, however that went; of util-linux."""


class GdbRemote:
    """A connection to a stub that was started as a child process."""

    def __init__(self, command: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            [*ENDING_WITH_US, *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert self._process.stdin is not None, "it is a pipe"
        assert self._process.stdout is not None, "it is a pipe"
        self._to, self._from = self._process.stdin, self._process.stdout
        self._received = bytearray()
        self._end = weakref.finalize(self, _end, self._process)

    def close(self) -> None:
        """End the process."""
        self._end()

    def ask(self, *requests: str) -> list[str]:
        """Send packets and give their answers, in order; the next packet acknowledges the last."""
        try:
            self._to.write(b"".join(_packet(request) for request in requests))
            self._to.flush()
        except BrokenPipeError:
            raise self._ended() from None
        return [self._answer() for _ in requests]

    def _answer(self) -> str:
        while (end := self._received.find(b"#")) < 0 or len(self._received) < end + 3:
            more = os.read(self._from.fileno(), 1 << 16)
            if not more:
                raise self._ended()
            self._received += more
        first = self._received.index(b"$") + 1
        text = bytes(self._received[first:end]).decode("ascii")
        del self._received[: end + 3]
        return text

    def _ended(self) -> TraplineError:
        errors = self._process.communicate()[1].decode(errors="replace").strip()
        return TraplineError(f"{self._process.args!r} has ended: {errors}")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.communicate()


def _packet(request: str) -> bytes:
    raw = request.encode("ascii")
    return b"$" + raw + b"#%02x" % (sum(raw) & 0xFF)
