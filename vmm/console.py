"""The host's end of a guest's console: what it printed, and input for it.

Neither direction can make the host's memory grow: the output is hashed and counted as it passes,
and only its last part is kept; input beyond the queue's size is refused.
"""

import hashlib
from collections.abc import Callable, Mapping
from typing import Protocol

from vmm.contracts import StateError

TAIL_BYTES = 1 << 20
INPUT_BYTES = 1 << 16


class InputSource(Protocol):
    """Where input comes from while a machine runs."""

    @property
    def is_open(self) -> bool:
        """Whether more may come."""

    def __call__(self, limit: int) -> bytes:
        """Give up to `limit` bytes, those that are there."""

    def wait(self, seconds: float | None) -> bool:
        """Wait until there may be some, or a while; say whether there may be.

        A source that nobody sits at does not wait for a limited time: the guest's time is its own.
        """


class Console:
    """Output and input of one machine.

    `echo` also gets all output, as it comes. When it raises OSError (a closed pipe, a full disk),
    it is not called again and the error is kept in `echo_error`: the guest must not notice.
    `source` is asked for up to a number of bytes of input whenever the guest wants some and none
    is waiting; it gives what there is, without waiting itself.
    """

    def __init__(
        self,
        echo: Callable[[bytes], object] | None = None,
        tail_bytes: int = TAIL_BYTES,
        source: InputSource | None = None,
    ) -> None:
        self.settle: Callable[[], object] | None = None
        """Makes what is on its way to the console arrive."""
        self._total = 0
        self.echo_error: OSError | None = None
        self._echo = echo
        self._told = 0  # how much of the output was echoed: what is printed again is not
        self._source = source
        self._hash = hashlib.sha256()
        self._tail = bytearray()
        self._tail_bytes = tail_bytes
        self._input = bytearray()

    def write(self, data: bytes) -> int:
        """Take output; all of it is accepted, always."""
        self._settle()
        self._total += len(data)
        self._hash.update(data)
        self._tail += data
        # Cut rarely, so that printing byte by byte does not move the whole tail each time.
        if len(self._tail) > 2 * self._tail_bytes:
            del self._tail[: -self._tail_bytes]
        fresh, self._told = self.total - self._told, max(self.total, self._told)
        if self._echo is not None and fresh > 0:
            self._pass_on(self._echo, data[-fresh:])
        return len(data)

    def _settle(self) -> None:
        if self.settle is not None:
            self.settle()

    @property
    def total(self) -> int:
        """Bytes of output so far."""
        self._settle()
        return self._total

    def _pass_on(self, echo: Callable[[bytes], object], data: bytes) -> None:
        try:
            echo(data)
        except OSError as error:
            self.echo_error, self._echo = error, None

    @property
    def output(self) -> bytes:
        """All output, or its last part if it was more than the tail holds."""
        self._settle()
        return bytes(self._tail[-self._tail_bytes :])

    @property
    def sha256(self) -> str:
        """The hash of all output."""
        self._settle()
        return self._hash.hexdigest()

    def save(self) -> dict[str, object]:
        """Give what was printed, as far as it is kept, and what waits to be read."""
        return {"total": self.total, "tail": self.output, "input": bytes(self._input)}

    def restore(self, state: Mapping[str, object]) -> None:
        """Take a saved state; of output that is not kept any more, the hash does not know."""
        total, tail, waiting = (state.get(name) for name in ("total", "tail", "input"))
        if not isinstance(total, int) or not isinstance(tail, bytes) or len(tail) > total:
            raise StateError("the saved console is impossible")
        if not isinstance(waiting, bytes) or len(waiting) > INPUT_BYTES or len(state) != 3:
            raise StateError("the saved console is impossible")
        self._settle()
        self._total, self._tail, self._input = total, bytearray(tail), bytearray(waiting)
        self._hash = hashlib.sha256(tail)
        self._told = max(self._told, total)

    def feed(self, data: bytes) -> int:
        """Offer input; return how many bytes were taken."""
        room = INPUT_BYTES - len(self._input)
        self._input += data[:room]
        return min(room, len(data))

    def read(self, limit: int) -> bytes:
        """Take up to `limit` bytes of input."""
        if self._source is not None and not self._input:
            self.feed(self._source(INPUT_BYTES))
        data = bytes(self._input[:limit])
        del self._input[:limit]
        return data

    @property
    def is_open(self) -> bool:
        """Whether input may still come."""
        return bool(self._input) or (self._source is not None and self._source.is_open)

    def wait(self, seconds: float | None) -> bool:
        """Wait for input, a while or for ever; say whether there may be some."""
        if self._input:
            return True
        return self._source is not None and self._source.is_open and self._source.wait(seconds)

    @property
    def waiting(self) -> int:
        """Bytes of input that nobody has taken yet."""
        return len(self._input)
