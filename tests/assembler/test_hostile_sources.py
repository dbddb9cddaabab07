"""Whatever stands in a source, it becomes an object or errors with lines, soon and in bounds."""

import os
import resource
import subprocess
import sys
import time
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assembler import AssemblyErrors, assemble
from assembler.directives import DIRECTIVES
from assembler.forms import forms
from tests.assembler import programs
from tests.assembler.directives import macro_sources, sources
from tests.assembler.random_sources import random_source

SOAK = float(os.environ.get("TRAPLINE_SOAK_SECONDS", "60"))
LIMIT = 3 << 30  # bytes of address space for one absurd source
SECONDS = 60

HUGE = st.sampled_from(
    "0 -1 1 2147483648 4294967296 1<<40 1<<62 9223372036854775807 -9223372036854775808 "
    "0xffffffffffffffff 18446744073709551616 12345678901234567890123 1e9 0x 0b 08 1f 9b".split()
)
OPERAND = HUGE | st.sampled_from(
    "x x-y x-. . .+4 (x) -(x) ~x !x 1/0 1%0 x*y %hi(x) %lo(x)(a0) 8(sp) (a0) a0 fa0 mstatus "
    'rne rw "text" "unended \'a \' , @function %function comdat unique @progbits \\@ \\x '
    "+ - * ( ) [ ] { } < > = == ! $ # ; : ~ ^ | & \t \x00 \x1a \xff é 漢 \ud83d\ude00".split(" ")
)
WORD = st.sampled_from(sorted(DIRECTIVES)) | st.sampled_from(sorted(forms())) | OPERAND


@st.composite
def statement(draw: st.DrawFn) -> str:
    """Draw a word and operands that need not fit."""
    operands = draw(st.lists(OPERAND, max_size=4))
    label = draw(st.sampled_from(("", "", "", "x: ", "y: ", "1: ", "x = ", "m ")))
    return f"{label}{draw(WORD)} {draw(st.sampled_from((', ', ' ', ',')))}".join(
        ("", "")
    ) + ", ".join(operands)


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """Take a source that means something, and cut, double or replace some of it."""
    text = draw(
        st.sampled_from([*programs.WRITTEN.values(), *sources.SOURCES.values()])
        | st.sampled_from([*macro_sources.MACRO_SOURCES.values()])
        | st.integers(0, 99).map(random_source)
    )
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 12)))
        part = draw(
            st.sampled_from((text[start:end] * 2, "", "\n")) | OPERAND | st.text(max_size=3)
        )
        text = text[:start] + part + text[end:]
    return text


TEXT = st.lists(statement(), max_size=12).map("\n".join) | damaged() | st.text()


def outcome(text: str) -> None:
    """Assemble a text; anything but an object or errors with lines fails."""
    try:
        assemble(text, march="rv64gc").to_bytes()
    except AssemblyErrors as refused:
        errors = refused.errors
    else:
        return
    assert errors
    assert all(error.location is not None and (error.location.line or 0) >= 1 for error in errors)


@settings(max_examples=300, deadline=timedelta(seconds=20))
@given(TEXT)
def test_any_text_gives_an_object_or_errors(text: str):
    outcome(text)


