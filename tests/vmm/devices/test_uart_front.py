"""A port seen through its window behaves as one that is asked for everything."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isa.hart import Hart
from isa.memory import Memory
from isa.window import LOG_WORDS, NO_ANSWER, load_through, store_through
from isa.words import Word
from vmm.console import Console
from vmm.devices.plic import Plic
from vmm.devices.uart import Uart
from vmm.devices.uart_registers import ASKS, IER, IIR, LCR, LSR, MCR, THR, UART_BASE, UART_IRQ

ENABLE, CLAIM, PRIORITY = 0x2080, 0x201004, 4 * UART_IRQ  # of S-mode of hart 0
S_CONTEXT = (0, 9)


class Asked:
    """A port that is asked for everything, with what it sent and the interrupt that it raised."""

    def __init__(self):
        self.sent = bytearray()
        self.levels = {}
        self.plic = Plic(1, self._raise)
        self.plic.write(PRIORITY, 4, 1)
        self.plic.write(ENABLE, 4, 1 << UART_IRQ)
        self.outside = bytearray()
        self.uart = Uart(self.sent.extend, self.plic.line(UART_IRQ), self._ask)

    def _raise(self, hart, code, is_high):
        self.levels[hart, code] = is_high

    def _ask(self, limit):
        data = bytes(self.outside[:limit])
        del self.outside[:limit]
        return data

    def load(self, offset):
        return self.uart.read(offset, 1)

    def store(self, offset, value):
        self.uart.write(offset, 1, value)

    def claim(self):
        return self.plic.read(CLAIM, 4)

    def complete(self):
        self.plic.write(CLAIM, 4, UART_IRQ)


class Seen(Asked):
    """A port that a hart sees through its window."""

    def __init__(self):
        super().__init__()
        self.hart = Hart(Memory(0x8000_0000, 1 << 12))
        self.asked = 0
        self.uart.open_window([self.hart], self.plic, Console())

    def load(self, offset):
        found = load_through(self.hart, Word(UART_BASE + offset), Word(1))
        if found != NO_ANSWER:
            return found
        self.asked += 1
        self.uart.collect()
        return super().load(offset)

    def store(self, offset, value):
        if not store_through(self.hart, Word(UART_BASE + offset), Word(1), Word(value)):
            self.asked += 1
            self.uart.collect()
            super().store(offset, value)

    def claim(self):
        self.uart.collect()
        return super().claim()

    def complete(self):
        self.uart.collect()
        super().complete()


STEPS = st.one_of(
    st.tuples(st.just("load"), st.integers(0, 7)),
    st.tuples(st.just("store"), st.integers(0, 7), st.integers(0, 255)),
    st.tuples(st.just("store"), st.sampled_from((THR, IER)), st.integers(0, 15)),
    st.tuples(st.just("load"), st.sampled_from((IIR, LSR))),
    st.tuples(st.just("claim")),
    st.tuples(st.just("complete")),
    st.tuples(st.just("outside"), st.binary(max_size=20)),
    st.tuples(st.just("poll")),
)


def do(port, step):
    """Do a step; give what a guest would notice."""
    match step:
        case ("outside", data):
            port.outside += data
            found = None
        case ("poll",):
            found = port.uart.poll()
        case (name, *values):
            found = getattr(port, name)(*values)
    return found, port.levels.get(S_CONTEXT)


@given(st.lists(STEPS, max_size=120))
def test_a_guest_notices_no_difference(steps):
    asked, seen = Asked(), Seen()
    for step in steps:
        assert do(seen, step) == do(asked, step)
    seen.uart.collect()
    assert seen.sent == asked.sent
    assert seen.uart.save() == asked.uart.save()


def test_sending_by_polling_asks_the_port_for_every_sixteenth_look():
    port = Seen()
    for byte in bytes(range(160)):
        assert port.load(LSR) & 0x20
        port.store(THR, byte)
    port.uart.collect()
    assert port.sent == bytes(range(160))
    assert port.asked <= 160 // ASKS + 1


def test_a_full_fifo_sent_in_a_served_interrupt_asks_the_port_once():
    port = Seen()
    port.store(IER, 2)
    assert port.claim() == UART_IRQ
    port.asked = 0
    for _ in range(10):
        assert port.load(IIR) & 0xF == 2
        for byte in b"0123456789abcdef":
            port.store(THR, byte)
    assert port.asked == 1
    port.complete()
    assert port.levels[S_CONTEXT]
    assert port.sent == b"0123456789abcdef" * 10


def test_no_more_waits_than_there_is_room_for():
    port = Seen()
    for _ in range(3 * LOG_WORDS):
        port.store(THR, 65)
    port.uart.collect()
    assert len(port.sent) == 3 * LOG_WORDS


@pytest.mark.parametrize(("offset", "value"), [(LCR, 0x83), (MCR, 0x10)])
def test_where_a_byte_does_not_go_out_the_port_is_asked(offset, value):
    port = Seen()
    port.store(offset, value)
    port.store(THR, 1)
    port.uart.collect()
    assert port.sent == b""


def test_a_misaligned_access_is_not_answered():
    port = Seen()
    assert load_through(port.hart, Word(UART_BASE + LSR), Word(2)) == NO_ANSWER
    assert not store_through(port.hart, Word(UART_BASE + LSR), Word(4), Word(0))
