"""Sources that nobody should write end with errors or an object, soon and in little memory."""

import contextlib
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assembler import AssemblyErrors
from assembler.assembly import Assembly
from assembler.directives import DIRECTIVES

ABSURD = [
    " .dcb.b 1<<60, 1",
    " .ds.d 1<<60",
    " .float 1e999999999999",
    " .struct 1<<62",
    " .irpc x," + "a" * 3_000_000 + "\n .byte 1\n .endr",
    " .altmacro\n .macro m a\n LOCAL x\n m %a+1\n .endm\n m 1",
    " .macro m a:vararg\n m \\a,\\a\n .endm\n m 1,2",
    " .rept 1000\n .rept 1000\n .rept 1000\n nop\n .endr\n .endr\n .endr",
    ' .file 99999999 "a"',
    " .subsection 99999",
    " .p2align 31\n nop",
    " .set a,b\n .set b,a\n .word a",
    " .weakref a,b\n .weakref b,a\n .word a",
    " .if 1\n" * 100_000,
    " .irp x,1\n" * 5000 + " .endr\n" * 5000,
    ' .section .x,"aM",@progbits,99999999999999999999',
    ' .section .x,"a",@0xfffffffffff',
]
WARNINGS = [
    (" .byte 300", "value 0x12c truncated to 0x2c"),
    (" .byte -300", "value 0xfffffffffffffed4 truncated to 0xd4"),
    (" .fill 3, 9, 5", ".fill size clamped to 8"),
    (" .space 0", ".space repeat count is zero, ignored"),
    (" .word 1,,2", "zero assumed for missing expression"),
    (' .warning "look"', "look"),
    (" .popsection", ".popsection without corresponding .pushsection; ignored"),
    (' .section .bss,"aw",@progbits', "ignoring changed section type for .bss"),
    (' .section .rodata.x,"aw"', "setting incorrect section attributes for .rodata.x"),
    (" .comm d,10\n .comm d,20", 'size of "d" is already 10; not changing to 20'),
    (" .octa 0x1" + "0" * 32, "bignum truncated to 16 bytes"),
]
REFUSED = [
    (".cfi_offset 1, -8", "CFI instruction used without previous .cfi_startproc"),
    (".cfi_startproc", "this procedure has no .cfi_endproc"),
    (".cfi_startproc\n .cfi_undefined blah\n .cfi_endproc", "unknown register 'blah'"),
    (".cfi_startproc\n .cfi_offset 1, 3\n .cfi_endproc", "not a multiple of 4"),
    (".cfi_startproc\n .cfi_restore_state\n .cfi_endproc", "restore without previous remember"),
    (".loc 1 5", "unassigned file number 1"),
    ('.file 1 "a.c"\n .file 1 "b.c"', "already occupied by a different file (a.c vs b.c)"),
    ('.file 1 "a.c"\n .loc 1 5 foo', "unknown .loc sub-directive 'foo'"),
    (".macro m a:req\n .endm\n m", "macro m needs a value for a"),
    (".macro m a\n .endm\n m 1, 2", "macro m takes 1 arguments"),
    (".macro m a\n .endm\n m b=1", "parameter 'b' does not exist for macro 'm'"),
    (".macro m a:opt\n .endm", "unknown parameter qualifier 'opt'"),
    (".macro m a, a\n .endm", "parameter 'a' of macro 'm' is named twice"),
    (".rept -1\n .endr", "negative count for .rept"),
    (".fail 3", ".fail 3 encountered"),
    (".symver x, y", ".symver takes a symbol and a name such as foo@VERSION"),
    (".reloc 0, R_RISCV_NOSUCH", "unrecognized reloc type 'R_RISCV_NOSUCH'"),
    (".bundle_align_mode 4", "not supported for RISC-V"),
    (".float abc", "'abc' is not a floating-point number"),
    ('.section .foo,"a"\n .section .foo,"aw"', "changed section attributes for .foo"),
    (".attribute foo, 1", "unknown attribute 'foo'"),
    ('.attribute 4, "x"', "attribute 4 takes a number"),
    (".struct 4\n .byte 1", "takes no contents"),
]
_PIECES = (
    "a0 x5 lab lab2 . 1 0 -1 5 0x10 'abc' @function @progbits %hi(lab) ( ) , , , , + - * << == !"
    " lab-lab2 1f 1b 'a ' \\ \\x \\@ &x % @ = : ; # simple discriminator view comdat 'aw'"
    " 'awG' 'aMS' .text .eh_frame 65536 0xffffffffffffffff 1e5 3.5 inf foo@V1 foo@@@V2 R_RISCV_64"
    " unique $ .L1"
    " x=5 y:req z:vararg <a,b> %1+2 LOCAL sp ra 0x1b 0x9b 2147483647 99999999999999999999"
).split(" ")
PIECES = [piece.replace("'", '"') if len(piece) > 2 else piece for piece in _PIECES]
LINES = (
    "addi a0,a0,1|beqz a0,lab|j lab|call foo|la a0,lab|ld ra,8(sp)|m 1,2|lab: nop|1: nop|x = 5"
    '|lab2:|.endm|.endr|.endif|.cfi_startproc|.cfi_endproc|.file 1 "a.c"|.section .foo,"aw"'
    "|.macro m a b=1\n addi \\a,\\b,1\n.endm|.rept 3|.irp x,1,2|.if 1|.else"
).split("|")
NAMES = sorted(set(DIRECTIVES) - {".include", ".incbin", ".print"})


def run(text: str, debug: int | None = None) -> Assembly:
    """Assemble a text to the bytes of its object."""
    assembly = Assembly([], "rv64imac_zicsr")
    if debug is not None:
        assembly.generate_lines(debug)
    assembly.run(text, "t.s", {}).to_bytes()
    return assembly


@pytest.mark.parametrize("text", ABSURD, ids=range(len(ABSURD)))
def test_absurd_demands_are_refused_soon(text: str):
    start = time.process_time()
    with pytest.raises(AssemblyErrors):
        run(text + "\n")
    assert time.process_time() - start < 20


@pytest.mark.parametrize(("text", "message"), WARNINGS)
def test_what_is_probably_not_meant_gets_a_warning(text: str, message: str):
    found = [str(warning) for warning in run(text + "\n").warnings]
    last = text.count("\n") + 1
    assert found == [f"t.s:{last}: Warning: {message}"]


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_a_misused_directive_is_refused_with_the_reason(text: str, message: str):
    with pytest.raises(AssemblyErrors) as caught:
        run(f" {text}\n")
    assert message in caught.value.errors[0].message


STATEMENTS = st.one_of(
    st.sampled_from(LINES),
    st.builds(
        lambda name, glue, words: f"{name} {glue.join(words)}",
        st.sampled_from(NAMES),
        st.sampled_from([" ", "", ", "]),
        st.lists(st.sampled_from(PIECES), max_size=5),
    ),
    st.text(max_size=12),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(STATEMENTS, max_size=20), st.sampled_from([None, 0, 5]))
def test_any_source_gives_an_object_or_errors(lines: list[str], debug: int | None):
    with contextlib.suppress(AssemblyErrors):
        run("\n ".join(lines) + "\n", debug)
