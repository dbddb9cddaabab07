"""Booting Debian's kernel: our commands and QEMU's, the disk they get, and how consoles compare.

A console is compared line by line after what depends on time is taken out; lines that may differ
are listed with their reasons.
"""

import hashlib
import random
import re
import resource
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.debian.initramfs import make_initramfs
from bench.debian.packages import Packages

OPENSBI = Path("/usr/lib/riscv64-linux-gnu/opensbi/generic/fw_dynamic.bin")
QEMU = "qemu-system-riscv64"
MEM = "256M"
MODULES = ("virtio_mmio", "virtio_blk", "virtio_net", "virtio-rng")
NETWORK = ("-netdev", "user,id=n", "-device", "virtio-net-device,netdev=n")
HALF_DISK = 4 << 20
TIMEOUT_S = 600
PASSED = "all checks passed"
USER_SPACE = "== user space"


@dataclass(frozen=True)
class Images:
    """What is booted: files in a folder."""

    kernel: Path
    initrd: Path
    disk: Path

    @property
    def account(self) -> Path:
        """Where the account of a boot is written."""
        return self.initrd.with_name("account.json")


@dataclass(frozen=True)
class Boot:
    """A boot that has ended."""

    status: int
    console: str
    errors: str
    cpu_s: float
    wall_s: float

    @property
    def has_passed(self) -> bool:
        """Whether the guest checked everything, found it right, and powered off."""
        return self.status == 0 and PASSED in self.console and "reboot: Power down" in self.console

    @property
    def complaints(self) -> list[str]:
        """What the guest found wrong, and what the kernel warned of."""
        return re.findall(r".*(?:FAILED|WARNING:|BUG:|Oops|panic|stall).*", self.console)


def make_images(packages: Packages, folder: Path, init: bytes | None = None) -> Images:
    """Make the initial RAM disk and a disk with a known content."""
    folder.mkdir(parents=True, exist_ok=True)
    images = Images(packages.kernel, folder / "initramfs.gz", folder / "disk.img")
    images.initrd.write_bytes(make_initramfs(packages, list(MODULES), init))
    images.disk.write_bytes(disk_content())
    return images


def disk_content() -> bytes:
    """Give a disk: random bytes, then as many that begin with the sum of the first."""
    half = random.Random("a disk").randbytes(HALF_DISK)
    return half + hashlib.sha256(half).hexdigest().encode().ljust(HALF_DISK, b"\0")


def our_command(images: Images, *options: str, append: str = "", verb: str = "run") -> list[str]:
    """Give the command that boots the images here; its account goes beside them."""
    return [
        *(sys.executable, "-m", "trapline", verb, "--mem", MEM, "--no-account"),
        *("--json", str(images.account)),
        *("--kernel", str(images.kernel), "--initrd", str(images.initrd)),
        *("--append", f"console=ttyS0 {append}".strip()),
        *("--drive", f"file={images.disk},format=raw", "--device", "virtio-rng-device"),
        *NETWORK,
        *options,
    ]


def qemu_command(images: Images, *options: str, append: str = "") -> list[str]:
    """Give the command that boots the same images on QEMU, on Debian's OpenSBI."""
    return [
        *(QEMU, "-machine", "virt", "-m", MEM, "-display", "none", "-serial", "stdio"),
        *("-kernel", str(images.kernel), "-initrd", str(images.initrd)),
        *("-append", f"console=ttyS0 {append}".strip(), "-bios", str(OPENSBI)),
        *("-global", "virtio-mmio.force-legacy=false"),
        *("-drive", f"file={images.disk},format=raw,if=none,id=d"),
        *("-device", "virtio-blk-device,drive=d", "-device", "virtio-rng-device", *NETWORK),
        *options,
    ]


def boot(command: Sequence[str], text: str = "") -> Boot:
    """Run a command to its end with `text` as the console's input."""
    start, before = time.perf_counter(), _children_cpu()
    run = subprocess.run(
        command, input=text.encode(), capture_output=True, timeout=TIMEOUT_S, check=False
    )
    cpu_s, wall_s = _children_cpu() - before, time.perf_counter() - start
    console = run.stdout.decode("utf-8", "replace").replace("\r", "")
    return Boot(run.returncode, console, run.stderr.decode("utf-8", "replace"), cpu_s, wall_s)


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


# ------------------------------------------------------------------------ comparing consoles

STAMP = re.compile(r"^\[ *\d+\.\d+\] ")
TIMES = re.compile(r"\b\d+\.\d+(?= MB/s|, unaligned|:1\))|\b\d+(?=ms\b)")

MAY_DIFFER = (
    (r"^Machine model: ", "the board's name"),
    (r"^riscv: base ISA|^isa\b|^hart isa|deprecated \"riscv,isa\"|ELF capabilities", "the ISA"),
    (r"HugeTLB|^HugePages", "Svnapot"),
    (r"NODE_DATA|software IO TLB", "the size of the device tree, Zicbom"),
    (r"^(Memory:|Mem(Total|Free|Available)|Freeing|mem auto-init|node 0 deferred)", "amounts"),
    (r"pci", "QEMU's board has a PCI bus"),
    (r"clocksource|sched_clock|Calibrating|rtc|audit|random: crng", "time"),
    (r"[Pp][Mm][Uu]|[Pp]erf", "counters"),
    (r"alternatives|cpu\d: Ratio|unaligned", "measured by the guest"),
    (r"marchid|mimpid|mvendorid", "the implementation"),
)
"""Lines of the console that may differ from QEMU's, and what they tell of."""


def comparable(console: str) -> list[str]:
    """Give a console's lines from the kernel's first on, less what may differ."""
    lines = [STAMP.sub("", line).rstrip() for line in console.split("\n")]
    start = next((i for i, line in enumerate(lines) if line.startswith("Linux version")), 0)
    allowed = re.compile("|".join(pattern for pattern, _reason in MAY_DIFFER))
    return [TIMES.sub("#", line) for line in lines[start:] if not allowed.search(line)]


def differences(ours: str, theirs: str) -> list[str]:
    """Give the lines that only one of two consoles has and should not; the kernel mixes them."""
    mine, other = Counter(comparable(ours)), Counter(comparable(theirs))
    return [f"- {line}" for line in (other - mine).elements()] + [
        f"+ {line}" for line in (mine - other).elements()
    ]
