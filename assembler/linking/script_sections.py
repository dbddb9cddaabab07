"""Parsing what stands inside SECTIONS: assignments, output sections and their contents.

Follows the manual "The GNU linker", sections "SECTIONS Command" and "Output Section Description".
"""

import re
from collections.abc import Iterator

from assembler.errors import ScriptError
from assembler.linking import model
from assembler.linking.script_expr import ExpressionParser
from assembler.linking.statements import (
    Assertion,
    Assign,
    Content,
    Datum,
    Expression,
    Filling,
    Name,
    Number,
    Operation,
    Output,
    Pattern,
    Statement,
    Text,
    Wild,
)
from assembler.linking.tokens import ASSIGNMENT, NAME, SECTION, STRING, WORD, Words

_KIND = re.compile(r"\(\s*(?:(?:NOLOAD|READONLY|DSECT|COPY|INFO|OVERLAY|TYPE)\b|\))")
_DATA_SIZES = {"BYTE": 1, "SHORT": 2, "LONG": 4, "QUAD": 8, "SQUAD": 8}
_SORTS = {
    "SORT_BY_NAME": "name",
    "SORT": "name",
    "SORT_BY_ALIGNMENT": "alignment",
    "SORT_BY_INIT_PRIORITY": "priority",
    "SORT_NONE": "none",
}
_SECTION_TYPES = {
    "SHT_PROGBITS": 1,
    "SHT_STRTAB": 3,
    "SHT_NOTE": 7,
    "SHT_NOBITS": 8,
    "SHT_INIT_ARRAY": 14,
    "SHT_FINI_ARRAY": 15,
    "SHT_PREINIT_ARRAY": 16,
}
_SECTION_FLAGS = {
    "SHF_WRITE": model.SHF_WRITE,
    "SHF_ALLOC": model.SHF_ALLOC,
    "SHF_EXECINSTR": model.SHF_EXEC,
    "SHF_MERGE": model.SHF_MERGE,
    "SHF_STRINGS": model.SHF_STRINGS,
    "SHF_INFO_LINK": model.SHF_INFO_LINK,
    "SHF_LINK_ORDER": model.SHF_LINK_ORDER,
    "SHF_GROUP": model.SHF_GROUP,
    "SHF_TLS": model.SHF_TLS,
    "SHF_EXCLUDE": model.SHF_EXCLUDE,
}


