"""Arithmetic against Berkeley SoftFloat: results and flags, every format and rounding mode.

NaNs are canonical here; theirs are any. What an invalid conversion to an integer gives is not
theirs to say (`tests/isa/test_floats.py` has it).
"""

import os
import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from isa.softfloat import arithmetic, compare, convert
from isa.softfloat.formats import canonical_nan, is_nan
from isa.softfloat.status import INEXACT, INVALID
from isa.state import Slot
from isa.words import Word, sext
from tests.isa.floats import FORMATS, draw_many
from tests.isa.softfloat.berkeley import Berkeley, Outcome

COUNT = 1200 if "TRAPLINE_SOAK_SECONDS" not in os.environ else 200_000
PREFIX = {"h": "f16", "s": "f32", "d": "f64"}
Cases = list[tuple[int, list[int]]]


@pytest.fixture(scope="module")
def berkeley() -> Iterator[Berkeley]:
    """Give the judge."""
    judge = Berkeley()
    yield judge
    judge.close()


def outcomes(operation: Callable[..., int], cases: Cases, *more: int) -> list[Outcome]:
    """Give results and flags; the operation takes a page, `more`, the operands and the mode."""
    found = []
    for mode, operands in cases:
        page: dict[int, Word] = defaultdict(lambda: Word(0))
        result = operation(page, *more, *map(Word, operands), mode)
        found.append((int(result), int(page[Slot.FFLAGS])))
    return found


def canonical(letter: str, found: list[Outcome]) -> list[Outcome]:
    """Make NaNs the canonical one."""
    fmt = FORMATS[letter]
    nan = int(canonical_nan(fmt))
    return [(nan if is_nan(fmt, Word(bits)) else bits, flags) for bits, flags in found]


def draw_cases(letter: str, name: str, operands: int) -> Cases:
    """Draw (rounding mode, operands) for an operation."""
    rng = random.Random(f"{letter} {name}")
    found = []
    for number in range(COUNT):
        drawn = draw_many(FORMATS[letter], rng, operands)
        rng.shuffle(drawn)
        found.append((number % 5, drawn))
    return found


def assert_same(cases: Cases, ours: list[Outcome], theirs: list[Outcome]) -> None:
    """Fail with the first case that differs."""
    for (mode, operands), mine, other in zip(cases, ours, theirs, strict=True):
        assert mine == other, (mode, [hex(bits) for bits in operands])


def subtract(page: Any, fmt: int, a: int, b: int, rm: int) -> int:
    """Subtract as FSUB does."""
    return arithmetic.add(page, fmt, a, arithmetic.negate(fmt, b), rm)


ROUNDED: dict[str, tuple[Callable[..., int], int]] = {
    "add": (arithmetic.add, 2),
    "sub": (subtract, 2),
    "mul": (arithmetic.multiply, 2),
    "div": (arithmetic.divide, 2),
    "sqrt": (arithmetic.square_root, 1),
    "mul_add": (arithmetic.fused, 3),
}


@pytest.mark.parametrize("letter", FORMATS)
@pytest.mark.parametrize("name", ROUNDED)
def test_arithmetic_is_that_of_berkeley(name, letter, berkeley):
    operation, count = ROUNDED[name]
    cases = draw_cases(letter, name, count)
    ours = outcomes(operation, cases, FORMATS[letter])
    assert_same(cases, ours, canonical(letter, berkeley(f"{PREFIX[letter]}_{name}", cases)))


COMPARED: dict[str, Callable[..., int]] = {
    "eq": lambda page, fmt, a, b, rm: compare.equal(page, fmt, a, b),
    "lt": lambda page, fmt, a, b, rm: compare.less(page, fmt, a, b, False),
    "le": lambda page, fmt, a, b, rm: compare.less_or_equal(page, fmt, a, b, False),
    "lt_quiet": lambda page, fmt, a, b, rm: compare.less(page, fmt, a, b, True),
    "le_quiet": lambda page, fmt, a, b, rm: compare.less_or_equal(page, fmt, a, b, True),
}


