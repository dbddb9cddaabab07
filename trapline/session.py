"""Running a kernel from Python: `boot`, `run` and `compare`, what the commands do with options.

A run is planned first (files read, everything checked, RAM laid out), then made and run; one plan
serves the bare board and every mode, so that all start from the same state.
"""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from isa.errors import TraplineError
from isa.isa_string import read_isa
from trapline.kernels import Kernel, find_kernel
from trapline.settings import (
    BARE,
    BIOS_WORDS,
    NO_BIOS,
    SOFTTLB,
    Options,
    check_bound,
    check_mode,
    cost_model,
    machine_config,
    tlb_words,
)
from vmm.config import SLOTS, MachineConfig, SlotSpec
from vmm.costs import Refill
from vmm.disks import DiskSpec
from vmm.stats import Account, RunFacts, account, kernel_misses
from vmm.stop import Stop, StopReason

if TYPE_CHECKING:
    from isa.engine import Engine
    from vmm.boot import BootPlan, TreeBuilder
    from vmm.console import Console, InputSource
    from vmm.machine import Machine
    from vmm.snapshot.file import Snapshot

_LOG = logging.getLogger(__name__)
DIFFERENT = 1

Echo = Callable[[bytes], object]


@dataclass(frozen=True)
class Plan:
    """A kernel laid out in RAM, ready to be run in any mode."""

    kernel: Kernel
    options: Options
    boot: "BootPlan"
    snapshot: "Snapshot | None" = None
    """What to go on from, in place of a boot."""

    def config(self, mode: str) -> MachineConfig:
        """Give the machine of a mode, with the kernel's own disk unless others are asked for."""
        if self.snapshot is not None:
            return self.snapshot.config
        config = machine_config(self.options, mode)
        if config.slots or self.kernel.disk is None:
            return config
        disk = DiskSpec(f"the disk of {self.kernel.name}", content=self.kernel.disk)
        return replace(config, slots=(SlotSpec(SLOTS - 1, "blk", disk),))

    def typed(self, data: bytes | None) -> bytes:
        """Give what waits at the console: None is what the catalog says."""
        return self.kernel.input if data is None else data


@dataclass(frozen=True)
class Result:
    """A run that has ended: what the guest printed, what the run cost, and the machine itself."""

    stop: Stop
    console: bytes
    account: Account
    machine: "Machine"
    plan: Plan

    @property
    def exit_status(self) -> int:
        """The guest's own, 124 when the bound was reached, 125 when a domain was stopped."""
        return self.stop.status

    @property
    def text(self) -> str:
        """The console's output as text."""
        return self.console.decode("utf-8", "replace")

    @property
    def diagnosis(self) -> list[str]:
        """Lines on how the run ended and in which state; none when the guest ended it itself."""
        from vmm.diagnosis import diagnose

        return diagnose(self.machine, self.stop, self.plan.boot.symbols)

    def to_json(self) -> dict[str, object]:
        """Return the account under its stable keys, ready for `json.dumps`."""
        return self.account.to_json()


@dataclass(frozen=True)
class Comparison:
    """The same kernel on the bare board and in every mode it is eligible for, by mode."""

    runs: Mapping[str, Result]

    @property
    def options(self) -> Options:
        """What all runs were asked to be."""
        return next(iter(self.runs.values())).plan.options

    @property
    def modes(self) -> list[str]:
        """The modes of the monitor that were run."""
        return [mode for mode in self.runs if mode != BARE]

    @property
    def accounts(self) -> list[Account]:
        """The accounts, the bare board's first."""
        return [result.account for result in self.runs.values()]

    @property
    def console_agrees(self) -> bool:
        """Whether all printed the same."""
        return len({item.facts.console_sha256 for item in self.accounts}) == 1

    @property
    def state_agrees(self) -> bool:
        """Whether all ended in the same architectural state."""
        return len({item.facts.state_sha256 for item in self.accounts}) == 1

    @property
    def exit_status(self) -> int:
        """The guest's own when all agree on what it did, 1 otherwise."""
        if not (self.console_agrees and self.state_agrees):
            return DIFFERENT
        return next(iter(self.runs.values())).exit_status

    def to_json(self) -> dict[str, object]:
        """Return the accounts by mode, and whether they agree, ready for `json.dumps`."""
        from trapline.overhead import overheads

        return {
            "guest": self.accounts[0].facts.guest,
            "console_agrees": self.console_agrees,
            "state_agrees": self.state_agrees,
            "overhead": overheads(self),
            "runs": {mode: result.to_json() for mode, result in self.runs.items()},
        }


