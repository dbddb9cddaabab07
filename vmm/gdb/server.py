"""The gdb server's end of a connection, and the loop that runs a machine between packets.

One debugger at a time; while none is there the machine runs as it would without. The console is
not touched.
"""

import select
import socket
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from isa.errors import TraplineError
from vmm.gdb.control import Control, Halt, Resumption
from vmm.gdb.history import begin_history
from vmm.gdb.session import Leave, Session
from vmm.gdb.wire import Packet, Sign, Unframer, frame
from vmm.stop import Stop, StopReason

if TYPE_CHECKING:
    from vmm.inputs import LoggedInput
    from vmm.machine import Machine

RECEIVED = 1 << 16
ABORTED = 6  # SIGABRT, for a domain that the monitor stopped
SEND_SECONDS = 30


class KilledError(Exception):
    """The debugger has ended the run."""


class Connection:
    """A debugger's connection: packets in and out."""

    def __init__(self, peer: socket.socket) -> None:
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        peer.settimeout(SEND_SECONDS)
        self._peer = peer
        self._unframer = Unframer()
        self._waiting: deque[Packet] = deque()
        self._last = b""
        self.acknowledges = True
        self.is_open = True
        self.was_interrupted = False

    def fileno(self) -> int:
        """Give what can be waited on."""
        return self._peer.fileno()

    def send(self, data: bytes) -> None:
        """Send a packet."""
        self._last = frame(data)
        self._send(self._last)

    def receive(self, seconds: float | None) -> None:
        """Take in what comes within some time."""
        if not self.is_open or not select.select([self._peer], [], [], seconds)[0]:
            return
        try:
            data = self._peer.recv(RECEIVED)
        except OSError:
            data = b""
        if not data:
            self.close()
            return
        for found in self._unframer.feed(data):
            self._take(found)

    def _take(self, found: Packet | Sign) -> None:
        if isinstance(found, Packet):
            self._waiting.append(found)
            if self.acknowledges:
                self._send(b"+")
        elif found is Sign.INTERRUPT:
            self.was_interrupted = True
        elif found is Sign.DAMAGED and self.acknowledges:
            self._send(b"-")
        elif found is Sign.NACK and self.acknowledges:
            self._send(self._last)

    def next_packet(self) -> Packet | None:
        """Give a packet that has come."""
        return self._waiting.popleft() if self._waiting else None

    def _send(self, data: bytes) -> None:
        try:
            self._peer.sendall(data)
        except OSError:
            self.close()

    def close(self) -> None:
        """Hang up."""
        if self.is_open:
            self._peer.close()
        self.is_open = False


class GdbServer:
    """Listens at an address, and runs one machine as the debugger that connects wants."""

    def __init__(self, host: str, port: int, *, waits: bool) -> None:
        """Listen; a machine that `waits` stands still until a debugger lets it go."""
        try:
            found = socket.getaddrinfo(host or "localhost", port, type=socket.SOCK_STREAM)
            self._listener = socket.create_server(found[0][4][:2], family=found[0][0])
        except OSError as error:
            reason = error.strerror or str(error)
            raise TraplineError(f"--gdb {host}:{port}: {reason}") from None
        self._waits = waits
        self._connection: Connection | None = None
        self._session: Session | None = None
        self._going: Resumption | None = None

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._listener.getsockname()[1])

    @property
    def descriptors(self) -> list[int]:
        """What becomes readable when a debugger wants something."""
        peer = self._connection
        return [self._listener.fileno() if peer is None else peer.fileno()]

    def close(self) -> None:
        """Hang up and stop listening."""
        if self._connection is not None:
            self._connection.close()
        self._listener.close()

    def run(
        self,
        machine: "Machine",
        bound: int | None,
        other: Callable[[str], str | None],
        source: "LoggedInput | None" = None,
    ) -> Stop:
        """Run a machine to its end; `other` answers `monitor` commands that are not known here."""
        end = None if bound is None else machine.progress + bound
        control = Control(machine, self._is_wanted, end)
        control.source = source
        everyone = frozenset(range(len(machine.harts)))
        self._going = None if self._waits else Resumption(running=everyone)
        while not control.has_ended:
            if self._connection is None and (self._going is None or self._is_calling()):
                self._accept(control, other)
            elif self._going is not None:
                self._go_on(control)
            else:
                self._serve(control, everyone)
        return self._finish(machine)

    # ---------------------------------------------------------------------------- connection

    def _is_calling(self) -> bool:
        return bool(select.select([self._listener], [], [], 0)[0])

    def _is_wanted(self) -> bool:
        """Say whether the debugger, or one that wants to be, is to have control."""
        peer = self._connection
        if peer is None:
            return self._is_calling()
        peer.receive(0)
        was_interrupted, peer.was_interrupted = peer.was_interrupted, False
        return was_interrupted or not peer.is_open

    def _accept(self, control: Control, other: Callable[[str], str | None]) -> None:
        peer, _ = self._listener.accept()
        self._connection = Connection(peer)
        if control.history is None:
            control.history = begin_history(control.machine, control.source)
        self._session = Session(control, other)
        self._going = None

    def _hang_up(self, control: Control, everyone: frozenset[int]) -> None:
        """Let the machine go on without a debugger."""
        if self._connection is not None:
            self._connection.close()
        self._connection = self._session = None
        control.points.clear()
        control.history = None
        self._going = Resumption(running=everyone)

    # --------------------------------------------------------------------------------- loops

    def _go_on(self, control: Control) -> None:
        assert self._going is not None, "something is to run"
        halt = control.go(self._going)
        if halt is not None:
            self._tell(halt)

    def _tell(self, halt: Halt) -> None:
        """Say that the machine has stopped, to a debugger that let it go."""
        if self._session is not None and self._connection is not None:
            self._going = None
            self._connection.send(self._session.halted(halt))

    def _serve(self, control: Control, everyone: frozenset[int]) -> None:
        """Answer packets until the machine is to go on."""
        peer, session = self._connection, self._session
        assert peer is not None, "a debugger is there"
        assert session is not None, "a debugger is there"
        packet = peer.next_packet()
        if packet is None:
            if not peer.is_open:
                self._hang_up(control, everyone)
            else:
                peer.receive(None)
            return
        answer = session.handle(packet.data)
        if isinstance(answer, Resumption):
            peer.was_interrupted = False
            self._going = answer
        elif isinstance(answer, Leave):
            peer.send(answer.reply)
            if answer.is_killed:
                raise KilledError
            self._hang_up(control, everyone)
        else:
            peer.send(answer)
            peer.acknowledges = session.acknowledges

    def _finish(self, machine: "Machine") -> Stop:
        """Say how the machine has ended."""
        if machine.stop is None or machine.stop.reason is StopReason.DEBUG:
            machine.run(0)  # the bound was reached: it is this that says so
        stop = machine.stop
        assert stop is not None, "the machine has ended"
        if self._connection is not None and self._connection.is_open:
            is_stuck = stop.reason is StopReason.STUCK
            how = b"X%02x" % ABORTED if is_stuck else b"W%02x" % (stop.status & 0xFF)
            self._connection.send(how)
        return stop
