"""A debugger sees what the hart's translation leads to, and looking changes nothing."""

from typing import Any

import pytest

from guests import build
from isa.causes import Priv
from isa.mmu import fetch
from isa.probe import Probe
from isa.state import Slot
from isa.words import Word
from tests.vmm.gdb.bench import Client, serving
from tests.vmm.machines import MAKERS, load
from vmm.boot import plan_boot, read_image
from vmm.config import R10000_TLB, MachineConfig
from vmm.console import Console
from vmm.gdb.memory import Sight
from vmm.tree import machine_tree

USER_CODE = 0x10000


@pytest.fixture(params=sorted(MAKERS))
def machine(request):
    """Give a machine whose guest has translation on and executes a user program."""
    config = MachineConfig(ram=16 << 20, tlb=R10000_TLB)
    made = MAKERS[request.param](config, load("interpreter"), Console())
    image = read_image("tick", build("tick"), made.ram, 0x20_0000)
    made.load(plan_boot(image, made.ram, lambda where: machine_tree(config, where)))
    made.run(60_000)
    while made.harts[0].priv is not Priv.U:
        made.run(1)
    return made


def test_memory_is_seen_through_the_tables(machine):
    hart, sight = machine.harts[0], Sight(machine)
    probe: Any = Probe(hart)
    assert hart.slots[Slot.SATP] >> 60 == 8
    found = sight.read(hart, hart.pc, 4)
    assert int.from_bytes(found, "little") == int(fetch(probe, Word(hart.pc)))
    # The kernel is there too, though not for the user.
    assert sight.read(hart, hart.csr["stvec"], 16) == machine.memory.read(hart.csr["stvec"], 16)
    assert sight.read(hart, 0x123_4567_8000, 4) == b""


def test_looking_changes_nothing(machine):
    hart, sight = machine.harts[0], Sight(machine)
    before = bytes(hart.slots), bytes(hart.tlb), dict(machine.memory.filled_pages())
    for at in (0, hart.pc, 0x40_0000, hart.csr["stvec"], 0x1000_0000, 1 << 38, (1 << 64) - 8):
        sight.read(hart, at, 64)
    assert (bytes(hart.slots), bytes(hart.tlb)) == before[:2]
    assert dict(machine.memory.filled_pages()) == before[2]


def test_an_address_may_be_a_physical_one(machine):
    hart, sight = machine.harts[0], Sight(machine)
    sight.is_physical = True
    assert sight.read(hart, hart.pc, 4) == b""  # no RAM is so low
    assert sight.write(hart, machine.memory.base + 0x100, b"abc")
    assert machine.memory.read(machine.memory.base + 0x100, 3) == b"abc"


@pytest.mark.parametrize("mode", sorted(MAKERS))
def test_a_breakpoint_is_set_before_there_is_a_page(mode):
    config = MachineConfig(ram=16 << 20, tlb=R10000_TLB)
    machine = MAKERS[mode](config, load("interpreter"), Console())
    image = read_image("tick", build("tick"), machine.ram, 0x20_0000)
    machine.load(plan_boot(image, machine.ram, lambda where: machine_tree(config, where)))
    with serving(machine) as (server, _ended):
        client = Client(server.port)
        assert client.ask(f"Z0,{USER_CODE:x},4") == "OK"
        assert client.ask("vCont;c").startswith("T05")
        hart = machine.harts[0]
        assert (hart.pc, hart.priv) == (USER_CODE, Priv.U)
        assert hart.slots[Slot.SATP] >> 60 == 8
        client.send("k")
        client.close()
