"""Symbols for where sections begin and end: `__start_NAME` and `__stop_NAME`, when someone asks.

Follows the manual "The GNU linker", section "Input Section Example": a section of the output that
has the name of an input section, and that name is an identifier of C.
"""

from collections.abc import Iterator

from assembler.linking.context import Context
from assembler.linking.model import DEFINED, UNDEFINED, UNDEFWEAK, OutSection, Section, Symbol

_PROTECTED = 3


class StartStop:
    """The symbols of one link; until places are known they stand for an input section's start."""

    def __init__(self, link: Context) -> None:
        self._link = link
        self._made: list[tuple[Symbol, OutSection, bool]] = []

    def define(self) -> None:
        """Define those that are referred to and that nobody defines."""
        for out in self._link.outputs:
            name = out.name
            if not name or not all(
                char.isascii() and (char.isalnum() or char == "_") for char in name
            ):
                continue
            first = next((one for one in out.inputs if one.name == name), None)
            for symbol, is_stop in self._asked_for(name) if first is not None else ():
                self._define(symbol, first)
                self._made.append((symbol, out, is_stop))

    def _asked_for(self, name: str) -> Iterator[tuple[Symbol, bool]]:
        for prefix, is_stop in (("__start_", False), ("__stop_", True)):
            symbol = self._link.symbols.get(prefix + name)
            if symbol is not None and symbol.kind in (UNDEFINED, UNDEFWEAK):
                yield symbol, is_stop

    def _define(self, symbol: Symbol, section: Section | None) -> None:
        symbol.kind, symbol.section, symbol.value = DEFINED, section, 0
        if not symbol.visibility:
            symbol.other |= _PROTECTED

    def finish(self) -> None:
        """Give them their places."""
        for symbol, out, is_stop in self._made:
            symbol.section, symbol.value = out, out.size if is_stop else 0
