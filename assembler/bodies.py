"""Bodies of macros and repeats: the substitution of what refers to parameters.

Follows the manual "Using as", sections "Macro" and "Altmacro". Bodies are statements without
comments; what they expand to is assembled like any text.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

from assembler.errors import Complaint
from assembler.macros import NAME, MacroHeader
from assembler.source import Frame, Statement

MAX_LINE = 1_000_000
MAX_PLANS = 10_000
_TOO_LONG = f"an expanded statement of more than {MAX_LINE} characters"
# What is replaced in a body: a reference behind a backslash, or between ampersands.
_REFERENCE = re.compile(
    rf"\\(?:\((?P<literal>[^)]*)\)?|(?P<count>@)|(?P<name>{NAME.pattern}))"
    rf"|&(?P<and>{NAME.pattern})(?P<close>&?)"
)
_ALTERNATE = re.compile(rf"{_REFERENCE.pattern}|(?P<bare>{NAME.pattern})")
_CHARACTERS = re.compile(r"""\"(?:[^\"\\]|\\.)*\"?|'\\.""", re.DOTALL)  # those outside of strings
_COUNT = "@"
_LOCAL = re.compile(r"\s*LOCAL\s+(.*)", re.IGNORECASE)


class Body:
    """The statements of a body, taken apart once so that expanding is joining."""

    def __init__(self, statements: Iterable[Statement], names: Iterable[str]) -> None:
        self.statements = tuple(statements)
        known = frozenset((*names, _COUNT))
        self._plans = [_plan(statement.text, known) for statement in self.statements]

    def __len__(self) -> int:
        return len(self.statements)

    def expand(self, values: dict[str, str], count: int) -> list[Statement]:
        """Replace what refers to parameters; `count` is how many macros ran before."""
        values = {**values, _COUNT: str(count)}
        longest = max(map(len, values.values()))
        expanded = []
        for statement, plan in zip(self.statements, self._plans, strict=True):
            if plan is not None:
                line, column, text = statement
                if len(text) * (longest + 1) > MAX_LINE:
                    _check_length(plan, values)
                statement = Statement(line, column, plan % values)
            expanded.append(statement)
        return expanded

    def expand_alternate(
        self, values: dict[str, str], count: int, make_local: Callable[[], str]
    ) -> list[Statement]:
        """Expand in alternate mode: names need no backslash, and LOCAL makes labels."""
        values = {**values, _COUNT: str(count)}
        expanded = []
        for line, column, text in self.statements:
            if found := _LOCAL.fullmatch(text):
                _declare(found[1], values, make_local)
            else:
                if len(text) * max(map(len, values.values())) > 100 * MAX_LINE:
                    raise Complaint(_TOO_LONG)
                text = _ALTERNATE.sub(lambda match: _replacement(match, values), text)
                if len(text) > MAX_LINE:
                    raise Complaint(_TOO_LONG)
                expanded.append(Statement(line, column, text))
        return expanded


def _check_length(plan: str, values: dict[str, str]) -> None:
    """Refuse a statement that would become longer than makes sense."""
    length = len(plan) + sum(plan.count(f"%({name})s") * len(text) for name, text in values.items())
    if length > MAX_LINE:
        raise Complaint(_TOO_LONG)


@lru_cache(maxsize=MAX_PLANS)
def _plan(text: str, names: frozenset[str]) -> str | None:
    """Make a format of a text, with the names to be replaced; None when there are none."""
    if "\\" not in text and "&" not in text:
        return None
    plan, end = "", 0
    kept = {found.start() + 1 for found in _CHARACTERS.finditer(text) if found[0][0] == "'"}
    for match in _REFERENCE.finditer(text):
        if match.start() in kept:
            continue
        plan += text[end : match.start()].replace("%", "%%")
        found = _reference(match)
        if isinstance(found, str) or found[0] not in names:
            plan += (found if isinstance(found, str) else found[1]).replace("%", "%%")
        else:
            plan += f"%({found[0]})s"
        end = match.end()
    return plan + text[end:].replace("%", "%%") if end else None


def _reference(match: re.Match[str]) -> str | tuple[str, str]:
    if match["literal"] is not None:
        return match["literal"]
    if match["count"]:
        return _COUNT, match[0]
    return match["name"] or match["and"], match[0]


def _replacement(match: re.Match[str], values: dict[str, str]) -> str:
    if match["bare"] is not None:
        return values.get(match["bare"], match["bare"])
    found = _reference(match)
    return found if isinstance(found, str) else values.get(*found)


def _declare(text: str, values: dict[str, str], make_local: Callable[[], str]) -> None:
    """Give names that are local to an expansion a label each."""
    for name in re.split(r"[\s,]+", text.strip()):
        if name in values:
            raise Complaint(f"{name!r} was already used as parameter (or another local) name")
        values[name] = make_local()


@dataclass(frozen=True)
class Macro:
    """A macro: its header, its body, and the frame it was written in."""

    header: MacroHeader
    body: Body
    frame: Frame
