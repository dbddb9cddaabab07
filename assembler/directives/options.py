"""Directives about the target and the object: `.option`, `.attribute`, `.ident`, `.file`.

Follows the manual "Using as", section "RISC-V Directives".
"""

from typing import TYPE_CHECKING

from assembler.directives.data import big_number, unescape
from assembler.directives.table import Directive, Table
from assembler.errors import Complaint, nearest
from assembler.forms import forms
from assembler.match import Prepared
from assembler.parse import Operands

if TYPE_CHECKING:
    from assembler.assembly import Assembly

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
    elif word == "arch" and len(words) > 1:
        changes = [change for change in words[1:] if change != ","]
        target.set_architecture(target.switches.arch.with_changes(changes))
    else:
        assembly.warn(f"unrecognized .option directive: {word}{nearest(word, _OPTIONS)}")
    assembly.switches_changed()


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
    if len(operands.trees) not in (1, 2):
        raise Complaint(f"{name} takes a format and its operands, or a length and a value")
    values = [assembly.absolute(tree, operands.atoms, name) for tree in operands.trees[:-1]]
    last = big_number(operands.trees[-1], operands.atoms)
    if last is None:
        last = assembly.absolute(operands.trees[-1], operands.atoms, name) & _WORD
    value = last
    length = insn_length(value)
    if values and values[0] != length:
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
    if word & 0x3F == 0x1F:
        return 6
    if word & 0x7F == 0x3F:
        return 8
    return 10 + 2 * (word >> 12 & 7)


TABLE: Table = {
    ".insn": Directive("raw", _insn),
    ".option": Directive("words", _option),
    ".ident": Directive("words", _ident),
}
