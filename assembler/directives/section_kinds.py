"""What sections of well-known names are, whether or not their headers say so.

Follows the chapter "Special Sections" of the System V ABI and what GNU as adds to it.
"""

from functools import cache
from typing import NamedTuple

_ANY, _DOTTED, _EXACT = "any", "dotted", "exact"


class Known(NamedTuple):
    """A well-known name: which names follow its example, and what such sections are."""

    name: str
    matching: str
    flags: str
    kind: str = "progbits"

    def covers(self, name: str) -> bool:
        """Whether a section of that name is of this kind."""
        if name == self.name:
            return True
        if self.matching == _ANY:
            return name.startswith(self.name)
        return self.matching == _DOTTED and name.startswith(self.name + ".")

    def may_be(self, kind: str) -> bool:
        """Whether another type is allowed without a word."""
        return self.kind == "note" or kind[:1].isdigit()

    def may_have(self, flags: str) -> bool:
        """Whether other flags are allowed without a word."""
        return (
            (self.kind == "note" and flags in ("a", "x"))
            or (self.name == ".note.GNU-stack" and flags == "x")
            or (self.name == ".interp" and flags == "a")
        )


_KNOWN = (
    Known(".text", _DOTTED, "ax"),
    Known(".data", _DOTTED, "wa"),
    Known(".bss", _DOTTED, "wa", "nobits"),
    Known(".rodata", _DOTTED, "a"),
    Known(".comment", _EXACT, ""),
    Known(".data1", _EXACT, "wa"),
    Known(".rodata1", _EXACT, "a"),
    Known(".debug", _ANY, ""),
    Known(".init_array", _DOTTED, "wa", "init_array"),
    Known(".fini_array", _DOTTED, "wa", "fini_array"),
    Known(".preinit_array", _DOTTED, "wa", "preinit_array"),
    Known(".init", _EXACT, "ax"),
    Known(".fini", _EXACT, "ax"),
    Known(".plt", _EXACT, "ax"),
    Known(".got", _EXACT, "wa"),
    Known(".tdata", _DOTTED, "waT"),
    Known(".tbss", _DOTTED, "waT", "nobits"),
    Known(".gnu.linkonce.b", _DOTTED, "wa", "nobits"),
    Known(".gnu.linkonce.n", _DOTTED, "wa", "nobits"),
    Known(".gnu.linkonce.p", _DOTTED, "wa"),
    Known(".gnu.lto_", _ANY, "e"),
    Known(".noinit", _DOTTED, "wa", "nobits"),
    Known(".persistent.bss", _EXACT, "wa", "nobits"),
    Known(".persistent", _DOTTED, "wa"),
    Known(".interp", _EXACT, ""),
    Known(".line", _EXACT, ""),
    Known(".note.GNU-stack", _EXACT, ""),
    Known(".note", _ANY, "", "note"),
)


@cache
def known_section(name: str) -> Known | None:
    """Give what is known about a name, or None."""
    return next((known for known in _KNOWN if known.covers(name)), None)
