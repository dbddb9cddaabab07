"""What a run is asked to be: the values of the command's options and of the Python interface.

Both give the same words (`mem="128M"`, `tlb="16x4"`); here they are read and checked, before
anything is made.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from isa.errors import TraplineError
from isa.trap import Detail
from vmm.config import ISA, R10000_TLB, SECOND_LEVEL_TLB, MachineConfig, SlotSpec, TlbShape
from vmm.costs import DEFAULT_PRESET, CostModel, preset

BARE = "bare"
SOFTTLB = "softtlb"
MODES = (SOFTTLB, "shadow", "twostage")
"""The memory modes of the monitor (`vmm.memory.MODES`), each open to unmodified guests."""
DEFAULT_BIOS, NO_BIOS = "default", "none"
BIOS_WORDS = (DEFAULT_BIOS, NO_BIOS)
"""What --bios may be other than a file: our own SBI, and nothing."""
PERFORM, TRAP = "perform", "trap"
MISALIGNED = (PERFORM, TRAP)
"""What misaligned loads and stores may do."""
RICH, ADDRESSES = "rich", "addresses"
DETAILS = tuple(detail.name.lower() for detail in Detail)
FAST, EXACT = "fast", "exact"
EXTENSIONS = "trapline.extensions"
"""The group of entry points that bring extensions."""
MAX_BOUND = (1 << 63) - 1
_UNITS = {"": 20, "b": 0, "k": 10, "m": 20, "g": 30, "t": 40}


@dataclass(frozen=True)
class Options:
    """The words that a run is described by. `tlb` None is the default of the mode."""

    isa: str = ISA
    mem: str | int = "128M"
    harts: int = 1
    initrd: str | None = None
    append: str = ""
    tlb: str | None = None
    second_tlb: str | None = None
    max_instructions: int | None = None
    costs: str = DEFAULT_PRESET
    engine: str | None = None
    drive: Sequence[str] = ()
    device: Sequence[str] = ()
    netdev: Sequence[str] = ()
    globals: Sequence[str] = ()
    snapshot: bool = False
    semihosting: bool = False
    misaligned: str = PERFORM
    trap_detail: str = RICH
    bios: str = "default"
    dtb: str | None = None
    extension: Sequence[str] = ()
    """Files of hypercalls, hooks and devices."""
    extras: Sequence[object] = ()
    """The same as objects."""


def parse_size(text: str | int) -> int:
    """Read a size as QEMU does: K, M, G or T may follow, a bare number is in MiB.

    An integer is bytes. Raises TraplineError.
    """
    if isinstance(text, int):
        return text
    match = re.fullmatch(r"(\d{1,9})([bkmgt]?)", text.strip().lower())
    if match is None:
        raise TraplineError(f"{text!r} is not a size; expected for example 128M or 2G")
    return int(match[1]) << _UNITS[match[2]]


def parse_tlb(text: str) -> TlbShape:
    """Read SETSxWAYS, or just WAYS for a fully associative TLB; raise TraplineError.

    Which geometries there can be is for `MachineConfig` to say.
    """
    match = re.fullmatch(r"(?:(\d{1,6})x)?(\d{1,6})", text.strip().lower())
    if match is None:
        raise TraplineError(
            f"{text!r} is not the geometry of a TLB; expected SETSxWAYS, for example 16x4"
        )
    return TlbShape(int(match[1] or 1), int(match[2]))


def machine_config(options: Options, mode: str) -> MachineConfig:
    """Check the options for a mode; raise TraplineError for what cannot be had."""
    if "\0" in options.append:
        raise TraplineError("--append: a NUL character cannot stand in a command line")
    second = options.second_tlb
    traps_misaligned, detail = read_choices(options.misaligned, options.trap_detail)
    return MachineConfig(
        ram=parse_size(options.mem),
        harts=options.harts,
        tlb=_hart_tlb(options.tlb, mode),
        second=SECOND_LEVEL_TLB if second is None else parse_tlb(second),
        isa=options.isa,
        bootargs=options.append,
        slots=_slots(options),
        semihosting=options.semihosting,
        traps_misaligned=traps_misaligned,
        detail=detail,
        is_legacy=_is_legacy(options),
        extras=_extras(options),
    )


def _extras(options: Options) -> tuple[object, ...]:
    """Gather the extensions: those given, those in files, those of installed packages."""
    from isa.plugins import entry_points_of

    if not options.extras and not options.extension and not entry_points_of(EXTENSIONS):
        return ()
    from vmm.extension_files import extras_of_files, installed_extras
    from vmm.extensions import check_extras

    files = extras_of_files(options.extension)
    return check_extras((*options.extras, *files, *installed_extras()))


def read_choices(misaligned: str, detail: str) -> tuple[bool, Detail]:
    """Read whether misaligned accesses trap, and what traps tell; raise TraplineError."""
    for option, word, choices in (
        ("--misaligned", misaligned, MISALIGNED),
        ("--trap-detail", detail, DETAILS),
    ):
        if word not in choices:
            raise TraplineError(f"{option} {word}: expected one of {', '.join(choices)}")
    return misaligned == TRAP, Detail[detail.upper()]


def _slots(options: Options) -> tuple[SlotSpec, ...]:
    if not options.drive and not options.device and not options.netdev:
        return ()
    from trapline.device_options import read_slots

    return read_slots(options.drive, options.device, options.netdev, is_snapshot=options.snapshot)


def _is_legacy(options: Options) -> bool:
    if not options.globals:
        return False
    from trapline.device_options import read_legacy

    return read_legacy(options.globals)


def _hart_tlb(text: str | None, mode: str) -> TlbShape | None:
    word = text or (FAST if mode == BARE else EXACT)
    if word == EXACT:
        return R10000_TLB
    if word != FAST:
        return parse_tlb(word)
    if mode == SOFTTLB:
        raise TraplineError(f"--tlb fast: mode {mode} consists of a modelled TLB; give a geometry")
    return None


def cost_model(options: Options) -> CostModel:
    """Give the cost model that is asked for; raise TraplineError when there is none."""
    return preset(options.costs)


def check_bound(bound: int | None) -> int | None:
    """Give back a bound on instructions that makes sense; raise TraplineError for another."""
    if bound is not None and not 1 <= bound <= MAX_BOUND:
        raise TraplineError(f"a bound of {bound} instructions: expected 1 to {MAX_BOUND}")
    return bound


def check_mode(mode: str) -> str:
    """Give back a mode that the monitor has; raise TraplineError, saying which there are."""
    if mode not in MODES:
        from vmm.memory import find_mode

        find_mode(mode)
    return mode


def tlb_words(config: MachineConfig, mode: str) -> str:
    """Say how TLB misses are accounted for, and the geometry, in the words of `--tlb`."""
    if config.tlb is None:
        return "fast: not modelled"
    hart = f"exact: {config.tlb.sets}x{config.tlb.ways}"
    return f"{hart}, second {config.second.sets}x{config.second.ways}" if mode == SOFTTLB else hart
