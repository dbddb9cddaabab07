"""Every memory mode: the same guest ends in the same state, also when modes change on the way."""

from random import Random
from typing import Any

import pytest

import trapline
from isa.errors import TraplineError
from isa.state import Slot
from tests.vmm import soup
from tests.vmm.machines import (
    POWER_OFF,
    RAM,
    assert_same,
    load,
    make,
    registers,
    run_everywhere,
)
from tests.vmm.test_machine import BUSY, START_ALL
from tests.vmm.test_nested import HYPERVISOR
from tests.vmm.test_softtlb import MANY_SPACES, SMALL, WALKS_PAGES
from vmm import memory
from vmm.config import TlbShape
from vmm.memory import MODES
from vmm.memory.contexts import LAST_GIVEN
from vmm.memory.shadow import LEAST_POOL, Shadow
from vmm.memory.shadow_pages import GENERATION, control
from vmm.memory.softtlb import SoftTlb
from vmm.stop import StopReason


def host_of(machine):
    return machine.cpu.hosts[0]


def switching(machine, seed, limit, longest):
    """Run a domain in a mode drawn anew every few instructions; give how it stopped."""
    random = Random(seed)
    left = limit
    while left > 0:
        machine.switch_mode(random.choice(list(MODES)))
        part = min(left, random.randrange(1, longest))
        stop = machine.run(part)
        left = limit - machine.progress
        if stop.reason is not StopReason.BOUND:
            break
    return stop


@pytest.mark.parametrize("harts", [1, 3])
@pytest.mark.parametrize("seed", range(3))
def test_changing_modes_while_running_changes_nothing(engine, harts, seed):
    text = BUSY if harts == 1 else START_ALL.format(harts=harts, then=BUSY)
    settings: dict[str, Any] = {"harts": harts, "tick": 10, "quantum": 37}
    whole, parts = (make(mode, engine, text, **settings) for mode in ("bare", "softtlb"))
    limit = 4000
    stop = whole.run(limit)
    assert_same(("bare", whole, stop), ("switching", parts, switching(parts, seed, limit, 400)))
    assert whole.progress == parts.progress


@pytest.mark.parametrize("seed", range(12))
def test_random_programs_do_not_notice_that_modes_change(seed):
    data, tables = soup.program(4000 + seed)
    settings: dict[str, Any] = {"entry": RAM, "more": tables, "tick": 10}
    whole, parts = (make(mode, load(), data, **settings) for mode in ("bare", "softtlb"))
    stop = whole.run(1500)
    assert_same(("bare", whole, stop), ("switching", parts, switching(parts, seed, 1500, 60)))


# Seeds that once found what a trap taken in VS-mode leaves undone for a guest with the H extension.
@pytest.mark.parametrize("seed", [20033, 20109, 30001, 30002])
def test_random_programs_with_the_hypervisor_extension_run_the_same(seed):
    data, tables = soup.program(seed)
    for tick in (1, 100):
        settings: dict[str, Any] = {"entry": RAM, "more": tables, "tick": tick, "tlb": None}
        settings |= {"isa": HYPERVISOR, "limit": 1500, "modes": ("bare", "shadow", "twostage")}
        run_everywhere(data, **settings)


def test_a_mode_gone_back_to_begins_anew(engine):
    machine: Any = make("shadow", engine, WALKS_PAGES)
    machine.run(60)
    for mode in ("twostage", "shadow", "softtlb", "shadow"):
        machine.switch_mode(mode)
        assert machine.mode == mode
        machine.run(25)
    assert machine.run(10_000).reason is StopReason.EXIT
    bare = make("bare", engine, WALKS_PAGES)
    assert_same(("bare", bare, bare.run(10_000)), ("domain", machine, machine.stop))


class FromOutside(SoftTlb):
    name = "outside"


class Point:
    """An installed package's entry point."""

    def __init__(self, name, value):
        self.name, self.value = name, value

    def load(self):
        return self.value


def test_a_mode_from_a_package_is_found_by_its_entry_point(monkeypatch):
    points = [Point("outside", FromOutside()), Point("odd", object())]
    monkeypatch.setattr(memory, "entry_points_of", lambda group: points)
    assert trapline.boot("hello", mode="outside").account.facts.mode == "outside"
    with pytest.raises(TraplineError, match=r"odd of .*expected a mode"):
        trapline.boot("hello", mode="odd")


