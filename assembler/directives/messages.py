"""Directives that speak to the user, end the source, or only shape a listing.

Follows the manual "Using as", chapter "Assembler Directives".
"""

import sys
from typing import TYPE_CHECKING

from assembler.directives.data import unescape
from assembler.directives.table import Directive, Table
from assembler.errors import Complaint
from assembler.parse import Operands

if TYPE_CHECKING:
    from assembler.assembly import Assembly

_FAIL_LIMIT = 500  # values below it are errors, others warnings
# Accepted and without effect on the object, as for GNU as (the first two for LLVM).
_IDLE = """
    .addrsig .addrsig_sym
    .list .nolist .psize .title .sbttl .ttl .eject .page .nopage .plen .llen .spc .name
    .noformat .format .lflags .mri .func .endfunc .line .linefile .debug .val

""".split()


def _text(name: str, words: tuple[str, ...]) -> str:
    if not words:
        return f"{name} directive invoked in source file"
    if len(words) != 1 or not words[0].startswith('"'):
        raise Complaint(f"{name} takes a string")
    return unescape(words[0]).decode("utf-8", "replace")


def _error(assembly: "Assembly", name: str, words: tuple[str, ...]) -> None:
    raise Complaint(_text(name, words))


def _warning(assembly: "Assembly", name: str, words: tuple[str, ...]) -> None:
    assembly.warn(_text(name, words))


def _fail(assembly: "Assembly", name: str, operands: Operands) -> None:
    """Give an error or a warning, as the number says."""
    if len(operands.trees) != 1:
        raise Complaint(f"{name} takes a number")
    number = assembly.absolute(operands.trees[0], operands.atoms, f"the operand of {name}")
    message = f".fail {number} encountered"
    if number >= _FAIL_LIMIT:
        assembly.warn(message)
    else:
        raise Complaint(message)


def _abort(assembly: "Assembly", name: str, text: str) -> None:
    assembly.is_ended = True
    raise Complaint(".abort detected: nothing after it is read")


def _print(assembly: "Assembly", name: str, words: tuple[str, ...]) -> None:
    print(_text(name, words), file=sys.stdout)


def _end(assembly: "Assembly", name: str, operands: Operands) -> None:
    assembly.is_ended = True


def _idle(assembly: "Assembly", name: str, text: str) -> None:
    """Do nothing."""


def _refuse(assembly: "Assembly", name: str, text: str) -> None:
    raise Complaint(f"{name} is not supported for RISC-V")


def _link_once(assembly: "Assembly", name: str, text: str) -> None:
    assembly.warn(f"{name} is not supported for this object file format")


TABLE: Table = {
    ".linkonce": Directive("raw", _link_once),
    ".error": Directive("words", _error),
    ".err": Directive("words", _error),
    ".warning": Directive("words", _warning),
    ".fail": Directive("operands", _fail),
    ".abort": Directive("raw", _abort),
    ".print": Directive("words", _print),
    ".end": Directive("operands", _end),
    **{name: Directive("raw", _idle) for name in _IDLE},
    **{
        name: Directive("raw", _refuse)
        for name in (".bundle_align_mode", ".bundle_lock", ".bundle_unlock")
    },
}
