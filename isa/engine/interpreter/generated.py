"""The functions that `codegen.py` generates, as names for the code that calls them.

They exist only as compiled code; calling them as Python is a mistake.
"""

from isa.words import Page


def hot(hart: Page, fuel: int) -> int:
    """Run what can be run fast; gives the fuel that is left (generated)."""
    raise AssertionError("exists only as compiled code")


def is_self_sufficient(op: int) -> bool:
    """Say whether a micro-op needs no memory, so that `hot` can do it once it is decoded."""
    raise AssertionError("exists only as compiled code")


def size_of_op(op: int) -> int:
    """Give the size of a single operation's instruction, 0 where there is none (generated)."""
    raise AssertionError("exists only as compiled code")


def fused_op(first: int, second: int) -> int:
    """Give the operation of the longest chain of two, 0 for none (generated)."""
    raise AssertionError("exists only as compiled code")


def predecode(hart: Page, insn: int, at: int) -> int:
    """Give the micro-op of an unpacked instruction word at a page offset (generated)."""
    raise AssertionError("exists only as compiled code")


def expand(hart: Page, parcel: int) -> int:
    """Give the word that a compressed instruction stands for, 0 for none (generated)."""
    raise AssertionError("exists only as compiled code")


def carry_out(hart: Page, insn: int) -> None:
    """Execute an instruction word, pending traps and exits (generated)."""
    raise AssertionError("exists only as compiled code")