@pytest.mark.parametrize("senvcfg", [0, 1 << 7])
def test_blocks_are_zeroed_where_the_guest_may_and_cost_no_exit_there(engine, senvcfg):
    text = f"""
    .option arch, +zicboz
    la t0, trapped
    csrw stvec, t0
    li t0, {senvcfg}
    csrw senvcfg, t0
    li s0, 0x80300010
    sd s0, 0(s0)
    cbo.zero (s0)
    ld s1, 0(s0)
    sd s0, 0(s0)
    la t0, user
    csrw sepc, t0
    sret
user:
    cbo.zero (s0)
    ecall
    .balign 4
trapped:
    csrr s2, scause
    ld s3, 0(s0)
"""
    machine = run_everywhere(text + POWER_OFF, engines=[engine])
    (hart,) = registers(machine)
    assert hart["X9"] == 0
    assert (hart["X18"], hart["X19"] == 0) == ((8, True) if senvcfg else (2, False))
    domain = make("shadow", engine, text + POWER_OFF)
    domain.run(1000)
    assert domain.cpu.counters()["exit.exception"] == (0 if senvcfg else 1)


TABLES_IN_TABLES = (
    SMALL
    + """
    li t3, DATA
    li t2, 5
    sd t2, 0(t3)
    li t3, DATA+0x1000
    li t2, 6
    sd t2, 0(t3)
    map 0 DATA 0xc7
    map 1 TABLE 0xc7                    # virtual 0x40001000 is the table itself
    li t0, ROOT >> 2 | 1
    sd t0, 24(s0)                       # the root's fourth entry is the root
    sfence.vma
    ld s3, 0(s2)
    li s5, 0x40001000
    li t0, (DATA+0x1000) >> 2 | 0xc7
    sd t0, 0(s5)
    sfence.vma
    ld s6, 0(s2)
    li s7, 0xc0602000                   # three times the root, then its entry for RAM
    li t2, 0x1234
    li t3, 0x80000000
    sd t2, 0(t3)
    ld s8, 0(s7)
    li t0, TABLE >> 2 | 0xc3
    sd t0, 8(s5)                        # the table forbids stores to itself, through itself
    sfence.vma
    sd t0, 8(s5)
"""
    + POWER_OFF
)


def test_tables_that_map_themselves_are_walked_and_changed_as_on_the_bare_board(engine):
    machine = run_everywhere(TABLES_IN_TABLES, engines=[engine])
    (hart,) = registers(machine)
    assert (hart["X19"], hart["X22"], hart["X24"]) == (5, 6, 0x1234)
    assert (hart["X25"], hart["X26"], hart["X27"]) == (1, 15, 0x4000_1008)


# ---------------------------------------------------------------------------------- shadow


def shadowed(text, engine, pages=LEAST_POOL, **settings):
    """Make a domain with a small pool of shadow pages."""
    return make(Shadow(pages), engine, text, **settings)


def generations(machine):
    return control(host_of(machine), GENERATION)


@pytest.mark.parametrize("text", [WALKS_PAGES, MANY_SPACES], ids=["pages", "spaces"])
def test_a_pool_of_few_shadow_pages_is_used_again_and_again(engine, text):
    bare, domain = make("bare", engine, text), shadowed(text, engine)
    first = generations(domain)
    assert_same(("bare", bare, bare.run(20_000)), ("domain", domain, domain.run(20_000)))
    assert (generations(domain) > first) == (text is MANY_SPACES)


@pytest.mark.parametrize("seed", range(8))
def test_random_programs_with_few_shadow_pages_and_a_small_tlb(seed):
    data, tables = soup.program(5000 + seed)
    settings: dict[str, Any] = {"entry": RAM, "more": tables, "tick": 10, "tlb": TlbShape(1, 2)}
    bare = make("bare", load(), data, **settings)
    domain = shadowed(data, load(), **settings)
    assert_same(("bare", bare, bare.run(2000)), ("domain", domain, domain.run(2000)))


