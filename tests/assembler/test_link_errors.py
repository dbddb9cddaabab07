"""What cannot be linked is refused with the objects, sections and symbols in question."""

import random

import pytest

from assembler import LinkError, assemble, link, read_object
from assembler.linking.script import parse_script


def objects(*texts: str):
    """Assemble texts as a.o, b.o and so on."""
    return [assemble(text, filename=f"{name}.o") for name, text in zip("abcdef", texts)]


def refusal(*texts: str, **settings) -> str:
    """Give the message with which a link is refused."""
    with pytest.raises(LinkError) as caught:
        link(objects(*texts), **settings)
    return str(caught.value)


def test_an_undefined_symbol_is_named_with_its_place_and_the_nearest_one():
    message = refusal(" .globl console\nconsole: ret\n", "nop\n call consol\n")
    assert "b.o:(.text+0x4): undefined reference to `consol'" in message
    assert "did you mean 'console'?" in message


def test_every_undefined_symbol_is_reported_in_one_run():
    message = refusal(" call one\n call two\n")
    assert "`one'" in message
    assert "`two'" in message


def test_a_symbol_defined_twice_names_both_objects():
    message = refusal(" .globl x\nx: ret\n", " .globl x\nx: ret\n")
    assert message == (
        "b.o:(.text+0x0): multiple definition of `x'; a.o:(.text+0x0): first defined here"
    )


def test_a_weak_definition_gives_way_to_a_strong_one():
    weak, strong = " .weak x\nx: .word 1\n", " .globl x\nx: .word 2\n"
    image = link(objects(weak, strong), text_base=0x1000)
    assert image.symbol("x").value == 0x1004


def test_a_jump_out_of_reach_is_refused():
    script = "SECTIONS { .text 0 : { *(.text) } .far 0x10000000 : { *(.far) } }"
    text = ' .globl y\n j y\n .section .far,"ax"\ny: ret\n'
    assert "relocation truncated to fit: R_RISCV_JAL against symbol `y'" in refusal(
        text, script=script
    )


def test_lui_does_not_reach_the_upper_half_of_memory():
    text = " lui a0, %hi(x)\nx: ret\n"
    message = refusal(text, text_base=0x80000000)
    assert "relocation truncated to fit: R_RISCV_HI20 against symbol `x'" in message


def test_an_unknown_entry_symbol_is_refused():
    assert "entry symbol 'strat' is not defined, did you mean 'start'?" in refusal(
        " .globl start\nstart: ret\n", entry="strat"
    )


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("SECTIONS { .text : { *(.text }", "syntax error"),
        ("SECTIONS {", "ends too early"),
        ("SECTIONS { . = 5 / 0; }", "division by zero"),
        ("SECTIONS { x = nowhere; }", "undefined symbol .nowhere. referenced in expression"),
        ("SECTIONS { .text : { *(.text) . = 1; } }", "cannot move location counter backwards"),
        ("SECTIONS { .text : { *(.text) } > rom }", "memory region .rom. not declared"),
        ("SECTIONS { x = SIZEFO(.text); }", "unknown function SIZEFO"),
        ('SECTIONS { ASSERT(0, "sorry") }', "sorry"),
        ("PHDRS { t PT_LOAD; } SECTIONS { .text : { *(.text) } :x }", "non-existent phdr .x."),
        ("SECTIONS { .text : { *(.text) . = 1 << 50; } }", "gap"),
        (
            "MEMORY { r : o = 0, l = 4 } SECTIONS { .text : { *(.text) } > r }",
            "region .r. overflowed by 8 bytes",
        ),
        ("SECTIONS { .text : { *(.text) } > " + "(" * 3000 + " }", "syntax error"),
    ],
)
def test_a_script_that_cannot_be_obeyed_is_refused(script: str, message: str):
    with pytest.raises(LinkError, match=message.replace("'", ".").replace("(", r"\(")):
        link(objects(" nop\n nop\n nop\n"), script=script)


def test_deeply_nested_script_expressions_are_refused():
    for text in ("x = " + "(" * 5000 + "1" + ")" * 5000 + ";", "x = " + "-" * 5000 + "1;"):
        with pytest.raises(LinkError, match="nested too deeply"):
            parse_script(text)


def good_object() -> bytes:
    """Make an object with everything in it."""
    return assemble(
        " .globl _start\n_start: la a0, x\n call y\n beqz a0, _start\n .data\nx: .word x - .\n"
        " .bss\n .space 9\n .comm c,4\n .section .rodata\n .dword _start\n",
    ).to_bytes()


def test_a_truncated_object_is_refused_at_every_length():
    data = good_object()
    for length in range(0, len(data) - 1, 7):
        with pytest.raises(LinkError):
            link([read_object(data[:length], "cut.o")])


def test_a_damaged_object_is_refused_or_linked_but_never_a_traceback():
    data = good_object()
    draw = random.Random(1)
    for _ in range(400):
        broken = bytearray(data)
        for _ in range(draw.randint(1, 4)):
            broken[draw.randrange(len(broken))] = draw.choice(
                (0, 1, 0x7F, 0xFF, draw.getrandbits(8))
            )
        try:
            link([read_object(bytes(broken), "bad.o")]).to_bytes()
        except LinkError:
            continue


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not an ELF file"),
        (b"hello", "not an ELF file"),
        (b"\x7fELF", "broken ELF file"),
        (good_object()[:18] + b"\x3e\x00" + good_object()[20:], "EM_X86_64"),
        (good_object()[:16] + b"\x02\x00" + good_object()[18:], "not a relocatable object"),
    ],
)
def test_files_that_are_no_rv64_objects_are_refused(data: bytes, message: str):
    with pytest.raises(LinkError, match=message):
        read_object(data, "x.o")
