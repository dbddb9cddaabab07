"""Putting input sections into output sections, as the script says, and the rest beside them.

Follows the manual "The GNU linker", section "SECTIONS Command". Not here: where sections go that
no statement names (`orphans.py`), and addresses (`sizing.py`).
"""

from collections.abc import Iterator

from assembler.errors import LinkError, ScriptError
from assembler.linking import model
from assembler.linking.context import Context
from assembler.linking.model import ALLOC, HAS_CONTENTS, LOAD, NEVER_LOAD, READONLY, Section
from assembler.linking.patterns import Pool
from assembler.linking.special import special
from assembler.linking.statements import (
    Assertion,
    Assign,
    Datum,
    Expression,
    Filling,
    Insert,
    Number,
    Operation,
    Output,
    Region,
    Text,
    Wild,
)

DISCARD = "/DISCARD/"
_BY_SECTION = ("ADDR", "LOADADDR", "SIZEOF", "ALIGNOF")
_UNLOADED = ("DSECT", "COPY", "INFO", "OVERLAY")


class Mapper:
    """Maps the sections of one link."""

    def __init__(self, link: Context) -> None:
        self._link = link
        self._pool = Pool(link.files)
        self.common: Output | None = None  # where the script wants common symbols

    def keep(self) -> Iterator[Section]:
        """Give the sections that KEEP protects from being collected."""
        for out in self._link.output_statements():
            for content in out.contents:
                if isinstance(content, Wild) and content.is_kept:
                    yield from self._pool.matching(content)

    def map(self) -> None:
        """Obey all output sections of the script."""
        self._fix_starts()
        for statement in self._link.statements:
            if isinstance(statement, Output):
                self._map_output(statement)
            elif isinstance(statement, Assign):
                self._mention(statement.value)

    def _fix_starts(self) -> None:
        """Give output sections the addresses of the command line."""
        for name, address in self._link.options.starts.items():
            out = self._link.find_output(name)
            if out is None:
                out = Output(name, region=Region("*none*"))
                self._link.statements.append(out)
            out.address = Number(address)
            self.make(out, 0)

    def _map_output(self, out: Output) -> None:
        if out.constraint:
            wilds = [one for one in out.contents if isinstance(one, Wild)]
            sections = [section for wild in wilds for section in self._pool.matching(wild)]
            readonly = all(one.flags & READONLY for one in sections if not one.is_discarded)
            if readonly != (out.constraint == "RO"):
                out.is_skipped = True
                return
        for content in out.contents:
            match content:
                case Wild():
                    if self.common is None and any(
                        one.name == "COMMON" for one in content.patterns
                    ):
                        self.common = out
                    for section in self._pool.matching(content, self._link.options.sort_section):
                        section.flags |= model.KEEP if content.is_kept else 0
                        self.add(section, out, content.placed)
                case Datum() | Text():
                    self._add_data(out)
                case Assign(_, value) | Assertion(value) | Filling(value):
                    self._mention(value)
                    self.make(out, 0)

    def _mention(self, value: Expression) -> None:
        """Make the sections that an expression asks about."""
        if not isinstance(value, Operation):
            return
        if value.operator in _BY_SECTION:
            out = self._link.find_output(value.name)
            if out is not None:
                self.make(out, 0)
        for operand in value.operands:
            self._mention(operand)

    def _add_data(self, out: Output) -> None:
        flags = HAS_CONTENTS | ALLOC | LOAD
        if out.kind == "NOLOAD":
            flags = NEVER_LOAD | ALLOC
        elif out.kind in _UNLOADED:
            flags = HAS_CONTENTS
        elif out.kind == "READONLY":
            flags |= READONLY
        self.make(out, flags | READONLY)
        assert out.section is not None
        out.section.flags |= flags

    def make(self, out: Output, flags: int) -> None:
        """Make the section of an output statement if there is none yet."""
        if out.section is not None:
            return
        if out.name == DISCARD:
            if flags:
                raise ScriptError("illegal use of `/DISCARD/' section")
            return
        out.section = model.OutSection(out.name, flags)
        if not flags:
            out.section.type, out.section.elf_flags = special(out.name)
        self._link.outputs.append(out.section)

    def add(self, section: Section, out: Output, into: list[Section]) -> None:
        """Put an input section into an output section, unless it is somewhere already."""
        link = self._link
        strips = link.options.strip in ("all", "debug") and section.flags & model.DEBUGGING
        is_group = section.flags & model.GROUP and not link.options.relocatable
        if out.name == DISCARD or strips or is_group:
            if section.output is None:
                section.output = link.absolute
                if out.name == DISCARD:
                    link.discarded.append(f" {section.name} {section.size:#x} {section.file.name}")
            return
        is_apart = not out.is_special and link.stands_alone(section)
        if section.output is not None or is_apart:
            return
        flags = section.flags & ~NEVER_LOAD
        if out.kind == "NOLOAD":
            flags = flags & ~(LOAD | HAS_CONTENTS) | NEVER_LOAD
        elif out.kind in _UNLOADED:
            flags &= ~ALLOC
        elif out.kind == "READONLY":
            flags |= READONLY
        if out.section is None:
            self.make(out, flags)
        self._merge_flags(section, out, flags)
        section.output = out.section
        into.append(section)

    def _merge_flags(self, section: Section, out: Output, flags: int) -> None:
        """Add a section's flags to its output section's: read-only only when all are."""
        made = out.section
        assert made is not None
        made.flags &= flags | ~READONLY
        merging = model.MERGE | model.STRINGS
        if made.has_input:
            flags &= ~READONLY
            is_other = made.flags & merging != flags & merging
            if is_other or (flags & model.MERGE and made.entsize != section.entsize):
                made.flags &= ~merging
                flags &= ~merging
        made.flags |= flags
        if not made.has_input:
            made.has_input = True
            made.elf_flags |= section.elf_flags & model.SHF_MASKOS
            is_same = not (made.flags ^ section.flags) & ~(merging | model.LINK_ONCE | model.KEEP)
            made.type = made.type or (section.type if is_same else 0)
            if flags & model.MERGE:
                made.entsize = section.entsize
        made.align_power = max(made.align_power, section.align_power)
        made.inputs.append(section)


