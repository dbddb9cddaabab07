"""Machines as a whole: slices, sizes, and what bad guests and configurations do to them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isa.errors import TraplineError
from isa.state import Slot
from tests.conftest import engine_names
from tests.vmm import soup
from tests.vmm.machines import (
    MAKERS,
    PASS,
    POWER_OFF,
    RAM,
    S_ENTRY,
    load,
    make,
    registers,
    run_everywhere,
)
from vmm.config import MachineConfig, TlbShape
from vmm.state_hash import state_sha256
from vmm.stop import StopReason

BUSY = """
    # Timer interrupts, traps, device accesses and calls all along, without end.
    la t0, handler
    csrw stvec, t0
    li t0, 0x20
    csrw sie, t0
    csrsi sstatus, 2
    li s0, 0x10000000
    j arm
1:  addi s1, s1, 1
    lbu s2, 5(s0)
    ebreak
    csrr s3, sstatus
    andi t0, s1, 15
    bnez t0, 1b
    wfi
    j 1b
    .balign 4
handler:
    csrr t0, scause
    bltz t0, arm
    csrr t0, sepc
    addi t0, t0, 4
    csrw sepc, t0
    sret
arm:
    csrr t0, sepc
    bnez t0, 2f
    la t0, 1b
    csrw sepc, t0
    csrr t0, sstatus
    ori t0, t0, 0x120
    csrw sstatus, t0
2:  rdtime a0
    addi a0, a0, 3
    li a7, 0x54494D45
    li a6, 0
    ecall
    addi s4, s4, 1
    sret
"""


@pytest.mark.parametrize("mode", MAKERS)
@pytest.mark.parametrize("harts", [1, 3])
@pytest.mark.parametrize("slice_", [1, 7, 1000])
def test_running_in_slices_changes_nothing(engine, mode, harts, slice_):
    text = BUSY if harts == 1 else START_ALL.format(harts=harts, then=BUSY)
    whole, parts = (make(mode, engine, text, harts=harts, tick=10, quantum=37) for _ in range(2))
    whole.run(6000)
    for _ in range(0, 6000, slice_):
        parts.run(min(slice_, 6000 - parts.progress))
    assert whole.progress == parts.progress == 6000
    assert whole.harts[harts - 1].slots[Slot.X20] > 5, "timers did not interrupt"
    assert registers(whole) == registers(parts)
    assert dict(whole.cpu.counters()) == dict(parts.cpu.counters())


START_ALL = """
    # Start every other hart at `then`.
    li s11, 1
1:  li t0, {harts}
    beq s11, t0, then
    mv a0, s11
    la a1, then
    li a2, 0
    li a7, 0x48534D
    li a6, 0
    ecall
    addi s11, s11, 1
    j 1b
    .balign 4
then:
{then}
"""


@pytest.mark.parametrize("mode", MAKERS)
def test_two_runs_are_the_same_run(engine, mode):
    text = START_ALL.format(harts=2, then=BUSY)
    one, two = (make(mode, engine, text, harts=2, tick=10) for _ in range(2))
    assert one.run(20_000) == two.run(20_000)
    assert state_sha256(one) == state_sha256(two)
    assert list(one.last_exits) == list(two.last_exits)


def test_both_modes_and_engines_are_in_the_same_state_when_a_bound_stops_them():
    for limit in (1, 100, 4321):
        engines = [load(name) for name in engine_names()]
        run_everywhere(BUSY, engines=engines, limit=limit, tick=10)


def test_the_least_ram_is_enough(engine):
    machine = run_everywhere("    li s0, 5\n" + PASS, engines=[engine], ram=64 << 10, entry=RAM)
    assert machine.stop is not None
    assert machine.stop.reason is StopReason.EXIT


def test_ram_need_not_be_whole_megapages(engine):
    ram = (2 << 20) + (20 << 10)
    guest = f"""
    la t0, vector
    csrw stvec, t0
    li t0, {RAM + ram}
    sd t0, -8(t0)
    ld s0, -8(t0)
    ld s1, -4(t0)                       # half of it is beyond the end
    li s3, 1
    ld s1, 0(t0)
    li s3, 2
    j power_off
    .balign 4
vector:
    csrr s2, scause
    csrr s4, sepc
    addi s4, s4, 4
    csrw sepc, s4
    addi s5, s5, 1
    sret
"""
    (hart,) = registers(run_everywhere(guest + POWER_OFF, engines=[engine], ram=ram))
    assert (hart["X8"], hart["X18"], hart["X21"]) == (RAM + ram, 5, 2)


@pytest.mark.parametrize(
    "settings",
    [
        {"ram": 4096},
        {"ram": (64 << 10) + 1},
        {"ram": 1 << 50},
        {"harts": 0},
        {"harts": 9},
        {"tick": 0},
        {"tick": -1},
        {"quantum": 0},
        {"tlb": TlbShape(3, 1)},
        {"tlb": TlbShape(1, 0)},
        {"tlb": TlbShape(0, 4)},
        {"tlb": TlbShape(1 << 20, 1)},
        {"second": TlbShape(6, 4)},
        {"second": TlbShape(1, -1)},
    ],
)
def test_an_impossible_configuration_is_refused(settings):
    with pytest.raises(TraplineError):
        MachineConfig(**settings)


@settings(max_examples=25)
@given(data=st.binary(min_size=4, max_size=400), entry=st.sampled_from((RAM, S_ENTRY)))
def test_random_bytes_run_the_same_everywhere(data, entry):
    engines = [load(name) for name in engine_names()]
    run_everywhere(data, engines=engines, limit=150, entry=entry, ram=(2 << 20) + (64 << 10))


@settings(max_examples=20)
@given(seed=st.integers(0, 1 << 32))
def test_random_instructions_of_all_kinds_run_the_same_everywhere(seed):
    text, tables = soup.program(seed)
    engines = [load(name) for name in engine_names()]
    run_everywhere(text, engines=engines, limit=400, entry=RAM, more=tables, tick=10)
