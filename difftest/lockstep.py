"""Two sides step by step, until they differ or the program is over.

`compare` gives a Report; with a difference it holds both states and the instruction. Sides are run
in windows of `stride` instructions; a difference found in a longer window is traced to its
instruction by running again one at a time.
"""

from collections.abc import Container
from dataclasses import dataclass

from difftest.decoded import Decoded, decode
from difftest.program import RAM_BASE, Program
from difftest.reconcile import RECONCILED, Reconciliation
from difftest.sides import Side, Stop
from difftest.state import Difference, State
from isa.csrs import CSRS
from isa.disasm import disassemble
from isa.insn import Kind
from isa.pte import PAGE_SIZE

DEFAULT_STEPS = 1000
STORE_CONDITIONAL = ("sc.w", "sc.d")
CAUSES = {"mtval": "mcause", "stval": "scause"}
MANAGING = ("cbo.inval", "cbo.clean", "cbo.flush")
OUT_OF_ORDER = (Kind.BRANCH, Kind.JUMP, Kind.SYSTEM)
MOST_WINDOWS = 6  # of a program to go through again singly; then it is all of it
MAX_TRACED = 1 << 30  # steps times bytes of RAM to compare after each, to find the one


@dataclass(frozen=True)
class Mismatch:
    """The first difference: before, the instruction, and both states after it."""

    step: int
    before: State
    word: int | None
    ours: State
    theirs: State
    differences: tuple[Difference, ...]

    def describe(self, name: str, other: str) -> str:
        """Say what differs, between which sides, after which instruction."""
        pc = self.before.pc
        text = "a trap of its fetch" if self.word is None else disassemble(self.word, pc)
        lines = [f"step {self.step}: {name} and {other} differ after {pc:#x}: {text}"]
        lines += [f"  privilege {self.before.priv}, went on at {self.ours.pc:#x}"]
        found = None if self.word is None else decode(self.word)
        if found is not None:
            values = found.values
            used = sorted({values[k] for k in ("rs1", "rs2", "rd") if k in values})
            lines += [f"  before: x{i} = {self.before.x[i]:#x}" for i in used]
        return "\n".join(lines + [f"  {difference}" for difference in self.differences])


@dataclass(frozen=True)
class Report:
    """How a comparison went."""

    steps: int
    stop: Stop
    mismatch: Mismatch | None = None
    traps: int = 0


def compare(
    program: Program, ours: Side, theirs: Side, steps: int = DEFAULT_STEPS, stride: int = 1
) -> Report:
    """Run a program on both sides and compare them after every `stride` instructions."""
    report = _in_windows(program, ours, theirs, steps, stride)
    if stride > 1 and report.mismatch and _is_in_memory(report.mismatch):
        report = _Run(program, ours, theirs).windows(report.steps, 1)
    is_short = report.steps * len(ours.memory()) <= MAX_TRACED
    if report.mismatch and is_short and _is_in_memory(report.mismatch):
        traced = _Run(program, ours, theirs, with_memory=True).windows(report.steps, 1)
        return traced if traced.mismatch else report
    return report


def _in_windows(program: Program, ours: Side, theirs: Side, steps: int, stride: int) -> Report:
    """Compare in windows; those that end in a difference are gone through again step by step."""
    singly: set[int] = set()
    report: Report | None = None
    last = 0
    while True:
        run = _Run(program, ours, theirs)
        again = run.windows(steps, stride, singly)
        if report is not None and again.steps > last + stride and last not in run.settled:
            return report  # what differs comes of going several steps at once
        report, last = again, run.window
        if stride == 1 or report.mismatch is None or last in singly:
            return report
        singly.add(last)
        if len(singly) > MOST_WINDOWS:
            return _Run(program, ours, theirs).windows(steps, 1)


def _is_in_memory(mismatch: Mismatch) -> bool:
    return any(d.name.startswith("[") for d in mismatch.differences)


