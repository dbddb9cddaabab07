"""The serial port's registers and their bits, and what harts may see of them without asking.

Names and values are those of the PC16550D data sheet (National Semiconductor), chapter "Registers".
"""

import functools

from vmm.window import make_view

UART_BASE, UART_IRQ = 0x1000_0000, 10
CLOCK_HZ = 3_686_400
FIFO_BYTES = 16
ASKS = 16
"""Looks at the line status from one question for input outside to the next."""
HOLD = 2
"""Looks outside as time passes that find nothing after the FIFO was cleared. A driver that sets the
port up clears it, then reads what is there to be rid of it: no input must be lost by that."""
WAITING_BYTES = 65536
"""Bytes of input that may wait for room in the FIFO; more is refused."""

THR, IER, IIR, LCR, MCR, LSR, MSR, SCR = range(8)
IER_RECEIVED, IER_SENT, IER_LINE, IER_MODEM = 1, 2, 4, 8
IIR_NONE, IIR_MODEM, IIR_SENT, IIR_RECEIVED, IIR_LINE, IIR_TIMEOUT = 1, 0, 2, 4, 6, 12
IIR_FIFOS_ON = 0xC0
FCR_ENABLE, FCR_CLEAR_RECEIVED = 1, 2
FCR_KEPT = 0xC9
FCR_TRIGGERS = (1, 4, 8, 14)
LCR_DLAB = 0x80
MCR_DTR, MCR_RTS, MCR_OUT1, MCR_OUT2, MCR_LOOP, MCR_BITS = 1, 2, 4, 8, 16, 0x1F
LSR_READY, LSR_OVERRUN, LSR_THR_EMPTY, LSR_IDLE = 1, 2, 0x20, 0x40
MSR_CTS, MSR_DSR, MSR_RING, MSR_CARRIER = 0x10, 0x20, 0x40, 0x80
MSR_CONNECTED = MSR_CTS | MSR_DSR | MSR_CARRIER
LOOPED_LINES = (
    (MCR_RTS, MSR_CTS),
    (MCR_DTR, MSR_DSR),
    (MCR_OUT1, MSR_RING),
    (MCR_OUT2, MSR_CARRIER),
)

NOTHING = make_view({})


@functools.lru_cache(256)
def make_face(
    steady: tuple[int, int, int, int],
    deltas: int,
    has_input: bool,
    may_send: bool,
    iir: tuple[int, int, int] | None,
) -> memoryview:
    """Make what harts see of a port; `steady` are IER, LCR, MCR and SCR.

    `iir` is what it reads as, and what it is left with when it was read and when a byte was sent.
    """
    ready = LSR_READY if has_input else 0
    values = dict(zip((IER, LCR, MCR, SCR), steady, strict=True))
    values[LSR] = LSR_THR_EMPTY | LSR_IDLE | ready
    if not deltas:
        values[MSR] = MSR_CONNECTED
    if iir is not None:
        values[IIR] = iir[0]
    leaves = None if iir is None or iir[2] == 0 else (IIR, *iir[1:])
    return make_view(values, THR if may_send else None, leaves)
