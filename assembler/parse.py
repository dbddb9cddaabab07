"""From the operand text of a statement to its tree, through Lark and a cache of statement shapes.

The shape of a text is what is left when its atoms (names, numbers, strings, characters) are cut
out. The grammar does not look inside atoms, so a shape seen before is never parsed again: its tree
is filled with the atoms at hand. Not here: what a tree means (`expr`, `operands`, `directives`).
"""

import hashlib
import re
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import lark
from lark import Lark, Token, Transformer, v_args
from lark.exceptions import UnexpectedCharacters, UnexpectedEOF, UnexpectedInput, UnexpectedToken

from assembler.errors import Complaint
from isa.cache import cache_folder

STARTS = ("operands", "section", "symbol_type", "words")
MAX_SHAPES = 20_000
MAX_STATEMENT = 1_000_000
_ATOMS = ("STRING", "CHARACTER", "NUMBER", "NAME")


@dataclass(slots=True)
class Atom:
    """A name, number, string or character: the `index`-th of its statement."""

    index: int


@dataclass(frozen=True, slots=True)
class Prefix:
    """A unary operator before an expression."""

    operator: str
    value: "Tree"


@dataclass(frozen=True, slots=True)
class Binary:
    """Two expressions and the operator between them."""

    operator: str
    left: "Tree"
    right: "Tree"


@dataclass(frozen=True, slots=True)
class Parenthesis:
    """An expression in parentheses; one that holds a register is a memory operand."""

    value: "Tree"


@dataclass(frozen=True, slots=True)
class Modifier:
    """A relocation function such as `%hi(expression)`."""

    name: Atom
    value: "Tree"


@dataclass(frozen=True, slots=True)
class Memory:
    """An offset and a base register: `offset(base)`."""

    offset: "Tree"
    base: "Tree"


@dataclass(frozen=True, slots=True)
class Empty:
    """An operand left out, as in `.p2align 4,,15`."""


@dataclass(frozen=True, slots=True)
class Tagged:
    """A word after @, as in `@function`."""

    word: Atom


@dataclass(frozen=True, slots=True)
class Flavoured:
    """A symbol with a relocation flavour, as in `puts@plt`."""

    symbol: Atom
    flavour: Atom


Tree: TypeAlias = (
    Atom | Prefix | Binary | Parenthesis | Modifier | Memory | Tagged | Flavoured | Empty
)


class Operands(NamedTuple):
    """Parsed operands: a tree each, and the atoms that the trees' indexes mean."""

    trees: tuple[Tree, ...]
    atoms: tuple[str, ...]
    text: str

    def column(self, tree: Tree) -> int:
        """Find where in the text a tree starts."""
        index = _first_atom(tree)
        if index is None:
            return len(self.text)
        for number, match in enumerate(_atom_matches(self.text)):
            if number == index:
                return match.start()
        return 0


@dataclass(frozen=True)
class SectionHeader:
    """What stands after `.section`: a name, and arguments as they are written."""

    name: str
    arguments: tuple[str | None, ...] = ()


@v_args(inline=True)
class _Build(Transformer[Token, Any]):
    """Turn Lark's reductions into trees; atoms carry their start position until `_number`."""

    def operands(self, *trees: Tree) -> tuple[Tree, ...]:
        return () if trees == (Empty(),) else trees

    def empty(self) -> Empty:
        return Empty()

    def atom(self, token: Token) -> Atom:
        return Atom(token.start_pos or 0)

    def memory(self, offset: Tree, base: Tree) -> Memory:
        return Memory(offset, base)

    def binary(self, left: Tree, operator: Token, right: Tree) -> Binary:
        return Binary(str(operator), left, right)

    def modulo(self, left: Tree, right: Tree) -> Binary:
        return Binary("%", left, right)

    def prefix(self, operator: Token, value: Tree) -> Prefix:
        return Prefix(str(operator), value)

    def parenthesis(self, value: Tree) -> Parenthesis:
        return Parenthesis(value)

    def modifier(self, name: Atom, value: Tree) -> Modifier:
        return Modifier(name, value)

    def tagged(self, word: Atom) -> Tagged:
        return Tagged(word)

    def flavoured(self, symbol: Atom, flavour: Atom) -> Flavoured:
        return Flavoured(symbol, flavour)

    def section(self, name: str, *arguments: str | None) -> SectionHeader:
        return SectionHeader(name.strip('"'), arguments)

    def section_name(self, token: Token) -> str:
        return str(token)

    def symbol_type(self, name: Token, kind: Token) -> tuple[str, str]:
        return str(name), str(kind).strip('"')

    def words(self, *words: Token) -> tuple[str, ...]:
        return tuple(str(word) for word in words)


