"""Debian's kernel from power-on to power-off, and what its devices do: `python -m bench.linux`.

One hart of the bare board, our SBI. CPU seconds of the whole process where a whole boot is meant;
where a device is, a boot that uses it less one that does not, by the run's own account. QEMU, which
boots the same images, only informs.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench._figures import Figure, MeasurementError, conclude, median
from bench.debian.boots import QEMU, Images, boot, make_images, our_command, qemu_command
from bench.debian.packages import PackagesError, fetch

BOOT_S, FIRST_LINE_S = 20.0, 2.0
DISK_MB_S, UART_MB_S = 300.0, 1.0
PRINTED, READ = 1 << 20, 256 << 20
MEGABYTE = 1e6
ROUNDS = 3
TEMPLATE = """#!/bin/sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev 2> /dev/null
while read -r module; do insmod "/modules/$module.ko"; done < /etc/modules
head -c 65536 /dev/zero | tr '\\\\000' x > /tmp/text
case $(cat /proc/cmdline) in
*use=print*) for _ in $(seq 16); do cat /tmp/text; done ;;
*use=read*) dd if=/dev/vda of=/dev/null bs=64k iflag=direct ;;
esac
poweroff -f
"""


def run_cpu(images: Images, use: str) -> float:
    """Give the CPU seconds of a run in which the guest does something."""
    found = boot(our_command(images, "--snapshot", append=f"use={use}"))
    if found.status or "reboot: Power down" not in found.console:
        raise MeasurementError(f"the boot ended with status {found.status}: {found.errors}")
    return float(json.loads(images.account.read_text())["cpu_s"])


def first_line(images: Images) -> float:
    """Give the seconds from the command to the kernel's first line."""
    command = our_command(images, "--snapshot", append="earlycon=sbi")
    start = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE) as run:
        assert run.stdout is not None, "its output was asked for"
        line = run.stdout.readline()
        taken = time.perf_counter() - start
        run.kill()
    if b"Linux version" not in line:
        raise MeasurementError(f"the first line is {line!r}")
    return taken


def measure(images: Images, using: Images, rounds: int) -> list[Figure]:
    """Measure everything that is required."""
    boots, lines, prints, reads = [], [], [], []
    for _ in range(rounds):
        lines.append(first_line(images))
        boots.append(boot(our_command(images, "--snapshot", append="programs=only")).cpu_s)
        nothing = run_cpu(using, "nothing")
        prints.append(PRINTED / MEGABYTE / (run_cpu(using, "print") - nothing))
        reads.append(READ / MEGABYTE / (run_cpu(using, "read") - nothing))
    return [
        Figure("boot, 300 programs, power off", median(boots), "s CPU", at_most=BOOT_S),
        Figure("first line of the kernel", median(lines), "s", at_most=FIRST_LINE_S),
        Figure("serial port, printing", median(prints), "MB/s", at_least=UART_MB_S),
        Figure("disk, read in 64 KiB requests", median(reads), "MB/s", at_least=DISK_MB_S),
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and give the exit status."""
    parser = argparse.ArgumentParser(prog="bench.linux", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args(arguments)
    try:
        packages = fetch()
    except PackagesError as error:
        print(f"Debian's packages cannot be had: {error}", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        images = make_images(packages, Path(folder) / "checks")
        using = make_images(packages, Path(folder) / "use", TEMPLATE.encode())
        using.disk.write_bytes(using.disk.read_bytes()[: 1 << 20] * (READ >> 20))
        figures = measure(images, using, options.rounds)
        if shutil.which(QEMU):
            command = qemu_command(images, "-snapshot", append="programs=only")
            times = [boot(command).cpu_s for _ in range(options.rounds)]
            figures.append(Figure("the same boot on QEMU", median(times), "s CPU"))
    return conclude(figures)


if __name__ == "__main__":
    sys.exit(main())
