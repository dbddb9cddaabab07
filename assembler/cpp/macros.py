"""Macros of the preprocessor: their definition, and how tokens are expanded.

Follows the C standard's clause "Macro replacement" in the form of Prosser's algorithm (a token
knows which macros must not expand it again), with GNU's named and omitted variable arguments. In
assembly `#` before something else than a parameter is just a character.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from assembler.cpp.tokens import EMPTY, NAME, OTHER, STRING, Token, lex
from assembler.errors import Complaint

MAX_TOKENS = 200_000  # that the expansion of a line may produce
MAX_DEPTH = 200  # of arguments in arguments
_NOTHING = Token(EMPTY, "")
VARIABLE, OPTIONAL = "__VA_ARGS__", "__VA_OPT__"


@dataclass(frozen=True)
class Macro:
    """A macro; one without parameters has None, one with `()` has an empty tuple."""

    name: str
    body: tuple[Token, ...]
    params: tuple[str, ...] | None = None
    is_variable: bool = False


def define(text: str) -> Macro:
    """Read what stands after `#define`; raise Complaint for what is not a definition."""
    tokens = lex(text.strip())
    if not tokens or tokens[0].kind != NAME:
        raise Complaint("macro names must be identifiers")
    name = tokens[0].text
    if name == "defined":
        raise Complaint('"defined" cannot be used as a macro name')
    params, is_variable, at = None, False, 1
    if len(tokens) > 1 and tokens[1].text == "(" and not tokens[1].spaced:
        params, is_variable, at = _parameters(tokens)
    body = tokens[at:]
    if body and "##" in (body[0].text, body[-1].text):
        raise Complaint("'##' cannot appear at either end of a macro expansion")
    if body:
        body[0] = body[0]._replace(spaced=False)
    return Macro(name, tuple(body), params, is_variable)


def _parameters(tokens: list[Token]) -> tuple[tuple[str, ...], bool, int]:
    """Read a parameter list: names, whether the last takes all the rest, and where the body is."""
    names: list[str] = []
    is_variable = False
    at = 2
    while at < len(tokens) and tokens[at].text != ")":
        token = tokens[at]
        if is_variable:
            raise Complaint("expected ')' after '...'")
        if token.text == "...":
            names.append(VARIABLE)
            is_variable = True
        elif token.kind == NAME and token.text not in names:
            names.append(token.text)
            if at + 1 < len(tokens) and tokens[at + 1].text == "...":
                is_variable = True
                at += 1
        else:
            raise Complaint(f"{token.text!r} is not a parameter here")
        at += 1
        if at < len(tokens) and tokens[at].text == ",":
            at += 1
        elif at < len(tokens) and tokens[at].text != ")":
            raise Complaint("expected ',' or ')' in the parameter list")
    if at >= len(tokens):
        raise Complaint("missing ')' in macro parameter list")
    return tuple(names), is_variable, at + 1


class Expander:
    """Expands tokens by a table of macros.

    `special` gives the text of names such as `__LINE__`; `more` gives the tokens of the next line
    when a call goes on there, or None.
    """

    def __init__(
        self,
        macros: dict[str, Macro],
        special: Callable[[str], str | None],
        more: Callable[[], list[Token] | None],
    ) -> None:
        self.macros = macros
        self._special, self._more = special, more
        self._made = 0
        self._depth = 0

    def expand(self, tokens: Iterable[Token], *, may_continue: bool = False) -> list[Token]:
        """Expand all macros in tokens; `may_continue` says that these are a line of the source."""
        if may_continue:
            self._made = 0
        stack = list(tokens)[::-1]
        out: list[Token] = []
        while stack:
            token = stack.pop()
            if token.kind != NAME or token.text in token.hide:
                out.append(token)
                continue
            text = self._special(token.text)
            if text is not None:
                out += _edged(lex(text), token.spaced)
                continue
            macro = self.macros.get(token.text)
            if macro is None:
                out.append(token)
            elif macro.params is None:
                body = self._substitute(macro, [], token.hide | {macro.name})
                self._push(stack, body, token.spaced)
            else:
                self._call(macro, token, stack, out, may_continue)
        return out

    def _push(self, stack: list[Token], body: list[Token], spaced: bool) -> None:
        self._made += len(body) + 1
        if self._made > MAX_TOKENS:
            raise Complaint(f"macros make more than {MAX_TOKENS} tokens")
        stack += _edged(body, spaced)[::-1]

    def _call(
        self, macro: Macro, token: Token, stack: list[Token], out: list[Token], may_continue: bool
    ) -> None:
        """Expand a macro with parameters if its arguments follow."""
        if not self._find_open(stack, may_continue):
            out.append(token)
            return
        stack.pop()
        arguments, last = self._arguments(macro, stack, may_continue)
        hide = (token.hide & last.hide) | {macro.name}
        self._push(stack, self._substitute(macro, arguments, hide), token.spaced)

    def _find_open(self, stack: list[Token], may_continue: bool) -> bool:
        """Say whether the next token opens an argument list, looking into further lines."""
        while may_continue and all(token.kind == EMPTY for token in stack):
            more = self._more()
            if more is None:
                return False
            if more:
                stack[:] = [*more[::-1], *stack]
        while stack and stack[-1].kind == EMPTY:
            stack.pop()
        return bool(stack) and stack[-1].text == "(" and stack[-1].kind == OTHER

    def _arguments(
        self, macro: Macro, stack: list[Token], may_continue: bool
    ) -> tuple[list[list[Token]], Token]:
        """Read the arguments after an opening parenthesis; give them and the closing one."""
        assert macro.params is not None
        found: list[list[Token]] = [[]]
        depth = 0
        while True:
            while not stack:
                more = self._more() if may_continue else None
                if more is None:
                    raise Complaint(f'unterminated argument list invoking macro "{macro.name}"')
                stack += [token._replace(spaced=True) for token in more[::-1]]
            token = stack.pop()
            if token.kind == OTHER:
                if token.text == ")" and not depth:
                    break
                depth += {"(": 1, ")": -1}.get(token.text, 0)
                is_last = macro.is_variable and len(found) >= len(macro.params)
                if token.text == "," and not depth and not is_last:
                    found.append([])
                    continue
            found[-1].append(token)
        return self._checked(macro, found), token

    def _checked(self, macro: Macro, found: list[list[Token]]) -> list[list[Token]]:
        assert macro.params is not None
        wanted = len(macro.params)
        if not wanted and found == [[]]:
            return []
        if macro.is_variable and len(found) == wanted - 1:
            return found
        if len(found) != wanted:
            verb = "passed" if len(found) > wanted else "requires"
            if verb == "passed":
                raise Complaint(
                    f'macro "{macro.name}" passed {len(found)} arguments, but takes just {wanted}'
                )
            raise Complaint(
                f'macro "{macro.name}" requires {wanted} arguments, but only {len(found)} given'
            )
        return found

    def _substitute(
        self, macro: Macro, arguments: list[list[Token]], hide: frozenset[str]
    ) -> list[Token]:
        """Put arguments into a macro's body."""
        if self._depth > MAX_DEPTH:
            raise Complaint(f"macro arguments nested more than {MAX_DEPTH} deep")
        self._depth += 1
        try:
            made = _Body(self, macro, arguments).replace(macro.body)
        finally:
            self._depth -= 1
        return [token._replace(hide=token.hide | hide) for token in made]


