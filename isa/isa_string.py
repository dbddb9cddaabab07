"""ISA strings: which extensions a hart has.

Follows the chapter "ISA Extension Naming Conventions" of the RISC-V Unprivileged ISA: `rv64`,
single letters, then longer names with underscores between. M-, S- and U-mode are always there.
"""

import re

from isa.errors import TraplineError
from isa.extensions import BITS, NAMES

ALWAYS = ("I", "S", "U")
IMPLIES: dict[str, tuple[str, ...]] = {
    "G": ("M", "A", "F", "D", "Zicsr", "Zifencei"),
    "B": ("Zba", "Zbb", "Zbs"),
}
REQUIRES: dict[str, tuple[str, ...]] = {
    "D": ("F",),
    "F": ("Zicsr",),
    "Zfh": ("Zfhmin",),
    "Zfhmin": ("F",),
    "Zfa": ("F",),
}
"""What an extension brings with it."""
SAME = {"zmmul": "M", "zca": "C", "zaamo": "A", "zalrsc": "A", "sv39": "S"}
_VERSION = re.compile(r"(?<=[a-z])\d+p\d+$")
_KNOWN = {name.lower(): name for name in NAMES}


def parse_isa(text: str) -> int:
    """Give the bits of `Slot.ISA` for an ISA string; raise TraplineError for what is not here."""
    lowered = text.lower()
    if not lowered.startswith("rv64"):
        raise TraplineError(f"ISA string {text!r}: expected it to begin with rv64")
    letters, *long = lowered[4:].split("_")
    single = re.match(r"[a-y]*", letters)
    assert single is not None, "matches always"
    rest = letters[single.end() :]
    names = [*single.group(), *((rest,) if rest else ()), *(name for name in long if name)]
    if not names or names[0] not in "ig":
        raise TraplineError(f"ISA string {text!r}: expected i or g after rv64")
    bits = sum(BITS[name] for name in ALWAYS)
    for name in names:
        for found in _resolve(name, text):
            bits |= _with_required(found)
    return bits


def _with_required(name: str) -> int:
    bits = BITS[name]
    for other in REQUIRES.get(name, ()):
        bits |= _with_required(other)
    return bits


def _resolve(name: str, text: str) -> tuple[str, ...]:
    """Give the extensions that a name in an ISA string stands for."""
    plain = _VERSION.sub("", name)
    if plain.upper() in IMPLIES:
        wanted = IMPLIES[plain.upper()]
    elif plain in SAME:
        wanted = (SAME[plain],)
    else:
        wanted = (_KNOWN.get(plain, plain),)
    for item in wanted:
        if item not in BITS:
            here = ", ".join(NAMES)
            raise TraplineError(
                f"ISA string {text!r}: no extension {item!r} here (there are {here})"
            )
    return wanted


def format_isa(bits: int) -> str:
    """Give the ISA string of `Slot.ISA` bits, in the canonical order."""
    have = [name for name in NAMES if bits & BITS[name]]
    letters = "".join(name.lower() for name in have if len(name) == 1 and name not in "SU")
    return "_".join([f"rv64{letters}", *(name.lower() for name in have if len(name) > 1)])
