"""The part of an assembly that is about instructions: matched once, kept, and made by plans.

Not here: how a statement is matched (`match.py`) and what a plan is (`plans.py`).
"""

from assembler.bodies import Macro
from assembler.debugging import Debugging
from assembler.errors import Complaint, nearest
from assembler.forms import forms
from assembler.match import Prepared, prepare
from assembler.options import Target
from assembler.parse import Parser
from assembler.plans import Plan, make_plan

MAX_KEPT = 100_000  # prepared statements
MAX_PLANS = 10_000


class Instructions(Debugging):
    """What assembles instructions."""

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        self.parser = Parser()
        self.macros: dict[str, Macro] = {}
        self._kept: dict[str, Prepared] = {}  # by the text of the statement
        self._plans: dict[tuple[str, str], Plan | None] = {}  # by mnemonic and shape
        self._kept_for = {self.target.arch: (self._kept, self._plans)}

    def instruction(self, word: str, text: str, rest: int, start: int) -> None:
        """Do a statement whose mnemonic is at `start` and whose operands are at `rest`."""
        if word not in forms():
            known = [*forms(), *self.macros]
            raise Complaint(f"unknown instruction {word!r}{nearest(word, known)}", start)
        try:
            prepared = self._prepare(word, text[rest:])
            if not start and len(self._kept) < MAX_KEPT:
                self._kept[text] = prepared
            self.emit(prepared)
        except Complaint as complaint:
            at = start if complaint.column is None else rest + complaint.column
            raise Complaint(complaint.message, at) from None

    def _prepare(self, mnemonic: str, text: str) -> Prepared:
        """Match a statement, or fill in the plan of its kind."""
        shape, atoms = self.parser.split(text)
        key = mnemonic, shape
        plan = self._plans.get(key)
        prepared = None if plan is None else plan.fill(atoms)
        if prepared is None:
            operands = self.parser.shaped(text, shape, atoms)
            arch = self.target.switches.arch
            prepared = prepare(mnemonic, operands, arch)
            if plan is None and prepared.form is not None and len(self._plans) < MAX_PLANS:
                plan = make_plan(prepared.form, operands, arch, prepared)
                self._plans[key] = plan
        return prepared

    def instruct(self, mnemonic: str, operands: str) -> None:
        """Assemble one instruction."""
        arch = self.target.switches.arch
        self.emit(prepare(mnemonic, self.parser.operands(operands), arch))

    def switches_changed(self) -> None:
        """Assemble as the switches say from here on."""
        arch = self.target.arch
        self._kept, self._plans = self._kept_for.setdefault(arch, ({}, {}))
        self.section.set_architecture(arch)

    def forget_prepared(self) -> None:
        """Forget prepared statements: a new macro may have taken over a mnemonic."""
        if next(reversed(self.macros), "") in forms():
            for kept, _ in self._kept_for.values():
                kept.clear()
