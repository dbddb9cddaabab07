"""Constants: the instructions that `li` becomes, short ones where they fit.

Not here: which steps make a number (`pseudo.py`), and addresses, not known yet (`emit.py`).
"""

from functools import lru_cache

from assembler.architecture import Architecture
from assembler.compress import Short, candidates, compress
from assembler.forms import Form, forms
from assembler.pseudo import load_constant
from isa.spec import TABLE

_SMALL = range(-0x800, 0x800)


@lru_cache(maxsize=1 << 16)
def constant(arch: Architecture, register: int, value: int, is_small: bool = True) -> bytes:
    """Give the instructions that load a constant; `li` has one of its own for small ones."""
    if is_small and value in _SMALL:
        return _small(arch, register, value)
    data = b""
    source = 0
    steps = load_constant(value)
    if not register and steps[0][0] == "lui" and [name for name, _ in steps[1:2]] != ["addiw"]:
        steps.insert(1, ("addiw", 0))  # GNU as cannot tell register zero from nothing loaded
    for name, immediate in steps:
        values = [register, immediate] if name == "lui" else [register, source, immediate]
        data += _short(arch, _rows(name), values) or _long(name, values)
        source = register
    return data


def _long(name: str, values: list[int]) -> bytes:
    insn = TABLE.by_name[name]
    names = [operand.name for operand in insn.operands]
    return insn.encode(**dict(zip(names, values, strict=True))).to_bytes(4, "little")


def _small(arch: Architecture, register: int, value: int) -> bytes:
    return _short(arch, _rows("li"), [register, value]) or _long("addi", [register, 0, value])


def _short(arch: Architecture, rows: tuple[Short, ...], values: list[int]) -> bytes:
    """Give the compressed instruction, or nothing."""
    found = compress(rows, values, arch) if arch.has_compressed else None
    return b"" if found is None else found[1].to_bytes(2, "little")


def _rows(name: str) -> tuple[Short, ...]:
    """Give the short forms of an instruction that `li` is made of, immediate last."""
    form: Form = forms()[name][0]
    return candidates(name, form)
