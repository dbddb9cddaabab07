"""Preprocessing tokens of assembly: what counts as one, and the text of several.

Follows the C standard's clause "Lexical elements", and GCC's rules for assembly: quotes may stay
open (the rest of the line is then one token), `$` and `#` are just characters.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

NAME, NUMBER, STRING, OTHER, EMPTY = "name", "number", "string", "other", "empty"
_TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<name>[A-Za-z_]\w*)
    |(?P<number>\.?\d(?:[eEpP][+-]|[\w.])*)
    |(?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
    |(?P<open>["'].*)
    |(?P<other>\#\#|<<=|>>=|\.\.\.|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|.)""",
    re.VERBOSE | re.DOTALL,
)
_QUOTED = re.compile(
    r"""(?P<keep>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|["'].*)|(?P<block>/\*)|(?P<line>//)"""
)
_GLUED = re.compile(
    r"(\w[\w.]*|\.\d[\w.]*|\#\#|<<=|>>=|\.\.\.|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|//|/\*)"
)


class Token(NamedTuple):
    """A token; `hide` names the macros that must not expand it, `edge` is where an expansion ends.

    `spaced` says whether there is white space before it.
    """

    kind: str
    text: str
    spaced: bool = False
    hide: frozenset[str] = frozenset()
    edge: bool = False


def lex(text: str) -> list[Token]:
    """Cut a line without comments into tokens."""
    found = []
    spaced = False
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or OTHER
        if kind == "space":
            spaced = True
            continue
        found.append(Token(OTHER if kind == "open" else kind, match[0], spaced))
        spaced = False
    return found


def unlex(tokens: Iterable[Token]) -> str:
    """Write tokens down, with a space where two would otherwise become another one."""
    parts: list[str] = []
    last = ""
    was_edge = False
    for token in tokens:
        if token.kind == EMPTY:
            was_edge = True
            continue
        if token.spaced or ((token.edge or was_edge) and last and _would_join(last, token.text)):
            parts.append(" ")
        parts.append(token.text)
        last, was_edge = token.text, False
    return "".join(parts)


def _would_join(left: str, right: str) -> bool:
    if left == "\\":
        return right[0].isalpha() or right[0] == "_"
    found = _GLUED.match(left + right)
    return found is not None and len(found[0]) > len(left)


def strip_comments(text: str, is_inside: bool) -> tuple[str, bool]:
    """Replace the comments of a line by spaces; say whether a block comment goes on after it."""
    parts: list[str] = []
    at = 0
    if is_inside:
        end = text.find("*/")
        if end < 0:
            return "", True
        at = end + 2
        parts.append(" ")
    while match := _QUOTED.search(text, at):
        if match["keep"]:
            parts.append(text[at : match.end()])
            at = match.end()
            continue
        parts.append(text[at : match.start()])
        end = text.find("*/", match.end()) if match["block"] else -1
        if end < 0:
            return "".join(parts), bool(match["block"])
        parts.append(" ")
        at = end + 2
    return "".join([*parts, text[at:]]), False
