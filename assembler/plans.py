"""Plans: how a statement of a known mnemonic and shape becomes bytes by a look at its atoms alone.

A plan is made when a statement of its kind has been matched with the first of its mnemonic's forms;
atoms of another kind, and values that do not fit, are left to a closer look (`match.py`).
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from assembler.architecture import Architecture
from assembler.compress import Short, candidates, compress
from assembler.forms import Form, Slot
from assembler.match import Prepared, load
from assembler.parse import Atom, Memory, Operands, Parenthesis, Prefix, Tree
from isa.errors import OperandError
from isa.insn import Insn
from isa.registers import f_number, x_number
from isa.spec import Operand

_LONG = 16  # characters of a number that a word certainly holds


class Reader(NamedTuple):
    """Where an operand's atom is, and what makes a number of it, or None if it is no such thing."""

    at: int
    read: Callable[[str], int | None]


class Plan(NamedTuple):
    """What reads the operands of a form, in their order, and the bits that they fill in."""

    readers: tuple[Reader, ...]
    moves: tuple[tuple[Operand, int], ...]  # an operand, and which of the values it is
    shorts: tuple[Short, ...]
    word: int
    length: int
    arch: Architecture
    model: Prepared  # the statement it was made from
    loads: bool = False  # a constant or an address: a register and what goes there

    def fill(self, atoms: tuple[str, ...]) -> Prepared | None:
        """Prepare the statement with other atoms; None when that takes a closer look."""
        values: list[int | None] = []
        for at, read in self.readers:
            value = read(atoms[at])
            if value is None:
                return None
            values.append(value)
        model = self.model
        if self.loads:
            return self._fill_load(values, atoms)
        word = self.word
        try:
            for operand, position in self.moves:
                word |= operand.insert(values[position])  # type: ignore[arg-type]
        except OperandError:
            return None
        if model.branch is not None:
            values[-1] = None
        found = compress(self.shorts, values, self.arch) if self.shorts else None
        if model.branch is not None:
            short = None if found is None else found[1]
            data = word.to_bytes(4, "little")
            return Prepared(data, model.patches, atoms, branch=model.branch, short=short)
        if found is not None:
            return Prepared(found[1].to_bytes(2, "little"), is_privileged=model.is_privileged)
        data = word.to_bytes(self.length, "little")
        return Prepared(data, is_privileged=model.is_privileged, breaks=model.breaks)

    def _fill_load(self, values: list[int | None], atoms: tuple[str, ...]) -> Prepared:
        """Prepare what loads a constant or an address."""
        register, value = values
        assert register is not None
        assert value is not None
        model = self.model
        if not model.special:
            return load(self.arch, register, value)
        return Prepared(b"", (), atoms, model.special, register, model.tree)


def make_plan(form: Form, operands: Operands, arch: Architecture, model: Prepared) -> Plan | None:
    """Make the plan of a statement that matched a form; None when its kind has none."""
    if len(form.steps) + bool(form.special) != 1 or model.unknown:
        return None
    readers: list[Reader] = []
    names: list[str] = []
    for slot, tree in zip(form.slots, operands.trees, strict=True):
        found = list(_readers(slot, tree, form))
        if not found:
            return None
        readers += found
        names += (slot.name, slot.base) if slot.kind == "memory" else (slot.name,)
    if form.special:
        return Plan(tuple(readers), (), (), 0, 0, arch, model, loads=True)
    step = form.steps[0]
    is_target = [slot.kind == "offset" for slot in form.slots]
    if (
        not isinstance(step.insn, Insn)
        or any(is_target[:-1])
        or is_target[-1:] != [model.branch is not None]
    ):
        return None
    if not step.moves or any(move.function or move.source not in names for move in step.moves):
        return None
    moves = [(m.operand, names.index(m.source)) for m in step.moves if m.operand.kind != "offset"]
    shorts = candidates(model.mnemonic, form) if arch.has_compressed else ()
    return Plan(tuple(readers), tuple(moves), shorts, step.word, step.length, arch, model)


def _readers(slot: Slot, tree: Tree, form: Form) -> Iterator[Reader]:
    """Give the readers of a slot, none when what stands there is not plain."""
    if slot.kind in ("register", "fregister") and isinstance(tree, Atom):
        yield Reader(tree.index, x_number if slot.kind == "register" else f_number)
    elif slot.kind == "memory" and x_number(slot.base) is None:
        offset, base = (tree.offset, tree.base) if isinstance(tree, Memory) else (None, tree)
        if isinstance(base, Parenthesis):
            base = base.value
        if isinstance(base, Atom):
            plain = [Reader(base.index, _nothing)] if offset is None else list(_number(offset))
            if plain and (slot.name or offset is None):
                yield from (*plain, Reader(base.index, x_number))
    elif slot.kind == "expression" and form.special in ("", "constant"):
        yield from _number(tree)
    elif isinstance(tree, Atom) and slot.kind in ("offset", "address", "symbol"):
        yield Reader(tree.index, _target)


def _number(tree: Tree) -> Iterator[Reader]:
    if isinstance(tree, Atom):
        yield Reader(tree.index, _literal)
    elif isinstance(tree, Prefix) and tree.operator == "-" and isinstance(tree.value, Atom):
        yield Reader(tree.value.index, _negated)


def _literal(text: str) -> int | None:
    """Read a number of the plain kinds."""
    if len(text) > _LONG:
        return None
    if text.isdecimal() and text.isascii():
        return int(text) if text[0] != "0" or text == "0" else None
    try:
        return int(text, 16) if text[:2] in ("0x", "0X") and "_" not in text else None
    except ValueError:
        return None


def _negated(text: str) -> int | None:
    number = _literal(text)
    return None if number is None else -number


def _nothing(text: str) -> int:
    """Give the offset that is not written."""
    return 0


def _target(text: str) -> int | None:
    """Take anything that is not a register; its value is found when the layout is done."""
    return 0 if x_number(text) is None else None