@cache
def _lark() -> Lark:
    """Give the parser; its tables are kept between runs under the hash of the grammar."""
    text = Path(__file__).with_name("gas.lark").read_text("utf-8")
    digest = hashlib.sha256(f"{lark.__version__} {sys.version}{text}".encode()).hexdigest()[:20]
    return Lark(
        text,
        parser="lalr",
        lexer="contextual",
        start=list(STARTS),
        transformer=_Build(),
        maybe_placeholders=True,
        propagate_positions=False,
        cache=str(cache_folder() / f"grammar-{digest}"),
    )


@cache
def terminal(name: str) -> str:
    """Give the regular expression of a terminal of the grammar."""
    pattern: str = _lark().get_terminal(name).pattern.to_regexp()
    return pattern


@cache
def _atom_pattern() -> re.Pattern[str]:
    return re.compile("(" + "|".join(terminal(name) for name in _ATOMS) + ")", re.DOTALL)


def _atom_matches(text: str) -> list[re.Match[str]]:
    return list(_atom_pattern().finditer(text))


class Parser:
    """The parser of one assembly, with its cache of shapes."""

    def __init__(self) -> None:
        self._lark = _lark()
        self._split = _atom_pattern().split
        self._shapes: dict[str, tuple[Tree, ...]] = {}

    def split(self, text: str) -> tuple[str, tuple[str, ...]]:
        """Give the shape of a text and its atoms."""
        parts = self._split(text)
        return "\0".join(parts[::2]), tuple(parts[1::2])

    def operands(self, text: str) -> Operands:
        """Parse the operands of an instruction or a data directive."""
        shape, atoms = self.split(text)
        return self.shaped(text, shape, atoms)

    def shaped(self, text: str, shape: str, atoms: tuple[str, ...]) -> Operands:
        """Parse operands that were split already."""
        trees = self._shapes.get(shape)
        if trees is None:
            trees = self._parse_shape(text)
            if len(self._shapes) >= MAX_SHAPES:
                self._shapes.clear()
            self._shapes[shape] = trees
        return Operands(trees, atoms, text)

    def parse(self, start: str, text: str) -> Any:
        """Parse `text` as one of the grammar's start rules; raise Complaint on a syntax error."""
        if len(text) > MAX_STATEMENT:
            raise Complaint(f"a statement of more than {MAX_STATEMENT} characters")
        try:
            return self._lark.parse(text, start)
        except UnexpectedInput as error:
            raise _syntax_complaint(error, text) from None
        except RecursionError:
            raise Complaint("an expression nested too deeply") from None

    def _parse_shape(self, text: str) -> tuple[Tree, ...]:
        trees: tuple[Tree, ...] = self.parse("operands", text)
        numbers = {match.start(): number for number, match in enumerate(_atom_matches(text))}
        for tree in trees:
            _number(tree, numbers)
        return trees


def _children(tree: Tree) -> tuple[Tree, ...]:
    match tree:
        case Atom() | Empty():
            return ()
        case Prefix(_, value) | Parenthesis(value):
            return (value,)
        case Binary(_, left, right):
            return (left, right)
        case Modifier(name, value):
            return (name, value)
        case Memory(offset, base):
            return (offset, base)
        case Tagged(word):
            return (word,)
        case Flavoured(symbol, flavour):
            return (symbol, flavour)


def _number(tree: Tree, numbers: dict[int, int]) -> None:
    """Replace start positions by atom numbers."""
    pending = [tree]
    while pending:
        tree = pending.pop()
        if isinstance(tree, Atom):
            tree.index = numbers[tree.index]
        else:
            pending.extend(_children(tree))


def _first_atom(tree: Tree) -> int | None:
    while not isinstance(tree, Atom):
        children = _children(tree)
        if not children:
            return None
        tree = children[0]
    return tree.index


def _syntax_complaint(error: UnexpectedInput, text: str) -> Complaint:
    if isinstance(error, UnexpectedEOF):
        return Complaint("the statement ends too early", len(text))
    if isinstance(error, UnexpectedToken):
        if error.token.type == "$END":
            return Complaint("the statement ends too early", len(text))
        return Complaint(f"syntax error at {str(error.token)!r}", error.token.start_pos)
    if isinstance(error, UnexpectedCharacters):
        at = error.column - 1
        return Complaint(f"syntax error at {text[at]!r}", at)
    return Complaint("syntax error", None)
