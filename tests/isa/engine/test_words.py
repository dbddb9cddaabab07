"""The words: the compiled version of each must give what the reference version gives.

Both are held to a third formulation where the manual has one to offer.
"""

import inspect
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isa import words as reference
from isa.engine.lowering import words as compiled
from isa.engine.lowering.build import MachineCode, compile_module
from isa.words import MASK, Word

MIN = 1 << 63
NEAR = tuple(dict.fromkeys((1 << n) + d & MASK for n in (0, 7, 15, 31, 32, 63) for d in (-1, 0, 1)))
CORNERS = (*NEAR, 0x0123_4567_89AB_CDEF, 0xFEDC_BA98_7654_3210)

# Word: what its second argument may be ("any", "bits", "shift", "divisor"), or none.
SHAPES = {
    "sext": "bits", "zext": "bits", "asr": "shift", "mulhu": "any", "mulhs": "any",
    "mulhsu": "any", "divu": "divisor", "remu": "divisor", "divs": "divisor", "rems": "divisor",
}  # fmt: skip
OPERATORS = {
    "+": "any", "-": "any", "*": "any", "&": "any", "|": "any", "^": "any",
    "<<": "shift", ">>": "shift",
}  # fmt: skip
COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")
UNARY = {"clz", "ctz", "cpop"}
MAKE = {"word", "s"}  # tested by themselves
SECONDS = {
    "any": CORNERS,
    "bits": (1, 7, 8, 12, 31, 32, 33, 63, 64),
    "shift": (0, 1, 31, 32, 33, 62, 63),
    "divisor": tuple(value for value in CORNERS if value),
}


def compile_text(text):
    """Compile an expression of `a` and `b` over the compiled words."""
    code = compile_module("words", f"@exported\ndef f(a, b):\n    return {text}\n")
    return MachineCode(code).function("f", 2)


def fits(name, a, b):
    """Say whether a signed quotient fits: meanings guard the one case that does not."""
    return not (name in ("divs", "rems") and (a, b) == (MIN, MASK))


def pairs(shape):
    """Give all corner pairs for a shape of the second argument."""
    return itertools.product(CORNERS, SECONDS[shape])


def test_every_word_is_compared():
    own = {n for n, f in vars(reference).items() if inspect.isfunction(f)}
    assert own == SHAPES.keys() | UNARY | MAKE
    assert all(hasattr(compiled, name) for name in own)


@pytest.mark.parametrize(("name", "shape"), SHAPES.items())
def test_compiled_words_give_what_the_reference_gives(name, shape):
    fast, slow = compile_text(f"{name}(a, b)"), getattr(reference, name)
    for a, b in pairs(shape):
        if fits(name, a, b):
            assert fast(a, b) == slow(Word(a), Word(b)), (a, b)


@pytest.mark.parametrize(("name", "shape"), OPERATORS.items())
def test_compiled_operators_give_what_words_give(name, shape):
    fast = compile_text(f"a {name} b")
    slow = eval(f"lambda a, b: a {name} b")
    for a, b in pairs(shape):
        assert fast(a, b) == slow(Word(a), Word(b)), (a, b)


@pytest.mark.parametrize("name", COMPARISONS)
@pytest.mark.parametrize("form", ["a {} b", "s(a) {} s(b)"])
def test_compiled_comparisons_give_what_words_give(name, form):
    text = form.format(name)
    fast = compile_text(f"word({text})")
    slow = eval(f"lambda a, b: {text}", {"s": reference.s})
    for a, b in pairs("any"):
        assert fast(a, b) == slow(Word(a), Word(b)), (a, b)


def test_inversion_is_the_same():
    fast = compile_text("~a")
    for a in CORNERS:
        assert fast(a, 0) == ~Word(a)


@pytest.mark.parametrize("name", sorted(UNARY))
def test_compiled_counts_are_those_of_the_reference(name):
    fast, slow = compile_text(f"{name}(a)"), getattr(reference, name)
    for a in (*CORNERS, *(1 << n for n in range(64))):
        assert fast(a, 0) == slow(Word(a)), a


values = st.integers(0, MASK)


@given(values)
def test_counts_are_those_of_the_bits_written_out(a):
    text = f"{a:064b}"
    assert int(reference.clz(a)) == 64 - len(text.lstrip("0"))
    assert int(reference.ctz(a)) == 64 - len(text.rstrip("0"))
    assert int(reference.cpop(a)) == text.count("1")


@given(values, values)
def test_reference_words_wrap_and_stay_words(a, b):
    for found in (Word(a) + b, Word(a) - b, Word(a) * b, a - Word(b), a + Word(b), ~Word(a)):
        assert isinstance(found, Word)
        assert 0 <= found <= MASK
    assert (Word(a) - b + b) == a


@given(values, values)
def test_products_are_halves_of_the_wide_product(a, b):
    signed_a, signed_b = reference.s(a), reference.s(b)
    low = int(Word(a) * b)
    assert int(reference.mulhu(a, b)) * (1 << 64) + low == a * b
    assert reference.s(reference.mulhs(a, b)) * (1 << 64) + low == signed_a * signed_b
    assert reference.s(reference.mulhsu(a, b)) * (1 << 64) + low == signed_a * b


@given(values, values.filter(bool))
def test_quotient_and_remainder_make_the_dividend(a, b):
    assert int(reference.divu(a, b)) * b + reference.remu(a, b) == a
    if fits("divs", a, b):
        quotient, rest = reference.s(reference.divs(a, b)), reference.s(reference.rems(a, b))
        assert quotient * reference.s(b) + rest == reference.s(a)
        assert abs(rest) < abs(reference.s(b))
        assert rest == 0 or (rest < 0) == (reference.s(a) < 0)
