"""The options that `run`, `boot` and `compare` share, and what they mean for a run.

QEMU's spellings are taken where the meaning is the same.
"""

import argparse
from typing import TYPE_CHECKING

from isa.errors import TraplineError

if TYPE_CHECKING:
    from trapline.settings import Options


def add_run_options(parser: argparse.ArgumentParser, what: str) -> None:
    """Add what describes one run; `what` names the argument that says what to run."""
    add_machine_options(parser)
    parser.add_argument(
        "--kernel", "-kernel", metavar="FILE", help=f"the same as giving FILE as {what}"
    )
    parser.add_argument(
        "--bios",
        "-bios",
        metavar="WHAT",
        help="default: our SBI; none: the kernel begins in M-mode; FILE: firmware, such as OpenSBI",
    )
    parser.add_argument("--dtb", "-dtb", metavar="FILE", help="a device tree in place of our own")
    add_serial_option(parser)
    parser.add_argument(
        "--semihosting",
        "-semihosting",
        action="store_true",
        default=None,
        help="let programs call the host by ebreak between two marks",
    )
    parser.add_argument(
        "-semihosting-config",
        "--semihosting-config",
        dest="semihosting",
        type=_read_semihosting,
        help=argparse.SUPPRESS,
    )
    _add_qemu_words(parser)
    parser.add_argument(
        "--dumpdtb", metavar="FILE", help="write the device tree to FILE and run nothing"
    )
    add_signature_options(parser)
    add_account_option(parser)
    parser.add_argument(what, nargs="?", help="a bundled guest, a .s file, an ELF, an Image, bytes")


def add_serial_option(parser: argparse.ArgumentParser) -> None:
    """Add where the guest's console is."""
    parser.add_argument(
        "--serial",
        "-serial",
        default="stdio",
        metavar="WHERE",
        help="the console: stdio (or mon:stdio), none, or file:FILE",
    )


def _read_semihosting(text: str) -> bool:
    """Read the value of -semihosting-config; the console is the only target there is."""
    words = dict(part.partition("=")[::2] for part in text.split(","))
    enable = words.pop("enable", "on")
    if set(words) - {"target"} or enable not in ("on", "off"):
        raise TraplineError(f"-semihosting-config {text}: expected enable=on or enable=off")
    return enable == "on"


def _add_qemu_words(parser: argparse.ArgumentParser) -> None:
    """Take words of QEMU's command line that say what is the case anyway."""
    parser.add_argument("-nographic", "--nographic", action="store_true", help=argparse.SUPPRESS)
    for words in (("-M", "-machine", "--machine"),):
        parser.add_argument(*words, choices=["virt"], help=argparse.SUPPRESS)


def add_signature_options(parser: argparse.ArgumentParser) -> None:
    """Add what conformance suites ask of a run, in their spelling and in ours."""
    parser.add_argument(
        "--signature",
        "+signature",
        metavar="FILE",
        help="write what is between begin_signature and end_signature to FILE in the end",
    )
    parser.add_argument(
        "--signature-granularity",
        "+signature-granularity",
        type=int,
        default=16,
        metavar="N",
        help="bytes on each line of the signature; by default 16",
    )


def add_account_option(parser: argparse.ArgumentParser) -> None:
    """Add whether the account is printed."""
    parser.add_argument(
        "--account",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="print the account after the console output",
    )


def add_debug_options(parser: argparse.ArgumentParser) -> None:
    """Add what lets a debugger in."""
    parser.add_argument(
        "--gdb",
        "-gdb",
        metavar="[HOST:]PORT",
        help="let gdb connect there (target remote); port 0 takes a free one",
    )
    parser.add_argument(
        "-s", dest="gdb", action="store_const", const="1234", help="the same as --gdb 1234"
    )
    parser.add_argument(
        "-S", dest="wait", action="store_true", help="stand still until gdb lets the guest run"
    )
    add = parser.add_argument
    add("--record", metavar="FILE", help="write the run's input to FILE, for --replay")
    add("--replay", metavar="FILE", help="have a recorded run again, and check that it is the same")
    add(
        "--record-every",
        type=int,
        metavar="N",
        help="look at the machine's state every N instructions; by default every 100 million",
    )
    add("--trace", metavar="FILE", help="write what happens to FILE, for Perfetto")
    add(
        "--log-commits",
        action="store_true",
        default=None,
        help="write each instruction to standard error, as Spike does",
    )
    add("--log", metavar="FILE", help="write them to FILE")
    add("--profile", metavar="FILE", help="write where time is spent to FILE, for speedscope")


