"""The `.cfi_` directives: how a debugger or an unwinder finds the frame of the caller.

Follows the manual "Using as", section "CFI directives". What becomes of them: `dwarf/frame.py`.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from assembler.directives.symbols import symbol_name
from assembler.directives.table import Directive, Table
from assembler.dwarf.frame import DATA_ALIGNMENT, encoding_size
from assembler.dwarf.procedures import OMIT, Procedure, Step, mark_here
from assembler.dwarf.registers import register_number
from assembler.errors import Complaint, nearest
from assembler.expr import Linear, Value, fold
from assembler.parse import Atom, Operands, Tree

if TYPE_CHECKING:
    from assembler.assembly import Assembly

_SECTIONS = (".eh_frame", ".debug_frame")
_ENCODED_SIZES = (0, 2, 3, 4)  # the formats of pointers that GNU as takes
_ABSENT = (".cfi_inline_lsda", ".cfi_personality_id", ".cfi_fde_data")
_EVERY = ".cfi_"


def _procedure(assembly: "Assembly") -> Procedure:
    procedure = assembly.frames.opened(assembly.section)
    if procedure is None:
        raise Complaint("CFI instruction used without previous .cfi_startproc")
    return procedure


def _advanced(assembly: "Assembly") -> Procedure:
    """Give the open procedure, moved on to the current place."""
    procedure = _procedure(assembly)
    place, last = assembly.section.here(), procedure.last
    if last.symbol.place != place or last.stretch != assembly.section.stretch:
        mark = mark_here(assembly.symbols, assembly.section)
        procedure.steps.append(Step("advance", marks=(last, mark)))
        procedure.last = mark
    return procedure


def _count(name: str, operands: Operands, least: int, most: int) -> None:
    if not least <= len(operands.trees) <= most:
        wanted = str(least) if least == most else f"{least} to {most}"
        raise Complaint(f"{name} takes {wanted} operands, not {len(operands.trees)}")


def _number(assembly: "Assembly", tree: Tree, operands: Operands) -> int:
    return assembly.absolute(tree, operands.atoms, "the operand")


def _register(assembly: "Assembly", tree: Tree, operands: Operands) -> int:
    if isinstance(tree, Atom):
        name = operands.atoms[tree.index]
        if not name[0].isdigit():
            number = register_number(name.strip('"'))
            if number is None and name not in assembly.symbols.by_name:
                raise Complaint(f"unknown register {name!r}", operands.column(tree))
            if number is not None:
                return number
    number = _number(assembly, tree, operands)
    if number < 0:
        raise Complaint(f"{number} is not the number of a register", operands.column(tree))
    return number


def _start(assembly: "Assembly", name: str, words: tuple[str, ...]) -> None:
    if assembly.frames.opened(assembly.section) is not None:
        raise Complaint("previous CFI entry not closed (missing .cfi_endproc)")
    if words not in ((), ("simple",)):
        raise Complaint(f".cfi_startproc takes nothing or the word simple, not {words[0]!r}")
    mark = mark_here(assembly.symbols, assembly.section)
    assembly.frames.start(assembly.section, mark, assembly.spot, bool(words))


def _end(assembly: "Assembly", name: str, operands: Operands) -> None:
    _count(name, operands, 0, 0)
    if assembly.frames.opened(assembly.section) is None:
        raise Complaint(".cfi_endproc without corresponding .cfi_startproc")
    assembly.frames.end(assembly.section, mark_here(assembly.symbols, assembly.section))


def _sections(assembly: "Assembly", name: str, words: tuple[str, ...]) -> None:
    names = [word for word in words if word != ","]
    for word in names:
        if word not in _SECTIONS:
            hint = nearest(word, _SECTIONS)
            raise Complaint(f"{word!r} is not a section for frame information{hint}")
    assembly.frames.choose(frozenset(names))


# ---- rules: each gets the operands as numbers, the first being a register where it says so


def _registers(assembly: "Assembly", name: str, operands: Operands) -> None:
    """Do a directive that takes one or more registers."""
    procedure = _advanced(assembly)
    _count(name, operands, 1, 1 << 16)
    for tree in operands.trees:
        procedure.add(name.removeprefix(_EVERY), _register(assembly, tree, operands))


def _pair(assembly: "Assembly", name: str, operands: Operands) -> None:
    procedure = _advanced(assembly)
    _count(name, operands, 2, 2)
    numbers = [_register(assembly, tree, operands) for tree in operands.trees]
    procedure.add("register", *numbers)


def _frame_register(assembly: "Assembly", name: str, operands: Operands) -> None:
    procedure = _advanced(assembly)
    _count(name, operands, 1, 1)
    procedure.add("def_cfa_register", _register(assembly, operands.trees[0], operands))


def _frame(assembly: "Assembly", name: str, operands: Operands) -> None:
    procedure = _advanced(assembly)
    _count(name, operands, 2, 2)
    register = _register(assembly, operands.trees[0], operands)
    procedure.cfa_offset = _number(assembly, operands.trees[1], operands)
    procedure.add("def_cfa", register, procedure.cfa_offset)


def _frame_offset(assembly: "Assembly", name: str, operands: Operands) -> None:
    procedure = _advanced(assembly)
    _count(name, operands, 1, 1)
    offset = _number(assembly, operands.trees[0], operands)
    if name == ".cfi_adjust_cfa_offset":
        offset += procedure.cfa_offset
    procedure.cfa_offset = offset
    procedure.add("def_cfa_offset", offset)


def _saved(assembly: "Assembly", name: str, operands: Operands) -> None:
    procedure = _advanced(assembly)
    _count(name, operands, 2, 2)
    register = _register(assembly, operands.trees[0], operands)
    offset = _number(assembly, operands.trees[1], operands)
    if name == ".cfi_rel_offset":
        offset -= procedure.cfa_offset
    if offset % DATA_ALIGNMENT:
        raise Complaint(f"register save offset not a multiple of {-DATA_ALIGNMENT}")
    procedure.add("val_offset" if name == ".cfi_val_offset" else "offset", register, offset)


def _plain(assembly: "Assembly", name: str, operands: Operands) -> None:
    procedure = _advanced(assembly)
    _count(name, operands, 0, 0)
    match name:
        case ".cfi_remember_state":
            procedure.remembered.append(procedure.cfa_offset)
        case ".cfi_restore_state":
            if not procedure.remembered:
                raise Complaint("CFI state restore without previous remember")
            procedure.cfa_offset = procedure.remembered.pop()
    procedure.add(name.removeprefix(_EVERY))


def _return_column(assembly: "Assembly", name: str, operands: Operands) -> None:
    procedure = _procedure(assembly)
    _count(name, operands, 1, 1)
    procedure.return_column = _register(assembly, operands.trees[0], operands)


def _signal_frame(assembly: "Assembly", name: str, operands: Operands) -> None:
    _procedure(assembly).is_signal_frame = True


def _escape(assembly: "Assembly", name: str, operands: Operands) -> None:
    procedure = _advanced(assembly)
    _count(name, operands, 1, 1 << 16)
    values = tuple(assembly.evaluate(tree, operands.atoms) for tree in operands.trees)
    procedure.steps.append(Step("escape", values=values))


def _label(assembly: "Assembly", name: str, operands: Operands) -> None:
    procedure = _advanced(assembly)
    _count(name, operands, 1, 1)
    symbol = assembly.symbol_named(symbol_name(operands.trees[0], operands))
    assembly.symbols.refuse_second(symbol)
    procedure.steps.append(Step("label", label=symbol))


def _encoding(assembly: "Assembly", name: str, tree: Tree, operands: Operands) -> int:
    encoding = _number(assembly, tree, operands)
    is_known = 0 <= encoding < OMIT and encoding & 7 in _ENCODED_SIZES
    if encoding != OMIT and not (is_known and encoding & 0x70 in (0, 0x10)):
        raise Complaint(f"invalid or unsupported encoding in {name}", operands.column(tree))
    return encoding


def _pointer(assembly: "Assembly", name: str, operands: Operands) -> tuple[int, Value]:
    """Read an encoding and what is encoded: a number or a symbol plus a constant."""
    _count(name, operands, 1, 2)
    encoding = _encoding(assembly, name, operands.trees[0], operands)
    if encoding == OMIT or not encoding_size(encoding):
        return OMIT, 0
    if len(operands.trees) != 2:
        raise Complaint(f"{name} requires encoding and symbol arguments")
    value = fold(assembly.evaluate(operands.trees[1], operands.atoms), is_final=False)
    is_address = isinstance(value, Linear) and value.plus is not None and value.minus is None
    if not isinstance(value, int) and not is_address:
        at = operands.column(operands.trees[1])
        raise Complaint(f"{name} takes a symbol plus a constant", at)
    return encoding, value


def _personality(assembly: "Assembly", name: str, operands: Operands) -> None:
    procedure = _procedure(assembly)
    pointer = _pointer(assembly, name, operands)
    if name == ".cfi_personality":
        procedure.personality = pointer
    else:
        procedure.data = pointer


def _encoded_address(assembly: "Assembly", name: str, operands: Operands) -> None:
    procedure = _advanced(assembly)
    _count(name, operands, 3, 3)
    register = _register(assembly, operands.trees[0], operands)
    rest = Operands(operands.trees[1:], operands.atoms, operands.text)
    encoding, value = _pointer(assembly, name, rest)
    procedure.steps.append(Step("val_encoded_addr", (register, encoding), values=(value,)))


def _refuse(assembly: "Assembly", name: str, text: str) -> None:
    raise Complaint(f"{name} is not supported for RISC-V")


_HANDLERS: dict[str, Callable[["Assembly", str, Operands], None]] = {
    "endproc": _end,
    "def_cfa": _frame,
    "def_cfa_register": _frame_register,
    "def_cfa_offset": _frame_offset,
    "adjust_cfa_offset": _frame_offset,
    "offset": _saved,
    "rel_offset": _saved,
    "val_offset": _saved,
    "register": _pair,
    "restore": _registers,
    "undefined": _registers,
    "same_value": _registers,
    "remember_state": _plain,
    "restore_state": _plain,
    "window_save": _plain,
    "return_column": _return_column,
    "signal_frame": _signal_frame,
    "escape": _escape,
    "label": _label,
    "personality": _personality,
    "lsda": _personality,
    "val_encoded_addr": _encoded_address,
}

TABLE: Table = {
    **{_EVERY + name: Directive("operands", handler) for name, handler in _HANDLERS.items()},
    ".cfi_startproc": Directive("words", _start),
    ".cfi_sections": Directive("words", _sections),
    **{name: Directive("raw", _refuse) for name in _ABSENT},
}
