"""What the code is assembled for: the architecture string, the ABI, and the switches of `.option`.

Follows the ISA manual's chapter "ISA Extension Naming Conventions".
"""

import re
from dataclasses import dataclass, field

from assembler.errors import Complaint, nearest

DEFAULT_MARCH = "rv64im_zicsr_zifencei"
# Extensions that can be assembled, in canonical order, with the version that is recorded.
_EXTENSIONS = {"i": "2p1", "m": "2p0", "a": "2p1"}
_EXTENSIONS |= {"zicsr": "2p0", "zifencei": "2p0", "zmmul": "1p0"}
_IMPLIED = {"m": ("zmmul",)}
_GENERAL = ("i", "m", "a", "f", "d", "zicsr", "zifencei")
_ABIS = {"lp64": 0}
PRIV_SPEC = (1, 11, 0)  # what GNU as records by default once a CSR is named


@dataclass
class Target:
    """The architecture and ABI of an object."""

    extensions: tuple[str, ...]
    abi: str = "lp64"
    stack_align: int | None = None
    unaligned_access: int | None = None
    source_name: str = ""
    priv_spec: tuple[int, int, int] = (0, 0, 0)

    @property
    def arch(self) -> str:
        """The architecture with versions, as objects record it."""
        return "rv64" + "_".join(f"{name}{_EXTENSIONS[name]}" for name in self.extensions)

    @property
    def elf_flags(self) -> int:
        """The `e_flags` of the ELF header."""
        return _ABIS[self.abi]


@dataclass
class Switches:
    """What `.option` changes."""

    relax: bool = False
    stack: list[bool] = field(default_factory=list)


def make_target(march: str = DEFAULT_MARCH, mabi: str = "lp64") -> Target:
    """Read `-march` and `-mabi`; raise Complaint for what cannot be assembled."""
    if mabi not in _ABIS:
        raise Complaint(f"ABI {mabi!r} is not supported{nearest(mabi, _ABIS)}; known: lp64")
    names = _read_names(march)
    for name in names:
        if name not in _EXTENSIONS:
            raise Complaint(f"extension {name!r} of {march!r} cannot be assembled yet")
    wanted = set(names) | {implied for name in names for implied in _IMPLIED.get(name, ())}
    return Target(tuple(name for name in _EXTENSIONS if name in wanted), mabi)


def _read_names(march: str) -> list[str]:
    """Split an architecture string into extension names, without their versions."""
    if not re.fullmatch(r"rv64[a-z][a-z0-9_]*", march):
        raise Complaint(f"architecture {march!r} is not rv64 followed by extensions")
    first, *rest = march.removeprefix("rv64").split("_")
    names = re.findall(r"([a-z])(?:[0-9]+(?:p[0-9]+)?)?", first)
    names += [re.sub(r"[0-9]+p[0-9]+$", "", word) for word in rest if word]
    return [letter for name in names for letter in (_GENERAL if name == "g" else (name,))]