@pytest.mark.soak
def test_any_text_for_a_while():
    deadline = time.monotonic() + SOAK

    @settings(
        max_examples=500,
        deadline=timedelta(seconds=20),
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(TEXT)
    def run(text: str) -> None:
        outcome(text)

    while time.monotonic() < deadline:
        run()


ABSURD = {
    "repeats": ".rept 10000000000000\n nop\n .endr",
    "a macro that calls itself": ".macro m\n m\n m\n .endm\n m",
    "a macro that grows": '.macro m a:vararg\n m "\\a\\a\\a\\a"\n .endm\n m xxxxxxxxxxxxxx',
    "macros that make macros": ".macro m n\n .macro m\\n\\@ a\n m \\n\\@\n .endm\n"
    " m\\n\\@ 1\n .endm\n m 1",
    "far away": ".org 0x7fffffffffffffff",
    "far away and labels": "a: .org . + (1 << 40)\n b: .word b - a",
    "space": ".space 0x7fffffffffffffff",
    "skip of a distance": "a: nop\n b: .skip (b - a) << 50",
    "fill": ".fill 1 << 61, 8, 1",
    "alignment": ".data\n .byte 1\n .p2align 31\n .byte 1\n .p2align 31",
    "alignment in code": "nop\n .balign 0x40000000",
    "parentheses": ".quad " + "(" * 90_000,
    "signs": ".quad " + "-" * 90_000 + "1",
    "sums": "x:\n .quad " + "+x" * 20_000,
    "comparisons": ".quad " + "1==" * 20_000 + "1",
    "conditions": ".if 1\n" * 30_000,
    "operands": ".byte " + "1," * 40_000,
    "a long line": "x" * 1_100_000,
    "a long string": '.ascii "' + "\\n" * 900_000 + '"',
    "a long number": ".quad " + "9" * 500_000,
    "a long hexadecimal number": ".octa 0x" + "f" * 900_000,
    "a long fraction": ".double 0." + "1" * 900_000,
    "a large power": ".double 1e999999999999, 1e-999999999999",
    "labels": "".join(f"a{n}: b{n}: nop\n" for n in range(10_000)),
    "assignments in a circle": "a = b\n b = c\n c = a\n .quad a",
    "a chain of assignments": "".join(f"a{n} = a{n + 1} + 1\n" for n in range(3000)) + ".quad a0",
    "values that double forwards": "".join(
        f"a{n} = a{n + 1} + a{n + 1}\n" for n in range(64)
    )
    + "a64 = 1\n .quad a0",
    "values that double": "a0 = x + y\n" + "".join(f"a{n + 1} = a{n} * a{n}\n" for n in range(64)),
    "far subsections": ".subsection 8192\n nop\n .subsection 8191\n nop",
    "sections": "".join(f".section .s{n}\n .byte 1\n" for n in range(3_000)),
    "pushed sections": ".pushsection .a\n" * 30_000,
    "pushed options": ".option push\n" * 30_000,
    "files": ".file 1048575 \"a\"\n .loc 1048575 1\n nop",
    "lines": ".file 1 \"a\"\n .loc 1 4294967295 4294967295\n nop\n .loc 1 0\n nop",
    "branches": "".join(f"b{n}: beqz a0, b{(n * 7919) % 9000}\n" for n in range(9000)),
    "numbers in LEB128": "".join(f".uleb128 e{n} - s\n" for n in range(800))
    + "s:\n" + "".join(f"e{n}:\n .space 60\n" for n in range(800)),
    "arguments": ".macro m a\n .byte \\a\n .endm\n m " + "1," * 50_000,
    "values of .irp": ".irp x," + "1," * 50_000 + "\n .irp y," + "1," * 50_000,
    "blanks": " \t" * 300_000 + "nop",
    "a comment that does not end": "nop /*" + "*" * 2_000_000,
    "zero bytes": "nop\0" * 200_000,
    "backslashes": ".macro m a\n " + "\\" * 200_000 + "a\n .endm\n m 1",
    "quotes": '.ascii ' + '"' * 300_000,
}  # fmt: skip

_CHILD = f"""
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, ({LIMIT}, {LIMIT}))
from assembler import AssemblyErrors, assemble
try:
    assemble(sys.stdin.read(), march="rv64gc").to_bytes()
except AssemblyErrors as errors:
    assert errors.errors
"""


@pytest.mark.parametrize("name", ABSURD)
def test_an_absurd_source_is_settled_soon_and_in_little_memory(name: str):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-c", _CHILD]
    done = subprocess.run(
        command, input=ABSURD[name], capture_output=True, text=True, check=False, timeout=300
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0, done.stderr[-2000:]
    assert after.ru_utime - before.ru_utime < SECONDS
