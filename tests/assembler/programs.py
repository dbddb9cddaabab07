"""Programs for the tests that compare with GNU as: written ones, and random ones from the forms.

Every mnemonic and pseudo-instruction that the assembler knows is drawn, with operands of each kind.
"""

import random

from assembler.forms import Form, forms
from isa.csrs import CSRS
from isa.registers import X_NAMES

BRANCHES = """
 .text
 .globl g
a: beq a0,a1,far
 bnez a0, far2
 .balign 16
 j 1f
 bltu a0,a1,near
 .space 4096
1:
near: nop
far: bgeu a2,a3,a
 .p2align 4,,3
 .p2align 3
 .word far-a
 .size a, .-a
 .space 3000
 beqz a0, far
 .balign 64
 beq a0,a1,weak1
 .weak weak1
weak1: ret
 .space 16 - (. - weak1)
 .org a+0x2800
 nop
far2: ret
 beqz a0, outside
 beqz a0, 0x1000
 .section .rodata
t: .word far-a, t2-t, far2-near
 .half t2-t
 .byte t2-t
t2: .8byte far2-a
 .set q, far2-a
 .4byte q
"""

DATA = r"""
 .data
 .byte 1, -1, 255, 'a, 'b', '\n', '\\
 .half 0x1234, -2
 .word 1+2*3|4, -7/2, -7%3, 1&&2, 0||0, 3==3, 3<>4, ~5, !5, !0, 7!2, 1<<3+1
 .word 6&3+1, 1|2+4, 2*-3, - -3, 0b101, 017, 0x1F, 5&&4, 2>1, 2<1, 1<2==1
 .dword 0xffffffffffffffff, 1<<63, -1>>1, 0x8000000000000000/2, 10>0xffffffffffffffff
 .quad here, here+8, ext-4
here: .word ext, ext - ., here - ., end - here, code2 - code1
 .ascii "a\tb\"c\101\x41\\"
 .asciz "one", "two"
 .string "x;y#z//w/*v*/"
 .align 3
 .p2align 2, 0xff
 .byte 1
 .balign 16, 0xaa
 .byte 2
 .byte 3
 .balignw 8, 0x1234
 .zero 3
 .space 4, 7
 .skip 2
 .fill 3, 2, 0x1234
 .fill 2, 8, -1
 .fill 2
 .uleb128 127
 .uleb128 128
 .uleb128 624485
 .sleb128 -1
 .sleb128 64
 .sleb128 -65
 .org here + 0x100, 0x5a
end:
 .text
code1: nop
code2: nop
 .byte 1
 .align 2
 nop
 .half 1, 2
 .balign 8
 nop
 .section .rodata.str1.8,"aMS",@progbits,1
 .string "merge"
 .section .init_array,"aw"
 .dword code1
 .section .note.GNU-stack,"",@progbits
 .section "quoted name","a"
 .word 1
 .pushsection .text.other,"ax",@progbits
 ret
 .popsection
 .word 2
 .previous
 .bss
 .space 10
 .lcomm lc, 16
 .comm cc, 8, 8
 .comm dd, 4
 .ident "an identification"
"""

SYMBOLS = """
 .globl a, b
 .global c
 .weak d
 .hidden e
 .protected f
 .internal g
 .globl e, f, g
 .type a, @function
 .type b, %object
 .type c, "function"
 .set K, 5
 .equ L, K*2+1
 M = L << 2
a: li a0, M
 .size a, .-a
b: .word K, L, M
c: d: ret
 e = a + 4
 .equ f, c
 .equ g, 0x1000
 K = 6
 .byte K, 0, 0, K
.Lhidden: .word .Lhidden, unknown
 .local lo
lo: nop
 la a0, a
 la a0, e
 lla a1, d
 call d
 tail b
 j f
 lw a0, b
 sw a0, b+4, t0
 lui a0, %hi(b+0x12345)
 addi a0, a0, %lo(b+0x12345)
1: auipc a0, %pcrel_hi(b)
 ld a0, %pcrel_lo(1b)(a0)
 sd a0, %pcrel_lo(1b)(a0)
 .file "name.c"
 .attribute stack_align, 16
"""

MACROS = r"""
 .macro load reg, value=5, rest:vararg
 li \reg, \value
 .word \rest
 .endm
 .macro save from:req, to
 .if \from <= \to
 sd x\from, 8*\from(sp)
 save "(\from+1)", \to
 .endif
 .endm
 .macro unique
label\@: j label\@
 .endm
 .macro glue a b
\a\()_\b: .word \a\b
 .endm
 load a0
 load a1, 6, 1, 2, 3
 load value=7 reg=a2
 unique
 unique
 glue x, y
 glue p q
 .set xy, 1
 .set pq, 2
 .rept 3
 nop
 .rept 2
 addi a0, a0, 1
 .endr
 .endr
 .irp r, a0, a1, a2
 mv \r, zero
 .endr
 .irpc d, 123
 .byte \d
 .endr
 .macro early n
 .if \n == 1
 .exitm
 .endif
 .byte \n
 .endm
 early 1
 early 2
 .ifdef xy
 .word 1
 .else
 .word 2
 .endif
 .ifndef nothere
 .word 3
 .endif
 .if 0
 .word 4
 .elseif 1
 .word 5
 .else
 .word 6
 .endif
 .ifc a, a
 .word 7
 .endif
 .ifb
 .word 8
 .endif
 .ifnb x
 .word 9
 .endif
 .ifeq 1-1
 .word 10
 .endif
 .purgem early
 nop; nop ; nop # comment ; nop
/* a
   comment */ nop /* here */ ; ret
"""

