"""Lowering: what meanings may be written in, and how anything else is refused."""

import inspect

import pytest

from isa import words
from isa.engine.lowering.subset import Lowering, constant_name
from isa.errors import SpecError
from isa.words import Word, sext

TABLE_OF_BITS = [1, 2, 3]


def uses_a_builtin(rs1: Word) -> int:
    """Call something that is no word."""
    return max(rs1, 1)


def uses_an_unknown_name(rs1: Word) -> int:
    """Call what does not exist."""
    return popcount(rs1)  # type: ignore[name-defined]  # noqa: F821


def uses_a_loop(rs1: Word) -> int:
    """Iterate."""
    for bit in TABLE_OF_BITS:
        rs1 = rs1 + bit
    return rs1


def uses_a_tuple(rs1: Word) -> int:
    """Assign two at once."""
    a, b = rs1, rs1
    return a + b


def uses_a_float(rs1: Word) -> int:
    """Leave the integers."""
    return rs1 * 0.5  # type: ignore[return-value]


def uses_a_comprehension(rs1: Word) -> int:
    """Build a list."""
    return [rs1][0]


def raises(rs1: Word) -> int:
    """Raise."""
    if rs1 == 0:
        raise ValueError
    return rs1


def is_fine(rs1: Word) -> int:
    """Use what there is."""
    if rs1 == 0:
        return rs1 + 1
    low = sext(rs1, 32)
    low += 2
    return low & ~7


REFUSED = [
    (uses_a_builtin, "max is not a word", 2),
    (uses_an_unknown_name, "popcount is not a word", 2),
    (uses_a_loop, "For cannot be compiled", 2),
    (uses_a_tuple, "one plain target", 2),
    (uses_a_float, "0.5 is not an integer", 2),
    (uses_a_comprehension, "List cannot be compiled", 2),
    (raises, "Raise cannot be compiled", 3),
]


@pytest.mark.parametrize(
    ("function", "why", "line"), REFUSED, ids=lambda p: getattr(p, "__name__", "")
)
def test_what_cannot_be_compiled_is_refused_with_its_place(function, why, line):
    with pytest.raises(SpecError, match=why) as caught:
        Lowering((words,), {}).add(function)
    location = caught.value.location
    assert location is not None
    assert location.filename == __file__
    assert location.line == inspect.getsourcelines(function)[1] + line
    assert function.__name__ in str(caught.value)


def test_words_constants_and_locals_are_accepted():
    lowering = Lowering((words,), {})
    assert lowering.add(is_fine) == "is_fine"
    text = lowering.functions["is_fine"]
    assert "sext(rs1" in text
    for value in (0, 1, 2, 32, (1 << 64) - 8):
        assert constant_name(value) in text


def test_an_inlined_meaning_assigns_its_result_on_every_path():
    text = Lowering((words,), {}).inline(is_fine, {"rs1": "x"}, "result")
    assert "return" not in text
    assert text.count("result = ") == 2
