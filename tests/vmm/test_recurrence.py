"""Domains that can make no progress are stopped, with the reason; others are not."""

import pytest

from guests.builder import build
from guests.catalog import catalog
from tests.vmm.machines import POWER_OFF, make, registers
from tests.vmm.test_machine import START_ALL
from vmm.boot import plan_boot, read_image
from vmm.config import MachineConfig
from vmm.console import Console
from vmm.domain import make_domain
from vmm.recurrence import FIRST_LOOK
from vmm.stop import StopReason

HUGE = 1 << 62


@pytest.fixture
def interpreter(engine):
    if engine.name != "interpreter":
        pytest.skip("hundreds of thousands of instructions")
    return engine


def boot(name, engine, limit=HUGE):
    machine = make_domain(MachineConfig(ram=8 << 20), engine, Console(lambda _: None))
    plan = plan_boot(read_image(name, build(name), machine.ram), machine.ram, lambda _: bytes(64))
    machine.load(plan)
    return machine.run(limit)


STUCK_GUESTS = [guest.name for guest in catalog() if guest.ends == "stuck"]


@pytest.mark.parametrize("name", STUCK_GUESTS)
def test_hopeless_guests_are_stopped_soon(interpreter, name):
    stop = boot(name, interpreter)
    assert (stop.reason, stop.status) == (StopReason.STUCK, 125)


def test_a_guest_whose_state_never_recurs_runs_to_its_bound(interpreter):
    stop = boot("endless", interpreter, 10_000_000)
    assert (stop.reason, stop.status) == (StopReason.BOUND, 124)


LIMIT = 2 * FIRST_LOOK + 20_000  # two looks
IDLE = "1:  wfi\n    j 1b\n"
TRAPS = "    csrw stvec, zero\n    jr zero\n"
STORES = "1:  sd t0, -8(sp)\n    j 1b\n"
COUNTS = "1:  addi t0, t0, 1\n    j 1b\n"
SPINS = "    la t1, 1f\n1:  ld t0, 0(t1)\n    beq t0, t0, 1b\n"
PROBES_UART = "    li t1, 0x10000000\n1:  lbu t0, 5(t1)\n    j 1b\n"
READS_TIME = "1:  rdtime t0\n    j 1b\n"
ARMED = """
    li a0, 1 << 40
    li a7, 0x54494D45
    li a6, 0
    ecall
1:  j 1b
"""
FLIPS = """
    la t1, 2f
1:  ld t0, 0(t1)
    xori t0, t0, 1
    sd t0, 0(t1)
    j 1b
    .balign 8
2:  .dword 0
"""
STACK = "    li sp, 0x80380000\n"


@pytest.mark.parametrize("mode", ["softtlb", "twostage"])
@pytest.mark.parametrize(
    ("then", "is_stuck"),
    [
        (STORES, True),
        (TRAPS, True),
        (SPINS, True),
        (FLIPS, True),
        (COUNTS, False),
        (PROBES_UART, False),
        (READS_TIME, False),
        (ARMED, False),
    ],
    ids=["stores", "traps", "spins", "flips", "counts", "probes", "reads_time", "armed"],
)
def test_only_a_closed_loop_without_events_is_hopeless(interpreter, then, is_stuck, mode):
    stop = make(mode, interpreter, STACK + then).run(LIMIT)
    assert stop.reason is (StopReason.STUCK if is_stuck else StopReason.BOUND)


BY_HART = """
    mv s10, a0
""" + START_ALL.format(
    harts=2,
    then="""
    li sp, 0x80380000
    beqz a0, first
{other}
first:
{first}
""",
)


@pytest.mark.parametrize(
    ("first", "other", "is_stuck"),
    [
        pytest.param(SPINS, SPINS, True, id="spins-spins"),
        pytest.param(SPINS, TRAPS, True, id="spins-traps"),
        pytest.param(SPINS, IDLE, True, id="spins-idle"),
        pytest.param(IDLE, SPINS, True, id="idle-spins"),
        pytest.param(IDLE, IDLE, True, id="idle-idle"),
        pytest.param(COUNTS, SPINS, False, id="counts-spins"),
        pytest.param(SPINS, COUNTS, False, id="spins-counts"),
        # Not known to be hopeless: what is stored might be for the other hart.
        pytest.param(SPINS, STORES, False, id="spins-stores"),
    ],
)
def test_several_harts_are_hopeless_together(interpreter, first, other, is_stuck):
    text = BY_HART.format(first=first, other=other)
    machine = make("softtlb", interpreter, text, harts=2, quantum=100)
    stop = machine.run(LIMIT)
    assert stop.reason is (StopReason.STUCK if is_stuck else StopReason.BOUND)


def test_a_suspended_hart_that_nothing_wakes_does_not_keep_a_domain_alive(interpreter):
    suspend = "    li a0, 0\n    li a7, 0x48534D\n    li a6, 3\n    ecall\n" + POWER_OFF
    text = BY_HART.format(first=SPINS, other=suspend)
    stop = make("softtlb", interpreter, text, harts=2, quantum=100).run(LIMIT)
    assert stop.reason is StopReason.STUCK


@pytest.mark.parametrize("beyond", [1, 2000, 20_000])
def test_looking_for_a_loop_does_not_change_a_run(interpreter, beyond):
    text = BY_HART.format(first=COUNTS, other=SPINS)
    bare, domain = (
        make(mode, interpreter, text, harts=2, quantum=333) for mode in ("bare", "softtlb")
    )
    for machine in (bare, domain):
        machine.run(FIRST_LOOK + beyond)
    assert bare.progress == domain.progress == FIRST_LOOK + beyond
    assert registers(bare) == registers(domain)


def test_the_reference_engine_finds_a_loop_too(engine, monkeypatch):
    monkeypatch.setattr("vmm.recurrence.FIRST_LOOK", 200)
    assert make("softtlb", engine, TRAPS).run(1000).reason is StopReason.STUCK
