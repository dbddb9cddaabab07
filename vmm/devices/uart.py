"""A 16550A serial port, register shift 0, 3.6864 MHz clock.

Follows the PC16550D data sheet (National Semiconductor), chapters "Registers" and "FIFO Interrupt
Mode Operation". Bytes leave at once, so the transmitter is always empty; bytes that wait outside
enter the FIFO as soon as there is room, so only loopback can overrun it. Received bytes below the
trigger level raise the character timeout interrupt at once instead of after four character times.

| offset | DLAB | read | write |
|---|---|---|---|
| 0 | 0 | RBR received byte | THR byte to send |
| 0 | 1 | DLL | DLL divisor, low byte |
| 1 | 0 | IER | IER interrupt enables |
| 1 | 1 | DLM | DLM divisor, high byte |
| 2 | x | IIR interrupt identification | FCR FIFO control |
| 3 | x | LCR | LCR line control, DLAB is bit 7 |
| 4 | x | MCR | MCR modem control |
| 5 | x | LSR line status | - |
| 6 | x | MSR modem status | - |
| 7 | x | SCR | SCR scratch |
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from isa.hart import Hart
from vmm.console import Console
from vmm.contracts import Device, DeviceState, InterruptLine, TreeSite
from vmm.devices.state import load_state, register, save_state, shaped
from vmm.devices.uart_front import Front
from vmm.devices.uart_registers import (
    ASKS,
    CLOCK_HZ,
    FCR_CLEAR_RECEIVED,
    FCR_ENABLE,
    FCR_KEPT,
    FCR_TRIGGERS,
    FIFO_BYTES,
    HOLD,
    IER_LINE,
    IER_MODEM,
    IER_RECEIVED,
    IER_SENT,
    IIR_FIFOS_ON,
    IIR_LINE,
    IIR_MODEM,
    IIR_NONE,
    IIR_RECEIVED,
    IIR_SENT,
    IIR_TIMEOUT,
    LCR_DLAB,
    LOOPED_LINES,
    LSR_IDLE,
    LSR_OVERRUN,
    LSR_READY,
    LSR_THR_EMPTY,
    MCR_BITS,
    MCR_LOOP,
    MSR_CONNECTED,
    MSR_RING,
    WAITING_BYTES,
)
from vmm.fdt import PropertyValue, TreeNode, cells64


@dataclass
class UartState:
    """Everything that the guest can see, and the input that waits for it."""

    ier: int = register(4)
    fcr: int = register(8)
    lcr: int = register(8, reset=3)
    mcr: int = register(5)
    msr_deltas: int = register(4)
    scr: int = register(8)
    divisor: int = register(16, reset=CLOCK_HZ // 16 // 9600)
    overrun: int = register(1)
    sent_pending: int = register(1)
    fifo: bytearray = field(default_factory=bytearray, metadata=shaped(max_bytes=FIFO_BYTES))
    held: int = register(2)
    """Whether input stays outside because the FIFO was just cleared, and for how long."""
    asks: int = register(5)
    """Looks at the line status that find nothing before outside is asked."""
    waiting: bytearray = field(default_factory=bytearray, metadata=shaped(max_bytes=WAITING_BYTES))


@dataclass
class Uart:
    """The device; `send` takes what the guest prints, `ask` gives input that waits outside."""

    send: Callable[[bytes], object]
    line: InterruptLine | None = None
    ask: Callable[[int], bytes] | None = None
    is_listening: bool = field(default=False, init=False)
    """Whether the guest has ever looked for input."""
    front: Front | None = field(default=None, init=False)
    """What harts see of it without asking."""
    span: int = field(default=8, init=False)
    widths: frozenset[int] = field(default=frozenset({1, 2, 4, 8}), init=False)
    state: UartState = field(default_factory=UartState, init=False)
    _was_high: bool = field(default=False, init=False)

    def receive(self, data: bytes) -> int:
        """Offer input from outside; return how many bytes were taken."""
        self.collect()
        room = WAITING_BYTES - len(self.state.waiting)
        self.state.waiting += data[:room]
        self.settle()
        return min(room, len(data))

    def fetch(self) -> bool:
        """Ask outside for input; say whether there was any."""
        self.collect()
        state = self.state
        had, state.held = state.held, 0
        room = WAITING_BYTES - len(state.waiting)
        data = self.ask(room) if self.ask is not None and room else b""
        if data or had:
            self.receive(data)
        return bool(data or had)

    def poll(self) -> bool:
        """Ask outside because time has passed; say whether there was any input."""
        if self.state.held > 1:
            self.state.held -= 1
            return False
        return self.fetch()

    def take(self, limit: int) -> bytes:
        """Take received bytes as the firmware does when it is asked to read the console."""
        self.is_listening = True
        if not self.state.fifo:
            self.fetch()
        data = bytearray()
        while self.state.fifo and len(data) < limit:
            data.append(self.state.fifo.pop(0))
            self.settle()
        return bytes(data)

    @property
    def can_wake(self) -> bool:
        """Whether input would raise the interrupt."""
        return bool(self.state.ier & IER_RECEIVED)

    # A wider access reaches the one register at its offset, as on QEMU's board.
    def read(self, offset: int, size: int) -> int:
        self.collect()
        value = self._read(offset & 7)
        self.settle()
        return value

    def write(self, offset: int, size: int, value: int) -> None:
        self.collect()
        self._write(offset & 7, value & 0xFF)
        self.settle()

    def open_window(self, harts: Iterable[Hart], controller: Device, console: Console) -> None:
        """Let harts use the port without an exit where that changes nothing else."""
        self.front = Front(self, harts, controller)
        console.settle = self.collect

    @property
    def uses(self) -> int:
        """How many accesses were made without asking."""
        return 0 if self.front is None else self.front.uses

    def collect(self) -> None:
        """Catch up with what was read and written without asking."""
        if self.front is not None and self.front.has_news:
            sent = self.front.collect()
            if sent:
                self.send(sent)
            self.settle(may_toggle=False)

    def _read(self, offset: int) -> int:
        state = self.state
        if offset < 2 and state.lcr & LCR_DLAB:
            return state.divisor >> 8 * offset & 0xFF
        match offset:
            case 0:
                return state.fifo.pop(0) if state.fifo else 0
            case 1:
                return state.ier
            case 2:
                return self._take_iir()
            case 3:
                return state.lcr
            case 4:
                return state.mcr
            case 5:
                return self._take_lsr()
            case 6:
                return self._take_msr()
            case _:
                return state.scr

    def _write(self, offset: int, value: int) -> None:
        state = self.state
        if offset < 2 and state.lcr & LCR_DLAB:
            keep = 0xFF00 if offset == 0 else 0x00FF
            state.divisor = state.divisor & keep | value << 8 * offset
            return
        match offset:
            case 0:
                self._transmit(value)
            case 1:
                self._enable(value & 0xF)
            case 2:
                self._control_fifos(value)
            case 3:
                state.lcr = value
            case 4:
                self._control_modem(value & MCR_BITS)
            case 7:
                state.scr = value
            case _:
                pass  # LSR and MSR are read-only

    def _enable(self, value: int) -> None:
        """Take new interrupt enables; who wants input to interrupt gets what waits outside."""
        state = self.state
        before, state.ier = state.ier, value
        # Enabled while the transmitter is empty, it is raised: drivers test this.
        if value & ~before & IER_SENT:
            state.sent_pending = 1
        if value & ~before & IER_RECEIVED:
            self.is_listening = True
            self.fetch()

    def _transmit(self, value: int) -> None:
        if self.state.mcr & MCR_LOOP:
            self._receive_looped(value)
        else:
            self.send(bytes((value,)))
        self.state.sent_pending = 1

    def _receive_looped(self, value: int) -> None:
        if len(self.state.fifo) < self._capacity():
            self.state.fifo.append(value)
            return
        self.state.overrun = 1
        if not self.state.fcr & FCR_ENABLE:
            self.state.fifo[-1] = value  # without FIFO the new byte destroys the old one

    def _control_fifos(self, value: int) -> None:
        state = self.state
        switched = (value ^ state.fcr) & FCR_ENABLE
        if switched or (value & FCR_ENABLE and value & FCR_CLEAR_RECEIVED):
            self._clear_fifo()
        # "This bit must be a 1 when other FCR bits are written to or they will not be programmed."
        state.fcr = value & FCR_KEPT if value & FCR_ENABLE else 0

    def _clear_fifo(self) -> None:
        """Empty the FIFO. What came from outside arrives once more, later: scripts lose nothing."""
        state = self.state
        if not state.mcr & MCR_LOOP:
            state.held, state.asks = HOLD, ASKS
            state.waiting = (state.fifo + state.waiting)[:WAITING_BYTES]
        state.fifo.clear()

    def _control_modem(self, value: int) -> None:
        before = self._lines()
        self.state.mcr = value
        after = self._lines()
        ring_ended = before & ~after & MSR_RING
        changed = (before ^ after) & ~MSR_RING | ring_ended
        self.state.msr_deltas |= changed >> 4

    def _lines(self) -> int:
        if not self.state.mcr & MCR_LOOP:
            return MSR_CONNECTED
        return sum(status for control, status in LOOPED_LINES if self.state.mcr & control)

    def _take_lsr(self) -> int:
        if not self.state.fifo:
            self._look_outside()
        value = LSR_THR_EMPTY | LSR_IDLE
        value |= LSR_READY if self.state.fifo else 0
        value |= LSR_OVERRUN if self.state.overrun else 0
        self.state.overrun = 0
        return value

    def _look_outside(self) -> None:
        """Ask for input, now and then: who polls does so very often."""
        self.is_listening = True
        if self.state.asks:
            self.state.asks -= 1
            return
        self.fetch()
        self.state.asks = ASKS

    def _take_msr(self) -> int:
        value = self._lines() | self.state.msr_deltas
        self.state.msr_deltas = 0
        return value

    def _take_iir(self) -> int:
        source = self.source()
        if source == IIR_SENT:
            self.state.sent_pending = 0
        return self.named(source)

    def named(self, source: int) -> int:
        """Give IIR as it names a source."""
        return source | (IIR_FIFOS_ON if self.state.fcr & FCR_ENABLE else 0)

    # ------------------------------------------------------------------------ interrupt rule

    def source(self) -> int:
        """Return the pending interrupt of highest priority, as IIR names it."""
        state = self.state
        if state.ier & IER_LINE and state.overrun:
            return IIR_LINE
        if state.ier & IER_RECEIVED and state.fifo:
            return IIR_RECEIVED if len(state.fifo) >= self._trigger() else IIR_TIMEOUT
        if state.ier & IER_SENT and state.sent_pending:
            return IIR_SENT
        if state.ier & IER_MODEM and state.msr_deltas:
            return IIR_MODEM
        return IIR_NONE

    def _trigger(self) -> int:
        return FCR_TRIGGERS[self.state.fcr >> 6] if self.state.fcr & FCR_ENABLE else 1

    def _capacity(self) -> int:
        return FIFO_BYTES if self.state.fcr & FCR_ENABLE else 1

    @property
    def interrupt(self) -> bool:
        """The level of the interrupt output."""
        return self.source() != IIR_NONE

    def settle(self, *, may_toggle: bool = True) -> None:
        """Refill the FIFO from outside and drive the interrupt output."""
        state = self.state
        if state.waiting and not (state.mcr & MCR_LOOP or state.held):
            room = max(0, self._capacity() - len(state.fifo))
            state.fifo += state.waiting[:room]
            del state.waiting[:room]
        if self.front is not None:
            self.front.show(may_toggle)
        # Nothing is enabled most of the time, and this is done on every access.
        if (state.ier or self._was_high) and self.line is not None:
            is_high = self.interrupt
            if is_high is not self._was_high:
                self._was_high = is_high
                self.line(is_high)

    # --------------------------------------------------------------------------- state, tree

    def save(self) -> DeviceState:
        self.collect()
        return save_state(self.state)

    def restore(self, state: DeviceState) -> None:
        self.collect()
        self.state = load_state(UartState, state)
        self.settle()

    def tree(self, site: TreeSite) -> Sequence[TreeNode]:
        properties: dict[str, PropertyValue] = {
            "compatible": "ns16550a",
            "reg": cells64(site.base, site.window),
            "clock-frequency": CLOCK_HZ,
        }
        if site.irq is not None:
            properties["interrupts"] = site.irq
            properties["interrupt-parent"] = site.phandles.number("plic")
        return (TreeNode(f"serial@{site.base:x}", properties),)
