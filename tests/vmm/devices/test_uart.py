"""The serial port, as drivers use and probe it (PC16550D data sheet, chapter "Registers")."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmm.devices.uart import Uart
from vmm.devices.uart_registers import ASKS, WAITING_BYTES

RBR = THR = DLL = 0
IER = DLM = 1
IIR = FCR = 2
LCR, MCR, LSR, MSR, SCR = 3, 4, 5, 6, 7


class Port:
    """A port with its output and the levels that its interrupt line took."""

    def __init__(self):
        self.sent = bytearray()
        self.levels: list[bool] = []
        self.uart = Uart(self.sent.extend, self.levels.append)

    def __getitem__(self, offset):
        return self.uart.read(offset, 1)

    def __setitem__(self, offset, value):
        self.uart.write(offset, 1, value)


@pytest.fixture
def port():
    return Port()


def test_a_written_byte_is_sent(port):
    for byte in b"hello":
        port[THR] = byte
    assert port.sent == b"hello"


def test_the_transmitter_is_always_empty(port):
    port[THR] = 65
    assert port[LSR] == 0x60


def test_a_received_byte_is_ready_until_it_is_read(port):
    port.uart.receive(b"x")
    assert port[LSR] & 1
    assert port[RBR] == ord("x")
    assert not port[LSR] & 1


def test_reading_without_data_gives_zero(port):
    assert port[RBR] == 0


def test_waiting_input_follows_into_the_fifo_in_order(port):
    text = bytes(range(40))
    assert port.uart.receive(text) == 40
    assert bytes(port[RBR] for _ in text) == text


def test_input_beyond_the_queue_is_refused(port):
    taken = port.uart.receive(bytes(3 * WAITING_BYTES))
    assert taken == WAITING_BYTES
    assert port.uart.receive(b"more") <= 1  # one byte went on into the receiver
    assert not port[LSR] & 2


def test_the_divisor_is_behind_dlab(port):
    port[LCR] = 0x80
    port[DLL], port[DLM] = 0x34, 0x12
    assert (port[DLL], port[DLM]) == (0x34, 0x12)
    port[LCR] = 0x03
    assert port[IER] == 0
    assert port.sent == b""


def test_ier_keeps_four_bits(port):
    port[IER] = 0xFF
    assert port[IER] == 0x0F


def test_scratch_keeps_its_byte(port):
    port[SCR] = 0xAE
    assert port[SCR] == 0xAE


def test_line_status_cannot_be_written(port):
    port[LSR] = 0
    assert port[LSR] == 0x60


def test_iir_says_no_interrupt_and_no_fifo_at_reset(port):
    assert port[IIR] == 0x01


def test_enabled_fifos_show_in_iir(port):
    port[FCR] = 1
    assert port[IIR] == 0xC1


def test_fcr_bits_without_the_enable_bit_are_not_programmed(port):
    port[FCR] = 0xC0
    port[FCR] = 0x01
    port[IER] = 1
    port.uart.receive(b"x")
    assert port[IIR] & 0xF == 0x4  # trigger level 1, not 14


def test_enabling_the_transmit_interrupt_raises_it_once(port):
    port[IER] = 2
    assert port.levels[-1]
    assert port[IIR] & 0xF == 0x2  # reading IIR clears it
    assert not port.levels[-1]
    assert port[IIR] & 0xF == 0x1
    port[IER] = 2
    assert port[IIR] & 0xF == 0x1  # it was enabled already


def test_sending_a_byte_raises_the_transmit_interrupt_again(port):
    port[IER] = 2
    _ = port[IIR]
    port[THR] = 65
    assert port[IIR] & 0xF == 0x2


@pytest.mark.parametrize(("code", "trigger"), [(0, 1), (1, 4), (2, 8), (3, 14)])
def test_below_the_trigger_level_it_is_a_timeout(port, code, trigger):
    port[FCR] = 1 | code << 6
    port[IER] = 1
    port.uart.receive(bytes(trigger - 1))
    assert port[IIR] & 0xF == (0xC if trigger > 1 else 0x1)
    port.uart.receive(b"x")
    assert port[IIR] & 0xF == 0x4


def test_received_data_comes_before_transmitter_empty(port):
    port[IER] = 3
    port.uart.receive(b"x")
    assert port[IIR] & 0xF == 0x4
    assert port[RBR] == ord("x")
    assert port[IIR] & 0xF == 0x2


def test_clearing_the_receive_fifo_empties_it_and_its_input_arrives_later(port):
    port[FCR] = 1
    port.uart.receive(b"0123456789abcdefXY")
    port[FCR] = 3
    for _ in range(ASKS):
        assert port[RBR] == 0
        assert not port[LSR] & 1
    assert port[LSR] & 1
    assert bytes(port[RBR] for _ in range(18)) == b"0123456789abcdefXY"


def test_enabling_the_interrupt_ends_what_clearing_the_fifo_began(port):
    port[FCR] = 1
    port.uart.receive(b"ab")
    port[FCR] = 3
    assert (port[LSR], port[RBR], port[IIR]) == (0x60, 0, 0xC1)
    port[IER] = 1
    assert port[IIR] == 0xC4
    assert port[RBR] == ord("a")


def test_input_that_is_held_back_comes_with_the_next_look_outside(port):
    port[IER] = 1
    port.uart.receive(b"a")
    port[FCR] = 3
    assert not port.uart.interrupt
    assert port.uart.fetch()
    assert port.uart.interrupt


def test_loopback_returns_the_byte_and_sends_nothing(port):
    port[MCR] = 0x10
    port[THR] = 0x42
    assert port.sent == b""
    assert port[RBR] == 0x42


def test_loopback_overruns_a_full_fifo(port):
    port[FCR] = 1
    port[MCR] = 0x10
    for byte in range(17):
        port[THR] = byte
    assert port[LSR] & 2
    assert not port[LSR] & 2  # reading clears it
    assert bytes(port[RBR] for _ in range(16)) == bytes(range(16))


def test_without_fifo_an_overrun_replaces_the_byte(port):
    port[MCR] = 0x10
    port[THR], port[THR] = 1, 2
    assert port[RBR] == 2


def test_the_overrun_interrupt_comes_first(port):
    port[IER] = 0xF
    port[MCR] = 0x10
    port[THR] = 1
    port[THR] = 2
    assert port[IIR] & 0xF == 0x6


def test_outside_input_waits_while_the_port_is_looped(port):
    port[MCR] = 0x10
    port.uart.receive(b"x")
    assert not port[LSR] & 1
    port[MCR] = 0
    assert port[RBR] == ord("x")


def test_linux_recognises_the_port_by_its_looped_modem_lines(port):
    port[MCR] = 0x10 | 0x0A  # RTS and OUT2
    assert port[MSR] & 0xF0 == 0x90  # CTS and DCD


def test_modem_changes_are_reported_once(port):
    port[IER] = 8
    port[MCR] = 0x10  # all lines drop
    assert port[IIR] & 0xF == 0x0
    assert port[MSR] & 0xF == 0xB  # CTS, DSR and DCD changed; ring did not end
    assert port[MSR] & 0xF == 0
    assert port[IIR] & 0xF == 0x1


def test_the_end_of_a_ring_is_reported_not_its_start(port):
    port[MCR] = 0x10
    _ = port[MSR]
    port[MCR] = 0x14  # OUT1 drives RI
    assert port[MSR] & 0x4 == 0
    port[MCR] = 0x10
    assert port[MSR] & 0x4 == 0x4


def test_a_wider_access_reaches_one_register(port):
    port.uart.write(SCR & ~3, 4, 0xFFFF_FF13)  # MCR
    assert port.uart.read(4, 4) == 0x13
    assert port[SCR] == 0


@given(st.lists(st.one_of(st.binary(max_size=40), st.none()), max_size=60))
def test_no_input_is_lost_or_reordered(chunks):
    port = Port()
    port[FCR] = 1
    got = bytearray()
    for chunk in chunks:
        if chunk is None:
            if port[LSR] & 1:
                got.append(port[RBR])
        else:
            assert port.uart.receive(chunk) == len(chunk)
    for _ in range(ASKS):
        _ = port[LSR]
    while port[LSR] & 1:
        got.append(port[RBR])
    assert got == b"".join(chunk for chunk in chunks if chunk)


@given(
    st.lists(st.tuples(st.integers(0, 7), st.one_of(st.none(), st.integers(0, 255))), max_size=80)
)
def test_the_line_always_agrees_with_iir(steps):
    port = Port()
    for offset, value in steps:
        port.uart.receive(b"ab")
        if value is None:
            _ = port[offset]
        else:
            port[offset] = value
        assert bool(port.levels and port.levels[-1]) == port.uart.interrupt
