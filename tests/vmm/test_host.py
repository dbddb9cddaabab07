"""Several domains on a host: shares, latencies, lifecycle; none changes what another one does."""

import itertools

import pytest

from isa.errors import TraplineError
from tests.vmm.machines import POWER_OFF, load, make
from vmm.domain import Domain
from vmm.host import Host, Phase
from vmm.sched import SCHEDULERS, make_scheduler
from vmm.sched.contract import Client
from vmm.sched.credit import Credit
from vmm.state_hash import state_sha256
from vmm.stop import StopReason

COUNTS = "1:  addi s0, s0, 1\n    j 1b\n"
ENDS = f"""
    li s0, 20000
1:  addi s0, s0, -1
    bnez s0, 1b
{POWER_OFF}
"""
# Sleeps for 0.1 ms a thousand times.
SLEEPS = f"""
    li s0, 1000
    li t0, 1 << 5
    csrw sie, t0
1:  rdtime a0
    addi a0, a0, 1000
    li a7, 0x54494D45
    li a6, 0
    ecall
    wfi
    addi s0, s0, -1
    bnez s0, 1b
{POWER_OFF}
"""
MS = 1_000_000
EVERY = pytest.mark.parametrize("name", SCHEDULERS)


def domain(text: str) -> Domain:
    machine = make("softtlb", load("interpreter"), text)
    assert isinstance(machine, Domain)
    machine.watch = None  # endless on purpose
    return machine


def host_of(name: str, texts: dict[str, str], *, harts: int = 1, shares_time: bool = True) -> Host:
    host = Host(make_scheduler(name), harts, shares_time=shares_time)
    for each, text in texts.items():
        host.create(each, domain(text))
        host.start(each)
    return host


@EVERY
def test_equal_domains_get_equal_shares(name):
    host = host_of(name, dict.fromkeys("abcd", COUNTS))
    host.run(200 * MS)
    used = [member.client.used for member in host.members.values()]
    assert sum(used) + host.idle == pytest.approx(200 * MS, rel=0.01)
    assert max(used) - min(used) <= 10 * MS
    assert all(member.domain.harts[0].x[8] > 0 for member in host.members.values())


@pytest.mark.parametrize("name", ["bvt", "credit"])
@pytest.mark.parametrize("weights", [(1, 1, 2), (1, 2, 4), (1, 7, 8)])
def test_shares_are_as_the_weights(name, weights):
    host = Host(make_scheduler(name), shares_time=True)
    for number, weight in enumerate(weights):
        host.create(f"d{number}", domain(COUNTS), weight=128 * weight)
        host.start(f"d{number}")
    host.run(600 * MS)
    used = [member.client.used for member in host.members.values()]
    for mine, weight in zip(used, weights, strict=True):
        assert mine / sum(used) == pytest.approx(weight / sum(weights), abs=0.03)


def test_a_cap_holds_even_when_the_hart_is_idle_otherwise():
    host = Host(Credit(), shares_time=True)
    host.create("capped", domain(COUNTS), cap=20)
    host.start("capped")
    host.run(600 * MS)
    assert host.members["capped"].client.used == pytest.approx(120 * MS, rel=0.02)
    assert host.idle == pytest.approx(480 * MS, rel=0.02)


@EVERY
def test_two_harts_run_two_domains_at_a_time(name):
    host = host_of(name, dict.fromkeys("abc", COUNTS), harts=2)
    host.run(300 * MS)
    used = [member.client.used for member in host.members.values()]
    assert sum(used) == pytest.approx(600 * MS, rel=0.02)
    assert max(used) - min(used) <= 20 * MS


def latencies(name: str, warp: int = 0) -> list[int]:
    host = Host(make_scheduler(name), shares_time=True)
    for each in "abc":
        host.create(each, domain(COUNTS))
        host.start(each)
    host.create("sleeper", domain(SLEEPS), warp=warp)
    host.start("sleeper")
    host.run(200 * MS)
    return sorted(host.members["sleeper"].latencies)


