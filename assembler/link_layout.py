"""The layout of a link: which input section goes where, and what the script's symbols are worth.

Obeys a `Script`. Addresses depend on each other through forward references, so everything is placed
again until nothing moves. Not here: symbols of the objects and relocations (`link.py`).
"""

import fnmatch
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from assembler.errors import LinkError, ScriptError
from assembler.linker_script import (
    Assert,
    Assign,
    Datum,
    Entry,
    Expression,
    Filling,
    Input,
    Name,
    Number,
    Operation,
    Output,
    Pattern,
    Region,
    Script,
    Statement,
)
from assembler.objects import Object, ObjSection
from isa.errors import Location

MASK64 = (1 << 64) - 1
PAGE = 0x1000
MAX_PASSES = 20
MAX_IMAGE = 1 << 30
HEADER_SIZE, PROGRAM_HEADER_SIZE = 64, 56
_DISCARD = "/DISCARD/"
_LOOSE_ENDS = (".riscv.attributes",)


@dataclass(eq=False, slots=True)
class Piece:
    """An input section, and where it was put."""

    source: Object
    section: ObjSection
    output: "OutSection | None" = None
    address: int = 0


@dataclass(slots=True)
class Gap:
    """Bytes of an output section that no input gave: literal data or a fill pattern."""

    address: int
    data: bytes


@dataclass(eq=False)
class OutSection:
    """An output section being placed."""

    name: str
    statement: Output | None = None
    members: dict[int, list[Piece]] = field(default_factory=dict)  # by index of the statement
    orphans: list[Piece] = field(default_factory=list)
    address: int = 0
    size: int = 0
    load_address: int = 0
    region: str = ""
    data: list[Gap] = field(default_factory=list)
    has_symbols: bool = False

    def pieces(self) -> Iterator[Piece]:
        """Give all input sections in it, in order."""
        for group in self.members.values():
            yield from group
        yield from self.orphans

    @property
    def flags(self) -> str:
        """The flags of all its inputs together."""
        found = set().union(*(piece.section.flags for piece in self.pieces()))
        if self.statement and self.statement.kind in ("NOLOAD", "COPY", "INFO"):
            found -= set("") if self.statement.kind == "NOLOAD" else {"a"}
        if not found and (self.data or self.size):
            found = {"a", "w"}
        return "".join(sorted(found & set("awxTMS") - (set() if self._is_uniform() else set("MS"))))

    def _is_uniform(self) -> bool:
        return len({(p.section.flags, p.section.entsize) for p in self.pieces()}) == 1

    @property
    def is_nobits(self) -> bool:
        """Whether it takes no room in the file."""
        if self.statement and self.statement.kind == "NOLOAD":
            return True
        return not self.data and all(p.section.type == "nobits" for p in self.pieces())

    @property
    def align(self) -> int:
        """The strictest alignment of its inputs."""
        return max((piece.section.align for piece in self.pieces()), default=1)

    @property
    def is_loaded(self) -> bool:
        """Whether it takes memory."""
        return "a" in self.flags

    @property
    def is_empty(self) -> bool:
        """Whether nothing of it need be in the image."""
        return not self.size and not self.has_symbols and not any(self.pieces())


@dataclass(frozen=True)
class ScriptSymbol:
    """A symbol that the script defines: its value, and the output section it belongs to."""

    value: int
    section: OutSection | None
    is_hidden: bool = False


@dataclass
class _Counter:
    """A memory region's next free address, and how far its load addresses are off."""

    origin: int = 0
    length: int = MASK64
    here: int = 0
    load_offset: int = 0


