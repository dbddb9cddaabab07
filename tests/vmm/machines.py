"""Machines for tests: guests of a few lines of assembly, run bare and in a domain, compared."""

import functools
from collections.abc import Iterable, Sequence
from functools import cache

from assembler import assemble, link
from isa import engine as engines_of
from isa.engine.contract import Engine
from isa.state import Slot
from vmm.board import make_board
from vmm.boot import BootPlan, RamRange
from vmm.config import R10000_TLB, MachineConfig, TlbShape
from vmm.console import Console
from vmm.domain import make_domain
from vmm.elf import Segment, Symbols, read_elf
from vmm.machine import Machine
from vmm.memory import MODES
from vmm.memory.contract import MemoryMode
from vmm.state_hash import state_sha256
from vmm.stop import Stop

RAM = 0x8000_0000
S_ENTRY = 0x8020_0000
MAKERS = {"bare": make_board} | {name: functools.partial(make_domain, mode=name) for name in MODES}
LOST = (Slot.SINK,)
"""Slots that hold leftovers of how an engine works; the same guest may leave others there."""

SCRIPT = "SECTIONS {{ . = {base:#x}; .text : {{ *(.text) *(.data) *(.bss) }} }}"

POWER_OFF = """
power_off:
    li a7, 0x53525354
    li a6, 0
    li a0, 0
    li a1, 0
    ecall
"""
PASS = """
pass:
    li t0, 0x100000
    li t1, 0x5555
    sw t1, 0(t0)
    j pass
"""


@cache
def load(name: str | None = None) -> Engine:
    """Give an engine, the same one each time."""
    return engines_of.load(name)


def code(text: str, base: int) -> bytes:
    """Assemble and link a text at an address; give the bytes from there on."""
    script = SCRIPT.format(base=base)
    image = link([assemble(text, filename="guest.s", relax=False)], script=script)
    loaded = read_elf("guest", image.to_bytes())
    end = max(segment.pa + len(segment.data) for segment in loaded.segments)
    data = bytearray(end - base)
    for segment in loaded.segments:
        assert segment.pa >= base, f"a segment at {segment.pa:#x} is below {base:#x}"
        data[segment.pa - base : segment.pa - base + len(segment.data)] = segment.data
    return bytes(data)


def plan(parts: Iterable[tuple[int, bytes]], entry: int, ram: RamRange) -> BootPlan:
    """Plan a boot of the given bytes, with a page of zeros for a device tree."""
    segments = [Segment("part", at, data, len(data)) for at, data in parts]
    return BootPlan("guest", entry, ram.end - 4096, tuple(segments), Symbols(), None)


def make(
    mode: str | MemoryMode,
    engine: Engine,
    text: str | bytes,
    *,
    entry: int = S_ENTRY,
    ram: int = 4 << 20,
    tlb: TlbShape | None = R10000_TLB,
    more: Sequence[tuple[int, bytes]] = (),
    **settings: object,
) -> Machine:
    """Make a machine with a guest loaded; it starts in M-mode when `entry` is below S_ENTRY."""
    config = MachineConfig(ram=ram, tlb=tlb, **settings)  # type: ignore[arg-type]
    output = bytearray()
    maker = MAKERS[mode] if isinstance(mode, str) else functools.partial(make_domain, mode=mode)
    machine = maker(config, engine, Console(output.extend))
    data = text if isinstance(text, bytes) else code(text, entry)
    machine.load(plan([(entry, data), *more], entry, machine.ram))
    machine.output = output  # type: ignore[attr-defined]
    return machine


def registers(machine: Machine, *, without: Sequence[Slot] = LOST) -> list[dict[str, int]]:
    """Give every architectural slot of every hart by name."""
    slots = [slot for slot in list(Slot)[: Slot.ARCH_END] if slot not in without]
    return [{slot.name: hart.slots[slot] for slot in slots} for hart in machine.harts]


def run(machine: Machine, limit: int = 100_000) -> Stop:
    return machine.run(limit)


def run_everywhere(
    text: str | bytes,
    *,
    limit: int = 100_000,
    engines: Sequence[Engine] = (),
    modes: Iterable[str] = tuple(MAKERS),
    **settings: object,
) -> Machine:
    """Run a guest bare and in each mode on each engine; all must agree; gives the last machine."""
    first: tuple[str, Machine, Stop] | None = None
    machine: Machine | None = None
    for engine in engines or [load("interpreter")]:
        for mode in modes:
            machine = make(mode, engine, text, **settings)  # type: ignore[arg-type]
            stop = machine.run(limit)
            name = f"{mode} {engine.name}"
            if first is None:
                first = name, machine, stop
                continue
            assert_same(first, (name, machine, stop))
    assert machine is not None
    return machine


def assert_same(one: tuple[str, Machine, Stop], two: tuple[str, Machine, Stop]) -> None:
    """Compare two machines' harts, memory, console and ends."""
    names = f"{one[0]} and {two[0]}"
    for number, (a, b) in enumerate(zip(registers(one[1]), registers(two[1]), strict=True)):
        different = {name: (hex(a[name]), hex(b[name])) for name in a if a[name] != b[name]}
        assert not different, f"{names}, hart {number}: {different}"
    assert ends(one[2]) == ends(two[2]), names
    assert one[1].output == two[1].output, names  # type: ignore[attr-defined]
    assert state_sha256(one[1]) == state_sha256(two[1]), names


def ends(stop: Stop) -> str:
    """Name how a run ended; only a domain is stopped as stuck, a board goes on to its bound."""
    return "hopeless" if stop.reason.value in ("idle", "stuck", "bound") else stop.reason.value
