"""How long `trapline boot hello` takes, the whole process: `python -m bench.startup`.

Warm: compiled code is in the cache, as from the second run on. Cold: the cache is empty. CPU time
decides: it is wall time less what other programs on the machine took, as the command waits for
nothing. Medians. QEMU, which boots the same guest, only informs.
"""

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench._figures import Figure, MeasurementError, conclude, median, table
from bench._workloads import shim_file

WARM_S, COLD_S = 1.0, 25.0
WARM_ROUNDS, COLD_ROUNDS = 9, 2
GUEST = "hello"
BOOT = (sys.executable, "-m", "trapline", "boot", GUEST)
QEMU = "qemu-system-riscv64"
QEMU_OPTIONS = "-M spike -bios none -display none -monitor none -serial stdio -kernel".split()


@dataclass(frozen=True)
class Times:
    """Wall and CPU seconds of one process."""

    wall_s: float
    cpu_s: float


def time_process(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Times:
    """Run a program with its output thrown away."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    run = subprocess.run(
        command,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
    )
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if run.returncode:
        raise MeasurementError(f"{' '.join(command)}: {run.stderr.decode().strip()}")
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return Times(wall, cpu)


def cold_and_warm(cold_rounds: int, warm_rounds: int) -> tuple[list[Times], list[Times]]:
    """Boot with an empty cache each time, then with the last of those caches."""
    cold = []
    with tempfile.TemporaryDirectory() as folder:
        cache = ""
        for number in range(cold_rounds):
            cache = str(Path(folder) / str(number))
            cold.append(time_process(BOOT, {"TRAPLINE_CACHE_DIR": cache}))
        environment = {"TRAPLINE_CACHE_DIR": cache}
        warm = [time_process(BOOT, environment) for _ in range(warm_rounds)]
    return cold, warm


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and give the exit status."""
    parser = argparse.ArgumentParser(prog="bench.startup", description=__doc__)
    parser.add_argument("--rounds", type=int, default=WARM_ROUNDS)
    parser.add_argument("--cold-rounds", type=int, default=COLD_ROUNDS)
    options = parser.parse_args(arguments)
    cold, warm = cold_and_warm(options.cold_rounds, options.rounds)
    results = {"trapline, cold": cold, "trapline, warm": warm}
    results["python -c pass"] = [
        time_process((sys.executable, "-c", "pass")) for _ in range(options.rounds)
    ]
    if shutil.which(QEMU):
        command = (QEMU, *QEMU_OPTIONS, str(shim_file(GUEST, 0)))
        results["qemu"] = [time_process(command) for _ in range(options.rounds)]
    rows = [("boot hello", "wall s", "CPU s")]
    for name, times in results.items():
        wall, cpu = median(t.wall_s for t in times), median(t.cpu_s for t in times)
        rows.append((name, f"{wall:.3f}", f"{cpu:.3f}"))
    print(table(rows) + "\n")
    return conclude(
        [
            Figure("boot hello, warm", median(t.cpu_s for t in warm), "s CPU", at_most=WARM_S),
            Figure("boot hello, cold", median(t.cpu_s for t in cold), "s CPU", at_most=COLD_S),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
