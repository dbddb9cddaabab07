"""Zba, Zbb, Zbc, Zbs, Zbkb, Zbkx, Zicond, Zimop: every instruction against a formula of its own.

The formulas work on Python integers, strings of bits and bytes, so that they share no trick with
the meanings.
"""

import itertools
import random
import re
from collections.abc import Callable

import pytest

from difftest.program import ISA
from isa.causes import Cause, Priv
from isa.extensions import BITS
from isa.isa_string import parse_isa
from isa.spec import TABLE
from tests.isa.bench import CODE, asm, bench, run

ONES = (1 << 64) - 1
WHOLE = parse_isa(ISA)
EXTENSIONS = {"Zba", "Zbb", "Zbc", "Zbs", "Zbkb", "Zbkc", "Zbkx", "Zicond", "Zimop"}


def signed(value, bits=64):
    """Read the low bits as a signed number."""
    value &= (1 << bits) - 1
    return value - (value >> bits - 1 << bits)


def bits_of(value, width=64):
    """Give the low bits as a string, the highest first."""
    return format(value & (1 << width) - 1, f"0{width}b")


def rotated(value, left, width=64):
    """Rotate a string of bits left, and sign-extend what it says."""
    text = bits_of(value, width)
    left %= width
    return signed(int(text[left:] + text[:left], 2), width)


def low(value):
    """Give the low 32 bits."""
    return value & 0xFFFF_FFFF


def in_bytes(value, change):
    """Change each byte."""
    return int.from_bytes(bytes(change(b) for b in value.to_bytes(8, "little")), "little")


def carryless(a, b):
    """Multiply without carries: 127 bits."""
    product = 0
    for i in range(64):
        product ^= (a << i) * (b >> i & 1)
    return product


def looked_up(table, indices, width):
    """Look up fields, low ones first."""
    entries = [table >> at & (1 << width) - 1 for at in range(0, 64, width)]
    picks = [indices >> at & (1 << width) - 1 for at in range(0, 64, width)]
    found = [entries[i] if i < len(entries) else 0 for i in picks]
    return sum(value << width * i for i, value in enumerate(found))


BINARY: dict[str, Callable[..., int]] = {
    "add.uw": lambda a, b: low(a) + b,
    "sh1add": lambda a, b: 2 * a + b,
    "sh2add": lambda a, b: 4 * a + b,
    "sh3add": lambda a, b: 8 * a + b,
    "sh1add.uw": lambda a, b: 2 * low(a) + b,
    "sh2add.uw": lambda a, b: 4 * low(a) + b,
    "sh3add.uw": lambda a, b: 8 * low(a) + b,
    "andn": lambda a, b: a & ~b,
    "orn": lambda a, b: a | ~b,
    "xnor": lambda a, b: ~(a ^ b),
    "rol": lambda a, b: rotated(a, b % 64),
    "ror": lambda a, b: rotated(a, 64 - b % 64),
    "rolw": lambda a, b: rotated(a, b % 32, 32),
    "rorw": lambda a, b: rotated(a, 32 - b % 32, 32),
    "max": lambda a, b: max(signed(a), signed(b)),
    "maxu": max,
    "min": lambda a, b: min(signed(a), signed(b)),
    "minu": min,
    "pack": lambda a, b: int(bits_of(b, 32) + bits_of(a, 32), 2),
    "packh": lambda a, b: int(bits_of(b, 8) + bits_of(a, 8), 2),
    "packw": lambda a, b: signed(int(bits_of(b, 16) + bits_of(a, 16), 2), 32),
    "clmul": carryless,
    "clmulh": lambda a, b: carryless(a, b) >> 64,
    "clmulr": lambda a, b: carryless(a, b) >> 63,
    "xperm4": lambda a, b: looked_up(a, b, 4),
    "xperm8": lambda a, b: looked_up(a, b, 8),
    "bclr": lambda a, b: a & ~(1 << b % 64),
    "bext": lambda a, b: int(bits_of(a)[63 - b % 64]),
    "binv": lambda a, b: a ^ 1 << b % 64,
    "bset": lambda a, b: a | 1 << b % 64,
    "czero.eqz": lambda a, b: a if b else 0,
    "czero.nez": lambda a, b: 0 if b else a,
    "mop.rr": lambda a, b: 0,
}
UNARY = {
    "clz": lambda a: 64 - a.bit_length(),
    "clzw": lambda a: 32 - low(a).bit_length(),
    "ctz": lambda a: len(bits_of(a)) - len(bits_of(a).rstrip("0")),
    "ctzw": lambda a: 32 - len(bits_of(a, 32).rstrip("0")),
    "cpop": lambda a: bits_of(a).count("1"),
    "cpopw": lambda a: bits_of(a, 32).count("1"),
    "sext.b": lambda a: signed(a, 8),
    "sext.h": lambda a: signed(a, 16),
    "zext.h": lambda a: a % 0x1_0000,
    "orc.b": lambda a: in_bytes(a, lambda b: 255 if b else 0),
    "rev8": lambda a: int.from_bytes(a.to_bytes(8, "little"), "big"),
    "brev8": lambda a: in_bytes(a, lambda b: int(bits_of(b, 8)[::-1], 2)),
    "mop.r": lambda a: 0,
}
IMMEDIATE = {
    "slli.uw": lambda a, n: low(a) << n,
    "rori": lambda a, n: rotated(a, 64 - n),
    "roriw": lambda a, n: rotated(a, 32 - n, 32),
    "bclri": lambda a, n: a & ~(1 << n),
    "bexti": lambda a, n: int(bits_of(a)[63 - n]),
    "binvi": lambda a, n: a ^ 1 << n,
    "bseti": lambda a, n: a | 1 << n,
}
RNG = random.Random(20260301)
VALUES = [0, 1, 63, 64, 65, 1 << 31, 1 << 32, (1 << 32) - 1, 1 << 63, (1 << 63) - 1, ONES, ONES - 1]
VALUES += [0x80, 0x8000, 0x0123_4567_89AB_CDEF, 0xFEDC_BA98_7654_3210]
PAIRS = [*itertools.product(VALUES, repeat=2)]
PAIRS += [(RNG.getrandbits(64), RNG.getrandbits(RNG.choice((3, 6, 64)))) for _ in range(100)]