# ---------------------------------------------------------------------- the Python interface


def run(
    program: str,
    *,
    input: bytes | None = None,  # noqa: A002
    echo: Echo | None = None,
    **options: Any,
) -> Result:
    """Run a kernel on the bare board; `options` are the fields of `trapline.settings.Options`.

    `input` waits at the console: without it, what the catalog has for a bundled guest. `echo` gets
    the console's output as it comes.
    """
    plan = make_plan(program, Options(**options), BARE)
    return execute(plan, BARE, load_engine(plan), make_console(echo, plan.typed(input)))


def boot(
    guest: str,
    *,
    mode: str = SOFTTLB,
    input: bytes | None = None,  # noqa: A002
    echo: Echo | None = None,
    **options: Any,
) -> Result:
    """Run a kernel as a domain under the monitor, its memory virtualized by `mode`."""
    plan = make_plan(guest, Options(**options), check_mode(mode))
    return execute(plan, mode, load_engine(plan), make_console(echo, plan.typed(input)))


def compare(
    guest: str,
    *,
    input: bytes | None = None,  # noqa: A002
    **options: Any,
) -> Comparison:
    """Run a kernel on the bare board and in every mode it is eligible for, TLBs modelled."""
    chosen: dict[str, Any] = {"tlb": "exact"} | options | {"snapshot": True}
    return compare_plan(make_plan(guest, Options(**chosen), SOFTTLB), input)


# ------------------------------------------------------------------------------------- steps


def make_console(
    echo: Echo | None = None,
    data: bytes = b"",
    source: "InputSource | None" = None,
) -> "Console":
    """Make a console with `data` waiting; `source` is asked for more when that has been read."""
    from vmm.console import INPUT_BYTES, Console

    console = Console(echo, source=source)
    if console.feed(data) < len(data):
        raise TraplineError(f"an input of {len(data)} bytes: at most {INPUT_BYTES} can wait")
    return console


def make_plan(program: str, options: Options, mode: str) -> Plan:
    """Find the kernel, check the options and lay out RAM; raise TraplineError for what is wrong."""
    machine_config(options, mode)
    return plan_kernel(find_kernel(program), options, mode)


def plan_kernel(kernel: Kernel, options: Options, mode: str) -> Plan:
    """Plan a run of a kernel that has been found, or made."""
    options = replace(options, isa=kernel.isa(options.isa))
    check_bound(options.max_instructions)
    cost_model(options)
    if not kernel.may_run_in(mode):
        raise TraplineError(f"guest {kernel.name} is not made for mode {mode}")
    return Plan(kernel, options, lay_out(kernel, options, machine_config(options, mode)))


def plan_to_go_on(filename: str, options: Options) -> tuple[Plan, str]:
    """Read a snapshot; give the plan of its machine and its mode, or raise TraplineError."""
    from vmm.boot import BootPlan
    from vmm.elf import Symbols
    from vmm.snapshot.file import read_snapshot

    check_bound(options.max_instructions)
    cost_model(options)
    snapshot = read_snapshot(filename)
    if snapshot.mode != BARE:
        check_mode(snapshot.mode)
    nothing = BootPlan(snapshot.guest, 0, 0, (), Symbols(), None)
    return Plan(Kernel(snapshot.guest, b""), options, nothing, snapshot), snapshot.mode


def lay_out(kernel: Kernel, options: Options, config: MachineConfig) -> "BootPlan":
    """Say what goes where in RAM, firmware and device tree included."""
    from vmm.boot import PAYLOAD_OFFSET, RamRange, plan_boot, read_file, read_image
    from vmm.devices import RAM_BASE

    ram = RamRange(RAM_BASE, config.ram)
    has_firmware = options.bios not in BIOS_WORDS
    is_alone = has_firmware and options.bios == kernel.name
    at = 0 if is_alone or options.bios == NO_BIOS else PAYLOAD_OFFSET
    image = read_image(kernel.name, kernel.data, ram, at)
    firmware = None
    if has_firmware and not is_alone:
        firmware = read_image(options.bios, read_file(options.bios), ram, 0)
    disk = None if options.initrd is None else (options.initrd, read_file(options.initrd))
    is_machine_mode = True if is_alone or options.bios == NO_BIOS else None
    tree = _tree_builder(options, config)
    return plan_boot(image, ram, tree, disk, firmware, is_machine_mode=is_machine_mode)


