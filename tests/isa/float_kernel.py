"""A guest program that carries one floating-point instruction out on a table of operands.

A row of the table is a case: three operands, fcsr, and room for the result and for fcsr after it.
Registers hold bits, so that boxing is seen.
"""

import random
from collections.abc import Iterable
from typing import NamedTuple

from difftest.program import RAM_BASE, Program
from isa import mstatus as ms
from isa.insn import Insn
from isa.spec import TABLE
from tests.isa.floats import FORMATS, draw_many

CODE, ROWS = RAM_BASE + 0x1000, RAM_BASE + 0x2000
ROW = 48
ROOM = 2500  # cases of one program
RAM_SIZE = (ROWS - RAM_BASE + ROOM * ROW + 0xFFFF) & ~0xFFFF
BOXES = {"h": -1 << 16, "s": -1 << 32, "d": 0}
MASK = (1 << 64) - 1
OPERANDS = {"fs1": 1, "fs2": 2, "fs3": 3, "rs1": 1, "fd": 4, "rd": 5}  # registers
POINTER, LEFT, RESULT, STATUS = 8, 9, 5, 6
STEPS = 17  # instructions of a round, at most


class Case(NamedTuple):
    """Operands, and what fcsr holds before."""

    operands: tuple[int, int, int]
    fcsr: int


class Outcome(NamedTuple):
    """The destination's bits and fcsr afterwards."""

    result: int
    fcsr: int


def asm(name: str, **values: int) -> int:
    """Encode one instruction."""
    return TABLE.by_name[name].encode(**values)


def kernel(insn: Insn, rm: int, number: int) -> tuple[int, ...]:
    """Give the program's code; `number` is the value of an immediate operand."""
    fields = insn.pattern.operands
    values = {name: OPERANDS.get(name, number) for name in fields}
    values |= {insn.rounding: rm} if insn.rounding else {}
    body = [asm("ld", rd=i, rs1=POINTER, imm=8 * (i - 1)) for i in range(1, 5)]
    body += [asm("fmv.d.x", fd=i, rs1=i) for i in range(1, 4)]
    body += [asm("csrrw", rd=0, csr=3, rs1=4), insn.encode(**values)]
    body += [asm("fmv.x.d", rd=RESULT, fs1=4)] if "fd" in fields else []
    body += [
        asm("csrrs", rd=STATUS, csr=3, rs1=0),
        asm("sd", rs2=RESULT, rs1=POINTER, imm=32),
        asm("sd", rs2=STATUS, rs1=POINTER, imm=40),
        asm("addi", rd=POINTER, rs1=POINTER, imm=ROW),
        asm("addi", rd=LEFT, rs1=LEFT, imm=-1),
    ]
    return (*body, asm("bne", rs1=LEFT, rs2=0, offset=-4 * len(body)), asm("jal", rd=0, offset=0))


def program(insn: Insn, cases: list[Case], rm: int, number: int = 0) -> Program:
    """Give the program for some cases."""
    words = [word for c in cases for word in (*c.operands, c.fcsr, 0, 0)]
    data = b"".join(word.to_bytes(8, "little") for word in words)
    x = [0] * 32
    x[POINTER], x[LEFT] = ROWS, len(cases)
    csrs = {"mtvec": RAM_BASE, "mstatus": ms.FS}
    return Program(kernel(insn, rm, number), CODE, {}, {ROWS: data}, tuple(x), csrs, insn.name)


def outcomes(memory: bytes, count: int) -> list[Outcome]:
    """Read what a program has found, from all of RAM."""
    found = []
    for at in range(ROWS - RAM_BASE, ROWS - RAM_BASE + count * ROW, ROW):
        words = (memory[at + 32 : at + 40], memory[at + 40 : at + 48])
        found.append(Outcome(*(int.from_bytes(word, "little") for word in words)))
    return found


def draw_cases(insn: Insn, rng: random.Random, count: int) -> list[Case]:
    """Draw operands in the format that the instruction reads, now and then not boxed."""
    letter = source_format(insn)
    cases = []
    for number in range(count):
        if "rs1" in insn.pattern.operands:
            value = rng.getrandbits(rng.choice((8, 24, 31, 32, 33, 53, 54, 63, 64)))
            operands = [value ^ (MASK if number % 3 == 0 else 0), 0, 0]
        else:
            drawn = draw_many(FORMATS[letter], rng, 3)
            rng.shuffle(drawn)
            box = BOXES[letter] if rng.random() < 0.97 else rng.choice((0, -1 << 31, -1 << 15))
            operands = [(bits | box) & MASK for bits in drawn]
        flags = rng.choice((0, 0, 0x01, 0x1F, rng.getrandbits(5)))
        fcsr = rng.choice((0, number % 5)) << 5 | flags
        cases.append(Case((operands[0], operands[1], operands[2]), fcsr))
    return cases


def source_format(insn: Insn) -> str:
    """Give the letter of the format that an instruction reads."""
    last = {"w": "s", "x": "d"} | {letter: letter for letter in FORMATS}
    parts = insn.name.split(".")
    if parts[0] == "fmv":
        return "d"
    return last.get(parts[-1], "d")


def numbers(insn: Insn) -> Iterable[int]:
    """Give the values of an immediate operand to try: all of a small one."""
    return range(32) if "fli" in insn.pattern.operands else (0,)
