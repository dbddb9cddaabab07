"""Networks that a machine's cards are plugged into: frames go in, frames come out.

A network is made from what `-netdev` says. What it hears from outside it hears when it is polled;
answers of its own, such as a DHCP lease, wait at once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from isa.errors import TraplineError

MOST_FRAME = 65550
"""Bytes of the longest frame that is carried: a full IP packet behind its Ethernet header."""


@dataclass(frozen=True)
class NetSpec:
    """Which network a card is plugged into: a key of `KINDS`, and that kind's options."""

    kind: str
    options: tuple[tuple[str, str], ...] = ()

    def values(self, name: str) -> list[str]:
        """Give an option's values in order."""
        return [value for key, value in self.options if key == name]

    def value(self, name: str, default: str = "") -> str:
        """Give an option's last value."""
        return (self.values(name) or [default])[-1]


class Network(Protocol):
    """What a card is plugged into."""

    def send(self, frame: bytes) -> None:
        """Take an Ethernet frame, without its check sequence, from the card."""

    def receive(self) -> bytes | None:
        """Give the next frame for the card."""

    def poll(self) -> None:
        """Look at what has come from outside."""

    def files(self) -> tuple[Sequence[int], Sequence[int]]:
        """Give the descriptors that something may come from, and those that may take more."""

    @property
    def is_expecting(self) -> bool:
        """Whether an answer is due, so that the guest's time should not run ahead of it."""

    def close(self) -> None:
        """Let go of sockets."""


def open_network(spec: NetSpec) -> Network:
    """Make a network; raise TraplineError when a socket cannot be had."""
    from vmm.net.socket_peer import open_peer
    from vmm.net.user import UserNetwork

    kinds: dict[str, Callable[[NetSpec], Network]] = {"user": UserNetwork, "socket": open_peer}
    try:
        return kinds[spec.kind](spec)
    except OSError as error:
        raise TraplineError(f"--netdev {spec.kind}: {error.strerror or error}") from error


def read_address(text: str, option: str) -> tuple[str, int]:
    """Read `[host]:port`; raise TraplineError naming the option."""
    host, found, port = text.rpartition(":")
    if not found or not port.isdecimal() or int(port) > 0xFFFF:
        raise TraplineError(f"--netdev: {option}={text}: expected [host]:port")
    return host, int(port)
