"""What a file says it was made for: its `.riscv.attributes`, as far as a disassembly needs them.

Follows the RISC-V ELF psABI, chapter "ELF Object Files", section "Attributes".
"""

import re
from dataclasses import dataclass

from assembler.binutils.elf_file import ATTRIBUTES, ElfFile

_ARCH, _PRIV, _PRIV_MINOR = 5, 8, 10
_DEFAULT = "rv64gc"
_GENERAL = ("i", "m", "a", "f", "d", "zicsr", "zifencei")
_IMPLIED = {
    "m": ("zmmul",),
    "a": ("zaamo", "zalrsc"),
    "f": ("zicsr",),
    "d": ("f", "zicsr"),
    "q": ("d", "f", "zicsr"),
    "b": ("zba", "zbb", "zbs"),
    "zk": ("zkn", "zkr", "zkt"),
    "zkn": ("zbkb", "zbkc", "zbkx", "zkne", "zknd", "zknh"),
    "zks": ("zbkb", "zbkc", "zbkx", "zksed", "zksh"),
    "zfh": ("zfhmin", "f"),
    "zfhmin": ("f",),
    "zdinx": ("zfinx",),
    "zhinx": ("zhinxmin", "zfinx"),
    "zca": ("c",),
    "zcb": ("c",),
    "h": ("zicsr",),
}


@dataclass(frozen=True)
class Arch:
    """The extensions, in lower case, and the version of the privileged specification."""

    extensions: frozenset[str]
    priv: tuple[int, int] | None = None

    def has(self, ext: str) -> bool:
        """Say whether an instruction's `ext`, names with bars between, is there."""
        return any(self._has(name) for name in ext.lower().split("|"))

    def _has(self, name: str) -> bool:
        """Privileged and users' own ones are always there; `F&Zbb` or `f_c` needs every part."""
        if name == "i" or name.startswith("x") or "-mode" in name:
            return True
        return all(part in self.extensions for part in re.split(r"[&_+]", name))


def parse_arch(text: str) -> frozenset[str]:
    """Give the extensions of an architecture string, versions left out, and what they imply."""
    is_old = re.match(r"rv(32|64)[ie](1p|2p0)", text.lower())  # when CSRs were part of the base
    first, *rest = text.lower().removeprefix("rv64").removeprefix("rv32").split("_")
    names = re.findall(r"([a-z])(?:[0-9]+(?:p[0-9]+)?)?", first)
    names += [re.sub(r"[0-9]+p[0-9]+$", "", word) for word in rest if word]
    found: set[str] = set()
    names += ["zicsr", "zifencei"] if is_old else []
    pending = [item for name in names for item in (_GENERAL if name == "g" else (name,))]
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending += _IMPLIED.get(name, ())
    return frozenset(found)


def read_arch(elf: ElfFile) -> Arch:
    """Read what a file was made for; one that does not say counts as rv64gc."""
    section = next((s for s in elf.sections if s.type == ATTRIBUTES), None)
    values = _attributes(section.data) if section is not None else {}
    text = str(values.get(_ARCH) or _DEFAULT)
    major, minor = values.get(_PRIV, 0), values.get(_PRIV_MINOR, 0)
    priv = (major, minor) if isinstance(major, int) and isinstance(minor, int) else (0, 0)
    return Arch(parse_arch(text), priv if any(priv) else None)


def _attributes(data: bytes) -> dict[int, int | str]:
    """Give the file attributes of the vendor `riscv`, as far as they can be read."""
    found: dict[int, int | str] = {}
    vendor = data.find(b"\0", 5)
    if data[:1] != b"A" or data[5:vendor] != b"riscv":
        return found
    at = vendor + 6  # the tag of the file's own attributes and their length
    try:
        while at < len(data):
            tag, at = _uleb(data, at)
            if tag % 2:
                end = data.index(b"\0", at)
                found[tag] = data[at:end].decode("ascii", "replace")
                at = end + 1
            else:
                found[tag], at = _uleb(data, at)
    except (IndexError, ValueError):
        pass
    return found


def _uleb(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80 or shift > 63:
            return value, at
