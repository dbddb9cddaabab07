"""One TCP connection of a guest, carried on by a socket of the host.

The guest's segments end here, and a stream goes on (RFC 9293, without window scaling, urgent data
and timers of retransmission: what lies between loses nothing; three equal acknowledgements have
everything sent again that the guest has not confirmed).
"""

import errno
import socket
from collections.abc import Callable
from enum import Enum, auto

from vmm.net.packets import ACK, FIN, PSH, RST, SYN, Segment

WINDOW = 0xFFFF
SEGMENT = 1460
SMALLEST = 536  # what any host takes (RFC 9293, section 3.7.1)
WORD = 0xFFFFFFFF
DUPLICATES = 3
FIRST_SEQUENCE = 0x10000

Emit = Callable[[Segment], None]


class State(Enum):
    """How far a connection is."""

    CONNECTING = auto()  # the host's socket
    OPENING = auto()  # our SYN is on its way to the guest
    OPEN = auto()
    OVER = auto()


class Flow:
    """A connection between a guest's port and an address outside."""

    def __init__(self, sock: socket.socket, own: int, guest: int, emit: Emit) -> None:
        """`own` and `guest` are the ports of the two ends that the guest sees."""
        sock.setblocking(False)
        self.sock = sock
        self.state = State.CONNECTING
        self._own, self._guest, self._emit = own, guest, emit
        self._unsent = bytearray()  # from the guest, for the socket
        self._unconfirmed = bytearray()  # from the socket, for the guest
        self._in_flight = 0  # of those
        self._base = FIRST_SEQUENCE  # sequence number of the first of those
        self._expected = 0  # of the guest
        self._window, self._most = 0, SMALLEST
        self._duplicates = 0
        self._is_read_out = False  # the socket has no more
        self._fin_sent = self._fin_confirmed = False
        self._guest_done = self._is_shut = False

    # ------------------------------------------------------------------------------ opening

    def accept(self, segment: Segment, address: tuple[str, int]) -> None:
        """Begin with the guest's SYN: connect, and answer once that is done."""
        self._expected = segment.sequence + 1 & WORD
        self._learn(segment)
        code = self.sock.connect_ex(address)
        if code not in (0, errno.EINPROGRESS):
            self._refuse()

    def invite(self) -> None:
        """Begin from outside: open a connection to the guest."""
        self.state = State.OPENING
        self._send(SYN, self._base, most=SEGMENT)

    def _learn(self, segment: Segment) -> None:
        self._window = segment.window
        if segment.most:
            self._most = max(64, min(segment.most, SEGMENT))

    def _refuse(self) -> None:
        self._send(RST | ACK, self._base)
        self.end()

    # ---------------------------------------------------------------------------- from guest

    def take(self, segment: Segment) -> None:
        """Take a segment from the guest."""
        if segment.flags & RST:
            self.end()
        elif self.state is State.CONNECTING:
            return  # a SYN once more
        elif segment.flags & SYN:
            self._take_syn(segment)
        elif segment.flags & ACK:
            self._confirm(segment)
            if self.state is State.OPEN:
                self._take_data(segment)
                self.pump()

    def _take_syn(self, segment: Segment) -> None:
        """Take the answer to our SYN, or the guest's own once more."""
        if self.state is State.OPENING and segment.flags & ACK:
            self._expected = segment.sequence + 1 & WORD
            self._learn(segment)
            self._confirm(segment)
            self._send(ACK)
        elif self.state is State.OPENING:
            self._send(SYN | ACK, self._base, most=SEGMENT)

    def _confirm(self, segment: Segment) -> None:
        """Take an acknowledgement."""
        if self.state is State.OPENING:
            if segment.acknowledged == self._base + 1 & WORD:
                self._base = segment.acknowledged
                self._window = segment.window
                self.state = State.OPEN
            return
        done = segment.acknowledged - self._base & WORD
        sent = self._in_flight + self._is_fin_out
        if done > sent:
            return
        if done == 0 and sent and not segment.data and segment.window == self._window:
            self._duplicates += 1
            if self._duplicates == DUPLICATES:
                self._in_flight, self._fin_sent, self._duplicates = 0, False, 0
            return
        self._duplicates = 0
        self._window = segment.window
        self._fin_confirmed |= self._is_fin_out and done == sent
        data = min(done, self._in_flight)
        del self._unconfirmed[:data]
        self._in_flight -= data
        self._base = self._base + done & WORD
        if self._fin_confirmed:
            self._in_flight = 0

    def _take_data(self, segment: Segment) -> None:
        skipped = self._expected - segment.sequence & WORD
        if skipped >> 31:  # something before is missing
            self._send(ACK)
            return
        room = WINDOW - len(self._unsent)
        fresh = segment.data[skipped : skipped + room]
        is_whole = skipped + len(fresh) >= len(segment.data)
        self._unsent += fresh
        self._expected = self._expected + len(fresh) & WORD
        ends = bool(segment.flags & FIN) and is_whole and not self._guest_done
        if ends and skipped <= len(segment.data):
            self._guest_done = True
            self._expected = self._expected + 1 & WORD
        if segment.data or segment.flags & FIN:
            self._flush()
            self._send(ACK)

    # ------------------------------------------------------------------------------ to guest

    def pump(self) -> None:
        """Move what there is, both ways."""
        if self.state is State.CONNECTING:
            self._finish_connecting()
        if self.state is not State.OPEN:
            return
        self._flush()
        self._fill()
        self._push()
        if self._fin_confirmed and self._guest_done and not self._unsent:
            self.end()

    def _finish_connecting(self) -> None:
        code = self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            self._refuse()
            return
        try:
            self.sock.getpeername()
        except OSError:
            return  # not yet
        self.state = State.OPENING
        self._send(SYN | ACK, self._base, most=SEGMENT)

    def _flush(self) -> None:
        """Give the socket what the guest has sent."""
        try:
            while self._unsent:
                del self._unsent[: self.sock.send(self._unsent)]
            if self._guest_done and not self._is_shut:
                self._is_shut = True
                self.sock.shutdown(socket.SHUT_WR)
        except BlockingIOError:
            pass
        except OSError:
            self._refuse()

    def _fill(self) -> None:
        """Take from the socket what the guest may soon be given."""
        while self.state is State.OPEN and not self._is_read_out:
            room = WINDOW - len(self._unconfirmed)
            if room <= 0:
                return
            try:
                data = self.sock.recv(room)
            except BlockingIOError:
                return
            except OSError:
                self._refuse()
                return
            self._unconfirmed += data
            self._is_read_out = not data

    def _push(self) -> None:
        """Send what the guest's window has room for."""
        while self.state is State.OPEN:
            room = min(self._window - self._in_flight, self._most)
            data = bytes(self._unconfirmed[self._in_flight : self._in_flight + max(room, 0)])
            if not data:
                break
            self._send(ACK | PSH, self._base + self._in_flight & WORD, data)
            self._in_flight += len(data)
        is_all = self._in_flight == len(self._unconfirmed)
        if self._is_read_out and is_all and not self._fin_sent and self.state is State.OPEN:
            self._send(FIN | ACK, self._base + self._in_flight & WORD)
            self._fin_sent = True

    def _send(self, flags: int, at: int | None = None, data: bytes = b"", most: int = 0) -> None:
        where = self._base + self._in_flight + self._is_fin_out & WORD if at is None else at
        confirmed = 0 if flags == SYN else self._expected
        window = WINDOW - len(self._unsent)
        self._emit(Segment(self._own, self._guest, where, confirmed, flags, window, data, most))

    @property
    def _is_fin_out(self) -> bool:
        return self._fin_sent and not self._fin_confirmed

    # -------------------------------------------------------------------------------- ending

    @property
    def wants_input(self) -> bool:
        """Whether something may come from the socket."""
        return self.state is State.OPEN and not self._is_read_out

    @property
    def wants_room(self) -> bool:
        """Whether the socket is to be connected yet, or to take more."""
        return self.state is State.CONNECTING or bool(self._unsent)

    def end(self) -> None:
        """Let go of the socket."""
        self.state = State.OVER
        self.sock.close()
