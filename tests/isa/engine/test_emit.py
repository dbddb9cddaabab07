"""The compiler of generated modules: each construct does what Python does with it."""

import pytest

from isa.engine.lowering.build import MachineCode, compile_module
from isa.engine.lowering.emit import emit_module
from isa.errors import SpecError

MASK = (1 << 64) - 1


def compiled(text, arity=2):
    """Compile a module and give its function `f`."""
    return MachineCode(compile_module("sample", text)).function("f", arity)


def test_conditions_decide_in_order_and_stop_at_the_first_that_decides():
    f = compiled("""
@compiled
def never(a):
    while True:
        pass

@exported
def f(a, b):
    if a == _0 or b != _0 and a == _1:
        return _1
    if not (a == _2 or a == _3) or b == _0 and a == _0 and never(a):
        return _2
    return _3
""")
    assert [f(a, b) for a in range(5) for b in range(2)] == [1, 1, 2, 1, 3, 3, 3, 3, 2, 2]


def test_truth_values_that_are_kept_are_words():
    f = compiled(
        "@exported\ndef f(a, b):\n    c = a < b and not a == _0\n    return (c << _4) + True\n"
    )
    assert (f(1, 2), f(0, 2), f(3, 2)) == (17, 1, 1)


def test_loops_break_and_continue():
    f = compiled("""
@exported
def f(a, b):
    total = _0
    while True:
        a = a + _1
        if a & _1 != _0:
            continue
        if a > b:
            break
        total = total + a
    return total
""")
    assert f(0, 9) == 2 + 4 + 6 + 8


def test_comparisons_with_a_signed_side_are_signed():
    f = compiled("@exported\ndef f(a, b):\n    return (s(a) < s(b)) + ((s(a) < _0) << _1)\n")
    assert (f(MASK, 0), f(0, MASK), f(MASK, MASK)) == (3, 0, 2)


def test_a_function_without_a_return_gives_zero_and_arms_that_all_return_need_no_more():
    f = compiled("""
@compiled
def nothing(a):
    a = a + _1

@exported
def f(a, b):
    if a == b:
        return nothing(a)
    else:
        return _7
""")
    assert (f(1, 1), f(1, 2)) == (0, 7)


HANDLERS = """
@handler
def done(total, at):
    return total

@handler
def add(total, at):
    total = total + load64(at + _8)
    at = at + _0x10
    return through(load64(OPS + (load64(at) << _3)), total, at)

@handler
def double(total, at):
    at = at + _0x10
    return through(load64(OPS + (load64(at) << _3)), total << _1, at)

OPS = [done, add, double]

@exported
def f(at, b):
    return through_first(at)

@compiled
def through_first(at):
    return start(_0, at - _0x10)

@handler
def start(total, at):
    return double(total, at)
"""


def test_handlers_go_on_in_each_other_without_growing_the_stack():
    import array

    rounds = 300_000
    program = array.array("Q", [1, 3, 2, 0] + [1, 1] * rounds + [0, 0])
    address, _ = program.buffer_info()
    assert compiled(HANDLERS)(address, 0) == 6 + rounds


@pytest.mark.parametrize(
    "text",
    [
        "@exported\ndef f(a):\n    for i in a:\n        pass\n",
        "@exported\ndef f(a):\n    return a / a\n",
        "@exported\ndef f(a):\n    return unknown(a)\n",
        "@exported\ndef f(a):\n    return b\n",
        "@exported\ndef f(a):\n    return sext(a)\n",
        "@exported\ndef f(a):\n    return f(a, a)\n",
        "@exported\ndef f(a):\n    return 'text'\n",
        "@exported\ndef f(a):\n    a, b = a\n",
        "@elsewhere\ndef f(a):\n    return a\n",
        "@exported\ndef sext(a):\n    return a\n",
    ],
)
def test_what_cannot_be_compiled_is_refused(text):
    with pytest.raises(SpecError):
        emit_module("sample", text)
