"""Architecture strings: which extensions code is assembled for, and with which versions.

Follows the ISA manual's chapter "ISA Extension Naming Conventions" and, for versions and for what
implies what, binutils 2.40; extensions it does not know have the version they were ratified with.
"""

import re
from collections.abc import Iterable

from assembler.errors import Complaint, nearest

BASE = "i"
_VERSIONS = {"i": "2p1", "m": "2p0", "a": "2p1", "f": "2p2", "d": "2p2", "q": "2p2", "c": "2p0"}
_VERSIONS |= {"b": "1p0", "v": "1p0", "h": "1p0", "zifencei": "2p0", "zicsr": "2p0"}
_VERSIONS |= {"zihintpause": "2p0", "zicntr": "2p0", "zihpm": "2p0", "ztso": "0p1"}
_ONES = """
zicbom zicbop zicboz zicond zihintntl zmmul zawrs zaamo zalrsc zabha zacas zama16b zfh zfhmin zfa
zfbfmin zfinx zdinx zqinx zhinx zhinxmin zba zbb zbc zbs zbkb zbkc zbkx zk zkn zknd zkne zknh zkr
zks zksed zksh zkt zve32x zve32f zve64x zve64f zve64d zvl32b zvl64b zvl128b zvl256b zvl512b
zvl1024b zca zcb zcd zce zcf zcmp zcmt zcmop zimop zic64b ziccamoa ziccif zicclsm ziccrse za64rs
za128rs zicfilp zicfiss smaia smstateen smepmp smcntrpmf smrnmi smcdeleg smcsrind smmpm smnpm
ssaia sscofpmf ssstateen sstc ssccptr sscounterenw sstvala sstvecd ssu64xl ssnpm sspm ssccfg
sscsrind shcounterenw shgatpa shtvala shvsatpa shvstvala shvstvecd sha supm svade svadu svbare
svinval svnapot svpbmt svvptc sv39 sv48 sv57
"""
_VERSIONS |= dict.fromkeys(_ONES.split(), "1p0")

_IMPLIED = {
    "m": "zmmul",
    "q": "d",
    "d": "f",
    "f": "zicsr",
    "b": "zba zbb zbs",
    "v": "zve64d zvl128b",
    "h": "zicsr",
    "zabha": "zaamo",
    "zacas": "zaamo",
    "zfa": "f",
    "zfh": "zfhmin",
    "zfhmin": "f",
    "zfbfmin": "f",
    "zfinx": "zicsr",
    "zdinx": "zfinx",
    "zqinx": "zdinx",
    "zhinx": "zhinxmin",
    "zhinxmin": "zfinx",
    "zk": "zkn zkr zkt",
    "zkn": "zbkb zbkc zbkx zkne zknd zknh",
    "zks": "zbkb zbkc zbkx zksed zksh",
    "zve64d": "d zve64f",
    "zve64f": "zve32f zve64x zvl64b",
    "zve64x": "zve32x zvl64b",
    "zve32f": "f zve32x zvl32b",
    "zve32x": "zvl32b",
    "zcb": "zca",
    "zcd": "d zca",
    "zce": "zcb zcmp zcmt",
    "zcf": "f zca",
    "zcmp": "zca",
    "zcmt": "zca zicsr",
    "zcmop": "zca",
    "zicntr": "zicsr",
    "zihpm": "zicsr",
    "smaia": "ssaia",
    "ssaia": "zicsr",
    "smstateen": "ssstateen",
    "ssstateen": "zicsr",
    "smepmp": "zicsr",
    "smcntrpmf": "zicsr",
    "sscofpmf": "zicsr",
    "sstc": "zicsr",
}
_IMPLIED |= {f"zvl{size}b": f"zvl{size // 2}b" for size in (64, 128, 256, 512, 1024)}
_GENERAL = ("i", "m", "a", "f", "d", "zicsr", "zifencei")
_LETTERS = "iemafdqlcbkjtpvnh"  # the canonical order of single letters
_CLASSES = ("", "z", "s", "x")  # and of what follows them
_WORD = re.compile(r"(?P<name>[a-z][a-z0-9]*?)(?P<version>[0-9]+(?:p[0-9]+)?)?")
_LETTER = re.compile(r"(?P<name>[a-y])(?P<version>[0-9]+(?:p[0-9]+)?)?")
_FIXED = tuple(name for name in _VERSIONS if name[-1].isdigit())  # a number ends these names
_OLD_PART = {"2p0": ("zicsr", "zifencei")}  # what version 2.0 of the base contained


def _order(name: str) -> tuple[int, int, str]:
    """Give an extension's place in the canonical order."""
    if len(name) == 1:
        return 0, _LETTERS.index(name), ""
    kind = _CLASSES.index(name[0])
    second = _LETTERS.find(name[1]) if name[0] == "z" else 0
    return kind, second, name


def _version(text: str) -> str:
    return text if "p" in text else f"{text}p0"