def results(engine, name, inputs, **fields):
    """Execute an instruction on pairs of rs1 and rs2."""
    names = TABLE.by_name[name].pattern.operands
    registers = {
        key: value for key, value in (("rd", 10), ("rs1", 11), ("rs2", 12)) if key in names
    }
    hart = bench(Priv.M, asm(name, **registers, **fields), isa=WHOLE)
    for rs1, rs2 in inputs:
        hart.x[11], hart.x[12] = rs1, rs2
        hart.pc = CODE
        run(engine, hart)
        assert hart.pc == CODE + 4
        yield hart.x[10]


def test_every_instruction_has_a_formula():
    own = {insn.name for insn in TABLE if EXTENSIONS & set(insn.ext.split("|"))}
    assert own == BINARY.keys() | UNARY.keys() | IMMEDIATE.keys()


@pytest.mark.parametrize("name", BINARY)
def test_register_operations(engine, name):
    for pair, found in zip(PAIRS, results(engine, name, PAIRS), strict=True):
        assert found == BINARY[name](*pair) & ONES, [hex(value) for value in pair]


@pytest.mark.parametrize("name", UNARY)
def test_operations_on_one_register(engine, name):
    formula = UNARY[name]
    pairs = [(a, 0) for a in (*VALUES, *(1 << n for n in range(64)), *(a for a, _ in PAIRS[-100:]))]
    for (value, _), found in zip(pairs, results(engine, name, pairs), strict=True):
        assert found == formula(value) & ONES, hex(value)


@pytest.mark.parametrize("name", IMMEDIATE)
def test_immediate_operations(engine, name):
    (field,) = {"shamt", "shamtw"} & TABLE.by_name[name].pattern.operands.keys()
    pairs = [(value, 0) for value in VALUES]
    for amount in (0, 1, 15, 31, *((32, 33, 63) if field == "shamt" else ())):
        found = results(engine, name, pairs, **{field: amount})
        for (value, _), result in zip(pairs, found, strict=True):
            assert result == IMMEDIATE[name](value, amount) & ONES, (hex(value), amount)


@pytest.mark.parametrize("number", range(32))
def test_a_may_be_operation_of_any_number_gives_zero(engine, number):
    assert list(results(engine, "mop.r", [(ONES, 0)], mop5=number)) == [0]
    assert list(results(engine, "mop.rr", [(ONES, ONES)], mop3=number % 8)) == [0]


def needs(insn):
    """Give the bits of what an instruction needs one of, 0 when every hart has it.

    One that names some encodings of another needs what that one needs, or its own.
    """
    names = re.split("[|&]", insn.ext)
    if insn.refines:
        names += re.split("[|&]", TABLE.by_name[insn.refines].ext)
    return 0 if "I" in names else sum(BITS.get(name, 0) for name in set(names))


def test_an_encoding_named_by_an_extension_that_is_not_there_is_the_plain_instruction(engine):
    word = asm("zext.h", rd=1, rs1=2)
    hart = bench(Priv.M, word, isa=WHOLE & ~BITS["Zbb"])
    hart.x[2] = 0x1234_89AB
    run(engine, hart)
    assert hart.x[1] == 0x89AB


@pytest.mark.parametrize(
    "insn", [i for i in TABLE if needs(i) and not i.is_float], ids=lambda i: i.name
)
def test_an_instruction_of_an_extension_that_is_not_there_is_illegal(engine, insn):
    without = WHOLE & ~needs(insn)
    word = insn.encode(**{name: op.hi for name, op in insn.pattern.operands.items()})
    hart = bench(Priv.M, word, isa=without)
    run(engine, hart)
    assert (hart.csr["mcause"], hart.csr["mtval"]) == (Cause.ILLEGAL, word)