SWITCHES = (
    SMALL
    + """
    # Ten rounds through three address spaces that share a table, with a page touched in each.
    map 0 DATA 0xc7
    sfence.vma
    li s5, 10
    li t4, 1 << 44
1:  add s6, s1, t4
    csrw satp, s6
    ld s3, 0(s2)
    add s6, s6, t4
    csrw satp, s6
    ld s3, 0(s2)
    csrw satp, s1
    ld s3, 0(s2)
    addi s5, s5, -1
    bnez s5, 1b
"""
    + POWER_OFF
)


def test_shadows_outlive_switches_of_the_address_space_and_are_shared(engine):
    machine = make("shadow", engine, SWITCHES, tlb=TlbShape(1, 2))
    assert machine.run(10_000).reason is StopReason.EXIT
    counts = dict(machine.cpu.counters())
    assert counts["exit.csr"] >= 30
    assert counts["exit.shadow_fill"] <= 12, "each page once, and once for each root"


STORES_TO_TABLES = (
    SMALL
    + """
    li s5, 40
1:  map 0 DATA 0xc7
    map 1 DATA+0x1000 0xc7
    map 2 DATA+0x2000 0xc7
    sfence.vma
    ld s3, 0(s2)
    addi s5, s5, -1
    bnez s5, 1b
"""
    + POWER_OFF
)


def test_a_table_is_let_out_of_sync_once_between_two_fences(engine):
    machine = make("shadow", engine, STORES_TO_TABLES)
    assert machine.run(10_000).reason is StopReason.EXIT
    counts = dict(machine.cpu.counters())
    assert 38 <= counts["exit.table_write"] <= 42


def test_what_a_device_stores_to_a_table_is_seen_at_the_next_fence(engine):
    text = (
        SMALL
        + """
    map 0 DATA 0xc7
    sfence.vma
    ld s3, 0(s2)
    ebreak
    sfence.vma
    ld s5, 0(s2)
"""
        + POWER_OFF
    )
    machine = make("shadow", engine, text)
    while machine.harts[0].slots[Slot.X25] == 0:  # the trap that the ebreak takes
        machine.run(1)
    machine.memory.write(0x8031_2000, (77).to_bytes(8, "little"))
    machine.memory.write(0x8030_5000, (0x8031_2000 >> 2 | 0xC7).to_bytes(8, "little"))
    assert machine.run(10_000).reason is StopReason.EXIT
    assert registers(machine)[0]["X21"] == 77


def test_hart_asids_are_given_out_anew_when_all_have_been_used_in_every_mode(engine):
    for mode in ("softtlb", "shadow"):
        machine = make(mode, engine, MANY_SPACES)
        while machine.harts[0].slots[Slot.X19] == 0:
            machine.run(1)
        host = host_of(machine)
        host.tlb[host.slots[Slot.MONITOR_AT] + LAST_GIVEN] = 0xFFF8
        machine.run(10_000)
        (hart,) = registers(machine)
        assert (hart["X19"], hart["X22"], hart["X23"]) == (1, 2, 1)


# -------------------------------------------------------------------------------- twostage


def test_two_stages_exit_only_for_what_must(engine):
    machine = make("twostage", engine, STORES_TO_TABLES)
    assert machine.run(10_000).reason is StopReason.EXIT
    counts = {name: n for name, n in machine.cpu.counters().items() if n and "exit" in name}
    assert counts == {"exit.stage_fill": 1, "exit.sbi": 1}


@pytest.mark.parametrize("ram", [(4 << 20) + (64 << 10), 64 << 10])
def test_second_stage_pages_are_small_where_memory_ends(engine, ram):
    text = f"""
    li s0, {RAM} + {ram} - 8
    sd s0, 0(s0)
    ld s1, 0(s0)
    li t0, 0x100000
    li t1, 0x5555
    sw t1, 0(t0)
    j .
"""
    run_everywhere(text, engines=[engine], entry=RAM, ram=ram)


def test_no_tlb_need_be_modelled_where_the_hart_walks(engine):
    for mode in ("shadow", "twostage"):
        machine = make(mode, engine, WALKS_PAGES, tlb=None)
        bare = make("bare", engine, WALKS_PAGES, tlb=None)
        assert_same(("bare", bare, bare.run(10_000)), (mode, machine, machine.run(10_000)))
        assert host_of(machine).slots[Slot.TLB_WAYS] == 0
