"""Linker scripts: from text to statements.

Follows the manual "The GNU linker", chapter "Linker Scripts". Written by hand, because the same
characters are different words in different places (see `tokens.py`). Not here: expressions.
"""

from collections.abc import Callable

from assembler.errors import ScriptError
from assembler.linking.script_expr import ExpressionParser
from assembler.linking.script_sections import SectionsParser
from assembler.linking.statements import (
    Assign,
    Command,
    Header,
    Insert,
    Name,
    Number,
    Region,
    Script,
    Statement,
)
from assembler.linking.tokens import ATTRIBUTES, NAME, WORD, Words

MAX_INCLUDES = 10
MAX_HEADERS = 1000
_WITH_WORDS = frozenset(
    "ENTRY TARGET OUTPUT OUTPUT_ARCH OUTPUT_FORMAT SEARCH_DIR STARTUP INPUT GROUP EXTERN "
    "NOCROSSREFS NOCROSSREFS_TO LD_FEATURE AS_NEEDED HLL SYSLIB FLOAT NOFLOAT "
    "FORCE_COMMON_ALLOCATION FORCE_GROUP_ALLOCATION INHIBIT_COMMON_ALLOCATION".split()
)
_HEADER_TYPES = {
    "PT_NULL": 0,
    "PT_LOAD": 1,
    "PT_DYNAMIC": 2,
    "PT_INTERP": 3,
    "PT_NOTE": 4,
    "PT_SHLIB": 5,
    "PT_PHDR": 6,
    "PT_TLS": 7,
    "PT_GNU_EH_FRAME": 0x6474E550,
    "PT_GNU_STACK": 0x6474E551,
    "PT_GNU_RELRO": 0x6474E552,
    "PT_RISCV_ATTRIBUTES": 0x70000003,
}
Loader = Callable[[str], tuple[str, str] | None]  # a file's text and name, by its name


def parse_script(
    text: str, filename: str = "<script>", load: Loader | None = None, depth: int = 0
) -> Script:
    """Read a linker script; raise ScriptError with the place of what cannot be read."""
    script = Script(filename=filename)
    _Parser(Words(text, filename), script, load, depth).read()
    return script


def parse_expression(text: str, filename: str) -> Assign:
    """Read `name = expression`, as --defsym has it."""
    words = Words(text, filename)
    name = words.take(NAME, "a symbol")
    words.expect("=")
    value = ExpressionParser(words).expression()
    if not words.is_at_end:
        words.refuse("expected the end of the expression")
    return Assign(name, value, is_defsym=True)


