"""Giving addresses: one walk over the script's statements, repeated until nothing moves.

Follows the manual "The GNU linker", sections "Output Section Address", "Output Section LMA" and
"MEMORY Command". `relax` may shrink an input section just before it is placed.
"""

from collections.abc import Callable

from assembler.errors import ScriptError
from assembler.linking.arithmetic import align_up
from assembler.linking.context import Context
from assembler.linking.folding import DataPhase, DataSegment, Folder, Phase
from assembler.linking.model import (
    ALLOC,
    EXCLUDE,
    HAS_CONTENTS,
    KEEP,
    LINKER_CREATED,
    LOAD,
    MASK64,
    THREAD_LOCAL,
    OutSection,
    Section,
)
from assembler.linking.regions import Regions
from assembler.linking.statements import (
    Assertion,
    Assign,
    Datum,
    Expression,
    Filling,
    Name,
    Number,
    Operation,
    Orphans,
    Output,
    Region,
    Text,
    Wild,
)

MAX_GAP = 1 << 28
Relax = Callable[[Section], bool]


class Sizer:
    """Gives addresses to everything of one link."""

    def __init__(self, link: Context, folder: Folder) -> None:
        self._link = link
        self.folder = folder
        self._relax: Relax | None = None
        self._checks = False
        self._again = False
        self.regions = Regions(link, folder)
        self._moved: dict[int, int] = {}

    # ---- whole passes

    def size(self, relax: Relax | None = None, checks: bool = False) -> bool:
        """Place everything; say whether relaxation wants another pass."""
        folder = self.folder
        folder.phase, folder.segment = Phase.ALLOCATING, DataSegment()
        self._relax, self._checks, self._again = relax, checks, False
        self._pass()
        segment = folder.segment
        if segment.phase is not DataPhase.END_SEEN:
            segment.phase = DataPhase.DONE
        elif segment.settle():
            self.regions.reset()
            self._pass()
        return self._again

    def strip(self) -> None:
        """Drop output sections that turned out empty."""
        link, folder = self._link, self.folder
        folder.phase, folder.segment = Phase.MARK, DataSegment()
        self._relax = None
        self._pass()
        self.regions.reset()
        for out in link.output_statements():
            made = out.section
            if made is None or out.is_skipped or made.size or made.flags & KEEP:
                continue
            if link.options.emit_relocs and any(not one.flags & EXCLUDE for one in made.inputs):
                continue
            out.is_ignored = not out.has_symbols
            made.flags |= EXCLUDE
            if made in link.outputs:
                link.outputs.remove(made)
                made.is_removed = True

    def assign(self, phase: Phase) -> None:
        """Compute the symbols again, with the addresses that are known."""
        folder = self.folder
        folder.phase = phase
        folder.iteration += 1
        dot = 0
        folder.dot_section = None
        current: OutSection | None = None
        prefers_next = has_end = False
        for number, statement in enumerate(self._link.statements):
            folder.section, folder.dot = self._link.absolute, dot
            if isinstance(statement, Assign):
                prefers_next = prefers_next or statement.name == "."
                has_end = has_end or statement.name.lstrip("_") == "end"
                if phase == Phase.FINAL:
                    folder.dot_section = self._home(current, prefers_next, number)
                folder.assign(statement)
                dot = folder.dot
            elif isinstance(statement, Assertion):
                folder.check(statement)
            elif isinstance(statement, Output) and not statement.is_skipped:
                statement.is_after_end = has_end
                made = statement.section
                if made and not statement.is_ignored and made.flags & ALLOC:
                    current, prefers_next = made, False
                dot = self._assign_in(statement, dot, phase)

    def _home(self, current: OutSection | None, prefers_next: bool, at: int) -> OutSection | None:
        """Find the section that `.` between sections belongs to: what was last, or what follows.

        What stands behind the end of the program never counts as following.
        """
        if current is None or prefers_next:
            following = self._following(at)
            if current is None or following is None or not following.is_after_end:
                last = self._link.outputs[-1] if self._link.outputs else None
                return self._before(following.section if following is not None else last)
        return self._before(current) or next(filter(_is_plain, self._link.outputs), None)

    def _following(self, at: int) -> Output | None:
        """Find the output section behind a statement that is in the output or after its end."""
        for statement in self._link.statements[at:]:
            if isinstance(statement, Output):
                made = statement.section
                if statement.is_after_end or (made is not None and not made.is_removed):
                    return statement
        return None

    def _before(self, made: OutSection | None) -> OutSection | None:
        """Find the last section up to one that has addresses, and is not thread-local."""
        everything = self._link.all_outputs
        at = everything.index(made) + 1 if made is not None else 0
        return next(filter(_is_plain, reversed(everything[:at])), None)

    def _assign_in(self, out: Output, dot: int, phase: Phase) -> int:
        made, folder = out.section, self.folder
        if made is None:
            return dot
        folder.section = made
        at = made.vma
        for content in out.contents:
            folder.dot = at
            match content:
                case Assign():
                    if content.name == ".":
                        at = self._moved.get(id(content), at)
                    else:
                        folder.assign(content)
                case Assertion():
                    folder.check(content)
                case Wild() | Orphans():
                    for section in content.placed:
                        if not section.flags & EXCLUDE or section.size:
                            at = made.vma + section.offset + section.size
                case Datum():
                    self._emit(content, made, at, phase)
                    at += content.size
                case Text():
                    at += len(content.data)
        if out.is_ignored:
            return dot
        dot = made.vma + (0 if made.is_tbss else made.size)
        folder.section = self._link.absolute
        if out.after is not None:
            folder.dot = dot
            dot = folder.number(out.after, "overlay")
        return dot

    def _emit(self, datum: Datum, made: OutSection, at: int, phase: Phase) -> None:
        if phase != Phase.FINAL:
            return
        value = self.folder.number(datum.value, "data") & (1 << 8 * datum.size) - 1
        made.data[at - made.vma] = value.to_bytes(datum.size, "little")

    # ---- one pass

    def _pass(self) -> None:
        folder = self.folder
        folder.iteration += 1
        dot = 0
        self._moved = {}
        for statement in self._link.statements:
            folder.section, folder.dot = self._link.absolute, dot
            if isinstance(statement, Assign):
                moved = folder.assign(statement)
                if moved is not None:
                    dot = self._link.default_region.current = moved
            elif isinstance(statement, Output) and not statement.is_skipped:
                dot = self._output(statement, dot)

    def _output(self, out: Output, dot: int) -> int:
        """Place an output section; give the location counter behind it."""
        folder, made = self.folder, out.section
        if out.address is not None:
            found = folder.fold(out.address)
            if found is not None:
                dot = found.absolute
            elif folder.phase != Phase.MARK:
                message = "non constant or forward reference address expression for section"
                raise ScriptError(f"{message} {out.name}")
        if made is None:
            return dot
        if out.align is not None:
            made.align_power = max(made.align_power, self._power(out.align, "section alignment"))
        start, delta, power = self._start(out, made, dot)
        made.vma = made.lma = start & MASK64
        made.pads = []
        self._contents(out, made)
        out.is_placed = True
        region = out.region or self._link.default_region
        if out.load_region_name and not out.aligns_load and out.region_name != out.load_region_name:
            power = self._power(out.align, "section alignment") if out.align is not None else 0
        self.regions.set_lma(out, made, region, (delta, power))
        self.regions.track(out, made, region)
        if out.is_ignored:
            return made.vma if out.has_symbols else dot if out.address is None else made.vma
        end = (made.vma + (0 if made.is_tbss else made.size)) & MASK64
        if out.after is not None:
            folder.section, folder.dot = self._link.absolute, end
            end = folder.number(out.after, "overlay")
        self.regions.use(out, made, end, self._checks)
        return end

    def _start(self, out: Output, made: OutSection, dot: int) -> tuple[int, int, int]:
        """Find an output section's address, what alignment added, and the alignment."""
        if out.address is not None:
            name = out.region_name or "*default*"
            out.region = out.region or self._link.region(name)
            power = self._power(out.align, "section alignment") if out.align is not None else 0
            start = align_up(dot, 1 << power)
            return start, start - dot, power
        if out.region is None or (out.region.is_default and made.flags & (ALLOC | LOAD)):
            out.region = self._region_of(out, made)
        dot = out.region.current
        start = align_up(dot, 1 << made.align_power)
        return start, start - dot, made.align_power

    def _region_of(self, out: Output, made: OutSection) -> Region:
        if out.region_name and out.region_name != "*default*":
            return self._link.region(out.region_name)
        if out.region is None and not made.flags & (ALLOC | LOAD):
            return self._link.default_region
        region = self.regions.default(made)
        is_lost = region.is_default and len(self._link.regions) > 1 and self._checks
        is_counted = made.flags & ALLOC and not made.is_tbss and not out.is_ignored and made.size
        is_counted = is_counted and not all(one.flags & LINKER_CREATED for one in made.inputs)
        if is_lost and is_counted and self._link.options.checks_sections:
            message = f"no memory region specified for loadable section `{out.name}'"
            self._link.warn(f"warning: {message}")
        return region

    def _power(self, expression: Expression, what: str) -> int:
        self.folder.section = self._link.absolute
        value = self.folder.number(expression, what)
        if value & value - 1 and self.folder.phase > Phase.MARK:
            raise ScriptError(f"power of two expected for {what}: {value:#x} is not a power of two")
        return max(0, value.bit_length() - 1)

    def _contents(self, out: Output, made: OutSection) -> None:
        folder = self.folder
        fill = self._pattern(out.fill)
        subalign = None
        if out.subalign is not None:
            subalign = self._power(out.subalign, "subsection alignment")
        folder.section, dot = made, made.vma
        for content in out.contents:
            folder.section, folder.dot = made, dot
            match content:
                case Wild() | Orphans():
                    for section in content.placed:
                        dot = self._input(out, made, section, dot, (fill, subalign))
                case Assign():
                    dot = self._assignment(out, made, content, (dot, fill))
                case Datum(size) | Text(size):
                    length = size if isinstance(size, int) else len(size)
                    if isinstance(content, Text):
                        made.data[dot - made.vma] = content.data
                    made.flags |= ALLOC if out.kind not in ("DSECT", "COPY", "INFO") else 0
                    dot += length
                case Filling(value):
                    fill = self._pattern(value)
        made.size = (dot - made.vma) & MASK64

    def _assignment(
        self, out: Output, made: OutSection, content: Assign, state: tuple[int, bytes]
    ) -> int:
        dot, fill = state
        moved = self.folder.assign(content)
        if content.name != ".":
            symbol = self._link.symbols.get(content.name)
            if not content.is_provide or (symbol is not None and symbol.is_provided):
                out.has_symbols = True
            return dot
        if not _is_idle(content.value):
            made.flags |= KEEP
        if moved is None or out.is_ignored:
            return dot
        if moved != dot:
            if moved - dot > MAX_GAP and made.flags & (LOAD | HAS_CONTENTS):
                raise ScriptError(
                    f"a gap of {moved - dot:#x} bytes in {out.name}", content.location
                )
            made.pads.append((dot - made.vma, moved - dot, fill))
            if out.kind not in ("DSECT", "COPY", "INFO", "OVERLAY"):
                made.flags |= ALLOC
        self._moved[id(content)] = moved
        return moved

    def _input(
        self,
        out: Output,
        made: OutSection,
        section: Section,
        dot: int,
        state: tuple[bytes, int | None],
    ) -> int:
        """Place an input section, relaxed first."""
        fill, subalign = state
        if self._relax is not None and self._relax(section):
            self._again = True
        if (section.flags & EXCLUDE and not section.is_kept) or out.is_ignored:
            section.offset = dot - made.vma
            return dot
        if subalign is not None:
            section.align_power = subalign
        made.align_power = max(made.align_power, section.align_power)
        start = align_up(dot, 1 << section.align_power)
        if start != dot:
            made.pads.append((dot - made.vma, start - dot, fill))
        section.offset = start - made.vma
        return start + section.size

    def _pattern(self, value: Expression | None) -> bytes:
        if value is None:
            return b""
        if isinstance(value, Number) and value.digits:
            return bytes.fromhex("0" * (len(value.digits) % 2) + value.digits)
        self.folder.section = self._link.absolute
        return (self.folder.number(value, "fill value") & 0xFFFF_FFFF).to_bytes(4, "big")


def _is_plain(made: OutSection) -> bool:
    return bool(made.flags & ALLOC) and not made.flags & THREAD_LOCAL and not made.is_removed


def _is_idle(value: Expression) -> bool:
    """Whether an assignment to `.` does not ask for the section: `. = 0`, `. = . + 0`."""
    match value:
        case Number(0):
            return True
        case Operation("+", (Name("."), Number(0))) | Operation("+", (Number(0), Name("."))):
            return True
        case Operation("ALIGN", (inner,)) | Operation("ALIGN", (Name("."), inner)):
            return _is_conditional(inner)
    return False


def _is_conditional(value: Expression) -> bool:
    match value:
        case Operation("?", (Operation("!=", (Name("."), Number(0))), _, Number(1))):
            return True
    return False
