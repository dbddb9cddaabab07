"""Unicorn as a side, for programs that only compute.

Its privileged state is that of an older version of the manual, and is not compared.
"""

from typing import Any

from difftest.program import RAM_BASE, RAM_SIZE, Program
from difftest.sides import Stop
from difftest.state import State

MACHINE_MODE = 3


class UnicornSide:
    """Unicorn's RV64 hart with RAM and nothing else."""

    name = "unicorn"
    taken = 0

    def __init__(self, ram_size: int = RAM_SIZE) -> None:
        import unicorn
        from unicorn import riscv_const

        self._unicorn = unicorn
        self._registers = [getattr(riscv_const, f"UC_RISCV_REG_X{i}") for i in range(32)]
        self._pc = riscv_const.UC_RISCV_REG_PC
        self._uc: Any = None
        self._ram_size = ram_size

    def load(self, program: Program) -> None:
        """Start anew with a program."""
        unicorn = self._unicorn
        self._uc = unicorn.Uc(unicorn.UC_ARCH_RISCV, unicorn.UC_MODE_RISCV64)
        self._uc.mem_map(RAM_BASE, self._ram_size)
        for at, raw in program.segments().items():
            self._uc.mem_write(at, raw)
        for number, value in enumerate(program.x[1:], start=1):
            self.set_x(number, value)
        self._uc.reg_write(self._pc, program.start)

    def step(self, count: int = 1) -> Stop:
        """Execute `count` instructions."""
        self._uc.emu_start(self._uc.reg_read(self._pc), 0, count=count)
        return Stop.NONE

    def state(self, *, with_csrs: bool) -> State:
        """Read the registers."""
        x = tuple(self._uc.reg_read(number) for number in self._registers)
        return State(self._uc.reg_read(self._pc), MACHINE_MODE, x)

    def took_trigger(self) -> bool:
        """Say no: our side is asked."""
        return False

    def memory(self) -> bytes:
        """Read all RAM."""
        return bytes(self._uc.mem_read(RAM_BASE, self._ram_size))

    def has_reservation(self) -> bool:
        """Say that there is none: our side is asked."""
        return False

    def word_at_pc(self) -> int | None:
        """Tell nothing: our side is asked."""
        return None

    def set_x(self, number: int, value: int) -> None:
        """Set a register."""
        self._uc.reg_write(self._registers[number], value)

    def set_csr(self, name: str, value: int) -> None:
        """Do nothing: no CSR is compared."""

    def set_memory(self, pa: int, value: int) -> None:
        """Set 8 bytes of RAM."""
        self._uc.mem_write(pa, value.to_bytes(8, "little"))
