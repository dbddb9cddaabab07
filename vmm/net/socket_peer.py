"""Frames over a socket to another machine, in the manner of QEMU's `-netdev socket`.

`listen=` and `connect=` make a stream, in which each frame follows its length as a 32-bit number,
the highest byte first; `udp=` with `localaddr=` sends each frame as a datagram.
"""

import contextlib
import socket
from collections import deque
from collections.abc import Sequence

from isa.errors import TraplineError
from vmm.net import MOST_FRAME, NetSpec, Network, read_address

MOST_FRAMES = 1024
LOOPBACK = "127.0.0.1"
CHUNK = 1 << 16


def open_peer(spec: NetSpec) -> Network:
    """Make the kind of peer that the options ask for."""
    ways = [name for name in ("listen", "connect", "udp") if spec.values(name)]
    if len(ways) != 1:
        raise TraplineError("--netdev socket: expected one of listen=, connect= and udp=")
    (way,) = ways
    host, port = read_address(spec.value(way), way)
    if way == "udp":
        own = read_address(spec.value("localaddr"), "localaddr")
        return DatagramPeer((host or LOOPBACK, port), own)
    return StreamPeer((host or LOOPBACK, port), listens=way == "listen")


class DatagramPeer:
    """A frame is a datagram."""

    is_expecting = True

    def __init__(self, peer: tuple[str, int], own: tuple[str, int]) -> None:
        self._peer = peer
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self.sock.bind(own)
        except OSError:
            self.sock.close()
            raise
        self.sock.setblocking(False)

    def send(self, frame: bytes) -> None:
        """Send a frame; one that cannot go is lost, as on a wire."""
        with contextlib.suppress(OSError):
            self.sock.sendto(frame, self._peer)

    def receive(self) -> bytes | None:
        """Give a frame that has come."""
        with contextlib.suppress(OSError):
            return self.sock.recv(MOST_FRAME)
        return None

    def poll(self) -> None:
        """Do nothing: the socket holds what has come."""

    def files(self) -> tuple[Sequence[int], Sequence[int]]:
        """Give the socket."""
        return [self.sock.fileno()], []

    def close(self) -> None:
        """Close the socket."""
        self.sock.close()


class StreamPeer:
    """A frame is a length and its bytes. A peer that closes may come back."""

    is_expecting = True

    def __init__(self, address: tuple[str, int], *, listens: bool) -> None:
        self._door: socket.socket | None = None
        self._sock: socket.socket | None = None
        self._frames: deque[bytes] = deque()
        self._input, self._output = bytearray(), bytearray()
        if listens:
            self._door = socket.create_server(address)
            self._door.setblocking(False)
        else:
            self._use(socket.create_connection(address, timeout=5))

    @property
    def port(self) -> int:
        """The port it listens at, or of its end."""
        sock = self._door or self._sock
        assert sock is not None, "there is a socket"
        return int(sock.getsockname()[1])

    def _use(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self._sock = sock
        self._input.clear()
        self._output.clear()

    def send(self, frame: bytes) -> None:
        """Send a frame; it is lost while nobody is there or the peer does not read."""
        self.poll()
        if self._sock is not None and len(self._output) < MOST_FRAME:
            self._output += len(frame).to_bytes(4, "big") + frame
            self._flush()

    def receive(self) -> bytes | None:
        """Give a frame that has come."""
        return self._frames.popleft() if self._frames else None

    def poll(self) -> None:
        """Take what has come."""
        if self._door is not None and self._sock is None:
            with contextlib.suppress(BlockingIOError):
                self._use(self._door.accept()[0])
        self._flush()
        while self._sock is not None and len(self._frames) < MOST_FRAMES:
            try:
                data = self._sock.recv(CHUNK)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if not data:
                self._hang_up()
                return
            self._input += data
            self._cut()

    def _cut(self) -> None:
        """Take whole frames from what has come."""
        while len(self._input) >= 4:
            size = int.from_bytes(self._input[:4], "big")
            if size > MOST_FRAME:  # not a peer of this kind
                self._hang_up()
                return
            if len(self._input) < 4 + size:
                return
            self._frames.append(bytes(self._input[4 : 4 + size]))
            del self._input[: 4 + size]

    def _flush(self) -> None:
        try:
            while self._sock is not None and self._output:
                del self._output[: self._sock.send(self._output)]
        except BlockingIOError:
            pass
        except OSError:
            self._hang_up()

    def _hang_up(self) -> None:
        if self._sock is not None:
            self._sock.close()
            self._sock = None

    def files(self) -> tuple[Sequence[int], Sequence[int]]:
        """Give the socket, or the one it listens at."""
        sock = self._sock or self._door
        if sock is None:
            return [], []
        return [sock.fileno()], [sock.fileno()] if self._output else []

    def close(self) -> None:
        """Close all sockets."""
        self._hang_up()
        if self._door is not None:
            self._door.close()
