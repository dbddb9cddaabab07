"""What random programs exercise: instruction x operand class x trap x privilege.

Counted on one of our engines, one step at a time. An operand's class is where its value lies: for
a register what it holds (`VALUE_CLASSES`), for an immediate whether it is one of the extremes.
"""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from difftest.decoded import decode
from difftest.program import RAM_SIZE, Program
from difftest.sides import Stop
from difftest.sides.ours import OurSide
from difftest.state import State
from isa.causes import INTERRUPT, Cause, Irq
from isa.csrs import CSRS
from isa.fields import Operand
from isa.spec import FORMS, TABLE

PRIVILEGES = {3: "M", 1: "S", 0: "U", 5: "VS", 4: "VU"}
RETIRED = "retired"
VALUE_CLASSES = ("0", "1", "-1", "least", "most", "word", "negative", "positive")
FLOAT_CLASSES = ("boxed", "zero", "subnormal", "normal", "infinite", "nan")
IMMEDIATE_CLASSES = ("0", "most", "positive", "least", "negative")
CLASSED = ("xreg", "freg", "rm", "imm", "uimm", "offset")
WRITTEN = ("rd", "rdp")
HANDLERS_OF = {3: "mcause", 1: "scause", 5: "vscause"}
LEAST, MOST, MASK = 1 << 63, (1 << 63) - 1, (1 << 64) - 1

Cell = tuple[str, str, str, str]
"""Instruction, operand and class (`rs1=-1`), outcome, privilege."""


@dataclass
class Coverage:
    """Counts of cells, traps (cause, from, to) and CSR accesses (CSR, outcome, privilege)."""

    cells: Counter[Cell] = field(default_factory=Counter)
    traps: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    csrs: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    executed: Counter[str] = field(default_factory=Counter)
    steps: int = 0

    def note(self, before: State, raw: int | None, after: State, is_trap: bool) -> None:
        """Count one step."""
        self.steps += 1
        priv = PRIVILEGES[before.priv]
        outcome = trap_name(after) if is_trap else RETIRED
        if is_trap:
            self.traps[outcome, priv, PRIVILEGES[after.priv]] += 1
        found = None if raw is None else decode(raw)
        if found is None or outcome in INTERRUPT_NAMES:
            return
        self.executed[found.name] += 1
        for operand in classes(found.name, raw or 0, before):
            self.cells[found.name, operand, outcome, priv] += 1
        number = found.values.get("csr")
        if number is not None:
            name = CSRS.by_number[number].name if number in CSRS.by_number else "absent"
            self.csrs[name, outcome, priv] += 1

    def missing(self) -> list[str]:
        """List the instructions and compressed forms that were never executed."""
        return [name for name in all_names() if name not in self.executed]

    def to_json(self) -> str:
        """Give everything that was counted."""
        return json.dumps({
            "steps": self.steps,
            "missing": self.missing(),
            "summary": self.summary(),
            "executed": dict(sorted(self.executed.items())),
            "cells": [[*cell, count] for cell, count in sorted(self.cells.items())],
            "traps": [[*trap, count] for trap, count in sorted(self.traps.items())],
            "csrs": [[*access, count] for access, count in sorted(self.csrs.items())],
        })  # fmt: skip

    def summary(self) -> dict[str, tuple[int, int]]:
        """Give what was reached, of how many there are, by what it is."""
        pairs = {(name, priv) for name, _, _, priv in self.cells}
        operands = {(name, operand) for name, operand, _, _ in self.cells}
        trapping = {(name, outcome) for name, _, outcome, _ in self.cells if outcome != RETIRED}
        names = all_names()
        has_all = sum(len(possible_classes(name)) for name in names)
        return {
            "instructions": (len(names) - len(self.missing()), len(names)),
            "instructions x privilege": (len(pairs), len(names) * len(PRIVILEGES)),
            "instructions x operand class": (len(operands), has_all),
            "instructions x trap": (len(trapping), 0),
            "traps": (len({cause for cause, _, _ in self.traps}), 0),
            "traps x from x to": (len(self.traps), 0),
            "CSRs": (len({name for name, _, _ in self.csrs} - {"absent"}), len(CSRS.by_name)),
            "cells": (len(self.cells), 0),
        }

    def report(self) -> str:
        """Give the summary, and a line for each instruction."""
        lines = [f"{self.steps} steps"]
        for what, (reached, of) in self.summary().items():
            lines.append(f"{what}: {reached}" + (f" of {of}" if of else ""))
        lines += ["", f"never executed: {', '.join(self.missing()) or 'none'}", ""]
        lines += [self._line(name) for name in all_names() if name in self.executed]
        lines += ["", "traps, from and to:"]
        lines += [f"  {c}: {a} to {b}, {n} times" for (c, a, b), n in sorted(self.traps.items())]
        return "\n".join(lines)

    def _line(self, name: str) -> str:
        cells = [cell for cell in self.cells if cell[0] == name]
        modes = " ".join(p for p in PRIVILEGES.values() if any(cell[3] == p for cell in cells))
        reached = len({cell[1] for cell in cells})
        traps = sorted({cell[2] for cell in cells} - {RETIRED})
        of = len(possible_classes(name))
        text = f"  {name}: {self.executed[name]} times in {modes}; {reached} of {of} classes"
        return text + (f"; {', '.join(traps)}" if traps else "")


