"""The names of CSRs as GNU binutils 2.40 knows them, whether the board has the CSR or not.

Not here: what a CSR does (`isa.csrs`). A name holds for privileged specifications from one version
up to, and without, another; where no version is given it holds for all.
"""

import re
from collections.abc import Iterator
from functools import cache

Version = tuple[int, int]
NEWEST: Version = (1, 12)
_OLDEST: Version = (1, 9)
_NEVER: Version = (9, 9)
_RANGE = re.compile(r"(?P<stem>[a-z]+)(?P<first>\d+)-(?P<last>\d+)(?P<tail>h?)")

# First number, and the names from there on, for which versions.
_NAMES: tuple[tuple[int, str, Version, Version], ...] = (
    (0x001, "fflags frm fcsr", _OLDEST, _NEVER),
    (0x008, "vstart vxsat vxrm", _OLDEST, _NEVER),
    (0x00F, "vcsr", _OLDEST, _NEVER),
    (0x015, "seed", _OLDEST, _NEVER),
    (0x000, "ustatus", _OLDEST, (1, 12)),
    (0x004, "uie utvec", _OLDEST, (1, 12)),
    (0x040, "uscratch uepc ucause utval uip", _OLDEST, (1, 12)),
    (0x100, "sstatus", _OLDEST, _NEVER),
    (0x102, "sedeleg sideleg", _OLDEST, (1, 12)),
    (0x104, "sie stvec scounteren", _OLDEST, _NEVER),
    (0x10A, "senvcfg", (1, 12), _NEVER),
    (0x10C, "sstateen0-3", _OLDEST, _NEVER),
    (0x114, "sieh", _OLDEST, _NEVER),
    (0x140, "sscratch sepc scause stval sip", _OLDEST, _NEVER),
    (0x14D, "stimecmp", _OLDEST, _NEVER),
    (0x150, "siselect sireg", _OLDEST, _NEVER),
    (0x154, "siph", _OLDEST, _NEVER),
    (0x15C, "stopei stimecmph", _OLDEST, _NEVER),
    (0x180, "satp", _OLDEST, _NEVER),
    (0x200, "vsstatus", _OLDEST, _NEVER),
    (0x204, "vsie vstvec", _OLDEST, _NEVER),
    (0x214, "vsieh", _OLDEST, _NEVER),
    (0x240, "vsscratch vsepc vscause vstval vsip", _OLDEST, _NEVER),
    (0x24D, "vstimecmp", _OLDEST, _NEVER),
    (0x250, "vsiselect vsireg", _OLDEST, _NEVER),
    (0x254, "vsiph", _OLDEST, _NEVER),
    (0x25C, "vstopei vstimecmph", _OLDEST, _NEVER),
    (0x280, "vsatp", _OLDEST, _NEVER),
    (0x300, "mstatus misa medeleg mideleg mie mtvec mcounteren", _OLDEST, _NEVER),
    (0x308, "mvien mvip", _OLDEST, _NEVER),
    (0x30A, "menvcfg", (1, 12), _NEVER),
    (0x30C, "mstateen0-3", _OLDEST, _NEVER),
    (0x310, "mstatush", (1, 12), _NEVER),
    (0x313, "midelegh mieh", _OLDEST, _NEVER),
    (0x318, "mvienh mviph", _OLDEST, _NEVER),
    (0x31A, "menvcfgh", (1, 12), _NEVER),
    (0x31C, "mstateen0-3h", _OLDEST, _NEVER),
    (0x320, "mcountinhibit", (1, 11), _NEVER),
    (0x323, "mhpmevent3-31", _OLDEST, _NEVER),
    (0x340, "mscratch mepc mcause mtval mip", _OLDEST, _NEVER),
    (0x34A, "mtinst mtval2", (1, 12), _NEVER),
    (0x350, "miselect mireg", _OLDEST, _NEVER),
    (0x354, "miph", _OLDEST, _NEVER),
    (0x35C, "mtopei", _OLDEST, _NEVER),
    (0x3A0, "pmpcfg0-3", _OLDEST, _NEVER),
    (0x3A4, "pmpcfg4-15", (1, 12), _NEVER),
    (0x3B0, "pmpaddr0-15", _OLDEST, _NEVER),
    (0x3C0, "pmpaddr16-63", (1, 12), _NEVER),
    (0x5A8, "scontext", _OLDEST, _NEVER),
    (0x600, "hstatus", _OLDEST, _NEVER),
    (0x602, "hedeleg hideleg hie htimedelta hcounteren", _OLDEST, _NEVER),
    (0x607, "hgeie hvien hvictl henvcfg", _OLDEST, _NEVER),
    (0x60C, "hstateen0-3", _OLDEST, _NEVER),
    (0x613, "hidelegh", _OLDEST, _NEVER),
    (0x615, "htimedeltah", _OLDEST, _NEVER),
    (0x618, "hvienh", _OLDEST, _NEVER),
    (0x61A, "henvcfgh", _OLDEST, _NEVER),
    (0x61C, "hstateen0-3h", _OLDEST, _NEVER),
    (0x643, "htval hip hvip hviprio1-2", _OLDEST, _NEVER),
    (0x64A, "htinst", _OLDEST, _NEVER),
    (0x655, "hviph hviprio1-2h", _OLDEST, _NEVER),
    (0x680, "hgatp", _OLDEST, _NEVER),
    (0x6A8, "hcontext", _OLDEST, _NEVER),
    (0x723, "mhpmevent3-31h", _OLDEST, _NEVER),
    (0x747, "mseccfg", (1, 12), _NEVER),
    (0x757, "mseccfgh", (1, 12), _NEVER),
    (0x7A0, "tselect tdata1-3 tinfo tcontrol", _OLDEST, _NEVER),
    (0x7A8, "mcontext", _OLDEST, _NEVER),
    (0x7AA, "mscontext", _OLDEST, _NEVER),
    (0x7B0, "dcsr dpc dscratch0-1", _OLDEST, _NEVER),
    (0xB00, "mcycle", _OLDEST, _NEVER),
    (0xB02, "minstret mhpmcounter3-31", _OLDEST, _NEVER),
    (0xB80, "mcycleh", _OLDEST, _NEVER),
    (0xB82, "minstreth mhpmcounter3-31h", _OLDEST, _NEVER),
    (0xC00, "cycle time instret hpmcounter3-31", _OLDEST, _NEVER),
    (0xC20, "vl vtype vlenb", _OLDEST, _NEVER),
    (0xC80, "cycleh timeh instreth hpmcounter3-31h", _OLDEST, _NEVER),
    (0xDA0, "scountovf", _OLDEST, _NEVER),
    (0xDB0, "stopi", _OLDEST, _NEVER),
    (0xE12, "hgeip", _OLDEST, _NEVER),
    (0xEB0, "vstopi", _OLDEST, _NEVER),
    (0xF11, "mvendorid marchid mimpid mhartid", _OLDEST, _NEVER),
    (0xF15, "mconfigptr", (1, 12), _NEVER),
    (0xFB0, "mtopi", _OLDEST, _NEVER),
)


