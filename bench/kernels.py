"""What a kernel does most, beside other simulators: `python -m bench.kernels`.

System calls that save 31 registers, switches of the address space, page faults; pointers through
64 MiB, beside the same loop compiled for the host; and all that behind a second stage of
translation. Measured as `bench.engines` does it; Spike gets a tenth of the work.
"""

import argparse
import functools
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench._figures import Figure, MeasurementError, child_cpu, conclude, median, table
from bench._subjects import (
    RAM,
    Subject,
    compile_first,
    our_subjects,
    peers,
    versions,
)
from bench._workloads import C_FOLDER, shim_elf
from isa.engine import load
from vmm.board import make_board
from vmm.boot import plan_boot, read_image
from vmm.config import MachineConfig
from vmm.console import Console

ROUNDS = 3
SPIKE_PART = 10
STAGES_ISA = "rv64gch_zicntr_sv57_svadu"
HOST_CC = "cc"


@dataclass(frozen=True)
class Work:
    """A workload: what an iteration does how often, in a short and a long run."""

    guest: str
    what: str
    each: int
    short: int
    long: int
    at_least: float | None = None  # a second


WORKS = (
    Work("syscall", "system calls", 1, 1000, 1_000_000, 2_000_000),
    Work("switch", "address-space switches", 1, 1000, 300_000, 700_000),
    Work("fault", "page faults", 512, 2, 1000, 950_000),
)
CHASE = Work("chase", "steps through 64 MiB", 1 << 16, 1, 120)
MOST_TO_NATIVE = 1.5
STAGES = (WORKS[0], Work("loops", "loops", 1, 2, 300), Work("sort", "sorting", 1, 2, 80))
MOST_OF_TWO_STAGES = 1.1

Run = Callable[[int], float]
"""Gives the CPU seconds of a run of so many iterations."""


def seconds_each(run: Run, work: Work, long: int) -> float:
    """Give what one of a workload's things takes: of a long run less a short one."""
    return (run(long) - run(work.short)) / (long - work.short) / work.each


def measure(work: Work, subjects: Sequence[Subject], rounds: int, scale: float) -> dict[str, float]:
    """Give the seconds that each subject takes for one thing: medians of the rounds."""
    times: dict[str, list[float]] = {subject.name: [] for subject in subjects}
    for _ in range(rounds):
        for subject in subjects:
            part = SPIKE_PART if subject.name == "spike" else 1
            long = max(2 * work.short, round(work.long * scale / part))
            run = functools.partial(_cpu_of, subject, work.guest)
            times[subject.name].append(seconds_each(run, work, long))
    return {name: median(values) for name, values in times.items()}


def _cpu_of(subject: Subject, guest: str, n: int) -> float:
    return subject.run(guest, n).cpu_s


def native_chase(n: int) -> float:
    """Run the chase compiled for the host."""
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "chase"
        source = C_FOLDER / "chase.c"
        command = [HOST_CC, "-O2", "-DNATIVE", f"-DN={n}", "-o", str(program), str(source)]
        subprocess.run(command, check=True)
        return child_cpu([str(program)])[0]


def staged(guest: str, two_stages: bool, n: int) -> float:
    """Run a workload above the M-mode shim, in S-mode or in VS-mode behind a second stage."""
    machine = make_board(MachineConfig(ram=RAM, isa=STAGES_ISA), load("interpreter"), Console())
    image = read_image(guest, shim_elf(guest, n, two_stages), machine.ram)
    machine.load(plan_boot(image, machine.ram, lambda _: bytes(64)))
    start = time.process_time()
    stop = machine.run()
    if stop.status:
        raise MeasurementError(f"{guest} behind {1 + two_stages} stages: {stop.detail}")
    return time.process_time() - start


def two_stages_to_one(work: Work, rounds: int, scale: float) -> float:
    """Give how much longer a workload takes behind two stages: the median of the rounds."""
    long = max(2 * work.short, round(work.long * scale))
    found = []
    for _ in range(rounds):
        one, two = (
            seconds_each(functools.partial(staged, work.guest, has_two), work, long)
            for has_two in (False, True)
        )
        found.append(two / one)
    return median(found)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and give the exit status."""
    parser = argparse.ArgumentParser(prog="bench.kernels", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--scale", type=float, default=1.0, help="times the long run's iterations")
    options = parser.parse_args(arguments)
    compile_first()
    ours = our_subjects()[0]
    subjects = [ours, *(peer for peer in peers() if peer.name != "unicorn")]
    rows = [["a second", *(subject.name for subject in subjects)]]
    figures = []
    for work in (*WORKS, CHASE):
        times = measure(work, subjects, options.rounds, options.scale)
        rows.append([work.what, *(f"{1 / times[s.name]:,.0f}" for s in subjects)])
        if work is not CHASE:
            rate = 1 / times[ours.name]
            figures.append(Figure(work.what, rate, "/s", at_least=work.at_least))
            continue
        native = median(
            seconds_each(native_chase, CHASE, CHASE.long) for _ in range(options.rounds)
        )
        ratio = times[ours.name] / native
        figures.append(Figure(f"{work.what}, to native", ratio, at_most=MOST_TO_NATIVE))
    for work in STAGES:
        ratio = two_stages_to_one(work, options.rounds, options.scale)
        name = f"{work.what}, two stages to one"
        figures.append(Figure(name, ratio, at_most=MOST_OF_TWO_STAGES))
    print(versions())
    print(table(rows) + "\n")
    return conclude(figures)


if __name__ == "__main__":
    sys.exit(main())
