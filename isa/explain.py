"""Why an access or an instruction traps: found by trying, not by a second account of the rules.

The reference engine does it on a copy of the hart's state that notes what is read. Then each bit
that it read, of control registers and of page-table entries, is flipped in a fresh copy: those
after which it ends otherwise have decided. So whatever the specification says is explained.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from isa import mstatus, pte
from isa.causes import INTERRUPT, Priv, describe_cause
from isa.csrs import CSRS
from isa.engine.reference import ReferenceEngine
from isa.exits import ExitReason
from isa.hart import Hart
from isa.mmu import fetch, load, store
from isa.probe import Probe
from isa.state import Slot
from isa.trap import take
from isa.words import Word

WORD_BITS = 64
PRIVILEGE = "privilege"
MOST_AT_ONCE = 4
"""Bits of one entry that are flipped together where no single one decides."""
_PROTECTED = (1, 5, 7)
"""Causes of access faults: only they are about physical memory protection."""
_ADDRESSES = ("tdata2", "atp", "pmpaddr", "tvec", "epc", "scratch", "tval", "cause")
"""Ends and beginnings of names of registers whose low bits hold addresses, or what a trap left."""
_MODE_AT = 60  # in satp and its kin
_MODES = (0, 8, 9, 10)  # that it can be
PTE_NAMES = {
    value.bit_length() - 1: name.removeprefix("PTE_")
    for name, value in vars(pte).items()
    if name.startswith("PTE_") and value.bit_count() == 1
}
MSTATUS_NAMES = {
    value.bit_length() - 1: name
    for name, value in vars(mstatus).items()
    if isinstance(value, int) and value.bit_count() == 1 and name not in ("UXL_64", "SXL_64")
}


@dataclass(frozen=True)
class Outcome:
    """How something ended: with which trap (None: with none), and who took it at which address."""

    cause: int | None
    tval: int = 0
    taken_by: str = ""
    handler: int = 0

    def __str__(self) -> str:
        if self.cause is None:
            return "no trap"
        return f"{describe_cause(self.cause)}, taken by {self.taken_by}"


@dataclass(frozen=True)
class Bit:
    """One bit of a control register, or of a page-table entry at a physical address.

    The privilege level is one too: `number` is then another level and `value` the present one.
    """

    holder: str
    number: int
    value: int
    address: int | None = None

    def __str__(self) -> str:
        if self.holder == PRIVILEGE:
            return f"privilege {Priv(self.value).name}, not {Priv(self.number).name}"
        names = MSTATUS_NAMES if self.holder == "mstatus" else {}
        if self.address is not None:
            names = PTE_NAMES
        name = names.get(self.number, f"bit {self.number}")
        return f"{self.holder} {name}={self.value}"


@dataclass(frozen=True)
class Reason:
    """Bits that decided: with all of them flipped, it ends with `instead`."""

    bits: tuple[Bit, ...]
    instead: Outcome

    def __str__(self) -> str:
        return f"{', '.join(map(str, self.bits))}: otherwise {self.instead}"


@dataclass(frozen=True)
class Explanation:
    """What happened, the page-table entries that it went through, and what decided."""

    outcome: Outcome
    entries: tuple[tuple[int, int], ...]
    reasons: tuple[Reason, ...]

    @property
    def deciding(self) -> tuple[Reason, ...]:
        """The reasons without which there would be no trap; none, if the instruction is one."""
        return tuple(reason for reason in self.reasons if reason.instead.cause is None)

    @property
    def delegating(self) -> tuple[Reason, ...]:
        """The reasons without which the same trap would be taken elsewhere."""
        same = (r for r in self.reasons if r.instead.cause == self.outcome.cause)
        return tuple(r for r in same if r.instead.taken_by != self.outcome.taken_by)


Doing = Callable[[Any], object]


@dataclass(frozen=True)
class _Trial:
    """Something that can be done again and again from one state."""

    hart: Hart
    doing: Doing
    prepare: Doing = field(default=lambda probe: None)
    is_step: bool = False  # of the hart as it is, and not an access that someone else makes

    def run(self, bits: tuple[Bit, ...] = ()) -> tuple[Outcome, Probe]:
        """Do it on a fresh copy with some bits flipped."""
        probe = Probe(self.hart)
        self.prepare(probe)
        for bit in bits:
            if bit.holder == PRIVILEGE:
                probe.slots[Slot.PRIV] = bit.number
            elif bit.address is None:
                probe.slots[Slot[bit.holder.upper()]] ^= 1 << bit.number
            else:
                at = bit.address - probe.slots[Slot.RAM_BASE]
                old = int.from_bytes(probe.ram[at : at + 8], "little") ^ 1 << bit.number
                probe.ram[at : at + 8] = old.to_bytes(8, "little")
        probe.read.clear()
        probe.ram.read.clear()
        before = probe.slots[Slot.TRAPS]
        self.doing(probe)
        return _outcome(probe, before), probe


def explain_step(hart: Hart) -> Explanation:
    """Explain what the next instruction, or interrupt, of a hart ends with."""
    engine = ReferenceEngine()
    return _explain(_Trial(hart, lambda probe: engine.run(probe, 1), is_step=True))


def explain_access(hart: Hart, va: int, access: str, priv: int, size: int = 1) -> Explanation:
    """Explain what an access ("r", "w" or "x") to a virtual address at a privilege ends with."""

    def prepare(probe: Any) -> None:
        probe.slots[Slot.PRIV] = priv
        probe.slots[Slot.MSTATUS] &= ~mstatus.MPRV

    def attempt(probe: Any) -> None:
        if access == "r":
            load(probe, Word(va), size)
        elif access == "w":
            store(probe, Word(va), size, Word(0))
        else:
            fetch(probe, Word(va))
        if probe.slots[Slot.PENDING]:
            take(probe)

    return _explain(_Trial(hart, attempt, prepare))


def _explain(trial: _Trial) -> Explanation:
    outcome, probe = trial.run()
    base = probe.slots[Slot.RAM_BASE]
    walked = _entries(trial, probe)
    if outcome.cause is None:
        return Explanation(outcome, (), ())
    candidates: list[tuple[Bit, ...]] = [
        (bit,) for bit in _control_bits(trial.hart, probe, outcome)
    ]
    candidates += [
        (Bit(PRIVILEGE, priv, trial.hart.slots[Slot.PRIV]),)
        for priv in Priv
        if trial.is_step and priv != trial.hart.slots[Slot.PRIV]
    ]
    for at in dict.fromkeys(walked):
        candidates += [(bit,) for bit in _entry_bits(trial.hart, at, base)]
    reasons = list(_tried(trial, outcome, candidates))
    in_entries = [reason for reason in reasons if reason.bits[0].address is not None]
    if walked and not any(reason.instead.cause is None for reason in in_entries):
        reasons += _together(trial, outcome, _entry_bits(trial.hart, walked[-1], base)[:8])
    entries = tuple((base + at, _word_at(trial.hart, at)) for at in walked)
    return Explanation(outcome, entries, tuple(reasons))


def _tried(
    trial: _Trial, outcome: Outcome, candidates: Iterable[tuple[Bit, ...]]
) -> Iterator[Reason]:
    for bits in candidates:
        instead, _ = trial.run(bits)
        if instead != outcome:
            yield Reason(bits, instead)


def _together(trial: _Trial, outcome: Outcome, bits: list[Bit]) -> list[Reason]:
    """Find the fewest bits of one entry that, flipped together, make it end without a trap."""
    for count in range(2, MOST_AT_ONCE + 1):
        tried = _tried(trial, outcome, combinations(bits, count))
        found = [reason for reason in tried if reason.instead.cause is None]
        if found:
            return found
    return []


def _control_bits(hart: Hart, probe: Probe, outcome: Outcome) -> Iterator[Bit]:
    """Give the bits of the CSRs that were read, without those that are parts of addresses."""
    for slot in probe.read:
        name = Slot(slot).name.lower()
        csr = name.split("_")[0]  # a trigger's tdata1_2 is what tdata1 is when it is selected
        if csr not in CSRS.by_name or (name.startswith("pmp") and outcome.cause not in _PROTECTED):
            continue
        is_address = name.endswith(_ADDRESSES) or name.startswith(_ADDRESSES)
        first = WORD_BITS if is_address else 0
        if name.endswith("atp"):
            first = _MODE_AT
        for number in range(first, WORD_BITS):
            bit = Bit(name, number, hart.slots[slot] >> number & 1)
            if first != _MODE_AT or hart.slots[slot] >> _MODE_AT ^ 1 << number - _MODE_AT in _MODES:
                yield bit


def _entries(trial: _Trial, probe: Probe) -> tuple[int, ...]:
    """Give the RAM offsets of the page-table entries read: what is read with translation on."""
    return tuple(probe.ram.read) if trial.hart.slots[Slot.SATP] >> _MODE_AT else ()


def _entry_bits(hart: Hart, at: int, base: int) -> list[Bit]:
    """Give the bits of an entry, without those of the address in it."""
    word = _word_at(hart, at)
    holder = f"entry at {base + at:#x}"
    return [
        Bit(holder, number, word >> number & 1, base + at)
        for number in range(WORD_BITS)
        if not pte.PTE_PPN >> number & 1
    ]


def levels(hart: Hart, entries: tuple[tuple[int, int], ...]) -> list[int]:
    """Give each entry's level; a walk begins at the root."""
    satp = hart.slots[Slot.SATP]
    top = (satp >> _MODE_AT) - 6  # Sv39 is mode 8 and has three levels
    found: list[int] = []
    for address, _ in entries:
        is_root = address >> pte.PAGE_SHIFT == satp & (1 << 44) - 1
        found.append(top if is_root or not found else found[-1] - 1)
    return found


