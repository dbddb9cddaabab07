"""The linker: objects become a static executable.

Symbols are resolved over all objects, the layout (`link_layout.py`) gives addresses, relocations
are applied. Follows the RISC-V ELF psABI, chapter "Relocations". There is no relaxation.
"""

from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path

from assembler.artifacts import Image, Object
from assembler.errors import LinkError, LinkErrors, ObjectFormatError, ScriptError, nearest
from assembler.link_layout import Layout
from assembler.link_sections import OutSection, Piece
from assembler.linker_script import Script, parse_script
from assembler.objects import ObjSection, ObjSymbol, Segment
from assembler.relocate import Relocator

MAX_ERRORS = 50
MASK64 = (1 << 64) - 1
MAX_MEMORY = 1 << 30
_BUCKETS = 4051
_STRENGTH = {"undefined": 0, "weak": 1, "common": 2, "strong": 3}


class Linker:
    """One link."""

    def __init__(
        self,
        objects: Sequence[Object],
        script: Script,
        starts: Mapping[str, int],
        defines: Mapping[str, int],
    ) -> None:
        if not objects:
            raise LinkError("there is nothing to link")
        self._objects = objects
        self._errors: list[LinkError] = []
        self._globals: dict[str, tuple[ObjSymbol, Object]] = {}
        self._undefined: set[str] = set()
        self._pieces = [Piece(obj, section) for obj in objects for section in obj.sections]
        self._piece_of = {id(piece.section): piece for piece in self._pieces}
        for obj in objects:
            self._collect(obj)
        self._add_commons()
        self._layout = Layout(
            script, self._pieces, self._address_by_name, self._is_wanted, starts, defines
        )

    # ---- symbols

    def _collect(self, obj: Object) -> None:
        for symbol in obj.symbols:
            if symbol.binding == "local" or symbol.type == "section":
                continue
            if symbol.section == "undefined" and symbol.binding != "weak":
                self._undefined.add(symbol.name)
            known = self._globals.get(symbol.name)
            if known is None:
                self._globals[symbol.name] = (symbol, obj)
                continue
            self._merge(symbol, obj, known)

    def _merge(self, symbol: ObjSymbol, obj: Object, known: tuple[ObjSymbol, Object]) -> None:
        """Choose between two definitions of a name."""
        new, old = _STRENGTH[_strength(symbol)], _STRENGTH[_strength(known[0])]
        if new == old == _STRENGTH["strong"]:
            first = known[1].filename
            message = f"{obj.filename}: symbol {symbol.name!r} is already defined in {first}"
            self._complain(LinkError(message))
        elif new == old == _STRENGTH["common"]:
            align = max(known[0].value, symbol.value)
            if symbol.size > known[0].size:
                self._globals[symbol.name] = (symbol, obj)
            self._globals[symbol.name][0].value = align
        elif new > old:
            self._globals[symbol.name] = (symbol, obj)

    def _add_commons(self) -> None:
        """Give the common symbols that remain room in the object that asks for most."""
        found: dict[int, list[ObjSymbol]] = {}
        for symbol, obj in self._globals.values():
            if symbol.section == "common":
                found.setdefault(id(obj), []).append(symbol)
        for obj in self._objects:
            if symbols := found.get(id(obj)):
                self._add_room(obj, sorted(symbols, key=lambda symbol: hash_bucket(symbol.name)))

    def _add_room(self, obj: Object, symbols: list[ObjSymbol]) -> None:
        """Place common symbols one after another in a section of zeros."""
        room = ObjSection("COMMON", "nobits", "wa")
        for symbol in symbols:
            align = max(1, symbol.value)
            room.align = max(room.align, align)
            symbol.value = -(-room.size // align) * align
            room.size = symbol.value + symbol.size
            symbol.section = room
        piece = Piece(obj, room)
        self._pieces.append(piece)
        self._piece_of[id(room)] = piece

    def _is_wanted(self, name: str) -> bool:
        known = self._globals.get(name)
        return known is not None and known[0].section == "undefined"

    def _address_by_name(self, name: str) -> int | None:
        known = self._globals.get(name)
        if known is None or known[0].section == "undefined":
            return None
        return self.address(known[0], known[1])

    def address(self, symbol: ObjSymbol, obj: Object) -> int | None:
        """Give the address of a symbol of an object; None when it has none."""
        if symbol.binding != "local" and symbol.type != "section":
            symbol = self._globals[symbol.name][0]
        section = symbol.section
        if isinstance(section, ObjSection):
            piece = self._piece_of[id(section)]
            if piece.output is None:
                raise LinkError(
                    f"{obj.filename}: symbol {symbol.name!r} is in section {section.name}, "
                    "which was discarded"
                )
            return (piece.address + symbol.value) & MASK64
        if section == "absolute":
            return symbol.value & MASK64
        defined = self._layout.symbols.get(symbol.name)
        return None if defined is None else defined.value

    def is_weak(self, symbol: ObjSymbol) -> bool:
        """Whether a symbol may stay undefined."""
        return symbol.binding == "weak" and symbol.name not in self._undefined

    # ---- the link

    def link(self, entry: str | int | None) -> Image:
        """Place everything, relocate, and make the image."""
        try:
            self._layout.place()
        except RecursionError:
            raise ScriptError("an expression of the linker script is nested too deeply") from None
        outputs = [out for out in self._layout.outputs if not out.is_empty]
        total = sum(out.size for out in outputs if not out.is_nobits)
        if total > MAX_MEMORY:
            raise LinkError(f"an image of {total:#x} bytes is larger than {MAX_MEMORY:#x}")
        contents = {id(out): self._contents(out) for out in outputs}
        sections = {id(out): _image_section(out, contents[id(out)]) for out in outputs}
        ordered = [sections[id(out)] for out in outputs]
        ordered += self._attributes()
        image = Image(
            self._entry(entry),
            tuple(_segments(outputs, contents)),
            ordered,
            self._image_symbols(sections),
            self._flags(),
        )
        if self._errors:
            raise LinkErrors(self._errors)
        return image

    def _contents(self, out: OutSection) -> bytes:
        if out.is_nobits:
            return b""
        data = bytearray(out.size)
        for gap in out.data:
            at = gap.address - out.address
            data[at : at + len(gap.data)] = gap.data
        for piece in out.pieces():
            if piece.section.type == "nobits":
                continue
            at = piece.address - out.address
            body = bytearray(piece.section.data)
            Relocator(self, piece, body).apply(self._complain, self._suggest)
            data[at : at + len(body)] = body
        return bytes(data)

    def _complain(self, error: LinkError) -> None:
        self._errors.append(error)
        if len(self._errors) >= MAX_ERRORS:
            raise LinkErrors(self._errors)

    def _suggest(self, name: str) -> str:
        known = [n for n, (symbol, _) in self._globals.items() if symbol.section != "undefined"]
        return nearest(name, [*known, *self._layout.symbols])

    def _entry(self, entry: str | int | None) -> int:
        if isinstance(entry, int):
            return entry
        name = entry or self._layout.entry or "_start"
        address = self._address_by_name(name)
        if address is None and name in self._layout.symbols:
            address = self._layout.symbols[name].value
        if address is None and name[:1].isdigit():
            try:
                return int(name, 0)
            except ValueError:
                address = None
        if address is None and (entry or self._layout.entry not in (None, "_start")):
            self._complain(LinkError(f"entry symbol {name!r} is not defined{self._suggest(name)}"))
        if address is None:
            texts = [out.address for out in self._layout.outputs if "x" in out.flags]
            address = texts[0] if texts else 0
        return address

    def _flags(self) -> int:
        flags = {obj.flags & ~1 for obj in self._objects}
        if len(flags) > 1:
            found = ", ".join(f"{obj.filename} ({obj.flags:#x})" for obj in self._objects)
            self._complain(ObjectFormatError(f"objects for different ABIs: {found}"))
        compressed = any(obj.flags & 1 for obj in self._objects)
        return min(flags) | compressed

    def _attributes(self) -> list[ObjSection]:
        for piece in self._pieces:
            if piece.section.type == "riscv_attributes":
                return [piece.section]
        return []

    def _image_symbols(self, sections: Mapping[int, ObjSection]) -> list[ObjSymbol]:
        """List all symbols with their final addresses, each file's local ones first."""
        found: list[ObjSymbol] = []
        for obj in self._objects:
            for symbol in obj.symbols:
                is_mine = symbol.binding == "local" or self._globals[symbol.name][0] is symbol
                if symbol.type != "section" and is_mine and not symbol.name.startswith(".L"):
                    found += self._image_symbol(symbol, sections)
        for name, defined in self._layout.symbols.items():
            if name in self._globals and self._globals[name][0].section != "undefined":
                continue
            place = sections.get(id(defined.section), "absolute")
            visibility = "hidden" if defined.is_hidden else "default"
            found.append(ObjSymbol(name, defined.value, 0, "global", "notype", visibility, place))
        return found

    def _image_symbol(
        self, symbol: ObjSymbol, sections: Mapping[int, ObjSection]
    ) -> Iterable[ObjSymbol]:
        section = symbol.section
        place: ObjSection | str = "absolute"
        value = symbol.value
        if isinstance(section, ObjSection):
            piece = self._piece_of[id(section)]
            if piece.output is None:
                return
            value += piece.address
            place = sections[id(piece.output)]
        elif section == "undefined":
            return
        yield ObjSymbol(
            symbol.name, value, symbol.size, symbol.binding, symbol.type, symbol.visibility, place
        )


def hash_bucket(name: str) -> int:
    """Give the place of a name in GNU ld's symbol table, whose order common symbols follow."""
    value = 0
    data = name.encode("utf-8", "surrogateescape")
    for byte in (*data, len(data)):
        value = (value + byte + (byte << 17)) & MASK64
        value ^= value >> 2
    return (value & 0xFFFF_FFFF) % _BUCKETS


def _strength(symbol: ObjSymbol) -> str:
    if symbol.section in ("undefined", "common"):
        return str(symbol.section)
    return "weak" if symbol.binding == "weak" else "strong"


def _image_section(out: OutSection, data: bytes) -> ObjSection:
    kind = "nobits" if out.is_nobits else "progbits"
    kinds = {piece.section.type for piece in out.pieces()}
    if len(kinds) == 1:
        kind = kinds.pop()
    entsizes = {piece.section.entsize for piece in out.pieces()}
    made = ObjSection(out.name, kind, out.flags, data, out.size, out.align)
    made.entsize = entsizes.pop() if len(entsizes) == 1 else 0
    made.address = out.address
    return made


def _segments(outputs: Sequence[OutSection], contents: Mapping[int, bytes]) -> Iterable[Segment]:
    """Group sections that follow one another and agree on writability into segments."""
    group: list[OutSection] = []
    for out in outputs:
        if not out.is_loaded or not out.size:
            continue
        if group and not _continues(group[-1], out):
            yield _segment(group, contents)
            group = []
        group.append(out)
    if group:
        yield _segment(group, contents)


def _continues(last: OutSection, out: OutSection) -> bool:
    end = last.address + last.size
    same_offset = out.address - out.load_address == last.address - last.load_address
    is_near = end <= out.address < end + 0x1000
    is_filled = not last.is_nobits or out.is_nobits
    return same_offset and is_near and is_filled and ("w" in out.flags) == ("w" in last.flags)


def _segment(group: Sequence[OutSection], contents: Mapping[int, bytes]) -> Segment:
    start = group[0].address
    data = bytearray()
    for out in group:
        if not out.is_nobits:
            data += bytes(out.address - start - len(data)) + contents[id(out)]
    end = group[-1].address + group[-1].size
    letters = "".join(out.flags for out in group)
    flags = "r" + "".join(letter for letter in "wx" if letter in letters)
    return Segment(start, group[0].load_address, bytes(data), end - start, flags)


def default_script() -> Script:
    """Give the layout used when there is no script."""
    text = files("assembler").joinpath("default.ld").read_text("utf-8")
    return parse_script(text, "default.ld")


def read_script(script: str | Path | Script | None) -> Script:
    """Take a script as text, as a path, parsed, or None for the default layout."""
    if script is None:
        return default_script()
    if isinstance(script, Path):
        return parse_script(script.read_text("utf-8", "surrogateescape"), str(script))
    return parse_script(script) if isinstance(script, str) else script
