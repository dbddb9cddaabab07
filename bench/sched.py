"""Fairness and latency of the schedulers: `python -m bench.sched`.

Three domains that compute, with weights 1, 2 and 4, and one that sleeps for 0.1 ms again and again,
on one hart in shared time. Virtual time (a thousand million instructions a second), deterministic:
each domain's share, and how long the sleeper waits for the hart once it is awake.
"""

import argparse
import sys
import time
from collections.abc import Sequence

from bench._figures import Figure, conclude, table
from bench._subjects import compile_first
from guests.builder import build, build_source
from isa.engine import load
from vmm.boot import plan_boot, read_image
from vmm.config import MachineConfig
from vmm.console import Console
from vmm.domain import Domain, make_domain
from vmm.host import Host, Member
from vmm.sched import SCHEDULERS, make_scheduler

RAM = 8 << 20
WEIGHTS = (1, 2, 4)
UNIT = 128
MS = 1_000_000
WARP = 50 * MS
SLEEPER = """
    .globl _start
_start:
    li t0, 1 << 5
    csrw sie, t0
1:  rdtime a0
    addi a0, a0, 1000
    li a7, 0x54494D45
    li a6, 0
    ecall
    wfi
    j 1b
"""
DOMAINS, SECONDS, WITHIN = 100, 3, 4


def domain(name: str, image: bytes) -> Domain:
    """Make a domain with a guest loaded; none of these comes to an end."""
    made = make_domain(MachineConfig(ram=RAM), load(None), Console())
    read = read_image(name, image, made.ram)
    made.load(plan_boot(read, made.ram, lambda _where: bytes(64)))
    return made


def run(scheduler: str, milliseconds: int) -> dict[str, Member]:
    """Run the four domains under a scheduler."""
    host = Host(make_scheduler(scheduler), shares_time=True)
    computing = build("endless")
    for weight in WEIGHTS:
        host.create(f"{weight}", domain("endless", computing), weight=UNIT * weight)
    host.create("sleeper", domain("sleeper", build_source("sleeper.s", SLEEPER)), warp=WARP)
    for name, member in host.members.items():
        member.domain.watch = None
        host.start(name)
    host.run(milliseconds * MS)
    return host.members


def unfairness(members: dict[str, Member]) -> float:
    """Give the largest distance of a share from its due, in per cent of the due."""
    used = {weight: members[f"{weight}"].client.used for weight in WEIGHTS}
    total = sum(used.values())
    due = {weight: total * weight / sum(WEIGHTS) for weight in WEIGHTS}
    return max(100 * abs(used[weight] / due[weight] - 1) for weight in WEIGHTS)


def start_many(count: int) -> float:
    """Boot many domains of `hello` on one host; give the CPU seconds."""
    image = build("hello")
    domain("hello", image).run()
    start = time.process_time()
    host = Host(make_scheduler("round-robin"))
    for number in range(count):
        host.create(f"d{number}", domain("hello", image))
        host.start(f"d{number}")
    host.run_to_end()
    assert all(member.stop is not None for member in host.members.values())
    return time.process_time() - start


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and give the exit status."""
    parser = argparse.ArgumentParser(prog="bench.sched", description=__doc__)
    parser.add_argument("--milliseconds", type=int, default=2000, help="of virtual time")
    options = parser.parse_args(arguments)
    compile_first()
    rows = [["scheduler", *(f"weight {w}" for w in WEIGHTS), "off by", "wake-up: median", "99 %"]]
    figures = []
    for name in SCHEDULERS:
        members = run(name, options.milliseconds)
        total = sum(members[f"{weight}"].client.used for weight in WEIGHTS)
        shares = [f"{100 * members[f'{w}'].client.used / total:.1f} %" for w in WEIGHTS]
        waits = sorted(members["sleeper"].latencies)
        middle, late = waits[len(waits) // 2] / 1000, waits[len(waits) * 99 // 100] / 1000
        off = unfairness(members)
        rows.append([name, *shares, f"{off:.1f} %", f"{middle:,.0f} us", f"{late:,.0f} us"])
        is_weighted = name != "round-robin"
        figures.append(
            Figure(f"{name}: shares off by", off, "%", at_most=WITHIN if is_weighted else None)
        )
    print(table(rows) + "\n")
    figures.append(Figure(f"{DOMAINS} domains of hello", start_many(DOMAINS), "s", at_most=SECONDS))
    return conclude(figures)


if __name__ == "__main__":
    sys.exit(main())
