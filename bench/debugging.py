"""How fast gdb steps, and how fast a machine is saved: `python -m bench.debugging`.

Steps are those of `stepi N`, in a second of our own and gdb's CPU time. The machine that is saved
has 256 MiB, 160 MiB of them filled with the files of the running Python.
"""

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench._figures import Figure, conclude, median, own_cpu
from guests import build
from isa.engine import load
from vmm.board import make_board
from vmm.boot import plan_boot, read_image
from vmm.config import MachineConfig
from vmm.console import Console
from vmm.gdb.server import GdbServer, KilledError
from vmm.machine import Machine
from vmm.snapshot.file import read_snapshot, write_snapshot
from vmm.tree import machine_tree

GDB = "gdb-multiarch"
STEPS = 5_000
LEAST_STEPS = 2_000
RAM, FILLED = 256 << 20, 160 << 20
SAVE_S, SAVED_MB = 1.5, 80.0
ROUNDS = 3


def make_machine(ram: int) -> Machine:
    """Make a bare machine with a guest that runs long enough."""
    config = MachineConfig(ram=ram)
    machine = make_board(config, load("interpreter"), Console())
    image = read_image("endless", build("endless"), machine.ram, 0x20_0000)
    machine.load(plan_boot(image, machine.ram, lambda where: machine_tree(config, where)))
    return machine


def steps_per_second() -> float | None:
    """Give the steps in a second of our and gdb's CPU time, start-up aside; None without gdb."""
    if shutil.which(GDB) is None:
        return None
    few, many = cpu_of_steps(100), cpu_of_steps(100 + STEPS)
    return STEPS / (many - few)


def cpu_of_steps(count: int) -> float:
    """Let gdb step so often; give the CPU seconds of both."""
    server = GdbServer("127.0.0.1", 0, waits=True)

    def serve() -> None:
        with contextlib.suppress(KilledError), contextlib.closing(server):
            server.run(make_machine(16 << 20), None, lambda _line: "")

    before = own_and_child_cpu()
    thread = threading.Thread(target=serve)
    thread.start()
    lines = (
        "set architecture riscv:rv64",
        f"target remote 127.0.0.1:{server.port}",
        f"stepi {count}",
        "kill",
    )
    options = [word for line in lines for word in ("-ex", line)]
    subprocess.run(
        [GDB, "-q", "-nx", "-batch", "-iex", "set confirm off", *options],
        capture_output=True,
        check=True,
    )
    thread.join()
    return own_and_child_cpu() - before


def own_and_child_cpu() -> float:
    """Give the CPU seconds of this process and of those that it has waited for."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def content() -> Iterator[bytes]:
    """Give the files of this Python, its libraries' first, again and again."""
    folders = [sysconfig.get_path(name) for name in ("platlib", "stdlib")]
    files = sorted(path for folder in folders for path in Path(folder).rglob("*.*o"))
    while True:
        for path in files:
            if path.is_file():
                yield path.read_bytes()


def filled_machine() -> Machine:
    """Make a machine whose memory has something in it."""
    machine = make_machine(RAM)
    at, end = machine.ram.base + (32 << 20), machine.ram.base + (32 << 20) + FILLED
    for data in content():
        part = data[: end - at]
        machine.write_memory(at, part)
        at += len(part)
        if at >= end:
            return machine
    raise AssertionError("there is always more")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and give the exit status."""
    parser = argparse.ArgumentParser(prog="bench.debugging", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    rounds = parser.parse_args(arguments).rounds
    rates = [rate for _ in range(rounds) if (rate := steps_per_second()) is not None]
    machine = filled_machine()
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "snapshot")
        saves = [own_cpu(lambda: write_snapshot(file, machine, "bare", "x")) for _ in range(rounds)]
        size = Path(file).stat().st_size / 1e6
        fresh = make_machine(RAM)
        loads = own_cpu(lambda: read_snapshot(file).restore(fresh))
    steps = median(rates) if rates else None
    return conclude(
        [
            Figure("gdb, stepi", steps, "steps/s CPU", at_least=LEAST_STEPS),
            Figure("save 160 of 256 MiB", median(saves), "s CPU", at_most=SAVE_S),
            Figure("its file", size, "MB", at_most=SAVED_MB),
            Figure("load it", loads, "s CPU"),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