class Layout:
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
        self._script = script
        self._pieces = pieces
        self._lookup = lookup
        self._wanted = wanted
        self._starts = starts
        self.symbols = {name: ScriptSymbol(value, None) for name, value in symbols.items()}
        self.outputs: list[OutSection] = []
        self.entry: str | None = None
        self._order: list[Statement | OutSection] = []
        self._regions: dict[str, _Counter] = {}
        self._dot = 0
        self._current: OutSection | None = None
        self._previous: OutSection | None = None
        self._fill = b"\0"
        self._is_final = False

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

    def _location(self, line: int) -> Location:
        return Location(self._script.filename, line or None)

    # ---- which input goes where

    def _assign_inputs(self) -> None:
        free = {id(piece): piece for piece in self._pieces if not _is_bookkeeping(piece.section)}
        for statement in self._script.statements:
            self._order.append(statement)
            if isinstance(statement, Entry):
                self.entry = statement.name
            if not isinstance(statement, Output):
                continue
            out = OutSection(statement.name, statement)
            for index, content in enumerate(statement.contents):
                if isinstance(content, Input):
                    out.members[index] = list(_matching(content, free))
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
        kind = _kind(section.flags, section.type)
        best = None
        for other in self.outputs:
            if any(other.pieces()) and _other_kind(other) <= kind:
                best = other
        if best is None or kind == _UNLOADED:
            self.outputs.append(out)
            self._order.append(out)
            return
        self.outputs.insert(self.outputs.index(best) + 1, out)
        self._order.insert(self._order.index(best) + 1, out)

    # ---- one pass

    def _run(self) -> None:
        self._dot = 0
        self._current = self._previous = None
        self._regions = {"": _Counter()}
        for item in self._order:
            if isinstance(item, OutSection):
                self._place_output(item)
            elif isinstance(item, Region):
                origin, length = self.evaluate(item.origin), self.evaluate(item.length)
                self._regions[item.name] = _Counter(origin, length, origin)
            else:
                self._do(item)

    def _place_output(self, out: OutSection) -> None:
        statement = out.statement or Output(out.name, ())
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

    def _start_of(self, out: OutSection, statement: Output, counter: _Counter) -> int:
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

    def _region(self, name: str) -> _Counter:
        if name not in self._regions:
            raise ScriptError(f"there is no memory region {name!r}", self._location(0))
        return self._regions[name]

    def _set_load_address(self, out: OutSection, statement: Output, counter: _Counter) -> None:
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
        return (self.evaluate(value) & 0xFFFF_FFFF).to_bytes(4, "big")

    def _assign(self, statement: Assign) -> None:
        name = statement.name
        if statement.is_provided and not self._wanted(name):
            return
        try:
            value = self.evaluate(statement.value)
            if statement.operator != "=":
                old = self._dot if name == "." else self._name(name)
                value = _apply(statement.operator[:-1], old, value)
        except ScriptError as error:
            place = error.location or self._location(statement.line)
            raise ScriptError(error.message, place) from None
        is_place = _mentions_place(statement.value) or statement.operator != "="
        if name == ".":
            if self._current is not None and not is_place:
                value += self._current.address
            self._move(value & MASK64)
            return
        section = (self._current or self._previous) if is_place else None
        if self._current is not None:
            self._current.has_symbols = True
        self.symbols[name] = ScriptSymbol(value & MASK64, section, statement.is_hidden)

    # ---- expressions

    def evaluate(self, expression: Expression) -> int:
        """Evaluate an expression of the script."""
        match expression:
            case Number(value):
                return value
            case Name(name):
                return self._word(name)
            case Operation("?", (condition, then, otherwise)):
                return self.evaluate(then if self.evaluate(condition) else otherwise)
            case Operation("&&", (left, right)):
                return int(bool(self.evaluate(left)) and bool(self.evaluate(right)))
            case Operation("||", (left, right)):
                return int(bool(self.evaluate(left)) or bool(self.evaluate(right)))
            case Operation(operator, (left, right)) if operator in _BINARY:
                return _apply(operator, self.evaluate(left), self.evaluate(right))
            case Operation(operator, operands):
                return self._function(operator, operands)

    def _word(self, name: str) -> int:
        if name == ".":
            return self._dot
        return self.headers_size() if name == "SIZEOF_HEADERS" else self._name(name)

    def _name(self, name: str) -> int:
        found = self._lookup(name)
        if found is not None:
            return found
        symbol = self.symbols.get(name)
        if symbol is not None:
            return symbol.value
        if self._is_final:
            raise ScriptError(f"symbol {name!r} in the linker script is not defined")
        return 0

    def _function(self, name: str, operands: tuple[Expression, ...]) -> int:
        match name, operands:
            case "prefix -", (value,):
                return -self.evaluate(value) & MASK64
            case "prefix +", (value,):
                return self.evaluate(value)
            case "prefix ~", (value,):
                return ~self.evaluate(value) & MASK64
            case "prefix !", (value,):
                return int(not self.evaluate(value))
            case (("ALIGN" | "BLOCK" | "NEXT"), (value,)):
                boundary = self._power(self.evaluate(value))
                return -(-self._dot // boundary) * boundary
            case "ALIGN", (start, value):
                boundary = self._power(self.evaluate(value))
                return -(-self.evaluate(start) // boundary) * boundary
            case "ABSOLUTE", (value,):
                return self.evaluate(value)
            case "MAX", (left, right):
                return max(self.evaluate(left), self.evaluate(right))
            case "MIN", (left, right):
                return min(self.evaluate(left), self.evaluate(right))
            case "DATA_SEGMENT_ALIGN", (_, _):
                return -(-self._dot // PAGE) * PAGE + self._dot % PAGE
            case ("DATA_SEGMENT_END", (value,)) | ("DATA_SEGMENT_RELRO_END", (_, value)):
                return self.evaluate(value)
            case "SEGMENT_START", (_, value):
                return self.evaluate(value)
            case _:
                return self._named_function(name, operands)

    def _named_function(self, function: str, operands: tuple[Expression, ...]) -> int:
        name = operands[0].name if len(operands) == 1 and isinstance(operands[0], Name) else ""
        match function:
            case "DEFINED" if name:
                return int(name in self.symbols or self._lookup(name) is not None)
            case "CONSTANT" if name in ("MAXPAGESIZE", "COMMONPAGESIZE"):
                return PAGE
            case "ORIGIN" if name:
                return self._region(name).origin
            case "LENGTH" if name:
                return self._region(name).length
            case "ADDR" if name:
                return self._output(name).address
            case "LOADADDR" if name:
                return self._output(name).load_address
            case "SIZEOF" if name:
                return sum(out.size for out in self.outputs if out.name == name)
            case "ALIGNOF" if name:
                return self._output(name).align
        raise ScriptError(f"unknown function {function} with {len(operands)} operands")

    def _output(self, name: str) -> OutSection:
        for out in self.outputs:
            if out.name == name:
                return out
        raise ScriptError(f"there is no output section {name!r}")

    def _power(self, value: int) -> int:
        if value & value - 1:
            raise ScriptError(f"alignment {value:#x} is not a power of two")
        return value or 1

    def headers_size(self) -> int:
        """Give the size of the ELF header and as many program headers as will be needed."""
        writable = {"w" in out.flags for out in self.outputs if out.is_loaded and any(out.pieces())}
        return HEADER_SIZE + PROGRAM_HEADER_SIZE * (len(writable) + 1)


_BINARY = frozenset("+ - * / % << >> & | ^ == != < > <= >=".split())
_UNLOADED = 4


def _apply(operator: str, left: int, right: int) -> int:
    if operator in "/%" and not right:
        raise ScriptError("division by zero in the linker script")
    if operator in ("<<", ">>") and right > 63:
        return 0
    results: dict[str, Callable[[], int]] = {
        "+": lambda: left + right,
        "-": lambda: left - right,
        "*": lambda: left * right,
        "/": lambda: left // right,
        "%": lambda: left % right,
        "<<": lambda: left << right,
        ">>": lambda: left >> right,
        "&": lambda: left & right,
        "|": lambda: left | right,
        "^": lambda: left ^ right,
        "==": lambda: int(left == right),
        "!=": lambda: int(left != right),
        "<": lambda: int(left < right),
        ">": lambda: int(left > right),
        "<=": lambda: int(left <= right),
        ">=": lambda: int(left >= right),
    }
    return results[operator]() & MASK64


def _mentions_place(expression: Expression) -> bool:
    """Whether a value is a place rather than a plain number."""
    if isinstance(expression, Name):
        return True
    if isinstance(expression, Operation):
        if expression.operator in ("SIZEOF", "CONSTANT", "ABSOLUTE", "LENGTH", "ALIGNOF"):
            return False
        one_sided = expression.operator == "ALIGN" and len(expression.operands) == 1
        return one_sided or any(_mentions_place(operand) for operand in expression.operands)
    return False


def _is_bookkeeping(section: ObjSection) -> bool:
    return section.name in _LOOSE_ENDS or section.name == ".note.GNU-stack"


def _kind(flags: str, kind: str) -> int:
    """Rank sections in the order they stand in memory: code, constants, data, zeros, unloaded."""
    if "a" not in flags:
        return _UNLOADED
    if "x" in flags:
        return 0
    if "w" not in flags:
        return 1
    return 3 if kind == "nobits" else 2


def _other_kind(out: OutSection) -> int:
    return _kind(out.flags, "nobits" if out.is_nobits else "progbits")


def _matching(content: Input, free: dict[int, Piece]) -> Iterator[Piece]:
    """Take the free input sections that an input statement names, in its order."""
    found = []
    for piece in list(free.values()):
        if not _fits(content.file, piece.source.filename):
            continue
        for number, pattern in enumerate(content.patterns):
            if _fits_pattern(pattern, piece):
                found.append((number, pattern, piece))
                del free[id(piece)]
                break
    if any(pattern.is_sorted for _, pattern, _ in found):
        found.sort(key=lambda item: (item[0], item[2].section.name if item[1].is_sorted else ""))
    for _, _, piece in found:
        yield piece


def _fits(pattern: str, filename: str) -> bool:
    if pattern == "*":
        return True
    return fnmatch.fnmatchcase(filename, pattern) or fnmatch.fnmatchcase(
        filename.rpartition("/")[2], pattern
    )


def _fits_pattern(pattern: Pattern, piece: Piece) -> bool:
    if any(_fits(excluded, piece.source.filename) for excluded in pattern.excluded):
        return False
    return fnmatch.fnmatchcase(piece.section.name, pattern.section)
