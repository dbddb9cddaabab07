"""Harts to try single instructions on, ours and Spike's, with any ISA string.

A case sets CSRs by number, goes to a privilege level, executes one instruction of a program that
lies in memory, and looks at what came of it. For programs in lock step see `difftest/sides/`.
"""

from collections.abc import Mapping
from typing import Any, Protocol

import isa.engine
from isa import mstatus as ms
from isa.causes import Priv
from isa.csr_file import csr_exists, read_csr, write_csr
from isa.csrs import CSRS
from isa.engine.contract import refuse_access
from isa.exits import ExitReason
from isa.hart import Hart
from isa.isa_string import parse_isa
from isa.memory import Memory
from isa.spec import TABLE
from isa.state import Slot
from isa.trap import Detail
from isa.triggers import TRIGGERS
from isa.words import MASK, Word

RAM, SIZE = 0x8000_0000, 1 << 20
RETURN = RAM + SIZE - 0x1000  # an mret of our own
VIRTUAL = 4  # in a mode: V=1
MODES = {
    "M": int(Priv.M), "S": int(Priv.S), "U": int(Priv.U),
    "VS": Priv.S | VIRTUAL, "VU": Priv.U | VIRTUAL,
}  # fmt: skip


class Machine(Protocol):
    """One hart and its memory."""

    def load(self, parts: Mapping[int, bytes]) -> None:
        """Write memory."""

    def reset(self) -> None:
        """Put the hart in its reset state; memory stays."""

    def has(self, csr: int) -> bool:
        """Say whether there is a CSR."""

    def get(self, csr: int) -> int:
        """Read a CSR, whoever may."""

    def put(self, csr: int, value: int) -> None:
        """Write a CSR, whoever may."""

    def get_x(self, number: int) -> int:
        """Read a register."""

    def set_x(self, number: int, value: int) -> None:
        """Write a register."""

    def step(self, pc: int) -> int:
        """Execute the instruction at `pc`; gives where execution goes on."""

    @property
    def mode(self) -> int:
        """The privilege level, plus VIRTUAL in a guest."""


class OurMachine:
    """One of our engines; like Spike it performs misaligned accesses when it has Zicclsm."""

    def __init__(self, isa_string: str, engine: str) -> None:
        self._engine = isa.engine.load(engine)
        aligned_only = int("zicclsm" not in isa_string)
        self._hart = Hart(
            Memory(RAM, SIZE),
            isa=parse_isa(isa_string),
            choices={Slot.TRAP_DETAIL: Detail.ADDRESSES, Slot.ALIGNED_ONLY: aligned_only},
        )
        self.load({RETURN: TABLE.by_name["mret"].encode().to_bytes(8, "little")})

    def load(self, parts: Mapping[int, bytes]) -> None:
        for at, data in parts.items():
            self._hart.memory.write(at, data)

    def reset(self) -> None:
        self._hart.reset()

    def has(self, csr: int) -> bool:
        return csr_exists(self._hart, Word(csr))

    def get(self, csr: int) -> int:
        return int(read_csr(self._hart, Word(csr)))

    def put(self, csr: int, value: int) -> None:
        write_csr(self._hart, Word(csr), Word(value & MASK))

    def get_x(self, number: int) -> int:
        return self._hart.x[number]

    def set_x(self, number: int, value: int) -> None:
        self._hart.x[number] = value

    def step(self, pc: int) -> int:
        self._hart.pc = pc
        if self._engine.run(self._hart, 1).reason is ExitReason.MMIO:
            refuse_access(self._hart)
        return self._hart.pc

    @property
    def mode(self) -> int:
        return self._hart.slots[Slot.PRIV] | self._hart.slots[Slot.V] << 2


class SpikeMachine:
    """Spike, in process."""

    def __init__(self, isa_string: str) -> None:
        from riscv import _riscv as spike

        layout = [spike.cfg.mem_cfg_t(RAM, SIZE)]
        self._config = spike.cfg.cfg_t(isa=isa_string, priv="msu", mem_layout=layout, start_pc=RAM)
        self._sim = spike.sim.sim_t(
            cfg=self._config, halted=False, plugin_device_factories=[],
            args=["none"], log_path="/dev/null",
        )  # fmt: skip
        self._core: Any = self._sim.get_core(0)
        self._misa = self.get(CSRS.by_name["misa"].number)
        self.load({RETURN: TABLE.by_name["mret"].encode().to_bytes(8, "little")})

    def load(self, parts: Mapping[int, bytes]) -> None:
        mmu = self._core.mmu
        for at, data in parts.items():
            padded = data + bytes(-len(data) % 8)
            for i in range(0, len(padded), 8):
                mmu.load_reserved_64(at + i)
                done = mmu.store_conditional_64(at + i, int.from_bytes(padded[i : i + 8], "little"))
                assert done, f"Spike did not take a write to {at + i:#x}"

    def reset(self) -> None:
        self._core.reset()
        select, control, address, context = (CSRS.by_name[name].number for name in _TRIGGER)
        for index in reversed(range(TRIGGERS)):  # a reset leaves them as they are, and misa
            for csr, value in ((select, index), (control, 0), (address, 0), (context, 0)):
                self.put(csr, value)
        self.put(CSRS.by_name["misa"].number, self._misa)

    def has(self, csr: int) -> bool:
        try:
            self._core.get_csr(csr)
        except RuntimeError:
            return False
        return True

    def get(self, csr: int) -> int:
        return int(self._core.get_csr(csr)) & MASK

    def put(self, csr: int, value: int) -> None:
        self._core.put_csr(csr, value & MASK)

    def get_x(self, number: int) -> int:
        return int(self._core.state.XPR[number]) & MASK

    def set_x(self, number: int, value: int) -> None:
        self._core.state.XPR.write(number, value)

    def step(self, pc: int) -> int:
        self._core.state.pc = pc
        self._core.step(1)
        return int(self._core.state.pc) & MASK

    @property
    def mode(self) -> int:
        return int(self._core.state.prv | self._core.state.v << 2)


_TRIGGER = ("tselect", "tdata1", "tdata2", "tdata3")


def put_all(machine: Machine, values: Mapping[str, int]) -> None:
    """Write CSRs by name, those that are there."""
    for name, value in values.items():
        number = CSRS.by_name[name].number
        if machine.has(number):
            machine.put(number, value)


def enter(machine: Machine, mode: str) -> None:
    """Go from M-mode to a privilege level, by an mret."""
    status, epc = CSRS.by_name["mstatus"].number, CSRS.by_name["mepc"].number
    wanted = MODES[mode]
    bits = (wanted & 3) << ms.MPP_SHIFT | (ms.MPV if wanted & VIRTUAL else 0)
    machine.put(status, machine.get(status) & ~(ms.MPP | ms.MPV) | bits)
    machine.put(epc, RAM)
    machine.step(RETURN)
    assert machine.mode == wanted, f"cannot enter {mode}"
