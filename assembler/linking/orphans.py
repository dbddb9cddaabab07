"""Placing sections that the script does not name: beside others of their kind.

Follows the manual "The GNU linker", section "Orphan Sections"; where it leaves a choice, what
GNU ld does.
"""

from dataclasses import dataclass

from assembler.errors import LinkError
from assembler.linking import model
from assembler.linking.context import Context
from assembler.linking.mapping import DISCARD, Mapper, place_after
from assembler.linking.model import (
    ALLOC,
    CODE,
    DATA,
    DEBUGGING,
    EXCLUDE,
    HAS_CONTENTS,
    LINKER_CREATED,
    LOAD,
    READONLY,
    THREAD_LOCAL,
    Section,
)
from assembler.linking.statements import Number, Orphans, Output

_CONTENTS = HAS_CONTENTS | ALLOC | LOAD
_KINDS = {
    "text": (".text", _CONTENTS | READONLY | CODE),
    "rodata": (".rodata", _CONTENTS | READONLY | DATA),
    "tdata": (".tdata", _CONTENTS | DATA | THREAD_LOCAL),
    "data": (".data", _CONTENTS | DATA),
    "bss": (".bss", ALLOC),
    "rel": ("", _CONTENTS | READONLY | DATA),
    "interp": (".interp", _CONTENTS | READONLY | DATA),
    "nonalloc": (".comment", HAS_CONTENTS),
}
_COMPARED = HAS_CONTENTS | ALLOC | LOAD | READONLY | CODE | THREAD_LOCAL


@dataclass(eq=False, slots=True)
class _Place:
    """Where orphans of one kind go."""

    name: str
    flags: int
    anchor: Output | None = None
    last: Output | None = None  # the last orphan put here
    order: int | None = None  # in the output file's order


