"""Making a failing program small: delta debugging over its instructions, data and registers.

Instructions are replaced by `nop`, so that every branch keeps its target; what is left at the end
is needed for the failure. The result is saved as one `.S` that says how to see it again.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from difftest.program import Program, to_assembly
from isa.spec import TABLE

Fails = Callable[[Program], bool]
NOP = TABLE.by_name["addi"].encode(rd=0, rs1=0, imm=0)


def shrink(program: Program, fails: Fails) -> Program:
    """Give a smallest program that still fails: no single part of it can be left out."""
    assert fails(program), "a program that does not fail cannot be shrunk"
    while True:
        smaller = _drop_data(_drop_registers(_drop_code(program, fails), fails), fails)
        if smaller == program:
            return _cut_tail(smaller, fails)
        program = smaller


def _drop_code(program: Program, fails: Fails) -> Program:
    """Replace instructions by nops: halves first, then smaller pieces, then single ones."""
    size = len(program.code)
    while size >= 1:
        for start in range(0, len(program.code), size):
            piece = program.code[start : start + size]
            if all(word == NOP for word in piece):
                continue
            nops = (NOP,) * len(piece)
            tried = program.with_code(
                program.code[:start] + nops + program.code[start + len(piece) :]
            )
            program = tried if fails(tried) else program
        size //= 2
    return program


def _cut_tail(program: Program, fails: Fails) -> Program:
    """Leave out the nops at the end."""
    code = program.code
    while code and code[-1] == NOP:
        code = code[:-1]
    tried = program.with_code(code)
    return tried if fails(tried) else program


def _drop_registers(program: Program, fails: Fails) -> Program:
    for i, value in enumerate(program.x):
        if value:
            tried = replace(program, x=(*program.x[:i], 0, *program.x[i + 1 :]))
            program = tried if fails(tried) else program
    for name in list(program.csrs):
        rest = {other: value for other, value in program.csrs.items() if other != name}
        tried = replace(program, csrs=rest)
        program = tried if fails(tried) else program
    return program


def _drop_data(program: Program, fails: Fails) -> Program:
    for at in list(program.handlers):
        rest = {other: words for other, words in program.handlers.items() if other != at}
        tried = replace(program, handlers=rest)
        program = tried if fails(tried) else program
    for at in list(program.data):
        rest_data = {other: raw for other, raw in program.data.items() if other != at}
        tried = replace(program, data=rest_data)
        program = tried if fails(tried) else program
    return program


def save(program: Program, why: str, folder: Path) -> Path:
    """Write the program as a `.S` named after its seed; gives the path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{program.seed.replace(' ', '-') or 'program'}.S"
    path.write_text(to_assembly(program, why))
    return path