class _Body:
    """One replacement of a macro's body."""

    def __init__(self, expander: Expander, macro: Macro, arguments: list[list[Token]]) -> None:
        self._expander = expander
        self._macro = macro
        names = macro.params or ()
        self._arguments = dict(zip(names, arguments, strict=False))
        self._variable = names[-1] if macro.is_variable else ""
        self._expanded: dict[str, list[Token]] = {}
        if macro.is_variable:
            self._arguments.setdefault(self._variable, [])

    def replace(self, body: tuple[Token, ...]) -> list[Token]:
        out: list[Token] = []
        at = 0
        while at < len(body):
            token = body[at]
            following = body[at + 1] if at + 1 < len(body) else None
            if token.text == "#" and following is not None and following.text in self._arguments:
                out.append(_stringify(self._arguments[following.text], token.spaced))
                at += 1
            elif token.text == "##" and out and following is not None:
                self._paste(out, following)
                at += 1
            elif token.text == OPTIONAL and self._variable and following is not None:
                at = self._optional(body, at, out)
            elif token.text in self._arguments:
                is_pasted = following is not None and following.text == "##"
                out += self._argument(token, is_raw=is_pasted)
            else:
                out.append(token)
            at += 1
        return out

    def _argument(self, token: Token, *, is_raw: bool) -> list[Token]:
        """Give an argument, expanded unless it is pasted; an empty one leaves a mark."""
        name = token.text
        if is_raw:
            found = [item for item in self._arguments[name] if item.kind != EMPTY]
            return [found[0]._replace(spaced=token.spaced), *found[1:]] if found else [_NOTHING]
        if name not in self._expanded:
            self._expanded[name] = self._expander.expand(self._arguments[name])
        found = self._expanded[name]
        found = [item for item in found if item.kind != EMPTY]
        return _edged(found, token.spaced)

    def _paste(self, out: list[Token], right: Token) -> None:
        """Join the last token with the next; a comma before no variable arguments goes away."""
        if right.text == self._variable and out[-1].text == ",":
            if self._arguments[self._variable]:
                found = self._argument(right, is_raw=False)
                out.append(found[0]._replace(spaced=self._is_spaced(right.text)))
                out += found[1:]
            else:
                out.pop()
            return
        pieces = [right]
        if right.text in self._arguments:
            pieces = self._argument(right, is_raw=True)
        left = out.pop()
        joined = lex(left.text + pieces[0].text)
        if len(joined) > 1:
            out += [left, pieces[0]._replace(spaced=True)]
        elif joined:
            out.append(joined[0]._replace(spaced=left.spaced))
        else:
            out.append(Token(EMPTY, "", left.spaced))
        out += pieces[1:]

    def _is_spaced(self, name: str) -> bool:
        return bool(self._arguments[name]) and self._arguments[name][0].spaced

    def _optional(self, body: tuple[Token, ...], at: int, out: list[Token]) -> int:
        """Handle `__VA_OPT__(...)`; give where it ends."""
        depth, end = 0, at + 1
        while end < len(body):
            depth += {"(": 1, ")": -1}.get(body[end].text, 0)
            if not depth:
                break
            end += 1
        if self._arguments[self._variable]:
            out += _edged(self.replace(body[at + 2 : end]), body[at].spaced)
        return end


def _edged(tokens: list[Token], spaced: bool) -> list[Token]:
    """Mark the begin and the end of what replaces a token."""
    if not tokens:
        return [Token(EMPTY, "", spaced, edge=True)]
    first = tokens[0]._replace(spaced=spaced, edge=True)
    return [first, *tokens[1:], Token(EMPTY, "", edge=True)]


def _stringify(tokens: list[Token], spaced: bool) -> Token:
    """Write an argument down as a string."""
    found = [token for token in tokens if token.kind != EMPTY]
    if found:
        found[0] = found[0]._replace(spaced=False)
    parts = []
    for token in found:
        text = token.text
        if token.kind == STRING:
            text = text.replace("\\", "\\\\").replace('"', '\\"')
        parts.append(" " + text if token.spaced else text)
    return Token(STRING, f'"{"".join(parts)}"', spaced)
