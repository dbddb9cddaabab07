"""The statement loop: read statements, open and close sources, and do what each statement says.

The loop knows labels, assignments, macro calls, directives (a table, `directives/`) and
instructions (`forms.py`). A statement whose text was seen before is not matched again.
"""

import gc
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

from assembler.artifacts import Object
from assembler.directives import DIRECTIVES
from assembler.directives.conditional import Conditionals
from assembler.directives.macro import call
from assembler.errors import (
    MAX_ERRORS,
    AssemblyError,
    AssemblyErrors,
    Complaint,
    OptionError,
    nearest,
)
from assembler.expr import Linear, fold
from assembler.finish import Finisher
from assembler.forms import forms
from assembler.instructions import Instructions
from assembler.options import DEFAULT_MARCH, PRIV_SPEC, make_target
from assembler.parse import Tree, terminal
from assembler.sections import Section, layout
from assembler.source import Frame, Spot, Statement, marker, split
from assembler.subsections import join_subsections
from assembler.symbols import Symbol
from isa.errors import Location

MAX_DEPTH = 100  # frames open at once
MAX_EXPANDED = 2_000_000  # statements that macros and repeats may produce
_FIRST_SECTIONS = (
    (".text", "ax", "progbits"),
    (".data", "wa", "progbits"),
    (".bss", "wa", "nobits"),
)


class Fatal(Exception):  # noqa: N818 - control flow, like StopIteration
    """The errors so far are enough, or going on makes no sense."""


@cache
def _head_pattern() -> re.Pattern[str]:
    """Match the start of a statement: a label, an assignment, or a word."""
    name, number, string = terminal("NAME"), terminal("NUMBER"), terminal("STRING")
    return re.compile(
        rf"(?P<label>{name}|{number}|{string})\s*:"
        rf"|(?P<target>{name}|{string})\s*=(?P<once>=)?(?!=)"
        rf"|(?P<word>{name})(?=\s|$|[\"(,])\s*"
    )


