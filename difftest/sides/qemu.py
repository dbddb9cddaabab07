"""QEMU's `virt` board as a side, stepped through its gdb stub.

RAM is a file that this process maps too: read there, but written through the stub, which drops
translated code. A locked PMP entry needs a new process. What of QEMU differs legally from our
machine is in `difftest/reconcile.py`.
"""

import mmap
import shutil
import tempfile
import weakref
from pathlib import Path

from difftest.frame import csr_exists
from difftest.program import ISA_OF_QEMU, RAM_BASE, RAM_SIZE, Program, pack
from difftest.sides import Stop
from difftest.sides.gdb_remote import GdbRemote
from difftest.snippets import asm
from difftest.state import STATE_CSRS, State
from isa.causes import Priv
from isa.csrs import CSRS
from isa.extensions import BITS
from isa.isa_string import parse_isa
from isa.pmp import ALL_ADDRESSES, OPEN_CONFIG
from isa.pte import PAGE_SIZE

PROGRAM = "qemu-system-riscv64"
PC, F0 = 32, 33  # the stub's numbers of registers; then privilege and CSRs, after 32 or none
TIMER = 0x200_4000  # mtimecmp of the CLINT
CHUNK = 1024  # bytes of memory in a packet
LOWERED = (
    *("M", "A", "F", "D", "C", "Zba", "Zbb", "Zbc", "Zbs", "Zbkb", "Zbkc", "Zbkx"),
    *("Zknd", "Zkne", "Zknh", "Zksed", "Zksh", "Svinval", "Svnapot", "Svpbmt"),
)
SWITCHES = {"Zfh": "Zfh"} | {name: name.lower() for name in LOWERED}
"""What an extension is called on the command line."""
ALWAYS_OFF = ("h", "sstc", "debug")  # what it does not show, derives from its own time, or numbers
STUB = (asm("fence.i"), asm("sfence.vma", rs1=0, rs2=0), asm("sc.d", rd=0, rs1=5, rs2=0, aqrl=0))


