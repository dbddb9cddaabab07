"""SBI BASE: which specification, which implementation, which extensions.

Follows the SBI Specification v3.0, chapter "Base Extension (EID #0x10)".
"""

from collections.abc import Collection, Sequence

from vmm.contracts import SbiPlatform, SbiReturn
from vmm.hypercalls.sbi.errors import SbiError
from vmm.hypercalls.sbi.extension import Extension

EID = 0x10
SPEC_MAJOR, SPEC_MINOR = 3, 0
SPEC_VERSION = SPEC_MAJOR << 24 | SPEC_MINOR
IMPLEMENTATION_ID = 0x5452_4150
"""ASCII "TRAP". Ids are given out by the specification; 0 to 11 are taken and small ones will be,
so this one is chosen where no registration is to be expected. See docs/sbi.md."""
IMPLEMENTATION_VERSION = 0x0001_0000
"""Major version in bits 31..16, minor in 15..0."""


def make(offered: Collection[int]) -> Extension:
    """Return BASE for an SBI that offers exactly these extension ids besides BASE itself."""
    available = frozenset(offered) | {EID}

    def probe_extension(_platform: SbiPlatform, _hart: int, args: Sequence[int]) -> SbiReturn:
        return _value(1 if args[0] in available else 0)

    return Extension(
        "BASE",
        EID,
        {
            0: get_spec_version,
            1: get_impl_id,
            2: get_impl_version,
            3: probe_extension,
            4: get_mvendorid,
            5: get_marchid,
            6: get_mimpid,
        },
    )


def _value(value: int) -> SbiReturn:
    return SbiReturn(SbiError.SUCCESS, value)


def get_spec_version(_platform: SbiPlatform, _hart: int, _args: Sequence[int]) -> SbiReturn:
    """Return the version of the specification that is followed."""
    return _value(SPEC_VERSION)


def get_impl_id(_platform: SbiPlatform, _hart: int, _args: Sequence[int]) -> SbiReturn:
    """Return which SBI implementation this is."""
    return _value(IMPLEMENTATION_ID)


def get_impl_version(_platform: SbiPlatform, _hart: int, _args: Sequence[int]) -> SbiReturn:
    """Return the version of this implementation."""
    return _value(IMPLEMENTATION_VERSION)


def get_mvendorid(platform: SbiPlatform, _hart: int, _args: Sequence[int]) -> SbiReturn:
    """Return the harts' mvendorid."""
    return _value(platform.machine_ids.mvendorid)


def get_marchid(platform: SbiPlatform, _hart: int, _args: Sequence[int]) -> SbiReturn:
    """Return the harts' marchid."""
    return _value(platform.machine_ids.marchid)


def get_mimpid(platform: SbiPlatform, _hart: int, _args: Sequence[int]) -> SbiReturn:
    """Return the harts' mimpid."""
    return _value(platform.machine_ids.mimpid)
