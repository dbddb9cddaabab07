"""The layout of a link: which input section goes where, and what the script's symbols are worth.

Obeys a `Script`. Addresses depend on each other through forward references, so everything is placed
again until nothing moves. Not here: symbols of the objects and relocations (`linker.py`).
"""

from collections.abc import Callable, Mapping

from assembler.errors import LinkError, ScriptError
from assembler.link_expr import (
    MASK64,
    Counter,
    ScriptEvaluator,
    ScriptSymbol,
    apply_operator,
    mentions_place,
)
from assembler.link_sections import (
    UNLOADED,
    Gap,
    OutSection,
    Piece,
    is_bookkeeping,
    kind_of,
    matching,
    output_kind,
)
from assembler.linker_script import (
    Assert,
    Assign,
    Datum,
    Entry,
    Expression,
    Filling,
    Input,
    Number,
    Output,
    Region,
    Script,
    Statement,
)
from assembler.objects import ObjSection

MAX_PASSES = 20
MAX_IMAGE = 1 << 30
_DISCARD = "/DISCARD/"
_ANCHORS = (".text", ".rodata", ".data", ".bss")  # by kind: what orphans are put behind


class Layout(ScriptEvaluator):
    """Places the input sections of a link as its script says.

    `lookup` gives the address of a symbol of the objects, or None; `wanted` says whether a name is
    referenced but not defined by them. `starts` fixes the addresses of output sections by name.
    """

    def __init__(
        self,
        script: Script,
        pieces: list[Piece],
        lookup: Callable[[str], int | None],
        wanted: Callable[[str], bool],
        starts: Mapping[str, int],
        symbols: Mapping[str, int],
    ) -> None:
        super().__init__(script.filename, lookup, symbols)
        self._script = script
        self._pieces = pieces
        self._wanted = wanted
        self._starts = starts
        self.entry: str | None = None
        self._order: list[Statement | OutSection] = []
        self._free: list[Piece] = []
        self._current: OutSection | None = None
        self._previous: OutSection | None = None
        self._fill = b"\0"

    def place(self) -> None:
        """Do the layout; raise ScriptError when the script cannot be obeyed."""
        self._assign_inputs()
        self._add_orphans()
        before: object = None
        for _ in range(MAX_PASSES):
            self._run()
            now = self._state()
            if now == before:
                break
            before = now
        else:
            raise ScriptError("the addresses in the linker script do not settle", self._location(0))
        self._is_final = True
        self._run()

    def _state(self) -> object:
        sections = [(out.address, out.size, out.load_address) for out in self.outputs]
        return sections, {name: symbol.value for name, symbol in self.symbols.items()}

    # ---- which input goes where

    def _assign_inputs(self) -> None:
        free = {id(piece): piece for piece in self._pieces if not is_bookkeeping(piece.section)}
        for statement in self._script.statements:
            self._order.append(statement)
            if isinstance(statement, Entry):
                self.entry = statement.name
            if not isinstance(statement, Output):
                continue
            out = OutSection(statement.name, statement)
            for index, content in enumerate(statement.contents):
                if isinstance(content, Input):
                    out.members[index] = list(matching(content, free))
            for piece in out.pieces():
                piece.output = None if statement.name == _DISCARD else out
            if statement.name == _DISCARD:
                self._order.pop()
                continue
            self._order[-1] = out
            self.outputs.append(out)
        self._free = list(free.values())

    def _add_orphans(self) -> None:
        """Put sections that the script does not name after the last of their kind."""
        for piece in self._free:
            name = piece.section.name
            out = next((out for out in self.outputs if out.name == name), None)
            if out is None:
                out = OutSection(name)
                self._insert(out, piece.section)
            out.orphans.append(piece)
            piece.output = out

    def _insert(self, out: OutSection, section: ObjSection) -> None:
        best = self._neighbour(kind_of(section.flags, section.type))
        if best is None:
            self.outputs.append(out)
            self._order.append(out)
            return
        if best.statement is not None or best.region:
            out.region = best.statement.region if best.statement else best.region
        self.outputs.insert(self.outputs.index(best) + 1, out)
        self._order.insert(self._order.index(best) + 1, out)

    def _neighbour(self, kind: int) -> OutSection | None:
        """Find what an orphan is put behind: the usual section of its kind, or the last of it."""
        if kind == UNLOADED:
            return None
        best = next((out for out in self.outputs if out.name == _ANCHORS[kind]), None)
        if best is None:
            for other in self.outputs:
                if any(other.pieces()) and output_kind(other) <= kind:
                    best = other
            return best
        index = self.outputs.index(best) + 1
        while index < len(self.outputs) and self.outputs[index].statement is None:
            best = self.outputs[index]
            index += 1
        return best

    # ---- one pass

    def _run(self) -> None:
        self._dot = 0
        self._current = self._previous = None
        self._regions = {"": Counter()}
        for item in self._order:
            if isinstance(item, OutSection):
                self._place_output(item)
            elif isinstance(item, Region):
                origin, length = self.evaluate(item.origin), self.evaluate(item.length)
                self._regions[item.name] = Counter(origin, length, origin)
            else:
                self._do(item)

    def _place_output(self, out: OutSection) -> None:
        statement = out.statement or Output(out.name, (), region=out.region)
        if not (out.is_loaded or out.size or statement.contents) or self._is_unloaded(out):
            self._place_unloaded(out)
            return
        counter = self._region(statement.region)
        start = self._start_of(out, statement, counter)
        out.address, out.region = start, statement.region
        self._dot, self._current = start, out
        self._fill = self._fill_pattern(statement.fill)
        out.data = []
        subalign = self.evaluate(statement.subalign) if statement.subalign else None
        for index, content in enumerate(statement.contents):
            if isinstance(content, Input):
                self._place_pieces(out.members[index], subalign)
            else:
                self._do(content)
        self._place_pieces(out.orphans, subalign)
        out.size = self._dot - start
        self._current, self._previous = None, out
        self._set_load_address(out, statement, counter)
        if statement.region:
            counter.here = self._dot
            if self._is_final and self._dot - counter.origin > counter.length:
                over = self._dot - counter.origin - counter.length
                raise LinkError(
                    f"region {statement.region} overflows by {over} bytes at {out.name}"
                )

    def _is_unloaded(self, out: OutSection) -> bool:
        pieces = list(out.pieces())
        return bool(pieces) and not any(piece.section.is_loaded for piece in pieces)

    def _place_unloaded(self, out: OutSection) -> None:
        """Lay out a section that takes no memory, such as debug information, from 0."""
        saved, self._dot = self._dot, 0
        self._current, out.data = out, []
        self._place_pieces(list(out.pieces()), None)
        out.address, out.size = 0, self._dot
        self._dot, self._current = saved, None

    def _start_of(self, out: OutSection, statement: Output, counter: Counter) -> int:
        if out.name in self._starts:
            return self._starts[out.name]
        dot = counter.here if statement.region else self._dot
        if statement.address is not None:
            self._dot = dot
            return self.evaluate(statement.address)
        alignment = out.align
        if statement.align is not None:
            self._dot = dot
            alignment = max(alignment, self._power(self.evaluate(statement.align)))
        return -(-dot // alignment) * alignment

    def _set_load_address(self, out: OutSection, statement: Output, counter: Counter) -> None:
        if statement.load_at is not None:
            self._current = out
            out.load_address = self.evaluate(statement.load_at)
            self._current = None
            counter.load_offset = out.load_address - out.address
        elif statement.load_region:
            target = self._region(statement.load_region)
            align = out.align
            out.load_address = -(-target.here // align) * align
            if target is not counter:
                target.here = out.load_address + (0 if out.is_nobits else out.size)
        else:
            explicit = statement.address is not None and not statement.region
            counter.load_offset = 0 if explicit else counter.load_offset
            out.load_address = out.address + counter.load_offset

    def _place_pieces(self, pieces: list[Piece], subalign: int | None) -> None:
        for piece in pieces:
            alignment = subalign or piece.section.align
            self._move(-(-self._dot // alignment) * alignment)
            piece.address = self._dot
            self._dot += piece.section.size

    def _move(self, goal: int) -> None:
        """Move the location counter, filling the gap inside an output section."""
        gap = goal - self._dot
        if self._current is not None and gap:
            if gap < 0:
                if not self._is_final:
                    self._dot = goal
                    return
                message = f"cannot move '.' back from {self._dot:#x} to {goal:#x}"
                raise ScriptError(message, self._location(0))
            if gap > MAX_IMAGE:
                raise ScriptError(f"a gap of {gap:#x} bytes in {self._current.name}")
            if self._is_final and self._fill.strip(b"\0"):
                pattern = self._fill * (gap // len(self._fill) + 1)
                self._current.data.append(Gap(self._dot, pattern[:gap]))
        self._dot = goal

    def _do(self, statement: Statement) -> None:
        """Obey a statement that is not a section."""
        match statement:
            case Assign():
                self._assign(statement)
            case Datum(size, value):
                assert self._current is not None
                data = (self.evaluate(value) & (1 << 8 * size) - 1).to_bytes(size, "little")
                self._current.data.append(Gap(self._dot, data))
                self._dot += size
            case Filling(value):
                self._fill = self._fill_pattern(value)
            case Assert(condition, message):
                if self._is_final and not self.evaluate(condition):
                    raise LinkError(message)

    def _fill_pattern(self, value: Expression | None) -> bytes:
        if value is None:
            return b"\0"
        if isinstance(value, Number) and value.digits:
            return bytes.fromhex("0" * (len(value.digits) % 2) + value.digits)
        return (self.evaluate(value) & 0xFFFF_FFFF).to_bytes(4, "big")

    def _assign(self, statement: Assign) -> None:
        name = statement.name
        if statement.is_provided and not self._wanted(name):
            return
        try:
            value = self.evaluate(statement.value)
            if statement.operator != "=":
                old = self._dot if name == "." else self._name(name)
                value = apply_operator(statement.operator[:-1], old, value)
        except ScriptError as error:
            place = error.location or self._location(statement.line)
            raise ScriptError(error.message, place) from None
        is_place = mentions_place(statement.value) or statement.operator != "="
        if name == ".":
            if self._current is not None and not is_place:
                value += self._current.address
            self._move(value & MASK64)
            return
        section = (self._current or self._previous) if is_place else self._current
        if self._current is not None:
            self._current.has_symbols = True
            value += 0 if is_place else self._current.address
        self.symbols[name] = ScriptSymbol(value & MASK64, section, statement.is_hidden)