class Architecture:
    """A set of extensions with their versions."""

    def __init__(self, versions: dict[str, str]) -> None:
        names = sorted(versions, key=_order)
        self.versions = {name: versions[name] for name in names}
        self.names = frozenset(names)
        self.text = "rv64" + "_".join(f"{name}{versions[name]}" for name in names)
        self.has_compressed = bool(self.names & {"c", "zca"})
        self._asked: dict[str, bool] = {}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Architecture) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def has(self, ext: str) -> bool:
        """Say whether one of the extensions named with bars between them is there.

        Of those with `&` between them each must be. Hints, which are base instructions too, need
        the extension that names them. A name that is no extension of the tables is a
        user's own, which is always there.
        """
        known = self._asked.get(ext)
        if known is None:
            known = self._asked[ext] = self._find(ext)
        return known

    def _find(self, ext: str) -> bool:
        names = self.names
        if "&" in ext:
            return all(self.has(part) for part in ext.split("&"))
        for part in [part for part in ext.lower().split("|") if part != BASE] or [BASE]:
            if part in names or part not in _VERSIONS:
                return True
        return bool(names & _CONTAINED.get(ext.lower(), frozenset()))

    def with_changes(self, words: list[str]) -> "Architecture":
        """Give the architecture after `.option arch` with `+name`, `-name` or a whole string."""
        if len(words) == 1 and words[0][:1] not in "+-":
            return parse_architecture(words[0])
        versions = dict(self.versions)
        for word in words:
            name, version = _split_word(word[1:], word)
            if word[0] == "-":
                if name == BASE:
                    raise Complaint(f"cannot remove the base with {word!r}")
                versions.pop(name, None)
            elif word[0] == "+":
                versions.setdefault(name, version or _VERSIONS[name])
            else:
                raise Complaint(f"{word!r} begins with neither + nor -")
        return Architecture(_closed(versions))


# What is part of an extension that need not be named with it.
_CONTAINED = {
    "zca": frozenset({"c"}),
    "zcd": frozenset({"c"}),
    "c": frozenset({"zca"}),
    "zaamo": frozenset({"a"}),
    "zalrsc": frozenset({"a"}),
    "zicntr": frozenset({"i"}),
    "zihpm": frozenset({"i"}),
    "zimop": frozenset({"zimop"}),
}


def parse_architecture(march: str) -> Architecture:
    """Read an architecture string; raise Complaint for what is not one."""
    if any(letter.isupper() for letter in march):
        raise Complaint(f"architecture {march!r} cannot contain uppercase letters")
    if not re.fullmatch(r"rv64[ig][a-z0-9_]*", march):
        raise Complaint(f"architecture {march!r} is not rv64, then i or g, then extensions")
    versions: dict[str, str] = {}
    for name, version in _read_words(march):
        for found in _GENERAL if name == "g" else (name,):
            if found in versions and name != "g":
                raise Complaint(f"extension {name!r} stands twice in {march!r}")
            versions[found] = version or _VERSIONS[found]
    for name in _OLD_PART.get(versions[BASE], ()):
        versions.setdefault(name, "2p0")
    _check_registers(_closed(versions), march)
    return Architecture(versions)


def _check_registers(names: Iterable[str], march: str) -> None:
    """Refuse two kinds of homes for floating-point numbers."""
    if "zfinx" in names and "f" in names:
        raise Complaint(f"zfinx and f exclude each other in {march!r}")


def _closed(versions: dict[str, str]) -> dict[str, str]:
    """Add what the extensions imply."""
    pending = list(versions)
    while pending:
        for name in _IMPLIED.get(pending.pop(), "").split():
            if name not in versions:
                versions[name] = _VERSIONS[name]
                pending.append(name)
    return versions


def _read_words(march: str) -> list[tuple[str, str]]:
    """Split into extension names and versions; letters may stand without underscores."""
    found = []
    for part in march.removeprefix("rv64").split("_"):
        at = 0
        while at < len(part):
            letter = _LETTER.match(part, at)
            if letter is None or letter["name"] in "sx":
                found.append(_split_word(part[at:], march))
                break
            if letter["name"] not in _VERSIONS and letter["name"] != "g":
                raise Complaint(f"unknown extension {letter['name']!r} in {march!r}")
            found.append((letter["name"], _version(letter["version"]) if letter["version"] else ""))
            at = letter.end()
    return found


def _split_word(word: str, whole: str) -> tuple[str, str]:
    """Split a name from its version; raise Complaint for an extension that does not exist."""
    if word in _FIXED:
        return word, ""
    match = _WORD.fullmatch(word)
    if match is None:
        raise Complaint(f"{word!r} in {whole!r} is not an extension")
    name, version = match["name"], match["version"] or ""
    if name.startswith("x") and version:
        return name, _version(version)
    if name not in _VERSIONS:
        hint = nearest(name, _VERSIONS)
        raise Complaint(f"unknown extension {name!r} in {whole!r}{hint}")
    return name, _version(version) if version else ""