class SectionsParser:
    """Reads the statements that may stand inside braces."""

    def __init__(self, words: Words) -> None:
        self.words = words

    def expression(self) -> Expression:
        """Read an expression."""
        return ExpressionParser(self.words).expression()

    def include_words(self, name: str) -> Words | None:
        """Find the text that an INCLUDE means."""
        raise NotImplementedError(name)

    def _in_parentheses(self) -> Expression:
        self.words.expect("(")
        found = self.expression()
        self.words.expect(")")
        return found

    # ---- assignments

    def assignment(self) -> Assign | Assertion | None:
        """Read an assignment or assertion if there is one."""
        words, place = self.words, self.words.location
        name = words.peek(NAME)
        if name in ("PROVIDE", "PROVIDE_HIDDEN", "HIDDEN"):
            words.take(NAME, "a command")
            words.expect("(")
            found = self._assign()
            words.expect(")")
            found.is_provide, found.is_hidden = name != "HIDDEN", name != "PROVIDE"
            self._end()
            return found
        if name == "ASSERT":
            words.take(NAME, "a command")
            words.expect("(")
            condition = self.expression()
            words.expect(",")
            message = words.take(STRING, "a message in quotation marks")
            words.expect(")")
            self._end()
            return Assertion(condition, message, place)
        saved = words.at
        if name:
            words.take(NAME, "a symbol")
            if words.peek(ASSIGNMENT):
                words.at = saved
                found = self._assign()
                if not (words.accept(";") or words.accept(",")):
                    words.refuse("expected ';'")
                return found
            words.at = saved
        return None

    def _end(self) -> None:
        if not self.words.accept(";"):
            self.words.accept(",")

    def _assign(self) -> Assign:
        words, place = self.words, self.words.location
        name = words.take(NAME, "a symbol")
        operator = words.take(ASSIGNMENT, "an assignment")
        value = self.expression()
        if operator != "=":
            value = Operation(operator[:-1], (Name(name, place), value), location=place)
        return Assign(name, value, location=place)

    # ---- output sections

    def output(self) -> Output:
        """Read an output section."""
        out = Output(self.words.take(WORD, "an output section"))
        words = self.words
        if not words.peek_literal(":") and not _KIND.match(words.text, words.at):
            out.address = self.expression()
        if _KIND.match(words.text, words.at):
            self._kind(out)
        words.expect(":")
        self._placing(out)
        words.expect("{")
        self._contents(out, words)
        self._ending(out)
        return out

    def _kind(self, out: Output) -> None:
        words = self.words
        words.expect("(")
        while not words.accept(")"):
            if words.accept("TYPE"):
                words.expect("=")
                value = self.expression()
                if isinstance(value, Name) and value.name in _SECTION_TYPES:
                    value = Number(_SECTION_TYPES[value.name])
                out.type_value = value
            else:
                word = words.take(NAME, "a section type")
                if not (out.kind and word == "READONLY"):
                    out.kind = word

    def _placing(self, out: Output) -> None:
        words = self.words
        while not words.peek_literal("{"):
            if words.accept("AT"):
                out.load_at = self._in_parentheses()
            elif words.accept("ALIGN_WITH_INPUT"):
                out.aligns_load = True
            elif words.accept("ALIGN"):
                out.align = self._in_parentheses()
            elif words.accept("SUBALIGN"):
                out.subalign = self._in_parentheses()
            elif words.accept("ONLY_IF_RO"):
                out.constraint = "RO"
            elif words.accept("ONLY_IF_RW"):
                out.constraint = "RW"
            elif words.accept("SPECIAL"):
                out.is_special = True
            else:
                words.refuse("expected AT, ALIGN, SUBALIGN, ONLY_IF_RO, ONLY_IF_RW or '{'")

    def _ending(self, out: Output) -> None:
        words = self.words
        while True:
            if words.accept(">"):
                out.region_name = words.take(WORD, "a memory region")
            elif words.accept("AT"):
                words.expect(">")
                out.load_region_name = words.take(WORD, "a memory region")
            elif words.accept(":"):
                out.phdrs = [*(out.phdrs or []), words.take(NAME, "a program header")]
            elif words.peek_literal("=") and not words.peek_literal("=="):
                words.expect("=")
                out.fill = self.expression()
            else:
                words.accept(",")
                return

    def overlay(self) -> Iterator[Statement]:
        """Read an overlay: sections that run at one address and are loaded behind each other."""
        words = self.words
        address = None if words.peek_literal(":") else self.expression()
        words.expect(":")
        words.accept("NOCROSSREFS")
        load = self._in_parentheses() if words.accept("AT") else None
        words.expect("{")
        found: list[Output] = []
        while not words.accept("}"):
            out = Output(words.take(WORD, "an output section"), overlay=2 if found else 1)
            words.expect("{")
            self._contents(out, words)
            self._ending(out)
            found.append(out)
        if not found:
            return
        after = Output("")
        self._ending(after)
        first = found[0]
        first.address = address if address is not None else Name(".")
        first.load_at = load
        longest: Expression = Operation("SIZEOF", name=first.name)
        for out in found[1:]:
            out.address = Operation("ADDR", name=first.name)
            longest = Operation("MAX", (longest, Operation("SIZEOF", name=out.name)))
        found[-1].after = Operation("+", (Operation("ADDR", name=first.name), longest))
        for out in found:
            out.region_name = out.region_name or after.region_name
            out.load_region_name = out.load_region_name or after.load_region_name
            out.phdrs = out.phdrs or after.phdrs
            out.fill = out.fill or after.fill
            yield out
            yield from _load_symbols(out.name)

    # ---- contents

    def _contents(self, out: Output, words: Words) -> None:
        """Read until the closing brace, through included files."""
        while not words.accept("}"):
            if words.accept("INCLUDE"):
                self._included(out, words.take(WORD, "a file name"))
            elif not words.accept(";"):
                self._content(out)

    def _included(self, out: Output, name: str) -> None:
        found = self.include_words(name)
        if found is None:
            raise ScriptError(f"cannot find linker script {name}", self.words.location)
        outer, self.words = self.words, found
        while not found.is_at_end:
            if not found.accept(";"):
                self._content(out)
        self.words = outer

    def _content(self, out: Output) -> None:
        if assigned := self.assignment():
            out.contents.append(assigned)
            return
        words = self.words
        name = words.peek(NAME)
        if name in _DATA_SIZES:
            words.take(NAME, "a datum")
            out.contents.append(Datum(_DATA_SIZES[name], self._in_parentheses(), name == "SQUAD"))
        elif name == "FILL":
            words.take(NAME, "FILL")
            out.contents.append(Filling(self._in_parentheses()))
        elif name == "ASCIZ":
            words.take(NAME, "ASCIZ")
            text = words.take(STRING, "characters in quotation marks")
            out.contents.append(Text(text.encode("utf-8", "surrogateescape") + b"\0"))
        elif name in ("CONSTRUCTORS", "CREATE_OBJECT_SYMBOLS"):
            words.take(NAME, "a command")
        elif re.match(r"SORT(_BY_NAME)?\s*\(\s*CONSTRUCTORS", words.text[words.at : words.at + 60]):
            words.take(NAME, "SORT")
            words.expect("(")
            words.expect("CONSTRUCTORS")
            words.expect(")")
        else:
            out.contents.append(self._input())

    def _input(self) -> Content:
        words = self.words
        if words.accept("KEEP"):
            words.expect("(")
            found = self._input()
            assert isinstance(found, Wild)
            words.expect(")")
            found.is_kept = True
            return found
        excluded, flags = self._prefixes()
        sort = self._sort()
        wild = Wild(self._file(), (), excluded)
        if sort:
            words.expect(")")
            wild.sorts_files = sort == "name"
        patterns: list[Pattern] = []
        if words.accept("("):
            words.separated(lambda: patterns.append(self._pattern(flags)), ")")
        wild.patterns = tuple(patterns) or (Pattern("*", flags=flags),)
        return wild

    def _file(self) -> str:
        """Read the files that are meant: by name, `archive:`, `archive:member` or `:no_member`."""
        words = self.words
        start = ":" if words.accept(":") else ""
        name = start + words.take(WORD, "an input section")
        return f"{name}:" if words.peek_literal(":(") and words.accept(":") else name

    def _prefixes(self) -> tuple[tuple[str, ...], tuple[int, int]]:
        excluded: tuple[str, ...] = ()
        flags = (0, 0)
        while True:
            if self.words.accept("EXCLUDE_FILE"):
                excluded += self._files()
            elif self.words.accept("INPUT_SECTION_FLAGS"):
                flags = self._input_flags()
            else:
                return excluded, flags

    def _files(self) -> tuple[str, ...]:
        found: list[str] = []
        self.words.expect("(")
        self.words.separated(lambda: found.append(self.words.take(WORD, "a file")), ")")
        return tuple(found)

    def _input_flags(self) -> tuple[int, int]:
        words = self.words
        found = [0, 0]
        words.expect("(")
        while not words.accept(")"):
            words.accept("&")
            is_not = words.accept("!")
            word = words.take(re.compile(r"\w+"), "a section flag")
            bit = _SECTION_FLAGS.get(word)
            found[is_not] |= int(word, 0) if bit is None and word.isdigit() else bit or 0
        return found[0], found[1]

    def _sort(self) -> str:
        name = self.words.peek(NAME)
        if name not in _SORTS and name != "REVERSE":
            return ""
        self.words.take(NAME, "a sort")
        self.words.expect("(")
        return _SORTS.get(name, "reverse")

    def _pattern(self, flags: tuple[int, int]) -> Pattern:
        sorts = []
        excluded: tuple[str, ...] = ()
        while sort := self._sort():
            sorts.append(sort)
        while self.words.accept("EXCLUDE_FILE"):
            excluded += self._files()
        while not sorts and (sort := self._sort()):
            sorts.append(sort)
        name = self.words.take(SECTION, "a section's name")
        for _ in sorts:
            self.words.expect(")")
        return Pattern(name, excluded, tuple(sorts), flags)


def _load_symbols(name: str) -> Iterator[Assign]:
    """Define where an overlay's section is loaded."""
    bare = re.sub(r"[^A-Za-z0-9_]", "", name)
    start = Operation("LOADADDR", name=name)
    yield Assign(f"__load_start_{bare}", start, is_provide=True)
    stop = Operation("+", (start, Operation("SIZEOF", name=name)))
    yield Assign(f"__load_stop_{bare}", stop, is_provide=True)