def add_machine_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that describe a machine and its account."""
    add = parser.add_argument
    add("--isa", metavar="ISA", help="ISA string of the harts; by default all there is")
    add_choices(parser)
    add("-m", "--mem", metavar="SIZE", help="memory, e.g. 2G; by default 128M")
    add("--harts", "-smp", type=int, metavar="N", help="number of harts; by default 1")
    add("--initrd", "-initrd", metavar="FILE", help="initial RAM disk")
    add("--append", "-append", metavar="TEXT", help="the kernel's command line")
    add(
        "--tlb",
        metavar="SETSxWAYS",
        help="geometry of the modelled hart TLB; `exact` for the default one, `fast` for none",
    )
    add_result_options(parser)
    add_device_options(parser)


def add_choices(parser: argparse.ArgumentParser) -> None:
    """Add what the manual leaves to the implementation, and programs should be tested with."""
    add = parser.add_argument
    add("--misaligned", metavar="HOW", help="misaligned loads and stores: perform, or trap")
    add(
        "--trap-detail",
        metavar="HOW",
        help="what htval, htinst and their M-mode kin tell: rich, addresses or minimal",
    )


def add_result_options(parser: argparse.ArgumentParser) -> None:
    """Add what bounds a run, what executes it, and what is told of it."""
    add = parser.add_argument
    add(
        "--max-instructions",
        type=int,
        metavar="N",
        help="end the run, with status 124, after N instructions",
    )
    add("--json", metavar="FILE", help="write the account to FILE; - is standard output")
    add("--costs", metavar="PRESET", help="cost model: 1997 (the default), 2006 or today")
    add("--engine", metavar="NAME", help="interpreter or reference; or set TRAPLINE_ENGINE")


def add_device_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that describe disks and other devices, in QEMU's shape."""
    add = parser.add_argument
    add(
        "--drive",
        "-drive",
        action="append",
        metavar="file=F[,...]",
        help="a disk; also format=raw|qcow2, readonly=on, snapshot=on, if=none with id=X",
    )
    add(
        "--netdev",
        "-netdev",
        action="append",
        metavar="user,id=N[,...]",
        help="a network for virtio-net-device,netdev=N: user (also hostfwd=tcp::P-:P, net=, "
        "restrict=on) or socket (listen=, connect=, or udp= and localaddr=)",
    )
    add(
        "--device",
        "-device",
        action="append",
        metavar="MODEL[,...]",
        help="virtio-blk-device,drive=X[,serial=S], virtio-rng-device; bus=virtio-mmio-bus.N",
    )
    add(
        "--extension",
        action="append",
        metavar="FILE",
        help="Python with hypercalls, exit hooks and devices; docs/recipes tells how",
    )
    add(
        "--global",
        "-global",
        dest="globals",
        action="append",
        metavar="NAME=VALUE",
        help="virtio-mmio.force-legacy=on: the registers from before the standard",
    )
    add(
        "--snapshot",
        "-snapshot",
        action="store_true",
        default=None,
        help="forget what is written to disks",
    )


def read_options(args: argparse.Namespace) -> "Options":
    """Give the options of a parsed command line; what it does not say has its default."""
    from dataclasses import fields

    from trapline.settings import Options

    said = {field.name: getattr(args, field.name, None) for field in fields(Options)}
    return Options(**{name: value for name, value in said.items() if value is not None})
