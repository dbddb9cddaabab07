"""Directives about the target and the object: `.option`, `.attribute`, `.ident`, `.file`.

Follows the manual "Using as", section "RISC-V Directives".
"""

from typing import TYPE_CHECKING

from assembler.architecture import parse_architecture
from assembler.directives.data import unescape
from assembler.directives.table import Directive, Table
from assembler.errors import Complaint, nearest
from assembler.forms import forms
from assembler.match import Prepared
from assembler.parse import Operands

if TYPE_CHECKING:
    from assembler.assembly import Assembly

_PRIV_SPEC = ("priv_spec", "priv_spec_minor", "priv_spec_revision")
# What each word of `.option` changes.
_SWITCHES = {
    "relax": ("relax", True),
    "norelax": ("relax", False),
    "pic": ("pic", True),
    "nopic": ("pic", False),
    "csr-check": ("csr_check", True),
    "no-csr-check": ("csr_check", False),
}
_WORD = (1 << 64) - 1
_COMPRESSION = {"rvc": "+c", "norvc": "-c"}
_OPTIONS = ("push", "pop", "arch", *_SWITCHES, *_COMPRESSION)


def _option(assembly: "Assembly", name: str, words: tuple[str, ...]) -> None:
    word = words[0] if words else ""
    target = assembly.target
    if word in _SWITCHES:
        switch, value = _SWITCHES[word]
        target.set_switches(**{switch: value})
    elif word == "push":
        target.push()
    elif word == "pop":
        target.pop()
    elif word in _COMPRESSION:
        arch = target.switches.arch.with_changes([_COMPRESSION[word]])
        target.set_switches(arch=arch, rvc=word == "rvc")
    elif word == "arch":
        changes = [change for change in words[1:] if change != ","]
        target.set_architecture(target.switches.arch.with_changes(changes))
    else:
        raise Complaint(f"unknown option {word!r}{nearest(word, _OPTIONS)}")
    assembly.switches_changed()


def _attribute(assembly: "Assembly", name: str, words: tuple[str, ...]) -> None:
    words = tuple(word for word in words if word != ",")
    if len(words) != 2:
        raise Complaint(".attribute takes a tag and a value")
    tag, value = words
    if tag in ("arch", "Tag_RISCV_arch", "5"):
        text = unescape(value).decode("utf-8", "replace")
        assembly.target.set_architecture(parse_architecture(text))
        assembly.switches_changed()
    elif tag in ("stack_align", "Tag_RISCV_stack_align", "4"):
        assembly.target.stack_align = _attribute_number(value)
    elif tag in ("unaligned_access", "Tag_RISCV_unaligned_access", "6"):
        assembly.target.unaligned_access = _attribute_number(value)
    elif tag in _PRIV_SPEC:
        parts = list(assembly.target.priv_spec)
        parts[_PRIV_SPEC.index(tag)] = _attribute_number(value)
        assembly.target.priv_spec = (parts[0], parts[1], parts[2])
    else:
        raise Complaint(f"unknown attribute {tag!r}")


def _attribute_number(text: str) -> int:
    if not text.isdigit():
        raise Complaint(f"{text!r} is not a number")
    return int(text)


def _ident(assembly: "Assembly", name: str, words: tuple[str, ...]) -> None:
    if len(words) != 1 or not words[0].startswith('"'):
        raise Complaint(".ident takes a string")
    comment = assembly.read_section(".comment", "MS", "progbits", 1)
    if not comment.size:
        comment.emit(b"\0")
    comment.emit(unescape(words[0]) + b"\0")


def _insn(assembly: "Assembly", name: str, text: str) -> None:
    """Assemble an instruction given by its fields, or as a number."""
    word, _, rest = text.strip().partition(" ")
    mnemonic = f"{name}.{word.lower()}"
    if mnemonic in forms():
        assembly.instruct(mnemonic, rest)
        return
    operands: Operands = assembly.parser.operands(text)
    values = [assembly.absolute(tree, operands.atoms, name) for tree in operands.trees]
    if len(values) not in (1, 2):
        raise Complaint(f"{name} takes a format and its operands, or a length and a value")
    value = values[-1] & _WORD
    length = insn_length(value)
    if len(values) == 2 and values[0] != length:
        raise Complaint(f"value conflicts with instruction length {values[0]}")
    if value >> 8 * length:
        raise Complaint(f"{value:#x} does not fit in {length} bytes")
    assembly.emit(Prepared(value.to_bytes(length, "little")))


def insn_length(word: int) -> int:
    """Give the length of an instruction by its low bits."""
    if word & 3 != 3:
        return 2
    if word & 0x1F != 0x1F:
        return 4
    return 6 if word & 0x3F == 0x1F else 8


TABLE: Table = {
    ".insn": Directive("raw", _insn),
    ".option": Directive("words", _option),
    ".attribute": Directive("words", _attribute),
    ".ident": Directive("words", _ident),
}
