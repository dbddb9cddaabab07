"""The architectural state that sides are compared in, and what differs between two.

Counters are left to the instructions that read them; constants and views are left out.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from isa.csrs import CSRS
from isa.registers import F_NAMES, X_NAMES

COUNTERS = {"cycle", "time", "instret", "mcycle", "minstret", "scountovf"}
CONSTANT = {"mvendorid", "marchid", "mimpid", "mhartid", "mconfigptr", "misa"}
HPM = {name for name in CSRS.by_name if name.startswith(("mhpm", "hpm"))}
VIEWS = {"sstatus", "sie", "sip", "hie", "hip", "vsie", "vsip"}  # of mstatus, mie, mip
ABSENT = {f"pmpcfg{i}" for i in range(4, 16, 2)} | {f"pmpaddr{i}" for i in range(16, 64)}
LEFT_OUT = COUNTERS | CONSTANT | HPM | VIEWS | ABSENT
STATE_CSRS = tuple(name for name in CSRS.by_name if name not in LEFT_OUT)


class Difference(NamedTuple):
    """One field that two states do not share."""

    name: str
    ours: int
    theirs: int

    def __str__(self) -> str:
        return f"{self.name}: {self.ours:#x} and {self.theirs:#x}"


@dataclass(frozen=True)
class State:
    """Registers after a step; `csrs` may be empty when they were not asked for."""

    pc: int
    priv: int
    x: tuple[int, ...]
    csrs: dict[str, int] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)  # of the modelled TLB; ours only
    f: tuple[int, ...] = ()  # ours only

    def differences(self, other: "State") -> list[Difference]:
        """List what differs; CSRs that only one side gave are not compared."""
        found = [
            Difference(X_NAMES[i], a, b)
            for i, (a, b) in enumerate(zip(self.x, other.x, strict=True))
            if a != b
        ]
        if self.f and other.f:
            pairs = zip(F_NAMES, self.f, other.f, strict=True)
            found += [Difference(name, a, b) for name, a, b in pairs if a != b]
        for name in ("pc", "priv"):
            a, b = getattr(self, name), getattr(other, name)
            found += [Difference(name, a, b)] if a != b else []
        both = self.csrs.keys() & other.csrs.keys()
        found += [
            Difference(name, self.csrs[name], other.csrs[name])
            for name in STATE_CSRS
            if name in both and self.csrs[name] != other.csrs[name]
        ]
        counted = self.counts.keys() & other.counts.keys()
        found += [
            Difference(name, self.counts[name], other.counts[name])
            for name in sorted(counted)
            if self.counts[name] != other.counts[name]
        ]
        return found
