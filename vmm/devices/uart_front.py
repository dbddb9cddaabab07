"""What harts see of the serial port without asking it: whatever changes nothing else.

The port answers for itself again at the next exit; what went through the window is collected first.
"""

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

from isa.hart import Hart
from isa.window import MANY
from vmm.contracts import Device
from vmm.devices.plic import Plic
from vmm.devices.uart_registers import (
    IER_SENT,
    IIR,
    IIR_NONE,
    IIR_SENT,
    LCR_DLAB,
    LSR,
    MCR_LOOP,
    NOTHING,
    UART_BASE,
    UART_IRQ,
    make_face,
)
from vmm.window import Window

if TYPE_CHECKING:
    from vmm.devices.uart import Uart


class Front:
    """The window to one port."""

    def __init__(self, uart: "Uart", harts: Iterable[Hart], controller: Device) -> None:
        assert isinstance(controller, Plic), "the board has an interrupt controller"
        self._uart = uart
        self._is_served = partial(controller.is_served, UART_IRQ)
        self._window = Window()
        self._window.link(IIR)
        self._seen = 0  # uses that have been collected
        self._shows_looks = self._toggles = False
        for hart in harts:
            self._window.show(hart, UART_BASE)

    @property
    def uses(self) -> int:
        """How many accesses have been made through the window."""
        return self._window.uses

    @property
    def has_news(self) -> bool:
        """Whether there is something to collect."""
        return self._toggles or self._window.uses != self._seen

    def collect(self) -> bytes:
        """Bring the port's state up to date; give the bytes that were sent."""
        window, state = self._window, self._uart.state
        self._seen = window.uses
        if self._shows_looks:
            state.asks = window.loads_left(LSR)
        sent = window.take()
        if self._toggles:
            state.sent_pending = int(window.value(IIR) == self._uart.named(IIR_SENT))
        elif sent:
            state.sent_pending = 1
        return bytes(sent)

    def show(self, may_toggle: bool) -> None:
        """Say what of the port's state harts may see and do without asking.

        While the interrupt is being served, its level is nobody's business: reading IIR may lower
        it and sending a byte may raise it again, as often as they like, up to the next exit.
        """
        state = self._uart.state
        self._shows_looks = self._toggles = False
        if state.lcr & LCR_DLAB or state.mcr & MCR_LOOP or state.overrun:
            self._window.face(NOTHING, (LSR, 0))
            return
        iir, may_send = self._transmitter(may_toggle)
        has_input = bool(state.fifo)
        self._shows_looks = not has_input
        steady = (state.ier, state.lcr, state.mcr, state.scr)
        view = make_face(steady, state.msr_deltas, has_input, may_send, iir)
        self._window.face(view, (LSR, MANY if has_input else state.asks))

    def _transmitter(self, may_toggle: bool) -> tuple[tuple[int, int, int] | None, bool]:
        """Give what IIR is and becomes, if that may be seen, and whether bytes may be sent."""
        state, named = self._uart.state, self._uart.named
        source = self._uart.source()
        none, sent = named(IIR_NONE), named(IIR_SENT)
        if not state.ier & IER_SENT or source not in (IIR_SENT, IIR_NONE):
            return (named(source), 0, 0), bool(state.sent_pending or not state.ier & IER_SENT)
        self._toggles = may_toggle and not state.msr_deltas and self._is_served()
        if self._toggles:
            return (named(source), none, sent), True
        return (None, True) if source == IIR_SENT else ((none, 0, 0), False)
