"""ISA strings: which extensions a hart has.

Follows the chapter "ISA Extension Naming Conventions" of the RISC-V Unprivileged ISA: `rv64`,
single letters, then longer names with underscores between; or the name of a profile (RISC-V
Profiles, RVA20 to RVA23), and what is added to it. M-, S- and U-mode are always there.
"""

import re
from dataclasses import dataclass

from isa.errors import TraplineError
from isa.extensions import BITS, NAMES
from isa.profiles import PROFILES

ALWAYS = ("I", "S", "U")
GROUPS: dict[str, tuple[str, ...]] = {
    "g": ("m", "a", "f", "d", "zicsr", "zifencei"),
    "b": ("zba", "zbb", "zbs"),
    "zk": ("zkn", "zkr", "zkt"),
    "zkn": ("zbkb", "zbkc", "zbkx", "zkne", "zknd", "zknh"),
    "zks": ("zbkb", "zbkc", "zbkx", "zksed", "zksh"),
}
"""Names for several extensions."""
LENIENT = ("zk",)
"""Groups that, as profiles, are taken less what is not here."""
REQUIRED: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("zcb", "zcmop"), ("c",)),
    **dict.fromkeys(("zacas", "zabha", "zawrs"), ("a",)),
    **dict.fromkeys(("f", "zicntr", "zihpm"), ("zicsr",)),
    **dict.fromkeys(("d", "zfa", "zfhmin"), ("f",)),
    **dict.fromkeys(("h", "sscofpmf", "smstateen", "smepmp"), ("zicsr",)),
    "zfh": ("zfhmin",),
    "sv57": ("sv48",),
}
"""What an extension cannot be without: it comes along."""
SAME = {"zmmul": "m", "zca": "c", "zaamo": "a", "zalrsc": "a"}
HELD = (
    *("zkt", "zic64b", "ziccamoa", "ziccif", "zicclsm", "ziccrse", "za64rs", "za128rs"),
    *("sm1p11", "sm1p12", "sm1p13", "ss1p11", "ss1p12", "ss1p13", "ssu64xl", "sv39", "svbare"),
    *("sdtrig", "ssccptr", "sscounterenw", "sstvala", "sstvecd", "svvptc"),
)
"""Names of what is true of every hart here: they select nothing."""

_KNOWN = {name.lower(): name for name in NAMES}
_LETTER = re.compile(r"([a-y])(?:\d+(?:p\d+)?)?")
_VERSION = re.compile(r"(?<=[a-z])\d+p\d+$")
_CATEGORIES = "imafdqlcbkjtpvh"


@dataclass(frozen=True)
class Selection:
    """The bits of `Slot.ISA` that an ISA string selects; and what of a profile is not here."""

    bits: int
    missing: tuple[str, ...] = ()


def parse_isa(text: str) -> int:
    """Give the bits of `Slot.ISA` for an ISA string; raise TraplineError for what is not here."""
    return read_isa(text).bits


def read_isa(text: str) -> Selection:
    """Read an ISA string or a profile's name; raise TraplineError for what is not here."""
    profile, names = _split(text)
    excused = _closure([*profile, *(name for name in names if name in LENIENT)])
    chosen = list(dict.fromkeys([*_closure(names), *_closure(profile)]))
    missing = [name for name in chosen if name not in _KNOWN and name not in HELD]
    for name in missing:
        if name not in excused:
            here = ", ".join([*_KNOWN.values(), *HELD])
            raise TraplineError(
                f"ISA string {text!r}: no extension {name!r} here (there are {here})"
            )
    bits = 0
    for name in (*ALWAYS, *(_KNOWN[name] for name in chosen if name in _KNOWN)):
        bits |= BITS[name]
    return Selection(bits, tuple(missing))


def _split(text: str) -> tuple[tuple[str, ...], list[str]]:
    """Split an ISA string: what a profile at its beginning stands for, and the names in it."""
    first, *names = text.lower().split("_")
    names = [name for name in names if name]
    if first in PROFILES:
        return PROFILES[first], names
    if not first.startswith("rv64"):
        profiles = ", ".join(PROFILES)
        raise TraplineError(
            f"ISA string {text!r}: expected it to begin with rv64, or with a profile ({profiles})"
        )
    names = [*_split_letters(first[4:]), *names]
    if not names or names[0] not in "ig":
        raise TraplineError(f"ISA string {text!r}: expected i or g after rv64")
    return (), names


def _split_letters(text: str) -> list[str]:
    """Split what stands before the first underscore: letters, and perhaps one longer name."""
    found, at = [], 0
    while letter := _LETTER.match(text, at):
        found.append(letter[1])
        at = letter.end()
    return [*found, *filter(None, (text[at:],))]


def _closure(names: list[str] | tuple[str, ...]) -> list[str]:
    """Give names with what they stand for and what they require, in place of groups."""
    found: dict[str, None] = {}
    waiting = list(reversed(names))
    while waiting:
        name = waiting.pop()
        if name not in _KNOWN and name not in HELD:
            name = _VERSION.sub("", name)
            letter = _LETTER.fullmatch(name)
            name = letter[1] if letter else name
        name = SAME.get(name, name)
        if name in found:
            continue
        if name in GROUPS:
            waiting += reversed(GROUPS[name])
            continue
        found[name] = None
        waiting += REQUIRED.get(name, ())
    return list(found)


def format_isa(bits: int) -> str:
    """Give the ISA string of `Slot.ISA` bits, in the canonical order."""
    have = [name for name in _KNOWN.values() if bits & BITS[name] and name not in ("S", "U")]
    letters = [name.lower() for name in have if len(name) == 1]
    longer = [name.lower() for name in have if len(name) > 1]
    first = "rv64" + "".join(sorted(letters, key=_CATEGORIES.index))
    return "_".join([first, *sorted(longer, key=_canonical_place)])


def _canonical_place(name: str) -> tuple[int, int, str]:
    """Give what to sort longer names by: Z ones, by category, before those of S- and M-mode."""
    if name[0] == "z":
        return 0, (_CATEGORIES + name[1]).index(name[1]), name
    return 1 if name[:2] != "sm" else 2, 0, name
