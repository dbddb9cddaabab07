"""Programs for the tests that compare with GNU as: written ones, and random ones from the forms.

Every mnemonic and pseudo-instruction that the assembler knows is drawn, with operands of each kind.
"""

import random
import re

from assembler.forms import ROUNDINGS, Form, forms
from isa.csrs import CSRS
from isa.fields import Operand
from isa.registers import X_NAMES
from isa.spec import FORMS

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
        "rm": lambda: draw.choice(tuple(ROUNDINGS)),
        "offset": lambda: draw.choice(("back", "fwd", "1b", "1f", "ext", ".", "back+4", ".-8")),
        "symbol": lambda: "thread" if "tls" in mnemonic else draw.choice(_PLACES),
        "tprel": lambda: "%tprel_add(thread)",
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
    short = FORMS.by_name.get(mnemonic)
    described = short.pattern.operands if short else {}
    texts = []
    for slot in form.slots:
        if slot.name in described:
            text = _short_operand(draw, described[slot.name])
        elif slot.kind == "fregister":
            text = f"f{draw.randrange(32)}"
        else:
            text = slot.name if slot.kind == "fixed" else operand(draw, slot.name, mnemonic)
        if slot.base in described:
            text += f"({_short_operand(draw, described[slot.base])})"
        elif slot.base:
            base = "sp" if slot.base == "sp" else operand(draw, slot.base, mnemonic)
            text += f"({base})"
        texts.append(text)
    return f" {mnemonic} {', '.join(texts)}"


def _short_operand(draw: random.Random, described: Operand) -> str:
    """Draw an operand that a compressed form can hold."""
    if described.kind == "offset":
        return draw.choice(("1b", "1f", "1b+4", ".-8", "ext"))
    number = draw.randrange(described.lo, described.hi + 1, described.align)
    return {"xreg": "x", "freg": "f"}.get(described.kind, "") + str(number)


# The letters are operands; see `_drawn`.
_SHORT_ROWS = (
    *("addi r, r, i", "addi r, q, i", "add r, r, q", "add r, q, r", "add r, r, i"),
    *("addi r, q, 0", "addi sp, sp, t", "add sp, sp, t", "addi r, sp, u", "add r, sp, u"),
    *("mv r, q", "move r, q", "li r, l", "nop", "ebreak", "ret", "jr r", "jalr r", "unimp"),
    *("jalr r, q", "jalr r, i(q)", "jalr zero, 0(r)", "lui r, h", "sext.w r, q", "sext.w r, r"),
    *("addw r, r, q", "addw r, q, r", "subw r, r, q", "sub r, r, q", "and r, r, q"),
    *("and r, q, r", "or r, r, q", "or r, q, r", "xor r, q, r", "xor r, r, q", "and r, r, i"),
    *("andi r, r, i", "andi r, q, i", "addiw r, r, i", "addw r, r, i", "slli r, r, s"),
    *("sll r, r, s", "srli r, r, s", "srl r, r, s", "srai r, r, s", "sra r, r, s"),
    *("lw r, m(sp)", "ld r, m(sp)", "sw r, m(sp)", "sd r, m(sp)", "lw r, m(q)", "ld r, m(q)"),
    *("sw r, m(q)", "sd r, m(q)", "fld f, m(sp)", "fsd f, m(sp)", "fld f, m(q)", "fsd f, m(q)"),
    *("flw f, m(q)", "lw r, (q)", "beqz r, 1f", "bnez r, 1b", "beq r, zero, 1f", "bne r, x0, 1b"),
    *("j 1f", "jal zero, 1f", "jal 1b", "beq zero, r, 1f", "call ext", "tail ext", "la r, ext"),
    *("lw r, K(q)", "addi r, r, K", "lui r, %hi(K)", "subw r, q, r", "neg r, r", "not r, r"),
    *("zext.b r, r", "seqz r, r", "lbu r, m(q)", "mul r, r, q", "lw r, %lo(dat)(q)"),
)


def short_program(seed: int, count: int) -> str:
    """Write instructions whose operands often fit, and often just fail to fit, a short form."""
    draw = random.Random(seed)
    rows = [row for row in _SHORT_ROWS if row.partition(" ")[0] in forms()]
    lines = [" .set K, 20", " .text", "1:"]
    for _ in range(count):
        row = draw.choice(rows)
        lines.append(" " + re.sub(r"\b[rqfitulhsm]\b", lambda m: _drawn(draw, m[0]), row))
        if not draw.randrange(12):
            lines.append("1:")
    return "\n".join([*lines, "1: nop", " .data", "dat: .word 5", ""])


def _drawn(draw: random.Random, kind: str) -> str:
    """Draw an operand of a kind, which is one letter of the rows above."""
    if kind in "rq":
        return draw.choice(("x0", "ra", "sp", "a0", "a0", "a1", "s0", "a5", "t0", "t6", "s2"))
    if kind == "f":
        return draw.choice(("fa0", "fs1", "ft0", "fs11"))
    near = {"i": (-34, 34), "t": (-40, 40), "u": (-2, 260), "s": (0, 34), "m": (-2, 70)}
    if kind == "l":
        return _constant(draw) if draw.randrange(2) else str(draw.randint(-40, 40))
    if kind == "h":
        return str(draw.choice((0, 1, 5, 31, 32, 0xFFFFF, 0xFFFE0, 0xFFFDF, 0x80000)))
    number = draw.randint(*near[kind])
    scale = {"t": 16, "u": draw.choice((1, 4)), "m": draw.choice((1, 4, 8))}.get(kind, 1)
    return str(max(number, 0) if kind == "s" else number * scale)


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


NEWER = {"Zicond", "Zimop", "Zacas", "Zabha", "Zabha&Zacas", "Zihintntl|I", "Zcb", "Zcmop"}
"""Extensions that GNU as 2.40 does not know."""


def random_program(seed: int, repeats: int) -> str:
    """Write a program with every form of every mnemonic `repeats` times, in random order."""
    draw = random.Random(seed)
    known = [(name, form) for name, found in forms().items() for form in found]
    todo = [(name, form) for name, form in known if not NEWER & set(form.exts)] * repeats
    draw.shuffle(todo)
    lines = [" .set K, 77", " .text", "back: nop", "1:"]
    for number, (name, form) in enumerate(todo):
        if number % 40 == 0:
            lines.append("1:")
        lines.append(statement(draw, name, form))
    return "\n".join([*lines, "1: nop", "fwd: nop", " .data", "dat: .word 5", ""])