WRITTEN = {"branches": BRANCHES, "data": DATA, "symbols": SYMBOLS, "macros": MACROS}

REGISTERS = (*X_NAMES, "x5", "fp", "x31")
_PLACES = ("back", "fwd", "ext", "dat", "dat+12", "ext-4", "1b")


def _number(draw: random.Random, low: int, high: int) -> str:
    return str(draw.choice((low, high, draw.randint(low, high))))


def _constant(draw: random.Random) -> str:
    shapes = (
        str(draw.randint(-(1 << 63), (1 << 64) - 1)),
        hex(1 << draw.randint(0, 63)),
        str(-(1 << draw.randint(0, 63))),
        str(draw.randint(-4200, 4200)),
        hex(draw.getrandbits(draw.randint(1, 64))),
        "K*3+1",
    )
    return draw.choice(shapes)


def operand(draw: random.Random, name: str, mnemonic: str) -> str:
    """Draw an operand by its name in the form's syntax."""
    relocated = "%pcrel_hi(dat)" if mnemonic == "auipc" else "%hi(dat+0x1234)"
    choices = {
        "": lambda: draw.choice(("", "0")),
        "csr": lambda: draw.choice((*CSRS.by_name, "0x300", "0x7c0")),
        "pred": lambda: draw.choice(("iorw", "rw", "w", "r", "i", "io")),
        "succ": lambda: draw.choice(("iorw", "rw", "w", "r", "i", "io")),
        "offset": lambda: draw.choice(("back", "fwd", "1b", "1f", "ext", ".", "back+4", ".-8")),
        "symbol": lambda: draw.choice(_PLACES),
        "address": lambda: draw.choice((*_PLACES, "0x12345", "K")),
        "constant": lambda: _constant(draw),
        "imm": lambda: draw.choice((_number(draw, -2048, 2047), "%lo(dat)", "%lo(ext+0x123)", "K")),
        "imm20": lambda: draw.choice((_number(draw, 0, 0xFFFFF), relocated)),
        "shamt": lambda: _number(draw, 0, 63),
        "shamtw": lambda: _number(draw, 0, 31),
        "uimm": lambda: _number(draw, 0, 31),
    }
    return choices.get(name, lambda: draw.choice(REGISTERS))()


def statement(draw: random.Random, mnemonic: str, form: Form) -> str:
    """Write one instruction of a form."""
    texts = []
    for slot in form.slots:
        text = operand(draw, slot.name, mnemonic)
        texts.append(f"{text}({operand(draw, slot.base, mnemonic)})" if slot.base else text)
    return f" {mnemonic} {', '.join(texts)}"


def random_layout(seed: int) -> str:
    """Write a program of branches, alignments and gaps whose sizes depend on each other."""
    draw = random.Random(seed)
    lines = [" .text"]
    for number in range(30):
        lines.append(f"l{number}:")
        for _ in range(draw.randint(1, 6)):
            target = f"l{draw.randrange(30)}"
            shapes = (
                f" beq a0, a1, {target}",
                f" bnez a0, {target}",
                f" bgeu a3, a4, {target}+4",
                f" j {target}",
                " nop",
                f" .space {4 * draw.randint(0, 300)}",
                f" .balign {1 << draw.randint(2, 7)}",
                f" .p2align {draw.randint(3, 6)},,{draw.randint(1, 40)}",
                f" .word {target} - l0",
                f" call {target}",
                f" .size {target}, . - l0",
            )
            lines.append(draw.choice(shapes))
    return "\n".join([*lines, ""])


def branch_at_the_edge(distance: int) -> str:
    """Write a forward branch whose target is `distance` away, deep in a section."""
    return f" .text\n .space 8192\n beqz a0, 1f\n .space {distance - 4}\n1: nop\n"


def random_program(seed: int, repeats: int) -> str:
    """Write a program with every form of every mnemonic `repeats` times, in random order."""
    draw = random.Random(seed)
    todo = [(name, form) for name, found in forms().items() for form in found] * repeats
    draw.shuffle(todo)
    lines = [" .set K, 77", " .text", "back: nop", "1:"]
    for number, (name, form) in enumerate(todo):
        if number % 40 == 0:
            lines.append("1:")
        lines.append(statement(draw, name, form))
    return "\n".join([*lines, "1: nop", "fwd: nop", " .data", "dat: .word 5", ""])