def _tree_builder(options: Options, config: MachineConfig) -> "TreeBuilder":
    """Give what makes the device tree: our own, or the one in a file, which stays as it is."""
    from vmm.boot import read_file
    from vmm.fdt import check_blob
    from vmm.tree import machine_tree

    if options.dtb is None:
        return lambda where: machine_tree(config, where)
    if options.append or options.initrd:
        raise TraplineError("--dtb: the command line and initial RAM disk have to be in the tree")
    tree = check_blob(options.dtb, read_file(options.dtb))
    return lambda _where: tree


def load_engine(plan: Plan) -> "Engine":
    """Load the engine that a plan asks for; compiles it when that has not been done before."""
    import isa.engine
    from trapline.progress import show_progress

    show_progress()
    missing = read_isa(plan.options.isa).missing
    if missing:
        _LOG.info("--isa %s is taken without %s", plan.options.isa, ", ".join(missing))
    return isa.engine.load(plan.options.engine)


def execute(
    plan: Plan,
    mode: str,
    engine: "Engine",
    console: "Console",
    bound: int | None = None,
    started: Callable[["Machine"], None] | None = None,
    drive: Callable[["Machine", int | None], Stop] | None = None,
) -> Result:
    """Make the machine of a mode, run the plan on it, and account for it.

    `bound` is one on instructions beside that of the options; `started` is shown the machine;
    `drive` runs it up to a bound, in place of `Machine.run`.
    """
    config = plan.config(mode)
    machine = make_machine(config, mode, engine, console)
    if plan.snapshot is None:
        machine.load(plan.boot)
    else:
        plan.snapshot.restore(machine)
    if started is not None:
        started(machine)
    cpu_before, wall_before = time.process_time(), time.perf_counter()
    bounds = [limit for limit in (plan.options.max_instructions, bound) if limit is not None]
    try:
        least = min(bounds, default=None)
        stop = machine.run(least) if drive is None else drive(machine, least)
    finally:
        machine.close()
    cpu_s, wall_s = time.process_time() - cpu_before, time.perf_counter() - wall_before
    return result_of(plan, mode, engine, machine, stop, cpu_s, wall_s)


def result_of(
    plan: Plan,
    mode: str,
    engine: "Engine",
    machine: "Machine",
    stop: Stop,
    cpu_s: float,
    wall_s: float,
) -> Result:
    """Account for a run that has ended."""
    from vmm.memory import find_mode
    from vmm.state_hash import state_sha256

    facts = RunFacts(
        guest=plan.kernel.name,
        mode=mode,
        engine=engine.name,
        tlb=tlb_words(machine.config, mode),
        cpu_s=cpu_s,
        wall_s=wall_s,
        exit_status=stop.status,
        stop_reason=stop.reason.value,
        console_sha256=machine.console.sha256,
        state_sha256=state_sha256(machine),
        is_exact=machine.config.tlb is not None,
        refill=Refill.SOFTWARE if mode == BARE else find_mode(mode).refill,
    )
    made = account(machine.cpu.counters(), cost_model(plan.options), facts)
    return Result(stop, machine.console.output, made, machine, plan)


def make_machine(
    config: MachineConfig, mode: str, engine: "Engine", console: "Console"
) -> "Machine":
    """Make the bare board, or a domain."""
    if mode == BARE:
        from vmm.board import make_board

        return make_board(config, engine, console)
    from vmm.domain import make_domain

    return make_domain(config, engine, console, mode)


def compare_plan(plan: Plan, typed: bytes | None = None) -> Comparison:
    """Run a plan on the bare board and in every mode.

    A kernel that only the monitor stops would spin for ever on the bare board. So the modes come
    first, and the board is then bounded by what a stopped domain did.
    """
    engine = load_engine(plan)
    data = plan.typed(typed)
    domains = {
        mode: execute(plan, mode, engine, make_console(None, data)) for mode in plan.kernel.modes
    }
    stuck = [result for result in domains.values() if result.stop.reason is StopReason.STUCK]
    bound = max((_progress(result) for result in stuck), default=None)
    bare = execute(plan, BARE, engine, make_console(None, data), bound)
    misses = kernel_misses(bare.machine.cpu.counters())
    return Comparison(
        {BARE: bare} | {mode: _against(result, misses) for mode, result in domains.items()}
    )


def _progress(result: Result) -> int:
    return sum(hart.progress for hart in result.machine.harts)


def _against(result: Result, bare_kernel_misses: int) -> Result:
    """Account once more for a domain's run, now that the bare board's misses are known."""
    made = account(
        result.machine.cpu.counters(),
        cost_model(result.plan.options),
        result.account.facts,
        bare_kernel_misses=bare_kernel_misses,
    )
    return replace(result, account=made)
