"""What `monitor` commands of gdb's prompt do: physical addresses, and why something traps.

What is not known here goes to the machine's own monitor, the one that Ctrl-A c talks to.
"""

from collections.abc import Callable

from isa.causes import Priv
from isa.explain import explain_access, explain_step, told
from isa.hart import Hart
from vmm.gdb.control import Control
from vmm.gdb.memory import Sight

HELP = """\
help                          this list
phys [on|off]                 read and write memory by physical address
explain                       what the next instruction ends with, and which bits decide
explain ADDR [r|w|x] [u|s|m]  what an access ends with, and which bits decide
"""
LEVELS = {"u": Priv.U, "s": Priv.S, "m": Priv.M}


class Monitor:
    """Answers the commands of one connection."""

    def __init__(self, control: Control, sight: Sight, other: Callable[[str], str | None]) -> None:
        self._control = control
        self._sight = sight
        self._other = other

    def answer(self, line: str, hart: Hart) -> str:
        """Do a command about a hart; give what to print."""
        match line.split():
            case []:
                return ""
            case ["help" | "?"]:
                return HELP + (self._other("help") or "")
            case ["phys", *rest]:
                return self._physical(rest)
            case ["explain", *rest]:
                return self._explain(rest, hart)
            case _:
                return self._other(line) or ""

    def _physical(self, words: list[str]) -> str:
        match words:
            case ["on" | "off" as word]:
                self._sight.is_physical = word == "on"
            case []:
                self._sight.is_physical = not self._sight.is_physical
            case _:
                return "expected: phys [on|off]\n"
        what = "physical" if self._sight.is_physical else "virtual"
        return f"addresses are {what}\n"

    def _explain(self, words: list[str], hart: Hart) -> str:
        if not words:
            lines = told(f"the instruction at {hart.pc:#x}", hart, explain_step(hart))
            return "\n".join(lines) + "\n"
        address = _address(words[0])
        access = next((word for word in words[1:] if word in ("r", "w", "x")), "r")
        level = next((LEVELS[word] for word in words[1:] if word in LEVELS), hart.priv)
        if address is None or not set(words[1:]) <= {*"rwx", *LEVELS}:
            return "expected: explain [ADDR [r|w|x] [u|s|m]]\n"
        found = explain_access(hart, address, access, level)
        what = f"access {access} to {address:#x} in {level.name}-mode"
        return "\n".join(told(what, hart, found)) + "\n"


def _address(word: str) -> int | None:
    try:
        value = int(word, 0)
    except ValueError:
        return None
    return value if 0 <= value < 1 << 64 else None