class _Parser(SectionsParser):
    """Reads what stands at the top of a script."""

    def __init__(self, words: Words, script: Script, load: Loader | None, depth: int) -> None:
        super().__init__(words)
        self._script = script
        self._load = load
        self._includes = depth

    def read(self) -> None:
        """Read the whole script."""
        while not self.words.is_at_end:
            self._statement()

    def _statement(self) -> None:
        words, place = self.words, self.words.location
        if words.accept(";"):
            return
        name = words.peek(NAME)
        if name in ("MEMORY", "PHDRS", "SECTIONS", "INCLUDE", "VERSION", "INSERT", "REGION_ALIAS"):
            words.take(NAME, "a command")
            getattr(self, f"_{name.lower()}")()
        elif name in _WITH_WORDS:
            words.take(NAME, "a command")
            self._script.statements.append(Command(name, self._words_of(name), place))
        elif found := self.assignment():
            self._script.statements.append(found)
        else:
            words.refuse("expected a command or an assignment")

    def _words_of(self, name: str) -> tuple[str, ...]:
        """Read the words in parentheses; `AS_NEEDED` and the like are seen through."""
        words = self.words
        found: list[str] = []
        if not words.accept("("):
            return ()
        depth = 1
        while depth:
            if words.accept("("):
                depth += 1
            elif words.accept(")"):
                depth -= 1
            elif not words.accept(","):
                word = words.take(WORD, f"a word of {name}")
                found += [] if word == "AS_NEEDED" else [word]
        return tuple(found)

    # ---- commands

    def _include(self) -> None:
        words = self.words
        name = words.take(WORD, "a file name")
        found = self._load(name) if self._load else None
        if found is None:
            raise ScriptError(f"cannot find linker script {name}", words.location)
        if self._includes >= MAX_INCLUDES:
            raise ScriptError("linker scripts include each other too deeply", words.location)
        text, filename = found
        inner = _Parser(Words(text, filename), self._script, self._load, self._includes + 1)
        inner.read()

    def include_words(self, name: str) -> Words | None:
        """Find the text that an INCLUDE inside braces means."""
        found = self._load(name) if self._load else None
        return Words(*found) if found else None

    def _version(self) -> None:
        words = self.words
        words.expect("{")
        depth = 1
        while depth:
            if words.is_at_end:
                words.refuse("expected '}'")
            depth += {"{": 1, "}": -1}.get(words.text[words.at], 0)
            words.at += 1
            words.skip()

    def _insert(self) -> None:
        words = self.words
        is_after = words.accept("AFTER")
        if not is_after:
            words.expect("BEFORE")
        where = words.take(WORD, "a section's name")
        self._script.statements.append(Insert(where, is_after))

    def _region_alias(self) -> None:
        words = self.words
        words.expect("(")
        alias = words.take(WORD, "a region's new name")
        words.expect(",")
        name = words.take(WORD, "a region")
        words.expect(")")
        for region in self._script.regions:
            if name == region.name or name in region.aliases:
                region.aliases.append(alias)
                return
        raise ScriptError(f"memory region '{name}' for alias '{alias}' does not exist")

    def _memory(self) -> None:
        words = self.words
        words.expect("{")
        while not words.accept("}"):
            if words.accept("INCLUDE"):
                self._include_regions(words.take(WORD, "a file name"))
            elif not words.accept(";"):
                self._region()

    def _include_regions(self, name: str) -> None:
        found = self.include_words(name)
        if found is None:
            raise ScriptError(f"cannot find linker script {name}", self.words.location)
        inner = _Parser(found, self._script, self._load, self._includes + 1)
        while not found.is_at_end:
            inner._region()

    def _region(self) -> None:
        words = self.words
        name = words.take(WORD, "a memory region")
        if any(name in (region.name, *region.aliases) for region in self._script.regions):
            raise ScriptError(f"redeclaration of memory region '{name}'", words.location)
        region = Region(name)
        if words.accept("("):
            region.attributes = words.take(ATTRIBUTES, "attributes")
            words.expect(")")
        words.expect(":")
        self._keyword("ORIGIN", "org", "o")
        region.origin_value = self.expression()
        words.accept(",")
        self._keyword("LENGTH", "len", "l")
        region.length_value = self.expression()
        self._script.regions.append(region)

    def _keyword(self, *names: str) -> None:
        if not any(self.words.accept(name) for name in names):
            self.words.refuse(f"expected {names[0]}")
        self.words.expect("=")

    def _phdrs(self) -> None:
        words = self.words
        words.expect("{")
        while not words.accept("}"):
            name = words.take(NAME, "a program header's name")
            kind = self.expression()
            if isinstance(kind, Name) and kind.name in _HEADER_TYPES:
                kind = Number(_HEADER_TYPES[kind.name])
            header = Header(name, kind)
            while not words.accept(";"):
                self._header_option(header)
            self._script.headers.append(header)
            if len(self._script.headers) > MAX_HEADERS:
                raise ScriptError(f"more than {MAX_HEADERS} program headers", words.location)

    def _header_option(self, header: Header) -> None:
        words = self.words
        if words.accept("FILEHDR"):
            header.has_file_header = True
        elif words.accept("PHDRS"):
            header.has_headers = True
        elif words.accept("AT"):
            header.at = self._in_parentheses()
        elif words.accept("FLAGS"):
            header.flags = self._in_parentheses()
        else:
            words.refuse("expected FILEHDR, PHDRS, AT, FLAGS or ';'")

    def _sections(self) -> None:
        words = self.words
        words.expect("{")
        self._script.has_sections = True
        while not words.accept("}"):
            self._script.statements += self._in_sections()

    def _in_sections(self) -> list[Statement]:
        words, place = self.words, self.words.location
        if words.accept(";"):
            return []
        name = words.peek(NAME)
        if name in ("ENTRY", "NOCROSSREFS", "GROUP", "INPUT", "EXTERN"):
            words.take(NAME, "a command")
            return [Command(name, self._words_of(name), place)]
        if words.accept("INCLUDE"):
            self._include_sections(words.take(WORD, "a file name"))
            return []
        if name == "OVERLAY":
            words.take(NAME, "OVERLAY")
            return list(self.overlay())
        found = self.assignment()
        return [found] if found else [self.output()]

    def _include_sections(self, name: str) -> None:
        found = self.include_words(name)
        if found is None or self._includes >= MAX_INCLUDES:
            raise ScriptError(f"cannot find linker script {name}", self.words.location)
        inner = _Parser(found, self._script, self._load, self._includes + 1)
        while not found.is_at_end:
            self._script.statements += inner._in_sections()
