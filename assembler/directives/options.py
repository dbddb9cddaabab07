"""Directives about the target and the object: `.option`, `.attribute`, `.ident`, `.file`.

Follows the manual "Using as", section "RISC-V Directives".
"""

from typing import TYPE_CHECKING

from assembler.directives.data import unescape
from assembler.directives.table import Directive, Table
from assembler.errors import Complaint, nearest
from assembler.options import make_target

if TYPE_CHECKING:
    from assembler.assembly import Assembly

_OPTIONS = ("push", "pop", "rvc", "norvc", "relax", "norelax", "pic", "nopic", "arch")
_PRIV_SPEC = ("priv_spec", "priv_spec_minor", "priv_spec_revision")
_ABSENT = {"rvc": "compressed instructions", "pic": "position-independent code"}


def _option(assembly: "Assembly", name: str, words: tuple[str, ...]) -> None:
    word = words[0] if words else ""
    switches = assembly.switches
    match word:
        case "push":
            switches.stack.append(switches.relax)
        case "pop":
            if not switches.stack:
                raise Complaint(".option pop without .option push")
            switches.relax = switches.stack.pop()
        case "relax" | "norelax":
            switches.relax = word == "relax"
        case "norvc" | "nopic":
            pass
        case "rvc" | "pic":
            raise Complaint(f".option {word}: {_ABSENT[word]} cannot be assembled yet")
        case "arch":
            _arch(assembly, words[1:])
        case _:
            raise Complaint(f"unknown option {word!r}{nearest(word, _OPTIONS)}")


def _arch(assembly: "Assembly", words: tuple[str, ...]) -> None:
    """Check that every extension named by `.option arch, +x, -y` is there."""
    for word in words:
        if word != "," and word.startswith("+"):
            make_target(f"rv64i_{word[1:]}")


def _attribute(assembly: "Assembly", name: str, words: tuple[str, ...]) -> None:
    words = tuple(word for word in words if word != ",")
    if len(words) != 2:
        raise Complaint(".attribute takes a tag and a value")
    tag, value = words
    if tag in ("arch", "Tag_RISCV_arch", "5"):
        text = unescape(value).decode("utf-8", "replace")
        assembly.target.extensions = make_target(text, assembly.target.abi).extensions
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


TABLE: Table = {
    ".option": Directive("words", _option),
    ".attribute": Directive("words", _attribute),
    ".ident": Directive("words", _ident),
}
