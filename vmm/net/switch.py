"""A switch between guests of one process.

It learns which address is behind which port from the frames that it forwards.
"""

from collections import deque
from collections.abc import Sequence

MOST_FRAMES = 1024
MOST_ADDRESSES = 1024


class Port:
    """Where one card is plugged in."""

    is_expecting = False

    def __init__(self, switch: "Switch") -> None:
        self._switch = switch
        self._frames: deque[bytes] = deque()

    def send(self, frame: bytes) -> None:
        """Send a frame to whom it is for."""
        self._switch.forward(self, frame)

    def take(self, frame: bytes) -> None:
        """Hold a frame for the card; too many are dropped."""
        if len(self._frames) < MOST_FRAMES:
            self._frames.append(frame)

    def receive(self) -> bytes | None:
        """Give the next frame."""
        return self._frames.popleft() if self._frames else None

    def poll(self) -> None:
        """Do nothing: frames come by themselves."""

    def files(self) -> tuple[Sequence[int], Sequence[int]]:
        """Give none."""
        return [], []

    def close(self) -> None:
        """Unplug the card."""
        self._switch.ports.remove(self)


class Switch:
    """The switch."""

    def __init__(self) -> None:
        self.ports: list[Port] = []
        self._behind: dict[bytes, Port] = {}

    def port(self) -> Port:
        """Give a new port."""
        self.ports.append(Port(self))
        return self.ports[-1]

    def forward(self, source: Port, frame: bytes) -> None:
        """Send a frame on: to the port its address is behind, or to all others."""
        target, sender = frame[:6], frame[6:12]
        if len(self._behind) < MOST_ADDRESSES or sender in self._behind:
            self._behind[sender] = source
        known = self._behind.get(target)
        is_for_all = bool(target[:1] and target[0] & 1)
        chosen = [known] if known in self.ports and not is_for_all else self.ports
        for port in chosen:
            if port is not source and port is not None:
                port.take(frame)