def all_names() -> list[str]:
    """List every instruction and compressed form there is."""
    return [insn.name for insn in TABLE] + [form.name for form in FORMS]


def trap_name(after: State) -> str:
    """Name the cause of the trap that led to a state."""
    cause = after.csrs[HANDLERS_OF[after.priv]]
    if cause & INTERRUPT:
        return interrupt_name(cause & ~INTERRUPT)
    return Cause(cause).name.lower() if cause in set(Cause) else f"cause {cause}"


def interrupt_name(number: int) -> str:
    """Name an interrupt."""
    return Irq(number).name if number in set(Irq) else f"interrupt {number}"


INTERRUPT_NAMES = {interrupt_name(number) for number in range(64)}


def classes(name: str, raw: int, before: State) -> list[str]:
    """Give the class of each operand of an instruction about to be executed."""
    classed = []
    for operand in operands(name):
        value = operand.extract(raw)
        if operand.name in WRITTEN:
            classed.append(f"{operand.name}={'x' if value else 'x0'}")
        elif operand.kind == "xreg":
            classed.append(f"{operand.name}={value_class(before.x[value])}")
        elif operand.kind == "freg":
            classed.append(f"{operand.name}={float_class(before.f[value])}")
        elif operand.kind == "rm":
            classed.append(f"{operand.name}={value}")
        else:
            classed.append(f"{operand.name}={immediate_class(value, operand)}")
    return classed or ["none"]


def operands(name: str) -> list[Operand]:
    """List the operands, of an instruction or a compressed form, that have classes."""
    described = FORMS.by_name.get(name) or TABLE.by_name[name]
    found = described.pattern.operands.values()
    return [one for one in found if one.kind in CLASSED and one.name not in ("fd", "fdp")]


def value_class(value: int) -> str:
    """Give the class of a register's value."""
    exact = {0: "0", 1: "1", MASK: "-1", LEAST: "least", MOST: "most"}
    if value in exact:
        return exact[value]
    if value >> 63:
        return "negative"
    return "word" if value >> 32 == 0 else "positive"


def float_class(bits: int) -> str:
    """Give the class of a floating-point register: a boxed narrower value, or a double's."""
    if bits >> 32 == 0xFFFF_FFFF:
        return "boxed"
    exponent, fraction = bits >> 52 & 0x7FF, bits & (1 << 52) - 1
    if exponent == 0x7FF:
        return "nan" if fraction else "infinite"
    if exponent:
        return "normal"
    return "subnormal" if fraction else "zero"


def immediate_class(value: int, operand: Operand) -> str:
    """Give the class of an immediate."""
    if value == 0:
        return "0"
    if value in (operand.lo, operand.hi):
        return "least" if value == operand.lo else "most"
    return "negative" if value < 0 else "positive"


def possible_classes(name: str) -> list[str]:
    """List the classes that an instruction's operands may have."""
    found = []
    for operand in operands(name):
        signs = IMMEDIATE_CLASSES if operand.lo < 0 else IMMEDIATE_CLASSES[:3]
        kinds = {"xreg": VALUE_CLASSES, "freg": FLOAT_CLASSES, "rm": tuple("01234567")}
        named = kinds.get(operand.kind, signs)
        if operand.name in WRITTEN:
            named = ("x",) if operand.lo else ("x0", "x")
        found += [f"{operand.name}={one}" for one in named]
    return found or ["none"]


def measure(
    programs: Iterable[Program],
    steps: int,
    coverage: Coverage | None = None,
    *,
    ram_size: int = RAM_SIZE,
) -> Coverage:
    """Count what programs exercise in their first `steps` instructions each."""
    coverage = coverage or Coverage()
    side = OurSide("interpreter", ram_size=ram_size)
    for program in programs:
        side.load(program)
        before = side.state(with_csrs=True)
        for _ in range(steps):
            raw = side.word_at_pc()
            if side.step(1) is not Stop.NONE:
                break
            after = side.state(with_csrs=True)
            is_trap = after.counts["traps"] != before.counts["traps"]
            coverage.note(before, raw, after, is_trap)
            before = after
    return coverage
