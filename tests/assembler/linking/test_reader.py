"""Broken objects and scripts end in one error line, in bounded time."""

import contextlib
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assembler import assemble
from assembler.errors import LinkError
from assembler.linking.driver import Link
from assembler.linking.options import LinkOptions, Loaded
from assembler.linking.script import parse_script
from tests.assembler.linking.compare import SCRIPTS

TEXT = """
 .globl _start
_start: la a0, x
 call y
 beqz a0, _start
 .p2align 4
 lui a0, %hi(x)
 addi a0, a0, %lo(x)
 .data
x: .word x - .
 .section .rodata.str1.8,"aMS",@progbits,1
 .string "abc"
 .string "bc"
 .section .text.g,"axG",@progbits,g,comdat
 .weak g
g: ret
 .bss
 .space 9
 .comm c,4
 .weak y
"""


def good() -> bytes:
    """Make an object with everything in it."""
    return assemble(TEXT, march="rv64imac").to_bytes()


def link_bytes(data: bytes) -> None:
    """Link an object that may be broken."""
    linking = Link(LinkOptions(gc_sections=True))
    linking.run([Loaded("bad.o", data=data)], None)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 1 << 30))
def test_a_damaged_object_is_refused_or_linked_but_never_a_traceback(seed: int):
    draw = random.Random(seed)
    data = bytearray(good())
    for _ in range(draw.randint(1, 6)):
        at = draw.randrange(len(data))
        data[at] = draw.choice((0, 1, 2, 0x7F, 0x80, 0xFF, draw.getrandbits(8)))
    with contextlib.suppress(LinkError):
        link_bytes(bytes(data))


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 1 << 30))
def test_a_damaged_script_is_refused_or_obeyed_but_never_a_traceback(seed: int):
    draw = random.Random(seed)
    path = draw.choice(sorted(SCRIPTS.glob("*.ld")))
    text = path.read_text()
    words = text.split(" ")
    for _ in range(draw.randint(1, 5)):
        at = draw.randrange(len(words))
        words[at] = draw.choice(("", "(", ")", "{", "}", ";", ">", "=", "ALIGN", "0x", '"', "/*"))
    with contextlib.suppress(LinkError):
        script = parse_script(" ".join(words))
        Link(LinkOptions()).run([Loaded("good.o", data=good())], script)


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("SECTIONS { .a : { *(.text) } } INSERT AFTER .nowhere;", ".nowhere not found for insert"),
        ("MEMORY { a : ORIGIN = 0, LENGTH = 1 a : o = 0, l = 1 }", "redeclaration"),
        ("REGION_ALIAS(x, y)", "does not exist"),
        ("SECTIONS { . = SIZEOF(.text) / 0; }", "by zero"),
        ("INCLUDE nothing.ld", "cannot find linker script nothing.ld"),
        ("SECTIONS { /DISCARD/ : { *(.data) } }", "defined in discarded section `.data'"),
        ('SECTIONS { ASSERT(. == 1, "not one") }', "not one"),
        ("INPUT(missing.o)", "cannot find missing.o"),
        ("SECTIONS { .t 0x1000 : { *(*) } x = y; }", "undefined symbol `y' referenced"),
    ],
)
def test_a_script_that_asks_for_the_impossible_is_refused(script: str, message: str):
    with pytest.raises(LinkError) as caught:
        Link(LinkOptions()).run([Loaded("good.o", data=good())], parse_script(script))
    assert message in str(caught.value)


def test_an_object_for_another_machine_is_refused_by_name(tmp_path: Path):
    data = bytearray(good())
    data[18] = 62
    with pytest.raises(LinkError, match=r"bad.o: is incompatible"):
        link_bytes(bytes(data))