class QemuSide:
    """QEMU with one hart and RAM; a process for each ISA in turn."""

    name = "qemu"
    taken = 0

    def __init__(self, ram_size: int = RAM_SIZE) -> None:
        if shutil.which(PROGRAM) is None:
            raise ImportError(f"no {PROGRAM} in the path")
        self._ram_size = ram_size
        self._folder = Path(tempfile.mkdtemp())
        weakref.finalize(self, shutil.rmtree, self._folder)
        self._isa = ""
        self._stub: GdbRemote
        self._start(ISA_OF_QEMU)

    def _start(self, isa: str) -> None:
        """Begin a new process; everything is as out of reset."""
        if self._isa:
            self._stub.close()
        self._isa = isa
        image = self._folder / "ram"
        image.write_bytes(bytes(self._ram_size))
        bits = parse_isa(isa)
        switches = [
            f"{name}={str(bool(bits & BITS[ext])).lower()}" for ext, name in SWITCHES.items()
        ]
        switches += [f"{name}=false" for name in ALWAYS_OFF]
        self._stub = GdbRemote((
            *(PROGRAM, "-M", "virt,memory-backend=ram", "-m", f"{self._ram_size}B", "-object"),
            f"memory-backend-file,id=ram,size={self._ram_size},mem-path={image},share=on",
            *("-cpu", ",".join(["rv64", *switches, "pmu-num=0"]), "-bios", "none", "-S"),
            *("-display", "none", "-monitor", "none", "-serial", "none", "-gdb", "stdio"),
        ))  # fmt: skip
        self._stub.ask("qSupported", "qXfer:features:read:target.xml:0,ffb")
        self._stub.ask("Qqemu.PhyMemMode:1", "Qqemu.sstep=1")
        self._write(TIMER, b"\xff" * 8)  # never
        with image.open("r+b") as file:
            self._ram = mmap.mmap(file.fileno(), self._ram_size)
        names = [name for name in STATE_CSRS if csr_exists(name, isa)]
        self._priv = F0 + (32 if bits & BITS["F"] else 0)
        answers = self._stub.ask(*map(self._asking_for, names))
        found = {name: _number(text) for name, text in zip(names, answers, strict=True)}
        self._fresh_csrs = {name: value for name, value in found.items() if value is not None}

    def load(self, program: Program) -> None:
        """Start anew with a program."""
        if program.isa != self._isa or not self._reset():
            self._start(program.isa)
            self._reset()
        wanted = bytearray(self._ram_size)
        for at, raw in program.segments().items():
            wanted[at - RAM_BASE : at - RAM_BASE + len(raw)] = raw
        for page in range(0, self._ram_size, PAGE_SIZE):
            if wanted[page : page + PAGE_SIZE] != self._ram[page : page + PAGE_SIZE]:
                self._write(RAM_BASE + page, bytes(wanted[page : page + PAGE_SIZE]))
        for name, value in program.csrs.items():
            if name in self._fresh_csrs:
                self.set_csr(name, value)
        self._set_registers(program.x, program.start)

    def _reset(self) -> bool:
        """Make registers as out of reset, drop what is cached; say whether that was possible."""
        self._put(self._priv, Priv.M)
        for name, value in self._fresh_csrs.items():
            self.set_csr(name, value)
        is_fresh = self._csrs() == self._fresh_csrs
        for name, value in (("pmpaddr0", ALL_ADDRESSES), ("pmpcfg0", OPEN_CONFIG)):
            self.set_csr(name, value)
        if "fcsr" in self._fresh_csrs:
            self._stub.ask(*(f"P{F0 + i:x}={_hex(0)}" for i in range(32)))
        self._write(RAM_BASE, pack(STUB))
        self._set_registers((0,) * 5 + (RAM_BASE + PAGE_SIZE,) + (0,) * 26, RAM_BASE)
        self.step(len(STUB))
        return is_fresh

    def _set_registers(self, x: tuple[int, ...], pc: int) -> None:
        self._stub.ask("G" + "".join(_hex(value) for value in (*x, pc)))

    def _put(self, number: int, value: int) -> None:
        self._stub.ask(f"P{number:x}={_hex(value)}")

    def _write(self, at: int, raw: bytes) -> None:
        pieces = range(0, len(raw), CHUNK)
        for i in pieces:
            piece = raw[i : i + CHUNK]
            self._stub.ask(f"M{at + i:x},{len(piece):x}:{piece.hex()}")

    def step(self, count: int = 1) -> Stop:
        """Execute `count` instructions; a trap counts as one, and so does an interrupt."""
        for _ in range(count):
            self._stub.ask("s")
        return Stop.NONE

    def state(self, *, with_csrs: bool) -> State:
        """Read the registers."""
        has_floats = with_csrs and "fcsr" in self._fresh_csrs
        floats = [f"p{F0 + i:x}" for i in range(32)] if has_floats else []
        registers, priv, *rest = self._stub.ask("g", f"p{self._priv:x}", *floats)
        words = memoryview(bytes.fromhex(registers)).cast("Q")
        csrs = self._csrs() if with_csrs else {}
        f = tuple(_number(text) or 0 for text in rest)
        return State(words[PC], _number(priv) or 0, tuple(words[:PC]), csrs, {}, f)

    def _csrs(self) -> dict[str, int]:
        """Read the CSRs that the current mode may read: satp is not to be had under TVM."""
        answers = self._stub.ask(*map(self._asking_for, self._fresh_csrs))
        found = dict(zip(self._fresh_csrs, map(_number, answers), strict=True))
        return {name: value for name, value in found.items() if value is not None}

    def _number_of(self, name: str) -> int:
        return self._priv + 1 + CSRS.by_name[name].number

    def _asking_for(self, name: str) -> str:
        return f"p{self._number_of(name):x}"

    def took_trigger(self) -> bool:
        """Say no: our side is asked."""
        return False

    def has_reservation(self) -> bool:
        """Say that there is none: looking at memory does no harm here."""
        return False

    def memory(self) -> bytes:
        """Read all RAM."""
        return self._ram[:]

    def word_at_pc(self) -> int | None:
        """Tell nothing: our side is asked."""
        return None

    def set_x(self, number: int, value: int) -> None:
        """Set a register."""
        self._put(number, value)

    def set_csr(self, name: str, value: int) -> None:
        """Set a CSR."""
        self._put(self._number_of(name), value)

    def set_memory(self, pa: int, value: int) -> None:
        """Set 8 bytes of RAM."""
        self._write(pa, value.to_bytes(8, "little"))


def _hex(value: int) -> str:
    """Give a register as the protocol does."""
    return value.to_bytes(8, "little").hex()


def _number(text: str) -> int | None:
    """Read a register; None when the stub has none such."""
    return int.from_bytes(bytes.fromhex(text), "little") if text and text[0] != "E" else None