def told(what: str, hart: Hart, found: Explanation) -> list[str]:
    """Tell of an explanation in lines for people."""
    lines = [f"{what}: {found.outcome}"]
    if found.outcome.cause is None:
        return lines
    lines.append(f"  tval {found.outcome.tval:#x}, handler at {found.outcome.handler:#x}")
    for level, (address, word) in zip(levels(hart, found.entries), found.entries, strict=True):
        place = f"entry at {address:#x} = {word:#x} [{flags(word)}]"
        lines.append(f"  walked level {level}, {place}")
    lines += [f"  because {reason}" for reason in found.deciding]
    if not found.deciding:
        lines.append("  whatever any one control bit or page-table entry were")
    return lines + [f"  there because {reason}" for reason in found.delegating]


def flags(word: int) -> str:
    """Give an entry's flags by their letters."""
    return "".join("VRWXUGAD"[bit] if word >> bit & 1 else "-" for bit in reversed(range(8)))


def _word_at(hart: Hart, at: int) -> int:
    return int.from_bytes(hart.ram[at : at + 8], "little")


def _outcome(probe: Probe, traps_before: int) -> Outcome:
    slots = probe.slots
    if slots[Slot.EXIT] == ExitReason.TRAP:
        return Outcome(slots[Slot.CAUSE], slots[Slot.TVAL], "the environment")
    if slots[Slot.TRAPS] == traps_before:
        return Outcome(None)
    mode = Priv(slots[Slot.PRIV]).name
    cause, tval = (Slot.MCAUSE, Slot.MTVAL) if mode == "M" else (Slot.SCAUSE, Slot.STVAL)
    return Outcome(slots[cause], slots[tval], f"{mode}-mode", slots[Slot.PC])


def is_interrupt(outcome: Outcome) -> bool:
    """Say whether an outcome is an interrupt."""
    return outcome.cause is not None and outcome.cause & INTERRUPT != 0