class OrphanPlacer:
    """Places all orphans of a link."""

    def __init__(self, link: Context, mapper: Mapper) -> None:
        self._link = link
        self._mapper = mapper
        self._places: dict[str, _Place] = {}
        self._unplaced: dict[tuple[int, str], list[Section]] = {}
        self._by_name: dict[str, list[Output]] = {}
        for out in link.output_statements():
            self._by_name.setdefault(out.name, []).append(out)

    def place(self) -> None:
        """Place them."""
        orphans = [
            section
            for file in self._link.files
            for section in file.all_sections()
            if section.output is None
        ]
        for section in orphans:
            self._unplaced.setdefault((id(section.file), section.name), []).append(section)
        for section in orphans:
            if section.output is None and not self._is_refused(section):
                self._place(section)

    def _is_refused(self, section: Section) -> bool:
        link = self._link
        if section.flags & EXCLUDE and not link.options.relocatable:
            section.output = link.absolute
            return True
        handling = link.options.orphans
        if handling == "discard":
            section.output = link.absolute
            return True
        if handling in ("warn", "error") and not section.flags & LINKER_CREATED:
            message = f"orphan section `{section.name}' from `{section.file.name}'"
            if handling == "error":
                link.complain(LinkError(f"unplaced {message}"))
            else:
                link.warn(f"warning: {message} being placed in section `{section.name}'")
        return False

    def _place(self, section: Section) -> None:
        if section.name == "COMMON":
            self._place_common(section)
            return
        out = None if self._is_apart(section) else self._same_name(section)
        if out is not None:
            self._append(section, out)
            return
        kind = self._kind(section, self._flags(section))
        self._insert(section, kind)

    def _place_common(self, section: Section) -> None:
        """Put common symbols with other zeros, or where the script wants such."""
        out = self._mapper.common or self._link.find_output(".bss")
        if out is None:
            out = Output(".bss")
            self._link.statements.append(out)
        self._append(section, out)

    def _is_apart(self, section: Section) -> bool:
        return self._link.options.unique_orphans or self._link.stands_alone(section)

    def _append(self, section: Section, out: Output) -> None:
        if not out.contents or not isinstance(out.contents[-1], Orphans):
            out.contents.append(Orphans())
        last = out.contents[-1]
        assert isinstance(last, Orphans)
        self._mapper.add(section, out, last.placed)

    def _same_name(self, section: Section) -> Output | None:
        unused = None
        for out in self._by_name.get(_name(section), ()):
            if out.is_skipped or out.is_special or out.name == DISCARD:
                continue
            made = out.section
            if made is None:
                unused = out
                continue
            is_alike = made.type == section.type and not (
                (section.flags ^ made.flags) & (LOAD | ALLOC)
            )
            if made.flags == 0 or is_alike:
                return out
        return unused

    def _flags(self, section: Section) -> int:
        """Give the flags of a name: orphans of one file are writable when one of them is."""
        flags = section.flags
        for other in self._unplaced[id(section.file), section.name]:
            is_like = not (other.flags ^ flags) & (LOAD | ALLOC) and other.type == section.type
            if other.output is None and is_like and not other.flags & READONLY:
                flags &= ~READONLY
        return flags

    def _kind(self, section: Section, flags: int) -> _Place | None:
        if not flags & (ALLOC | DEBUGGING):
            name = "nonalloc"
        elif not flags & ALLOC:
            return None
        elif flags & LOAD and section.type == model.SHT_NOTE:
            name = "interp"
        elif not flags & (LOAD | HAS_CONTENTS | THREAD_LOCAL):
            name = "bss"
        elif flags & THREAD_LOCAL:
            name = "tdata"
        elif not flags & READONLY:
            name = "data"
        elif flags & LOAD and section.type == model.SHT_RELA:
            name = "rel"
        else:
            name = "text" if flags & CODE else "rodata"
        if not self._places:
            for key, (anchor, kind_flags) in _KINDS.items():
                found = self._link.find_output(anchor)
                if found is not None and not found.flags:
                    found.flags = kind_flags
                self._places[key] = _Place(anchor, kind_flags, found)
        return self._places[name]

    def _insert(self, section: Section, kind: _Place | None) -> None:
        """Make an output section for an orphan, and put it behind its kind."""
        link = self._link
        after: Output | None = None
        if kind is not None:
            after = kind.anchor
            is_first = section.type == model.SHT_NOTE and section.flags & LINKER_CREATED
            if after is None and not is_first:
                after, is_exact = self._by_flags(section, self._flags(section), True)
                kind.anchor = after if is_exact else None
        out = Output(_name(section), is_special=self._is_apart(section))
        self._by_name.setdefault(out.name, []).append(out)
        if not section.flags & (LOAD | ALLOC) or link.options.relocatable:
            out.address = Number(0)
        elif after is not None:
            out.region_name, out.load_region_name = after.region_name, after.load_region_name
            out.phdrs = None
        self._append(section, out)
        if kind is None or out.section is None:
            link.statements.append(out)
            return
        if section.type == model.SHT_NOTE and section.flags & LOAD:
            kind.last, after = None, self._among_notes(section, after)
        self._reorder(out, after, kind)
        if kind.last is not None:
            link.statements.insert(link.statements.index(kind.last) + 1, out)
        else:
            link.statements.insert(place_after(link, after), out)
        kind.last = out

    def _among_notes(self, section: Section, after: Output | None) -> Output | None:
        """Find what a note goes behind: notes stand by falling alignment, as segments want them."""
        statements = list(self._link.output_statements())
        at = statements.index(after) if after is not None else -1
        if at >= 0 and _note_power(statements[at]) in range(section.align_power):
            at -= 1
        for number, out in enumerate(statements[at + 1 :], at + 1):
            if out.section is not None:
                if _note_power(out) < section.align_power:
                    break
                at = number
        return statements[at] if at >= 0 else None

    def _reorder(self, out: Output, after: Output | None, kind: _Place) -> None:
        """Keep the order of the output file neat."""
        outputs, made = self._link.outputs, out.section
        assert made is not None
        before = kind.last.section if kind.last is not None else None
        if before is None and after is not None:
            statements = list(self._link.output_statements())
            for other in reversed(statements[: statements.index(after) + 1]):
                if other.section is not None and other.section is not made:
                    before = other.section
                    break
        outputs.remove(made)
        outputs.insert(outputs.index(before) + 1 if before in outputs else 0, made)

    def _by_flags(self, section: Section, flags: int, by_type: bool) -> tuple[Output | None, bool]:
        """Find the last output section like a section; say whether it is exactly alike."""
        looks = [
            (out, _look(out))
            for out in self._link.output_statements()
            if out.section is None or not by_type or out.section.type == section.type
        ]
        for out, look in reversed(looks):
            if not (look ^ flags) & _COMPARED:
                return out, True
        found: Output | None = None
        if not flags & ALLOC:
            looks = [(out, _look(out)) for out in self._link.output_statements()]
        if flags & THREAD_LOCAL and flags & ALLOC:
            return self._beside_tls(flags), False
        for out, look in looks:
            if self._is_near(look, flags):
                found = out
        if found is None and by_type and flags & ALLOC:
            return self._by_flags(section, flags, False)
        return found, False

    def _is_near(self, look: int, flags: int) -> bool:
        differ = look ^ flags
        if not flags & ALLOC:
            return not differ & DEBUGGING
        if flags & CODE:
            return not differ & (_COMPARED & ~READONLY)
        if flags & READONLY:
            return not differ & (HAS_CONTENTS | ALLOC | LOAD | READONLY)
        if flags & HAS_CONTENTS:
            return not differ & (HAS_CONTENTS | ALLOC | LOAD | THREAD_LOCAL)
        return not differ & ALLOC

    def _beside_tls(self, flags: int) -> Output | None:
        """Thread-local data go behind data, and zeros of theirs right behind them."""
        found: Output | None = None
        is_seen = False
        for out in self._link.output_statements():
            look = out.section.flags if out.section is not None else out.flags
            differ = look ^ (flags | LOAD | HAS_CONTENTS)
            if not differ & (THREAD_LOCAL | ALLOC):
                if not look & LOAD and flags & LOAD:
                    break
                found, is_seen = out, True
            elif is_seen:
                break
            elif not differ & (HAS_CONTENTS | ALLOC | LOAD):
                found = out
        return found


def _look(out: Output) -> int:
    return out.section.flags if out.section is not None else out.flags


def _note_power(out: Output) -> int:
    """Give the alignment of an output section of notes; -1 for any other."""
    made = out.section
    return made.align_power if made is not None and made.type == model.SHT_NOTE else -1


def _name(section: Section) -> str:
    """Give the name of the output section that an orphan belongs to."""
    is_loaded_rela = section.type == model.SHT_RELA and section.flags & ALLOC
    return ".rela.dyn" if is_loaded_rela else section.name