@pytest.mark.parametrize("letter", FORMATS)
@pytest.mark.parametrize("name", COMPARED)
def test_comparisons_are_those_of_berkeley(name, letter, berkeley):
    cases = draw_cases(letter, name, 2)
    cases[::7] = [(mode, [a, a]) for mode, (a, _) in cases[::7]]
    ours = outcomes(COMPARED[name], cases, FORMATS[letter])
    assert_same(cases, ours, berkeley(f"{PREFIX[letter]}_{name}", cases))


@pytest.mark.parametrize("letter", FORMATS)
@pytest.mark.parametrize("target", ["i32", "i64", "ui32", "ui64"])
def test_conversions_to_integers_are_those_of_berkeley(target, letter, berkeley):
    convert_it = convert.to_unsigned if target[0] == "u" else convert.to_signed
    bits = int(target[-2:])

    def operation(page: Any, fmt: int, a: int, rm: int) -> int:
        return convert_it(page, fmt, a, bits, rm)

    cases = draw_cases(letter, target, 1)
    ours = outcomes(operation, cases, FORMATS[letter])
    theirs = berkeley(f"{PREFIX[letter]}_to_{target}", cases)
    assert_same(cases, _where_valid(ours, bits), _where_valid(theirs, bits))


def _where_valid(found: list[Outcome], bits: int) -> list[Outcome]:
    return [(0 if flags & INVALID else int(sext(value, bits)), flags) for value, flags in found]


@pytest.mark.parametrize(("source", "target"), [(a, b) for a in FORMATS for b in FORMATS if a != b])
def test_conversions_between_formats_are_those_of_berkeley(source, target, berkeley):
    cases = draw_cases(source, target, 1)
    ours = outcomes(convert.to_format, cases, FORMATS[target], FORMATS[source])
    theirs = berkeley(f"{PREFIX[source]}_to_{PREFIX[target]}", cases)
    assert_same(cases, ours, canonical(target, theirs))


def round_telling(page: Any, fmt: int, a: int, rm: int) -> int:
    """Round to an integral value as FROUNDNX does."""
    return convert.to_integral(page, fmt, a, rm, INEXACT)


def round_silently(page: Any, fmt: int, a: int, rm: int) -> int:
    """Round to an integral value as FROUND does."""
    return convert.to_integral(page, fmt, a, rm, 0)


@pytest.mark.parametrize("letter", FORMATS)
def test_rounding_to_integral_values_is_that_of_berkeley(letter, berkeley):
    cases = draw_cases(letter, "integral", 1)
    ours = outcomes(round_telling, cases, FORMATS[letter])
    assert_same(cases, ours, canonical(letter, berkeley(f"{PREFIX[letter]}_round_to_int", cases)))
    quiet = outcomes(round_silently, cases, FORMATS[letter])
    assert quiet == [(bits, flags & ~INEXACT) for bits, flags in ours]


def from_unsigned(page: Any, fmt: int, value: int, rm: int) -> int:
    """Convert an unsigned integer."""
    return convert.from_magnitude(page, fmt, 0, value, rm)


@pytest.mark.parametrize("letter", FORMATS)
@pytest.mark.parametrize(("kind", "operation"), [("i", convert.from_signed), ("ui", from_unsigned)])
def test_conversions_from_integers_are_those_of_berkeley(kind, operation, letter, berkeley):
    rng = random.Random(letter)
    cases: Cases = []
    for number in range(COUNT):
        value = rng.getrandbits(rng.choice((8, 31, 32, 33, 53, 54, 63, 64)))
        cases.append((number % 5, [value ^ ((1 << 64) - 1 if number % 3 == 0 else 0)]))
    ours = outcomes(operation, cases, FORMATS[letter])
    assert_same(cases, ours, berkeley(f"{kind}64_to_{PREFIX[letter]}", cases))
