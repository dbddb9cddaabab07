"""A machine as its guest sees it: harts, RAM, devices, the environment below S-mode, and time.

The bare board and a domain are both one; they differ in the `Cpu` that runs the harts. Each
departure from guest code is an `Exit`; what it asks for is done here. Start order: RAM and harts,
devices, loading (`load`), then `run`.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from isa.causes import Cause, describe_cause
from isa.engine.contract import complete_access, refuse_access
from isa.exits import Exit, ExitReason
from isa.hart import Hart
from isa.interrupts import current_mip
from isa.mmu import Access
from isa.state import Slot
from isa.trap import enter_s
from vmm.boot import BootPlan, RamRange
from vmm.bus import Bus, BusFault
from vmm.calls import finish_call
from vmm.config import MachineConfig
from vmm.console import Console
from vmm.contracts import SbiReturn, StopKind, StopRequest
from vmm.cpu import Cpu
from vmm.devices import DEVICES, DeviceHost, attach_all
from vmm.devices.clint import Clint
from vmm.devices.rom import Rom
from vmm.devices.rtc import Rtc
from vmm.devices.uart import Uart
from vmm.exit_log import ExitNotes
from vmm.guest_memory import GuestMemory
from vmm.hypercalls.sbi import EXTENSIONS, SbiTable
from vmm.hypercalls.sbi.hsm import HartState, HartStates
from vmm.idle import skip_idle, watch_outside
from vmm.receiver import Receiver
from vmm.recurrence import Watch
from vmm.see import Platform, enter_machine, enter_supervisor
from vmm.stop import Stop, StopReason
from vmm.timers import NEVER, Timers

if TYPE_CHECKING:
    from vmm.devices.virtio.device import VirtioDevice
    from vmm.extended import Extended
    from vmm.htif import Htif
    from vmm.semihosting import Semihosting

MASK = (1 << 64) - 1
A0, A1, A2, A6, A7 = 10, 11, 12, 16, 17
SLICE = 20_000_000  # instructions between looks at the host: some 0.05 s

# What every exit looks at: finding a member of an enum takes longer than reading a slot.
FUEL, TRAP, MMIO, WFI = ExitReason.FUEL, ExitReason.TRAP, ExitReason.MMIO, ExitReason.WFI
DEBUG, MOVED = ExitReason.DEBUG, ExitReason.MOVED
ECALL_S, BREAKPOINT, STORE = Cause.ECALL_S, Cause.BREAKPOINT, Access.STORE
SEMIHOSTED = int(Slot.SEMIHOSTED)
PC, EXIT, TRAPS, LINES = int(Slot.PC), int(Slot.EXIT), int(Slot.TRAPS), int(Slot.LINES)


class Machine:
    """Harts, RAM, devices and environment of one guest."""

    def __init__(
        self,
        config: MachineConfig,
        memory: GuestMemory,
        cpu: Cpu,
        console: Console,
        *,
        is_watched: bool,
    ) -> None:
        """`is_watched` machines are stopped when their state recurs for ever."""
        self.config = config
        self.memory = memory
        self.cpu = cpu
        self.harts: Sequence[Hart] = cpu.harts
        self.console = console
        self.stop: Stop | None = None
        self.mailbox: Htif | None = None
        self.errands: deque[Callable[[], None]] = deque()  # to be done between instructions
        self.reached: Exit | None = None  # what a debugger's point has stopped
        self.current = 0
        self._notes = ExitNotes()
        self.settled = self.calls = 0  # exits that asked for something; calls, traps too
        self.states = HartStates(range(len(self.harts)), 0)
        self.timers = Timers(self)
        self._quantum = config.quantum if len(self.harts) > 1 else NEVER
        self.turns: deque[int] = deque()  # harts that still have a turn in this round
        self.share = self._quantum  # what is left of the first one's
        self.is_watched = is_watched
        self.watch = Watch(self) if is_watched else None
        self.platform = Platform(self)
        self.extended = _extend(self)
        self._sbi = SbiTable((*EXTENSIONS, *(self.extended.groups() if self.extended else ())))
        is_stepped = self.extended and self.extended.stepped_causes
        self.run_hart = self.extended.step if self.extended and is_stepped else cpu.run
        self.bus = Bus()
        self.virtio = _make_virtio(config)
        host = DeviceHost(
            len(self.harts),
            self.timers.now,
            self.console.write,
            self.end,
            self.timers.changed,
            self._set_external,
            self.console.read,
            memory,
            self.virtio,
            config.is_legacy,
        )
        more = self.extended.devices() if self.extended else ()
        self.devices = attach_all(self.bus, host, (*DEVICES, *more))
        clint, rtc, uart = (self.devices[name] for name in ("clint", "rtc", "uart0"))
        assert isinstance(clint, Clint), "the board has a CLINT"
        assert isinstance(rtc, Rtc), "the board has a clock"
        assert isinstance(uart, Uart), "the board has a serial port"
        self.uart = uart
        uart.open_window(() if self.extended else self.harts, self.devices["plic"], console)
        self.receiver = Receiver(console, uart)
        self._semihosting = _make_semihosting(self) if config.semihosting else None
        self.timers.connect(clint, (rtc,))
        watch_outside(self)

    # ------------------------------------------------------------------------------ starting

    @property
    def ram(self) -> RamRange:
        """Where the guest's RAM is."""
        return RamRange(self.memory.base, self.memory.size)

    def write_memory(self, pa: int, data: bytes) -> None:
        """Write guest RAM, as loading does."""
        self.memory.write(pa, data)

    def load(self, plan: BootPlan) -> None:
        """Put a guest into RAM and its boot hart at its entry."""
        plan.place(self)
        rom = self.devices["rom"]
        assert isinstance(rom, Rom), "the board has a boot ROM"
        rom.content = plan.rom()
        if plan.tohost is not None and self.memory.contains(plan.tohost, 8):
            self.open_mailbox(plan.tohost, plan.fromhost)
        if plan.starts_in_machine_mode(self.ram):
            for hart in self.harts:
                enter_machine(hart, plan.hart_entry(hart.id))
                self.states.request_start(hart.id, plan.hart_entry(hart.id))
                self.states.begin(hart.id)
        else:
            enter_supervisor(self.harts[0], plan.hart_entry(0))

    def open_mailbox(self, tohost: int, fromhost: int | None) -> None:
        """Listen to a program that brings a mailbox for its host."""
        from vmm.htif import Htif

        if fromhost is not None and not self.memory.contains(fromhost, 8):
            fromhost = None
        self.mailbox = Htif(self.memory, self.console, self.end, tohost, fromhost)
        self.timers.watch(self.mailbox)

    def close(self) -> None:
        """Let go of disks and other files; the machine does not run any more."""
        for device in self.virtio.values():
            device.close()

    # ------------------------------------------------------------------------------- running

    def run(self, max_instructions: int | None = None) -> Stop:
        """Run until the guest ends, can make no progress, or has used its instructions.

        After a stop at the bound or for a debugger, running goes on as if there had been none.
        """
        if self.stop is not None and self.stop.reason in (StopReason.BOUND, StopReason.DEBUG):
            self.stop = None
        end = None if max_instructions is None else self.progress + max_instructions
        while self.stop is None:
            while self.errands:
                self.errands.popleft()()
            if end is not None and self.progress >= end:
                self.stop = Stop(StopReason.BOUND, 124, "the bound on instructions was reached")
                break
            budget = SLICE if end is None else min(end - self.progress, SLICE)
            if self.watch is None:
                self.advance(budget)
            else:
                self.watch.advance(budget)
        return self.stop

    @property
    def progress(self) -> int:
        """Instructions that the harts have retired, and traps that they have taken."""
        return sum(hart.progress for hart in self.harts)

    def advance(self, budget: int) -> None:
        """Go on with the turn of one hart; when none can run, to the next event.

        However small the budgets, the harts take turns at the same instructions.
        """
        index = self.next_hart()
        if index is None:
            skip_idle(self)
            return
        before = self.harts[index].progress
        is_over = self._turn(index, min(budget, self.share))
        self.share -= self.harts[index].progress - before
        self.uart.collect()
        if is_over or self.share <= 0:
            self.turns.popleft()
            self.share = self._quantum
            if not self.turns:
                self._level_clocks()

    def finish_turn(self, budget: int) -> bool:
        """Let the hart whose turn it is use its share; say whether the budget was enough."""
        index = self.next_hart()
        end = self.progress + budget
        while self.stop is None and self.turns and self.turns[0] == index:
            if self.progress >= end:
                return False
            self.advance(min(self.share, end - self.progress))
        return True

    def prefer(self, index: int) -> None:
        """Give a hart the next turn, out of order, if it can run at all."""
        if self.next_hart() == index or not self._is_ready(index):
            return
        if index in self.turns:
            self.turns.remove(index)
        self.turns.appendleft(index)
        self.share = self._quantum

    def next_hart(self) -> int | None:
        """Give the hart whose turn it is; every hart that can run has one in a round."""
        if not self.turns:
            self.turns.extend(n for n in range(len(self.harts)) if self._is_ready(n))
            if len(self.harts) > 1:
                for index in self.turns:
                    self.cpu.break_reservation(index)
        return self.turns[0] if self.turns else None

    def _is_ready(self, index: int) -> bool:
        """Say whether a hart can run now; begins what was asked to start."""
        hart = self.harts[index]
        entry = self.states.begin(index)
        if entry is not None:
            self._catch_up(hart)
            enter_supervisor(hart, entry)
        state = self.states.status(index)
        if state is HartState.STOPPED:
            return False
        self.timers.poll(index)
        is_awake = bool(current_mip(hart) & hart.slots[Slot.MIE])
        if state is HartState.SUSPENDED:
            if not is_awake:
                return False
            self._resume(index)
        return is_awake or not hart.slots[Slot.WAITING]

    def _catch_up(self, hart: Hart) -> None:
        hart[Slot.IDLE] += max(0, self.harts[self.current].clock - hart.clock)

    def _resume(self, index: int) -> None:
        entry = self.states.resume(index)
        if entry is not None:
            enter_supervisor(self.harts[index], entry)

    def _turn(self, index: int, share: int) -> bool:
        """Run one hart for `share` instructions; say whether it waits or stopped before."""
        self.current = index
        hart = self.harts[index]
        end = hart.progress + share
        while self.stop is None and (left := end - hart.progress) > 0:
            ahead = self.timers.due[index] - hart.clock
            if ahead <= 0:
                ahead = self.timers.ahead(index)
            exit_ = self.run_hart(index, ahead if ahead < left else left)
            if exit_.reason is FUEL:
                continue
            if exit_.reason is WFI:
                return True
            if exit_.reason is DEBUG:
                self.reached = exit_
                self.stop = Stop(StopReason.DEBUG, 0, f"hart {index} at {exit_.pc:#x}")
                return False
            if exit_.reason is MOVED:
                continue
            self.settle(hart, exit_)
            if self.states.status(index) is not HartState.STARTED:
                return True
        return False

    def forget_point(self) -> None:
        """Go on as if no debugger's point had been reached."""
        if self.stop is not None and self.stop.reason is StopReason.DEBUG:
            self.stop = self.reached = None

    def _level_clocks(self) -> None:
        """Bring all harts to one time: they ran side by side."""
        latest = max(hart.clock for hart in self.harts)
        for hart in self.harts:
            hart[Slot.IDLE] += latest - hart.clock

    # --------------------------------------------------------------------------------- exits

    def _set_external(self, index: int, code: int, is_high: bool) -> None:
        """Raise or lower a hart's external interrupt."""
        slots = self.harts[index].slots
        slots[LINES] = slots[LINES] & ~(1 << code) | is_high << code

    def end(self, request: StopRequest) -> None:
        is_shutdown = request.kind is StopKind.SHUTDOWN
        reason = StopReason.EXIT if is_shutdown else StopReason.RESET
        # A failure stays one when only the low byte of its status is left.
        status = request.status & 0xFF or min(request.status, 1)
        self.stop = Stop(reason, status, f"{request.kind.value} by {request.source}")

    def settle(self, hart: Hart, exit_: Exit) -> None:
        """Do what an exit asks for."""
        self.settled += exit_.reason is not FUEL
        if exit_.reason is MMIO:
            self._access_device(hart, exit_)
        elif exit_.reason is TRAP:
            self._handle_trap(hart, exit_)

    def _access_device(self, hart: Hart, exit_: Exit) -> None:
        """Perform a device access; one that nothing answers is an access fault of the guest."""
        self.uart.collect()
        self._notes.add(hart, exit_, "store" if exit_.access == STORE else "load", exit_.pa)
        event = self.extended.shown(hart, "mmio", exit_) if self.extended else None
        if event is not None:
            if isinstance(event.answer, int):
                complete_access(hart, event.answer)
            return
        if exit_.access == STORE:
            fault = self.bus.write(exit_.pa, exit_.size, exit_.value)
            value: int | BusFault = 0 if fault is None else fault
        else:
            value = self.bus.read(exit_.pa, exit_.size)
        if isinstance(value, BusFault):
            after = refuse_access(hart)
            if after.reason is TRAP:
                self._handle_trap(hart, after)
        else:
            complete_access(hart, value)

    def _handle_trap(self, hart: Hart, exit_: Exit) -> None:
        """Be the M-mode that traps go to: SBI calls, and what is passed on to S-mode."""
        registers = hart.slots
        registers[EXIT] = FUEL
        if exit_.cause == BREAKPOINT and registers[SEMIHOSTED]:
            assert self._semihosting is not None, "ebreak exits only for semihosting"
            self._semihosting.settle(hart)
            return
        if exit_.cause != ECALL_S:
            self._notes.add(hart, exit_, describe_cause(exit_.cause), exit_.tval)
            if self.extended and self.extended.shown(hart, "exception", exit_):
                return
            enter_s(hart, exit_.cause, exit_.tval)
            return
        eid, fid = registers[A7], registers[A6]
        self._notes.add(hart, exit_, eid, fid)
        event = self.extended.shown(hart, "sbi", exit_) if self.extended else None
        if event is not None:
            answer = event.answer
            if answer is not None:
                finish_call(self, hart, SbiReturn(0, answer) if isinstance(answer, int) else answer)
            return
        args = registers[A0:A6].tolist()
        finish_call(self, hart, self._sbi.call(self.platform, hart.id, eid, fid, args))

    @property
    def last_exits(self) -> list[str]:
        """Tell of the last exits to the environment, the latest at the end."""
        return self._notes.told(self._sbi.name)


def _make_virtio(config: MachineConfig) -> "Mapping[int, VirtioDevice]":
    if not config.slots:
        return {}
    from vmm.devices.virtio.make import make_devices

    return make_devices(config.slots)


def _extend(machine: Machine) -> "Extended | None":
    if not machine.config.extras:
        return None
    from vmm.extended import Extended

    return Extended(machine, machine.config.extras)


def _make_semihosting(machine: Machine) -> "Semihosting":
    from vmm.semihosting import Semihosting

    return Semihosting(machine)
