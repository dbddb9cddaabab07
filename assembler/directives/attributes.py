"""Directives for what is recorded about the whole object: `.attribute` and `.gnu_attribute`.

Follows the manual "Using as", section "RISC-V Directives", and the psABI's chapter "Attributes".
Tags with an odd number have strings, the others numbers.
"""

import re
from typing import TYPE_CHECKING

from assembler.architecture import parse_architecture
from assembler.directives.data import unescape
from assembler.directives.table import Directive, Table
from assembler.errors import Complaint, nearest

if TYPE_CHECKING:
    from assembler.assembly import Assembly

_TAGS = {"stack_align": 4, "arch": 5, "unaligned_access": 6}
_TAGS |= {"priv_spec": 8, "priv_spec_minor": 10, "priv_spec_revision": 12}
_OPERANDS = re.compile(r"""\s*(?P<tag>[^\s,"]+)\s*,\s*(?P<value>"(?:[^"\\]|\\.)*"|[^\s,"]+)\s*""")
MAX_TAG = 1 << 31


def _read(assembly: "Assembly", name: str, text: str) -> tuple[int, int | str]:
    """Give the tag and its value."""
    found = _OPERANDS.fullmatch(text)
    if found is None:
        raise Complaint(f"{name} takes a tag and a value")
    word = found["tag"].removeprefix("Tag_RISCV_")
    tag = _TAGS.get(word)
    if tag is None:
        if not word[0].isdigit():
            raise Complaint(f"unknown attribute {found['tag']!r}{nearest(word, _TAGS)}")
        tag = _number(assembly, word)
    literal = found["value"]
    if tag % 2 == (literal[0] != '"'):
        kind = "a string" if tag % 2 else "a number"
        raise Complaint(f"attribute {tag} takes {kind}", found.start("value"))
    if literal[0] == '"':
        return tag, unescape(literal).decode("utf-8", "surrogateescape")
    return tag, _number(assembly, literal)


def _number(assembly: "Assembly", text: str) -> int:
    operands = assembly.parser.operands(text)
    value = assembly.absolute(operands.trees[0], operands.atoms, "a tag or a value")
    if not 0 <= value < MAX_TAG:
        raise Complaint(f"{value} is outside 0..{MAX_TAG - 1}")
    return value


def _attribute(assembly: "Assembly", name: str, text: str) -> None:
    tag, value = _read(assembly, name, text)
    target = assembly.target
    if isinstance(value, str):
        if tag == _TAGS["arch"]:
            target.set_architecture(parse_architecture(value))
            assembly.switches_changed()
        else:
            target.attributes[tag] = value
    elif tag == _TAGS["stack_align"]:
        target.stack_align = value
    elif tag == _TAGS["unaligned_access"]:
        target.unaligned_access = value
    elif tag in (8, 10, 12):
        parts = list(target.priv_spec)
        parts[(tag - 8) // 2] = value
        target.priv_spec = (parts[0], parts[1], parts[2])
    else:
        target.attributes[tag] = value


def _gnu_attribute(assembly: "Assembly", name: str, text: str) -> None:
    tag, value = _read(assembly, name, text)
    assembly.target.gnu_attributes[tag] = value


TABLE: Table = {
    ".attribute": Directive("raw", _attribute),
    ".gnu_attribute": Directive("raw", _gnu_attribute),
}