_ALIASES = """
ubadaddr=0x043 sbadaddr=0x143 sptbr=0x180 mbadaddr=0x343 mucounteren=0x320 mscounteren=0x321
mhcounteren=0x322 mbase=0x380 mbound=0x381 mibase=0x382 mibound=0x383 mdbase=0x384 mdbound=0x385
dscratch=0x7b2 mcontrol=0x7a1 mcontrol6=0x7a1 icount=0x7a1 itrigger=0x7a1 etrigger=0x7a1
tmexttrigger=0x7a1 textra32=0x7a3 textra64=0x7a3
"""
"""Further names, most of them of older specifications, that assemblers know and never print."""


def csr_name(number: int, version: Version = NEWEST) -> str | None:
    """Give the name of a CSR in a version of the privileged specification, or None."""
    return _by_number(version).get(number)


def csr_number(name: str) -> int | None:
    """Give the number of a CSR by a name of any version, or None."""
    return _by_name().get(name)


@cache
def _by_number(version: Version) -> dict[int, str]:
    return {
        number: name
        for start, names, first, end in _NAMES
        if first <= version < end
        for number, name in enumerate(_expand(names), start)
    }


@cache
def _by_name() -> dict[str, int]:
    aliases = (word.partition("=") for word in _ALIASES.split())
    return {name: int(number, 0) for name, _, number in aliases} | {
        name: number
        for start, names, _, _ in _NAMES
        for number, name in enumerate(_expand(names), start)
    }


def _expand(names: str) -> Iterator[str]:
    """Write ranges such as `pmpcfg0-3` out."""
    for name in names.split():
        found = _RANGE.fullmatch(name)
        if found is None:
            yield name
            continue
        for number in range(int(found["first"]), int(found["last"]) + 1):
            yield f"{found['stem']}{number}{found['tail']}"
