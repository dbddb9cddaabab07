"""The preprocessor: directives, included files, and lines with their macros expanded.

Not here: macros (`macros.py`), the expressions of `#if` (`conditions.py`). The result keeps line
numbers: skipped lines stay as empty ones, and markers such as `# 1 "file.h" 1` say what is from
where.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from assembler.cpp.conditions import evaluate
from assembler.cpp.macros import Expander, define
from assembler.cpp.reading import CONDITIONAL, SourceFile
from assembler.cpp.tokens import NAME, NUMBER, STRING, Token, lex, unlex
from assembler.errors import MAX_ERRORS, AssemblyError, AssemblyErrors, Complaint, Where, nearest

MAX_DEPTH = 100  # files open at once
MAX_SOURCE = 1 << 26
MAX_OUTPUT = 1 << 28
_GAP = 8  # empty lines that are written out; more become a marker
_NAMES = re.compile(r"[A-Za-z_]\w*")
_DIRECTIVE = re.compile(r"\s*#\s*([A-Za-z_]\w*|\d+(?=\s))\s*(.*)", re.DOTALL)
_INCLUDED = re.compile(r'(?:<([^>]*)>|"([^"]*)")')
_SPECIAL = ("__LINE__", "__FILE__", "__COUNTER__", "__INCLUDE_LEVEL__", "__BASE_FILE__")


class Preprocessor:
    """Preprocesses one source."""

    def __init__(
        self, include_paths: Sequence[str | Path] = (), defines: Mapping[str, str] | None = None
    ) -> None:
        self._paths = [Path(path) for path in include_paths]
        self._expander = Expander({}, self._special, self._more)
        self._macros = self._expander.macros
        self._out: list[str] = []
        self._size = 0
        self._errors: list[AssemblyError] = []
        self.warnings: list[str] = []
        self.dependencies: list[str] = []
        self._once: set[Path] = set()
        self._counter = 0
        self._next_line = 1
        self._file = SourceFile("", [], Path())
        self._base = ""
        for name, value in (defines or {}).items():
            self._define(f"{name} {value}")

    def define(self, text: str) -> None:
        """Do what `-DNAME=value` asks for."""
        name, equals, value = text.partition("=")
        self._define(f"{name} {value if equals else '1'}")

    def undefine(self, name: str) -> None:
        """Do what `-UNAME` asks for."""
        self._macros.pop(name, None)

    def run(self, text: str, filename: str) -> str:
        """Preprocess a source; raise AssemblyErrors with everything that is wrong."""
        self._base = filename
        folder = Path(filename).parent
        self._out.append(f'# 1 "{_quoted(filename)}"')
        self._read(SourceFile(filename, text.split("\n"), folder, shown=filename))
        if self._errors:
            raise AssemblyErrors(self._errors)
        return "\n".join(self._out) + "\n"

    # ---- reading lines

    def _read(self, file: SourceFile) -> None:
        outer, self._file = self._file, file
        self._next_line = 1
        try:
            while (line := self._logical()) is not None:
                number, text = line
                try:
                    self._line(number, text)
                except Complaint as complaint:
                    self._complain(complaint, number)
                except RecursionError:
                    self._complain(Complaint("macros nested too deeply"), number)
            for opened in file.branches.open_lines():
                self._complain(Complaint("unterminated #if, #ifdef or #ifndef"), opened)
        finally:
            self._file = outer

    def _logical(self) -> tuple[int, str] | None:
        """Give the next line without comments, with those it continues on, and its number."""
        line = self._file.logical()
        if line is not None and self._file.is_unterminated:
            self._complain(Complaint("unterminated comment"), line[0])
        return line

    def _more(self) -> list[Token] | None:
        """Give the tokens of the next line for a call that goes on there."""
        at = self._file.at
        line = self._logical()
        if line is None:
            return None
        found = _DIRECTIVE.match(line[1])
        if found and found[1] in _HANDLERS:
            self._file.at = at
            return None
        return [
            token._replace(spaced=token.spaced or not i) for i, token in enumerate(lex(line[1]))
        ]

    def _complain(self, complaint: Complaint, line: int) -> None:
        stack, file = [], self._file
        while file.parent is not None:
            stack.append(f"in file included from {file.parent.name}:{file.parent.at}")
            file = file.parent
        text = self._file.lines[line - 1] if 0 < line <= len(self._file.lines) else ""
        where = Where(self._file.name, line, 0, text, tuple(stack))
        self._errors.append(AssemblyError(complaint.message, where, complaint.column))
        if len(self._errors) >= MAX_ERRORS:
            raise AssemblyErrors(self._errors)

    # ---- lines

    @property
    def _is_active(self) -> bool:
        return self._file.branches.is_active

    def _line(self, number: int, text: str) -> None:
        if "#" in text:
            found = _DIRECTIVE.match(text)
            if found is not None and (found[1] in _HANDLERS or found[1][0].isdigit()):
                self._directive(found[1], found[2], number)
                return
        if not self._is_active or not text or text.isspace():
            return
        names = _NAMES.findall(text)
        if any(name in self._macros or name in _SPECIAL for name in names):
            shown = unlex(self._expander.expand(lex(text), may_continue=True))
            blank = text[: len(text) - len(text.lstrip())]
            text = blank + shown.strip()
        self._write(number, text)

    def _write(self, number: int, text: str) -> None:
        """Write a line, keeping its number."""
        gap = number - self._next_line
        if not 0 <= gap <= _GAP:
            self._mark(number, "")
            gap = 0
        self._out += [""] * gap
        self._out.append(text)
        self._size += len(text) + gap
        if self._size > MAX_OUTPUT:
            raise Complaint(f"the preprocessed source is larger than {MAX_OUTPUT >> 20} MiB")
        self._next_line = number + 1

    def _mark(self, number: int, flags: str) -> None:
        file = self._file
        self._out.append(f'# {number + file.shift} "{_quoted(file.shown)}"{flags}')
        self._next_line = number

    def _special(self, name: str) -> str | None:
        if name not in _SPECIAL:
            return None
        if name == "__LINE__":
            return str(self._file.line())
        if name == "__COUNTER__":
            self._counter += 1
            return str(self._counter - 1)
        if name == "__INCLUDE_LEVEL__":
            return str(self._file.depth)
        return f'"{_quoted(self._file.shown if name == "__FILE__" else self._base)}"'

    # ---- directives

    def _directive(self, name: str, rest: str, number: int) -> None:
        rest = rest.strip()
        if name[0].isdigit():
            if self._is_active:
                self._set_line(f"{name} {rest}", number)
            return
        if name in CONDITIONAL:
            self._file.branches.turn(name, number, lambda: self._condition_of(name, rest))
        elif self._is_active:
            getattr(self, _HANDLERS[name])(rest, number)

    def _define(self, text: str, number: int = 0) -> None:
        macro = define(text)
        if macro.name in _SPECIAL:
            raise Complaint(f"{macro.name} cannot be defined")
        self._macros[macro.name] = macro

    def _undef(self, rest: str, number: int) -> None:
        self._macros.pop(_single_name(rest, "#undef"), None)

    def _error(self, rest: str, number: int) -> None:
        raise Complaint(f"#error {rest}")

    def _warning(self, rest: str, number: int) -> None:
        self.warnings.append(f"{self._file.shown}:{number}: warning: #warning {rest}")

    def _line_directive(self, rest: str, number: int) -> None:
        self._set_line(unlex(self._expander.expand(lex(rest))), number)

    def _set_line(self, text: str, number: int) -> None:
        tokens = lex(text)
        if not tokens or tokens[0].kind != NUMBER or not tokens[0].text.isdigit():
            raise Complaint(f"{text!r} after #line is not a positive integer")
        line = int(tokens[0].text[:10])
        file = self._file
        if len(tokens) > 1:
            if tokens[1].kind != STRING:
                raise Complaint(f"{tokens[1].text!r} is not a file name")
            file.shown = tokens[1].text[1:-1]
        file.shift = line - number - 1
        self._mark(number + 1, "")

    def _pragma(self, rest: str, number: int) -> None:
        if rest == "once":
            self._once.add(Path(self._file.name).resolve())
        else:
            self._write(number, f"#pragma {rest}".rstrip())

    def _ignored(self, rest: str, number: int) -> None:
        """Do nothing, as for #ident."""

    def _include(self, rest: str, number: int, *, is_next: bool = False) -> None:
        found = _INCLUDED.match(rest)
        if found is None:
            found = _INCLUDED.match(unlex(self._expander.expand(lex(rest))).strip())
        if found is None:
            raise Complaint('#include expects "FILENAME" or <FILENAME>')
        name = found[1] or found[2] or ""
        is_quoted = found[2] is not None
        path, index = self._find(name, is_quoted=is_quoted, is_next=is_next)
        if path is None:
            known = [p.name for p in self._file.folder.glob("*") if p.suffix in (".h", ".inc")]
            raise Complaint(f"{name}: No such file{nearest(name, known[:1000])}", rest.find(name))
        if path.resolve() in self._once:
            return
        self._open(path, index, number)

    def _include_next(self, rest: str, number: int) -> None:
        self._include(rest, number, is_next=True)

    def _import(self, rest: str, number: int) -> None:
        self._include(rest, number)

    def _find(
        self, name: str, *, is_quoted: bool = True, is_next: bool = False
    ) -> tuple[Path | None, int]:
        """Look a file up; give its path, and from where `#include_next` in it goes on."""
        if not name or "\0" in name:
            return None, 0
        if is_quoted and not is_next:
            path = self._file.folder / name
            if path.is_file():
                return path, 0
        start = self._file.search_from if is_next else 0
        for index, folder in enumerate(self._paths[start:], start):
            path = folder / name
            if path.is_file():
                return path, index + 1
        return None, 0

    def _open(self, path: Path, index: int, number: int) -> None:
        parent = self._file
        if parent.depth >= MAX_DEPTH:
            raise Complaint(f"#include nested depth {parent.depth} exceeds maximum of {MAX_DEPTH}")
        try:
            if path.stat().st_size > MAX_SOURCE:
                raise Complaint(f"{path} is larger than {MAX_SOURCE >> 20} MiB")
            text = path.read_text("utf-8", "surrogateescape")
        except OSError as error:
            raise Complaint(f"cannot read {path}: {error.strerror}") from None
        name = str(path)
        if name not in self.dependencies:
            self.dependencies.append(name)
        file = SourceFile(
            name, text.split("\n"), path.parent, parent, shown=name, search_from=index
        )
        file.depth = parent.depth + 1
        self._out.append(f'# 1 "{_quoted(name)}" 1')
        self._read(file)
        self._mark(parent.at + 1, " 2")

    # ---- conditions

    def _condition_of(self, name: str, rest: str) -> bool:
        """Give what a directive asks."""
        if name in ("if", "elif"):
            return self._condition(rest, f"#{name}")
        is_defined = self._is_defined(_single_name(rest, f"#{name}"))
        return is_defined != name.endswith("ndef")

    def _is_defined(self, name: str) -> bool:
        return name in self._macros or name in _SPECIAL

    def _condition(self, text: str, name: str) -> bool:
        tokens = lex(text)
        if not tokens:
            raise Complaint(f"{name} with no expression")
        return evaluate(self._expander.expand(self._asked(tokens)))

    def _asked(self, tokens: list[Token]) -> Iterator[Token]:
        """Replace `defined X` and `__has_include(X)` by 0 or 1."""
        at = 0
        while at < len(tokens):
            token = tokens[at]
            at += 1
            if token.kind != NAME or token.text not in _QUESTIONS:
                yield token
                continue
            has_parenthesis = at < len(tokens) and tokens[at].text == "("
            at += has_parenthesis
            start = at
            if has_parenthesis:
                while at < len(tokens) and tokens[at].text != ")":
                    at += 1
                if at >= len(tokens):
                    raise Complaint(f"missing ')' after {token.text!r}")
                inside = tokens[start:at]
            else:
                inside = tokens[at : at + 1]
            at += 1
            yield Token(NUMBER, str(int(self._answer(token.text, inside))), True)

    def _answer(self, question: str, inside: list[Token]) -> bool:
        if question == "defined":
            if len(inside) != 1 or inside[0].kind != NAME:
                raise Complaint('operator "defined" requires an identifier')
            return self._is_defined(inside[0].text)
        if question.startswith("__has_include"):
            text = "".join(token.text for token in inside)
            is_next = question.endswith("next")
            found = self._find(text[1:-1], is_quoted=text[:1] == '"', is_next=is_next)
            return found[0] is not None
        return False


_QUESTIONS = ("defined", "__has_include", "__has_include_next", "__has_attribute", "__has_builtin")
_HANDLERS = {
    **{name: name for name in CONDITIONAL},
    "define": "_define",
    "undef": "_undef",
    "error": "_error",
    "warning": "_warning",
    "line": "_line_directive",
    "pragma": "_pragma",
    "include": "_include",
    "include_next": "_include_next",
    "import": "_import",
    "ident": "_ignored",
    "sccs": "_ignored",
}


def _single_name(text: str, directive: str) -> str:
    tokens = lex(text)
    if not tokens or tokens[0].kind != NAME:
        raise Complaint(f"no macro name given in {directive} directive")
    return tokens[0].text


def _quoted(name: str) -> str:
    return name.replace("\\", "\\\\").replace('"', '\\"')