def test_who_sleeps_waits_less_under_credit_and_bvt_than_in_a_round():
    middle = {
        "round-robin": latencies("round-robin"),
        "credit": latencies("credit"),
        "bvt": latencies("bvt", warp=50 * MS),
    }
    found = {name: values[len(values) // 2] for name, values in middle.items()}
    assert found["credit"] == 0
    assert found["bvt"] == 0
    assert 0 < found["round-robin"] <= 3 * MS


@EVERY
@pytest.mark.parametrize("harts", [1, 2])
def test_in_its_own_time_each_domain_does_what_it_does_alone(name, harts):
    texts = {"ends": ENDS, "sleeps": SLEEPS, "more": ENDS.replace("20000", "30000")}
    alone = {}
    for each, text in texts.items():
        machine = domain(text)
        machine.run()
        alone[each] = state_sha256(machine)
    host = host_of(name, texts, harts=harts, shares_time=False)
    host.run_to_end()
    assert {each: member.phase for each, member in host.members.items()} == dict.fromkeys(
        texts, Phase.ENDED
    )
    found = {each: state_sha256(member.domain) for each, member in host.members.items()}
    assert found == alone


@EVERY
def test_two_runs_decide_alike(name):
    def run():
        host = host_of(name, {"a": COUNTS, "b": SLEEPS, "c": ENDS}, harts=2)
        host.run(100 * MS)
        return [
            (member.client.used, tuple(member.latencies)) for member in host.members.values()
        ], host.clocks

    assert run() == run()


def test_waiting_gives_the_hart_to_others():
    host = host_of("round-robin", {"sleeps": SLEEPS, "counts": COUNTS})
    host.run(100 * MS)
    assert host.members["counts"].client.used > 95 * MS
    assert host.members["sleeps"].client.used < 1 * MS


def test_a_life_from_creation_to_destruction():
    host = Host(make_scheduler("round-robin"))
    member = host.create("one", domain(COUNTS))
    host.run(MS)
    assert (member.phase, member.client.used) == (Phase.PAUSED, 0)
    host.start("one")
    host.run(MS)
    host.pause("one")
    used = member.client.used
    host.run(MS)
    assert member.client.used == used
    host.resume("one")
    host.run(2 * MS)
    assert member.client.used > used
    host.destroy("one")
    assert not host.members
    host.run(MS)


def test_the_end_of_one_is_no_end_of_others():
    host = host_of("round-robin", {"ends": ENDS, "counts": COUNTS}, shares_time=False)
    host.run(20 * MS)
    stop = host.members["ends"].stop
    assert stop is not None
    assert stop.reason is StopReason.EXIT
    assert host.members["counts"].stop is None
    assert host.members["counts"].client.used > 15 * MS


def test_switches_are_counted_as_world_switches():
    host = host_of("round-robin", {"a": COUNTS, "b": COUNTS})
    host.run(10 * MS)
    counted = [m.domain.cpu.counters()["exit.world_switch"] for m in host.members.values()]
    assert sum(counted) == host.switches == 10


@pytest.mark.parametrize(
    ("what", "words"),
    [
        (lambda host: host.create("a", domain(COUNTS)), "a domain called a already"),
        (lambda host: host.create("b", domain(COUNTS), weight=0), "b: weight 0"),
        (lambda host: host.start("none"), "no domain is called 'none'"),
        (lambda _host: make_scheduler("none"), "no scheduler is called 'none'"),
    ],
)
def test_what_cannot_be_is_refused(what, words):
    host = host_of("round-robin", {"a": COUNTS})
    with pytest.raises(TraplineError, match=words):
        what(host)


@EVERY
def test_a_scheduler_chooses_only_from_those_that_are_ready(name):
    scheduler = make_scheduler(name)
    clients = [Client(str(n), weight=100 + n) for n in range(4)]
    for now, size in zip(range(0, 400 * MS, MS), itertools.cycle(range(5)), strict=False):
        ready = clients[:size]
        chosen = scheduler.pick(now, ready)
        assert (chosen is None) == (not ready)
        if chosen is not None and chosen.client is not None:
            assert chosen.client in ready
            assert chosen.length > 0
            scheduler.charge(chosen.client, MS, now + MS)