def obey_inserts(link: Context) -> bool:
    """Move what stands before an INSERT beside the output section it names; say if any was."""
    has_moved = False
    while True:
        inserts = [one for one in link.statements if isinstance(one, Insert)]
        if not inserts:
            return has_moved
        has_moved = True
        insert = inserts[0]
        at = link.statements.index(insert)
        outputs = [n for n in range(at) if isinstance(link.statements[n], Output)]
        first = outputs[0] if outputs else at
        moved = link.statements[first:at]
        link.statements = link.statements[:first] + link.statements[at + 1 :]
        where = link.find_output(insert.where)
        if where is None:
            raise LinkError(f"{insert.where} not found for insert")
        goal = place_after(link, where) if insert.is_after else link.statements.index(where)
        link.statements[goal:goal] = moved


def place_after(link: Context, after: Output | None) -> int:
    """Find where a new output section goes behind another: past assignments that belong to it.

    An assignment to `.` belongs to what follows it. None stands for the start.
    """
    statements = link.statements
    at = 0 if after is None else statements.index(after) + 1
    ignores_first = after is None
    assign: int | None = None
    while at < len(statements):
        statement = statements[at]
        if isinstance(statement, Assign):
            if assign is None and statement.name == ".":
                assign = None if ignores_first else at
                ignores_first = False
        elif isinstance(statement, Output):
            section = statement.section
            is_placed = section is None or not section.inputs or section.flags & ALLOC
            return assign if assign is not None and is_placed else at
        at += 1
    return at