class _Run:
    def __init__(
        self, program: Program, ours: Side, theirs: Side, *, with_memory: bool = False
    ) -> None:
        self._ours, self._theirs = ours, theirs
        self._program = program
        self._with_memory = with_memory
        self._rules = RECONCILED[theirs.name]
        self.window = 0  # the step at which the current window began
        self.settled: set[int] = set()  # windows with differences that both may choose
        ours.load(program)
        theirs.load(program)
        self._agree_on_start()

    def _agree_on_start(self) -> None:
        """Give the other side our choice where the program starts with a value that is free."""
        csrs = self._ours.state(with_csrs=True).csrs
        for name in self._program.csrs:
            if any(choice.csr == name for choice in self._rules.choices):
                self._theirs.set_csr(name, csrs[name])

    def windows(self, steps: int, stride: int, singly: Container[int] = ()) -> Report:
        """Compare until the end; the windows that begin at `singly` step by step."""
        done = self.window = 0
        before = self._ours.state(with_csrs=True)
        while done < steps:
            if done >= self.window + stride or done == 0:
                self.window = done
            is_single = stride == 1 or self.window in singly
            word = self._ours.word_at_pc() if is_single else None
            if is_single and self._is_out_of_bounds(before, word):
                return self._finish(done, Stop.OUTSIDE)
            count = 1 if is_single else min(stride, steps - done)
            stop = self._ours.step(count)
            if stop is not Stop.NONE:
                self._theirs.step(self._ours.taken)
                return self._finish(done + self._ours.taken, stop)
            if is_single and self._rules.goes_on_after_triggers and self._ours.took_trigger():
                self._ours.step(1)
                self.settled.add(self.window)
            self._theirs.step(count)
            done += count
            mismatch = self._check(done, before, word)
            if mismatch and (self._has_new_code() or self._is_end(mismatch)):
                return Report(done, Stop.OUTSIDE)
            if mismatch:
                return Report(done, Stop.NONE, mismatch)
            before = self._ours.state(with_csrs=True)
        return self._finish(done, Stop.NONE)

    def _is_end(self, mismatch: Mismatch) -> bool:
        """Say whether an atomic has trapped, for a cause that another side may see otherwise."""
        found = None if mismatch.word is None else decode(mismatch.word)
        if found is None or "aqrl" not in found.insn.pattern.operands:
            return False
        csrs = mismatch.ours.csrs
        causes = {csrs.get(name) for name in ("mcause", "scause", "vscause")}
        has_trapped = mismatch.ours.pc != mismatch.before.pc + found.length
        return has_trapped and not causes.isdisjoint(self._rules.atomics_may_trap)

    def _has_new_code(self) -> bool:
        """Say whether the program has written over its code, which a side may see late."""
        ram, segments = self._ours.memory(), self._program.segments()
        code = [at - RAM_BASE for at in (self._program.start, *self._program.handlers)]
        old = [(at, segments[at + RAM_BASE]) for at in code if at + RAM_BASE in segments]
        return any(ram[at : at + len(raw)] != raw for at, raw in old)

    def _is_out_of_bounds(self, before: State, word: int | None) -> bool:
        """Say whether the next instruction is one whose cause of trapping may be chosen."""
        found = None if word is None else decode(word)
        if found is None:
            return False
        if found.name in self._rules.unsteppable:
            return True
        is_doomed = found.insn.name in STORE_CONDITIONAL and not self._ours.has_reservation()
        if is_doomed and self._rules.fails_sc_first:
            return True
        if self._rules.may_misalign_atomics:
            return False
        if found.name in MANAGING and "pmpcfg0" in self._program.csrs:
            return True
        if "aqrl" not in found.insn.pattern.operands:
            return False
        return bool(before.x[found.values["rs1"]] & found.insn.size - 1)

    def _check(self, step: int, before: State, word: int | None) -> Mismatch | None:
        found = None if word is None else decode(word)
        ours = self._ours.state(with_csrs=False)
        is_plain = found is not None and found.insn.kind not in OUT_OF_ORDER
        is_plain = is_plain and ours.pc == before.pc + (found.length if found else 0)
        if not is_plain:
            ours = self._ours.state(with_csrs=True)
        theirs = self._theirs.state(with_csrs=not is_plain)
        apart = [d for d in ours.differences(theirs) if not self._is_hidden(d)]
        if apart and found is not None:
            apart = self._reconcile(before, found, ours, apart)
        if self._rules.stores_parts and found is not None and not is_plain:
            self._settle_partial_store(before, found)
        if self._with_memory and not apart and not self._ours.has_reservation():
            apart = self._memory_differences()
        return Mismatch(step, before, word, ours, theirs, tuple(apart)) if apart else None

    def _finish(self, steps: int, stop: Stop) -> Report:
        ours, theirs = self._ours.state(with_csrs=True), self._theirs.state(with_csrs=True)
        found = [] if stop is not Stop.NONE else ours.differences(theirs)
        found = [difference for difference in found if not self._is_hidden(difference)]
        found = found or self._memory_differences()
        mismatch = Mismatch(steps, ours, None, ours, theirs, tuple(found)) if found else None
        return Report(steps, stop, mismatch, ours.counts.get("traps", 0))

    def _memory_differences(self) -> list[Difference]:
        ours, theirs = self._ours.memory(), self._theirs.memory()
        if ours == theirs or not theirs:
            return []
        at = next(i for i in range(0, len(ours), 8) if ours[i : i + 8] != theirs[i : i + 8])
        a, b = (int.from_bytes(side[at : at + 8], "little") for side in (ours, theirs))
        return [Difference(f"[{RAM_BASE + at:#x}]", a, b)]

    def _settle_partial_store(self, before: State, found: Decoded) -> None:
        """Undo the other side's part of a store that faulted in its second page."""
        if found.insn.kind is not Kind.STORE:
            return
        values = found.values
        at = before.x[values["rs1"]] + values["imm"] & PAGE_SIZE - 1
        if at + found.insn.size <= PAGE_SIZE:
            return
        ours, theirs = self._ours.memory(), self._theirs.memory()
        for i in range(PAGE_SIZE - 8, len(theirs), PAGE_SIZE):
            if ours[i : i + 8] != theirs[i : i + 8]:
                value = int.from_bytes(ours[i : i + 8], "little")
                self.settled.add(self.window)
                self._theirs.set_memory(RAM_BASE + i, value)

    def _reconcile(
        self, before: State, found: Decoded, ours: State, apart: list[Difference]
    ) -> list[Difference]:
        """Take out differences that both sides may choose, and give the other side our value."""
        left = [d for d in apart if not self._is_free_tval(before, found, ours, d)]
        if len(left) < len(apart):
            self.settled.add(self.window)
            return left
        values = found.values
        csr = CSRS.by_number.get(values["csr"]) if "csr" in values else None
        name = found.insn.name if csr is None else csr.name
        written = 0 if csr is None else _written(before, found.insn.name, values, name)
        left = [d for d in apart if not self._is_settled(d, name, written, values.get("rd", 0))]
        if len(left) < len(apart):
            self.settled.add(self.window)
        return left

    def _is_free_tval(
        self, before: State, found: Decoded, ours: State, difference: Difference
    ) -> bool:
        """Settle what a trap tells of its address, where sides tell different things."""
        cause = ours.csrs.get(CAUSES.get(difference.name, ""))
        insn, values = found.insn, found.values
        at = before.x[values.get("rs1", 0)] + values.get("imm", 0)
        for free in self._rules.free_tval:
            if cause in free.causes and (not free.is_misaligned or at % max(insn.size, 1)):
                self._theirs.set_csr(difference.name, difference.ours)
                return True
        return False

    def _is_hidden(self, difference: Difference) -> bool:
        """Say whether a CSR differs only in what a side has otherwise by its configuration."""
        hidden = self._hidden_bits(difference.name)
        return bool(hidden) and (difference.ours ^ difference.theirs) & ~hidden == 0

    def _hidden_bits(self, csr: str) -> int:
        return sum(h.bits for h in self._rules.hidden if h.csr == csr)

    def _is_settled(self, difference: Difference, csr: str, written: int, rd: int) -> bool:
        apart = difference.ours ^ difference.theirs
        free = free_bits(self._rules, difference.name, csr, written)
        if free and apart & ~free & ~self._hidden_bits(difference.name) == 0:
            self._theirs.set_csr(difference.name, difference.ours)
            return True
        hidden = self._hidden_bits(csr)
        now = self._ours.state(with_csrs=False)
        if hidden and now.x[rd] == difference.ours and apart & ~hidden == 0:
            self._theirs.set_x(rd, difference.ours)
            return True
        return False


def free_bits(rules: Reconciliation, name: str, csr: str, written: int) -> int:
    """Give the bits of CSR `name` that may differ after `written` went to `csr`."""
    bits = 0
    for choice in rules.choices:
        if choice.csr == name and csr in choice.written and choice.is_free(written):
            bits |= choice.bits
    return bits


def _written(before: State, name: str, values: dict[str, int], csr: str) -> int:
    """Give the value that a CSR instruction asked for, before any mask."""
    source = before.x[values["rs1"]] if "rs1" in values else values["uimm"]
    old = before.csrs.get(csr, 0)
    if name.startswith("csrrw"):
        return source
    return old | source if name.startswith("csrrs") else old & ~source
