"""Two sides step by step, until they differ or the program is over.

`compare` gives a Report; with a difference it holds both states and the instruction. Sides are run
in windows of `stride` instructions; a difference found in a longer window is traced to its
instruction by running again one at a time.
"""

from dataclasses import dataclass

from difftest.program import RAM_BASE, Program
from difftest.reconcile import RECONCILED, Reconciliation
from difftest.sides import Side, Stop
from difftest.state import Difference, State
from isa.csrs import CSRS
from isa.disasm import disassemble
from isa.insn import Insn, Kind
from isa.pte import PAGE_SIZE
from isa.spec import TABLE

DEFAULT_STEPS = 1000
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
        insn = None if self.word is None else TABLE.decode(self.word)
        if insn is not None and self.word is not None:
            values = insn.extract(self.word)
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
    interrupts: int = 0


def compare(
    program: Program, ours: Side, theirs: Side, steps: int = DEFAULT_STEPS, stride: int = 1
) -> Report:
    """Run a program on both sides and compare them after every `stride` instructions."""
    run = _Run(program, ours, theirs)
    report = run.windows(steps, stride)
    is_short = report.steps * len(ours.memory()) <= MAX_TRACED
    if report.mismatch and is_short and (stride > 1 or _is_in_memory(report.mismatch)):
        traced = _Run(program, ours, theirs, with_memory=True).windows(report.steps, 1)
        return traced if traced.mismatch else report
    return report


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
        self._traps = self._interrupts = 0
        ours.load(program)
        theirs.load(program)

    def windows(self, steps: int, stride: int) -> Report:
        done = 0
        before = self._ours.state(with_csrs=True)
        while done < steps:
            word = self._ours.word_at_pc() if stride == 1 else None
            if self._is_out_of_bounds(before, word):
                return self._finish(done, Stop.OUTSIDE)
            count = min(stride, steps - done)
            stop = self._ours.step(count)
            if stop is not Stop.NONE:
                if stride > 1:
                    self._theirs.step(count)  # it stops at the same place, or plays no such games
                return self._finish(done, stop)
            if self._rules.goes_on_after_triggers and self._ours.took_trigger():
                self._ours.step(1)
            self._theirs.step(count)
            done += count
            mismatch = self._check(done, before, word, stride)
            if mismatch and self._has_new_code():
                return Report(done, Stop.OUTSIDE, None, self._traps)
            if mismatch:
                return Report(done, Stop.NONE, mismatch, self._traps)
            before = self._ours.state(with_csrs=True) if stride == 1 else before
        return self._finish(done, Stop.NONE)

    def _has_new_code(self) -> bool:
        """Say whether the program has written over its code, which a side may see late."""
        ram, segments = self._ours.memory(), self._program.segments()
        code = [at - RAM_BASE for at in (self._program.start, *self._program.handlers)]
        old = [(at, segments[at + RAM_BASE]) for at in code if at + RAM_BASE in segments]
        return any(ram[at : at + len(raw)] != raw for at, raw in old)

    def _is_out_of_bounds(self, before: State, word: int | None) -> bool:
        """Say whether the next instruction is one whose cause of trapping may be chosen."""
        insn = None if word is None else TABLE.decode(word)
        if self._rules.may_misalign_atomics or insn is None:
            return False
        if "aqrl" not in insn.pattern.operands:
            return False
        assert word is not None, "an instruction has a word"
        return bool(before.x[insn.extract(word)["rs1"]] & insn.size - 1)

    def _check(self, step: int, before: State, word: int | None, stride: int) -> Mismatch | None:
        insn = None if word is None else TABLE.decode(word)
        ours = self._ours.state(with_csrs=False)
        in_order = insn is not None and insn.kind not in (Kind.BRANCH, Kind.JUMP, Kind.SYSTEM)
        is_plain = in_order and ours.pc == before.pc + 4
        self._traps += stride == 1 and self._is_trap(ours)
        if not is_plain:
            ours = self._ours.state(with_csrs=True)
        theirs = self._theirs.state(with_csrs=not is_plain)
        found = [d for d in ours.differences(theirs) if not self._is_hidden(d)]
        if found and word is not None:
            found = self._reconcile(before, word, found)
        if self._rules.stores_parts and ours.pc != before.pc + 4:
            self._settle_partial_store(before, insn, word)
        if self._with_memory and not found:
            found = self._memory_differences()
        return Mismatch(step, before, word, ours, theirs, tuple(found)) if found else None

    def _is_trap(self, now: State) -> bool:
        return now.pc & ~0xFFF in (RAM_BASE, RAM_BASE + 0x1000) and now.pc & 0xFFF == 0

    def _finish(self, steps: int, stop: Stop) -> Report:
        ours, theirs = self._ours.state(with_csrs=True), self._theirs.state(with_csrs=True)
        found = [] if stop is not Stop.NONE else ours.differences(theirs)
        found = [difference for difference in found if not self._is_hidden(difference)]
        found = found or self._memory_differences()
        mismatch = Mismatch(steps, ours, None, ours, theirs, tuple(found)) if found else None
        return Report(steps, stop, mismatch, self._traps)

    def _memory_differences(self) -> list[Difference]:
        ours, theirs = self._ours.memory(), self._theirs.memory()
        if ours == theirs or not theirs:
            return []
        at = next(i for i in range(0, len(ours), 8) if ours[i : i + 8] != theirs[i : i + 8])
        a, b = (int.from_bytes(side[at : at + 8], "little") for side in (ours, theirs))
        return [Difference(f"[{RAM_BASE + at:#x}]", a, b)]

    def _settle_partial_store(self, before: State, insn: Insn | None, word: int | None) -> None:
        """Undo the other side's part of a store that faulted in its second page."""
        if insn is None or word is None or insn.kind is not Kind.STORE:
            return
        values = insn.extract(word)
        at = before.x[values["rs1"]] + values["imm"] & PAGE_SIZE - 1
        if at + insn.size <= PAGE_SIZE:
            return
        ours, theirs = self._ours.memory(), self._theirs.memory()
        for i in range(PAGE_SIZE - 8, len(theirs), PAGE_SIZE):
            if ours[i : i + 8] != theirs[i : i + 8]:
                value = int.from_bytes(ours[i : i + 8], "little")
                self._theirs.set_memory(RAM_BASE + i, value)

    def _reconcile(self, before: State, word: int, found: list[Difference]) -> list[Difference]:
        """Take out differences that both sides may choose, and give the other side our value."""
        insn = TABLE.decode(word)
        if insn is None or "csr" not in insn.pattern.operands:
            return found
        values = insn.extract(word)
        csr = CSRS.by_number.get(values["csr"])
        if csr is None:
            return found
        written = _written(before, insn.name, values, csr.name)
        return [d for d in found if not self._is_settled(d, csr.name, written, values["rd"])]

    def _is_hidden(self, difference: Difference) -> bool:
        """Say whether a CSR differs only in what a side has otherwise by its configuration."""
        hidden = sum(h.bits for h in self._rules.hidden if h.csr == difference.name)
        return bool(hidden) and (difference.ours ^ difference.theirs) & ~hidden == 0

    def _is_settled(self, difference: Difference, csr: str, written: int, rd: int) -> bool:
        apart = difference.ours ^ difference.theirs
        free = free_bits(self._rules, difference.name, csr, written)
        if free and apart & ~free == 0:
            self._theirs.set_csr(difference.name, difference.ours)
            return True
        hidden = sum(h.bits for h in self._rules.hidden if h.csr == csr)
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