class Assembly(Instructions):
    """One run of the assembler over one source."""

    def __init__(
        self,
        include_paths: Sequence[str | Path] = (),
        march: str = DEFAULT_MARCH,
        mabi: str | None = None,
        *,
        relax: bool = True,
        pic: bool = False,
    ) -> None:
        try:
            super().__init__(make_target(march, mabi, relax=relax, pic=pic))
        except Complaint as complaint:
            raise OptionError(complaint.message) from None
        self.include_paths = [Path(path) for path in include_paths]
        self.conditionals = Conditionals()
        self.expansions = 0  # what \@ gives
        self.is_alternate = False  # whether .altmacro holds
        self._locals = 0
        for name, flags, kind in _FIRST_SECTIONS:
            self.open_section(name, flags, kind).order = next(self.symbols.clock)
        self.sections[".text"].align = 2 if self.target.switches.rvc else 4
        self.section = self.sections[".text"]
        self.previous = self.section
        self.section_stack: list[tuple[Section, Section]] = []
        self.errors: list[AssemblyError] = []
        self.lines: Iterator[Statement] = iter(())
        self.dependencies: list[str] = []  # files that were included
        self.is_ended = False
        self.is_exited = False
        self._expanded = 0
        self._opened = {name for name, _, _ in _FIRST_SECTIONS}
        self._head = _head_pattern().match

    # ---- running

    def run(self, text: str, filename: str, defines: Mapping[str, int | str]) -> Object:
        """Assemble a whole source; raise AssemblyErrors with all that is wrong.

        Next to nothing made on the way is garbage, so none is looked for.
        """
        collects = gc.isenabled()
        gc.disable()
        try:
            return self._run(text, filename, defines)
        finally:
            if collects:
                gc.enable()

    def _run(self, text: str, filename: str, defines: Mapping[str, int | str]) -> Object:
        frame = Frame(filename)
        self.source = frame
        try:
            for name, value in defines.items():
                self._define(name, value)
            self.run_frame(frame, split(text))
            self.conditionals.check_closed(self.complain)
            if not self.errors:
                return self._finish(frame)
        except Fatal:
            pass
        raise AssemblyErrors(self.errors)

    def _define(self, name: str, value: int | str) -> None:
        symbol = self.symbols.get(name)
        tree, atoms = self._expression(str(value))
        symbol.value = self.absolute(tree, atoms, f"the value of {name}")
        symbol.defined_at = self.spot

    def _finish(self, frame: Frame) -> Object:
        join_subsections(self.sections.values(), self.symbols, self.lines_table)
        sections = list(self.sections.values())
        if self.uses_privileged and not any(self.target.priv_spec):
            self.target.priv_spec = PRIV_SPEC
        try:
            for section in sections:
                section.is_relaxed = self.target.switches.relax
                section.close(self.spot)
            layout(sections)
        except Complaint as complaint:
            self._complain_there(complaint)
            raise Fatal from None
        try:
            self.frames.check_closed(self.complain)
            self.write_debugging()
        except Complaint as complaint:
            self._complain_there(complaint)
        sections = list(self.sections.values())
        obj = Finisher(self.symbols, sections, self.target).finish(self.complain)
        if self.errors:
            raise Fatal
        obj.filename = frame.filename
        obj.warnings = tuple(self.warnings)
        return obj

    def _complain_there(self, complaint: Complaint) -> None:
        """Record an error at the place that it names, if it names one."""
        spot = complaint.spot
        self.complain(complaint, spot if isinstance(spot, Spot) else self.spot)

    def complain(self, complaint: Complaint, spot: Spot) -> None:
        """Record an error; give up when there are too many."""
        self.errors.append(AssemblyError(complaint.message, spot.where(), complaint.column))
        if len(self.errors) >= MAX_ERRORS:
            raise Fatal

    def run_frame(self, frame: Frame, statements: Iterable[Statement]) -> None:
        """Assemble the statements of a newly opened source."""
        if frame.depth > MAX_DEPTH:
            raise Complaint(f"sources nested more than {MAX_DEPTH} deep")
        outer, opened, statement_outside = self.lines, self.source, self.statement
        self.lines = lines = iter(statements)
        self.source = frame
        level = self.conditionals.level
        conditionals = self.conditionals
        for statement in lines:
            self.statement = statement
            self._spot = None
            text = statement.text
            if not conditionals.is_active and text[0] != "." and ":" not in text:
                continue
            try:
                kept = self._kept.get(text)
                if kept is not None and conditionals.is_active:
                    self.emit(kept)
                else:
                    self._statement(text)
            except Complaint as complaint:
                self.complain(complaint, self.spot)
            except RecursionError:
                self.complain(Complaint("an expression nested too deeply"), self.spot)
            if self.is_exited or self.is_ended:
                conditionals.unwind(level)
                break
        self.lines, self.source, self.statement = outer, opened, statement_outside
        self._spot = None

    def run_expansion(self, title: str, statements: Sequence[Statement], origin: Frame) -> None:
        """Assemble what a macro or a repeat expanded to."""
        self.count_expanded(len(statements) + 1)
        parent = self.spot.frame
        line = self.spot.statement.line
        frame = Frame(origin.filename, title, parent, line, parent.depth + 1)
        self.run_frame(frame, statements)

    def count_expanded(self, count: int) -> None:
        """Give up when macros and repeats have made, or are going to make, absurdly much."""
        self._expanded += count
        if self._expanded > MAX_EXPANDED:
            message = f"macros and repeats make more than {MAX_EXPANDED} statements"
            self.complain(Complaint(message), self.spot)
            raise Fatal

    # ---- one statement

    def _statement(self, text: str) -> None:
        first, *rest = text.split(None, 1)
        operands = rest[0] if rest else ""
        if operands[:1] not in (":", "=") and self._known(first, operands, text):
            return
        start = 0
        while start < len(text):
            head = self._head(text, start)
            if head is None:
                if marked := marker(text):
                    self.source = self.source.renamed(marked[1])
                elif self.conditionals.is_active:
                    raise Complaint(
                        f"expected an instruction or a directive at {text[start]!r}", start
                    )
                return
            word = head["word"]
            if word is not None:
                self._word(word, text, head.end(), start)
                return
            if not self.conditionals.is_active:
                start = head.end()
                continue
            if head["target"] is not None:
                self._assign(head["target"], text, head.end(), bool(head["once"]))
                return
            self._label(head["label"])
            start = _skip_space(text, head.end())

    def _known(self, word: str, operands: str, text: str) -> bool:
        """Do a statement that begins with a word that means something; say whether it did."""
        if not self.conditionals.is_active:
            if word in self.conditionals.words:
                self._directive(word, text, len(text) - len(operands))
                return True
            return ":" not in text
        if word in self.macros:
            call(self, self.macros[word], operands)
        elif word in DIRECTIVES:
            self._directive(word, text, len(text) - len(operands))
        elif word in forms():
            self.instruction(word, text, len(text) - len(operands), 0)
        else:
            return False
        return True

    def _label(self, text: str) -> None:
        place = self.section.here()
        if text[0].isdigit():
            if not text.isdigit():
                raise Complaint(f"{text!r} is not a label")
            self.symbols.define_numeric(int(text), place, self.spot)
        else:
            symbol = self.symbols.define_label(text.strip('"'), place, self.spot)
            if self.section.is_absolute:
                symbol.place, symbol.value = None, place.offset
            elif self.lines_table.marks_labels:
                self.mark_label(symbol)

    def _word(self, word: str, text: str, rest: int, start: int) -> None:
        """Do a directive, a macro call or an instruction; its operands start at `rest`."""
        name = word.lower()
        if not self.conditionals.is_active:
            if name in self.conditionals.words:
                self._directive(name, text, rest)
            return
        macro = self.macros.get(name)
        if macro is not None:
            call(self, macro, text[rest:])
        elif name in DIRECTIVES:
            self._directive(name, text, rest)
        elif word.startswith(".") and word not in forms():
            raise Complaint(f"unknown directive {word!r}{nearest(word, DIRECTIVES)}", start)
        else:
            self.instruction(name if name in forms() else word, text, rest, start)

    def _directive(self, name: str, text: str, rest: int) -> None:
        directive = DIRECTIVES[name]
        operands = text[rest:]
        try:
            if directive.style == "raw":
                directive.handler(self, name, operands)
            elif directive.style == "operands":
                directive.handler(self, name, self.parser.operands(operands))
            else:
                directive.handler(self, name, self.parser.parse(directive.style, operands))
        except Complaint as complaint:
            at = None if complaint.column is None else rest + complaint.column
            raise Complaint(complaint.message, at) from None

    def _assign(self, target: str, text: str, rest: int, is_once: bool) -> None:
        try:
            if target == ".":
                DIRECTIVES[".org"].handler(self, ".org", self.parser.operands(text[rest:]))
            else:
                tree, atoms = self._expression(text[rest:])
                self.assign(target.strip('"'), tree, atoms, is_once)
        except Complaint as complaint:
            at = None if complaint.column is None else rest + complaint.column
            raise Complaint(complaint.message, at) from None

    # ---- for directives

    def _expression(self, text: str) -> tuple[Tree, tuple[str, ...]]:
        operands = self.parser.operands(text)
        if len(operands.trees) != 1:
            raise Complaint("one expression is expected here")
        return operands.trees[0], operands.atoms

    def assign(self, name: str, tree: Tree, atoms: tuple[str, ...], is_once: bool) -> None:
        """Give a symbol the value of an expression; `is_once` refuses a second definition."""
        symbol = self.symbols.get(name)
        self.symbols.touch(symbol)
        value = fold(self.evaluate(tree, atoms), is_final=False)
        if is_once:
            self.symbols.refuse_second(symbol)
        if symbol.place is not None or symbol.common is not None or symbol.is_constant:
            raise Complaint(f"symbol {name!r} is already defined at {symbol.defined_at}")
        if isinstance(value, Linear) and symbol in (value.plus, value.minus):
            raise Complaint(f"{name} is defined by itself")
        symbol.value = value
        base = value.plus if isinstance(value, Linear) and value.minus is None else None
        if base is not None and base.is_defined:
            symbol.inherit(base)
        symbol.is_constant = is_once
        symbol.defined_at = self.spot

    def enter(self, section: Section) -> None:
        """Make a section the current one."""
        if section.root.parts:
            section.take_over_marks()
        self.previous = self.section
        self.section = section
        root = section.root
        if root.order is None and root.name not in self._opened:
            self._opened.add(root.name)
            root.order = next(self.symbols.clock)
        section.set_architecture(self.target.arch)

    def read_section(self, name: str, flags: str, kind: str, entsize: int = 0) -> Section:
        """Give the section of that name, made now if it is new."""
        return self.open_section(name, flags, kind, entsize)

    def make_local(self) -> str:
        """Give a name for a label that LOCAL asks for."""
        self._locals += 1
        return f".LL{self._locals:04x}"

    def symbol_named(self, name: str) -> Symbol:
        """Give a symbol that a directive speaks about, without counting it as used."""
        symbol = self.symbols.get(name)
        if symbol.defined_at is None:
            symbol.defined_at = self.spot
        self.symbols.touch(symbol)
        return symbol

    def location(self) -> Location:
        """Give the place of the statement at hand."""
        return Location(self.spot.frame.filename, self.spot.statement.line)


def _skip_space(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at
