"""What cannot be assembled is refused with file, line, column, the nearest word and the stack."""

import random
import time

import pytest

from assembler import AssemblyErrors, assemble
from assembler.errors import MAX_ERRORS
from tests.assembler import programs

CASES = [
    ("addw a0, a1", 1, "operands of addw are"),
    ("adw a0, a1, a2", 1, "unknown instruction 'adw', did you mean"),
    ("addi a0, a0, 5000", 14, "imm 5000 is outside -2048..2047"),
    ("addi a0, a0, %hi(x)", 15, "%hi does not fit imm of addi, which takes %lo or %pcrel_lo"),
    ("lw a0, a1", 8, "expected a memory operand, such as 8(sp)"),
    ("lw a0, 4", 8, "expected a memory operand"),
    ("add a0, a1, q7", 13, "symbol 'q7' is not defined"),
    ("j a0", 3, "register 'a0' stands where offset is expected"),
    ("csrw mstatuss, a0", 6, "'mstatuss' is neither a CSR nor a symbol with a value, did you mean"),
    ("csrw 5000, a0", 6, "csr 5000 is outside 0..4095"),
    ("fence x, y", 7, "'x' is not a set of i, o, r and w"),
    ("slli a0, a0, 64", 14, "shamt 64 is outside 0..63"),
    ("slliw a0, a0, 32", 15, "shamtw 32 is outside 0..31"),
    ("lui a0, -1", 10, "imm20 -1 is outside 0..1048575"),
    ("li a0, foo", 1, "li needs a constant known here, and foo is not"),
    ("li a0, 0x1ffffffffffffffff", 1, "does not fit in 64 bits"),
    (".wrod 5", 1, "unknown directive '.wrod', did you mean '.word'?"),
    (".balign 3", 1, "3 is not a power of two"),
    ("j 2f", 1, "label 2 is used but not defined"),
    ("j 3b", 1, "there is no label 3: before this line"),
    (".set a, a+1", 1, "a is defined by itself"),
    ('.ascii "abc', 8, "a string is expected here"),
    (".ascii abc", 8, "a string is expected here"),
    (".type foo, @funktion", 1, "did you mean 'function'?"),
    ('.section .x, "q"', 1, "unknown section flag 'q'"),
    (".word (1", 9, "the statement ends too early"),
    (".word 1)", 8, "syntax error at ')'"),
    (".word 1/0", 7, "division by zero"),
    (".word a*b", 7, "no relocation can express this"),
    (".half ext", 7, "an address does not fit in 2 bytes"),
    (".org foo", 1, ".org needs a place in .text"),
    (".if 1", 1, "this condition has no .endif"),
    (".else", 1, ".else without .if"),
    (".option arch, +c; c.jr zero", 19, "c.jr cannot have these operands"),
    ("la a0, 1<<40", 1, "la cannot load 0x10000000000; li can"),
    (".option arch, +zacas; amocas.q a1, a2, (a3)", 23, "takes pairs of registers"),
    ("pause", 1, "pause needs extension Zihintpause, which"),
    (".rept 3", 1, ".endr is missing"),
    ('.include "nope.inc"', 1, "cannot find the file 'nope.inc'"),
    ('.error "stop here"', 1, "stop here"),
    ("nop nop", 1, "operands of nop"),
    ("a0 = 1, 2", 1, "one expression is expected here"),
    ("x: .space 0x300000; j x", 23, "the target is out of reach"),
]

ABSURD = [
    ".rept 1000000000000\n nop\n .endr",
    ".rept 2000000\n nop\n nop\n .endr",
    ".rept 100000\n .rept 100000\n nop\n .endr\n .endr",
    ".macro m\n m\n .endm\n m",
    ".macro m\n m\n m\n .endm\n m",
    ".macro a\n b\n b\n .endm\n .macro b\n a\n a\n .endm\n a",
    ".space 1<<60",
    ".fill 1000000000000, 8, 1",
    ".org 1<<40",
    ".zero 0x7fffffffffffffff",
    ".data\n .balign 1<<31\n .byte 1\n .balign 1<<31",
    ".word " + "(" * 5000 + "1" + ")" * 5000,
    ".word " + "-" * 100000 + "1",
    ".word " + "1+" * 50000 + "1",
    ".macro m a\n m \\a\\a\n .endm\n m 12345678",
]


def errors_of(text: str, **settings):
    """Give the errors of a text that must be refused."""
    with pytest.raises(AssemblyErrors) as caught:
        assemble(text, filename="t.s", **settings)
    return caught.value.errors


@pytest.mark.parametrize(("text", "column", "message"), CASES)
def test_a_mistake_is_reported_at_its_place(text: str, column: int, message: str):
    error = errors_of(f" nop\n{text}\n")[0]
    assert message in error.message
    assert str(error.location) == f"t.s:2:{column}"
    assert error.source.strip() in text


@pytest.mark.parametrize("text", ABSURD, ids=range(len(ABSURD)))
def test_absurd_sizes_and_endless_recursion_are_refused_soon(text: str):
    start = time.process_time()
    assert errors_of(text + "\n")
    assert time.process_time() - start < 20


def test_a_duplicate_symbol_names_the_first_place():
    error = errors_of("a: nop\n nop\na: nop\n")[0]
    assert error.message == "symbol 'a' is already defined at t.s:1"
    assert str(error.location) == "t.s:3:1"


def test_all_errors_are_reported_in_one_run_in_their_order():
    errors = errors_of("foo\n nop\n addi a0, a0, 9999\n .wrod\n j nolabel; lw a0\n")
    assert [error.location.line for error in errors] == [1, 3, 4, 5]


def test_there_is_a_bound_on_the_errors_of_a_run():
    assert len(errors_of("foo\n" * 1000)) == MAX_ERRORS


def test_an_error_in_a_macro_shows_where_it_was_expanded():
    text = ".macro inner x\n addi a0, a0, \\x\n.endm\n.macro outer\n inner 9999\n.endm\n outer\n"
    error = errors_of(text)[0]
    assert str(error.location) == "t.s:2:15"
    assert error.source == " addi a0, a0, 9999"
    assert error.stack == ("in macro inner from t.s:5", "in macro outer from t.s:7")


def test_a_file_that_includes_itself_is_refused(tmp_path):
    path = tmp_path / "self.inc"
    path.write_text('.include "self.inc"\n')
    error = errors_of('.include "self.inc"\n', include_paths=[tmp_path])[0]
    assert "includes itself" in error.message
    assert error.location.filename == str(path)
    assert error.stack == ("in file included from t.s:1",)


def test_damaged_sources_are_assembled_or_refused_but_never_a_traceback():
    draw = random.Random(1)
    texts = [text.splitlines() for text in programs.WRITTEN.values()]
    pieces = [line for text in texts for line in text]
    for _ in range(300):
        lines = draw.sample(pieces, 12)
        for _ in range(3):
            row = draw.randrange(len(lines))
            line = lines[row]
            at = draw.randrange(len(line) + 1)
            lines[row] = line[:at] + draw.choice("(),:;\"'\\%@.$#=+-*/<>! 0x1a") + line[at + 1 :]
        try:
            assemble("\n".join(lines)).to_bytes()
        except AssemblyErrors:
            continue
