"""Random sources: directives, expressions, sections, macros, instructions, frames, in any order.

Most statements make sense where they stand; GNU as refuses some, which is compared too.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

_SECTIONS = (
    *(".text", ".data", ".text", ".section .rodata", '.section .text.a,"ax",@progbits'),
    *('.section .data.b,"aw"', '.section .note.c,"",@note', '.section .s,"aMS",@progbits,1'),
    *('.section .t,"ax"', '.section .tdata,"awT",@progbits', '.section .u,"ax",@progbits'),
    *('.section .g,"axG",@progbits,grp,comdat', ".previous", ".text 1", ".subsection 2"),
)
_REGISTERS = ("zero", "ra", "sp", "a0", "a1", "a5", "s0", "s1", "t0", "t6", "x8", "x31")
_OPERATORS = ("+", "-", "*", "<<", ">>", "|", "&", "^", "==", "<", ">=", "&&", "||", "!")
_SIZES = (".byte", ".half", ".2byte", ".word", ".4byte", ".dword", ".8byte", ".quad", ".long")
_STRINGS = ('"a"', '"x\\n\\0y"', '"\\101\\x42"', '"" "z"', '"a", "b"', "<65>")


@dataclass
class Writer:
    """Writes one source."""

    draw: random.Random
    lines: list[str] = field(default_factory=list)
    labels: int = 0
    is_odd: bool = True  # whether the current place may be odd

    def number(self) -> str:
        """Write a number, often a special one."""
        draw = self.draw
        value = draw.choice((0, 1, 2, 7, 8, 31, 255, 256, 2047, 2048, 4096, draw.getrandbits(31)))
        return draw.choice((str(value), f"{value:#x}", f"0{value:o}", f"-{value}", f"~{value}"))

    def known(self, depth: int = 2) -> str:
        """Write an expression that is known where it stands."""
        draw = self.draw
        if not depth or draw.random() < 0.4:
            return draw.choice((self.number(), self.number(), "K", "M", "'a"))
        left, right = self.known(depth - 1), self.known(depth - 1)
        joined = f"{left} {draw.choice(_OPERATORS)} {right}"
        return f"({joined})" if draw.random() < 0.6 else joined

    def label(self) -> str:
        """Name a label, perhaps one that comes later or never."""
        draw = self.draw
        names = [f"l{draw.randrange(max(1, self.labels + 3))}", f".L{draw.randrange(9)}"]
        return draw.choice((*names, "1b", "1f", "ext", "."))

    def place(self) -> str:
        """Write a symbol plus a constant."""
        return self.label() + self.draw.choice(("", "", "+4", "-8", "+K", " + 2*3"))

    def datum(self) -> str:
        """Write what a data directive may hold."""
        draw = self.draw
        roll = draw.random()
        if roll < 0.6:
            return self.known()
        if roll < 0.8:
            return self.place()
        left, right = self.label(), f"l{draw.randrange(3)}"
        return f"{left} - {right}" if left != right else left

    def instruction(self) -> str:
        """Write an instruction."""
        draw, r = self.draw, lambda: self.draw.choice(_REGISTERS)
        small = draw.randint(-40, 40)
        return draw.choice(
            (
                f"addi {r()}, {r()}, {small}",
                f"addi {r()}, {r()}, {self.known(1)}",
                f"li {r()}, {self.known()}",
                f"lw {r()}, {4 * draw.randrange(40)}({r()})",
                f"sd {r()}, {8 * draw.randrange(40)}({r()})",
                f"add {r()}, {r()}, {r()}",
                f"and {r()}, {r()}, {small}",
                f"slli {r()}, {r()}, {draw.randrange(66)}",
                f"lui {r()}, %hi({self.place()})",
                f"addi {r()}, {r()}, %lo({self.place()})",
                f"la {r()}, {self.place()}",
                f"lla {r()}, {self.place()}",
                f"call {draw.choice(('ext', 'l0', 'l3'))}",
                f"tail {draw.choice(('ext', 'l0', 'l3'))}",
                f"j {self.label()}",
                f"jal {r()}, {self.label()}",
                f"beq {r()}, {r()}, {self.label()}",
                f"bnez {r()}, {self.label()}",
                f"lw {r()}, {self.place()}",
                f"sw {r()}, {self.place()}, t1",
                f"mv {r()}, {r()}",
                f"csrr {r()}, {draw.choice(('mstatus', 'cycle', '0x300', 'K'))}",
                f"fadd.d fa0, fa1, f{draw.randrange(33)}",
                f"amoadd.w {r()}, {r()}, ({r()})",
                *("ret", "nop", "ebreak", "fence rw, w", "c.nop", f"c.li {r()}, {small}"),
                *(f"c.lw a0, {draw.randrange(40) * 2}(a1)", f"c.j {self.label()}"),
            )
        )

    def data(self) -> str:
        """Write a directive that emits something."""
        draw = self.draw
        return draw.choice(
            (
                f"{draw.choice(_SIZES)} "
                + ", ".join(self.datum() for _ in range(draw.randint(1, 3))),
                f"{draw.choice(('.ascii', '.asciz', '.string'))} {draw.choice(_STRINGS)}",
                f".word ({self.known(1)}) {draw.choice('/%')} {draw.randint(1, 99)}",
                f".uleb128 {self.known(1)}",
                f".sleb128 {self.number()}",
                f".space {draw.randrange(20)}, {draw.randrange(3)}",
                f".zero {draw.randrange(20)}",
                f".fill {draw.randrange(5)}, {draw.randrange(9)}, {self.known(1)}",
                f".balign {1 << draw.randrange(6)}",
                f".p2align {draw.randrange(5)}{draw.choice(('', ', 0', ',, 3', ', 1, 7'))}",
                f".align {draw.randrange(4)}",
                f".float {draw.uniform(-9, 9):.4f}, {draw.randrange(100)}e{draw.randint(-9, 9)}",
                f".double {draw.uniform(-9, 9)}",
                f".octa {draw.getrandbits(120)}, -{draw.randrange(1, 99)}",
                f".dc.b {self.known(1)}",
                f".dcb.w {draw.randrange(4)}, {self.known(1)}",
                f".org . + {draw.randrange(16)}",
            )
        )

    def about_symbols(self) -> str:
        """Write a directive about symbols."""
        draw, name = self.draw, f"l{self.draw.randrange(self.labels + 2)}"
        return draw.choice(
            (
                f".globl {name}",
                f".weak {name}",
                f".local {name}",
                f".hidden {name}",
                f".type {name}, @{draw.choice(('function', 'object', 'notype'))}",
                f".size {name}, {draw.choice(('4', '. - l0', 'K'))}",
                f".set s{draw.randrange(4)}, {self.known()}",
                f"s{draw.randrange(4)} = {self.known()}",
                f".set p{draw.randrange(4)}, {self.place()}",
                f".comm c{draw.randrange(4)}, {draw.randrange(1, 40)}, {1 << draw.randrange(5)}",
                f".lcomm d{draw.randrange(9)}, {draw.randrange(1, 40)}",
                f".weakref w{draw.randrange(4)}, ext",
                f".symver {name}, {name}@V{draw.randrange(3)}",
            )
        )

    def frame(self) -> None:
        """Write a procedure with a description of its frame."""
        draw = self.draw
        self.lines += [" .text", " .balign 4", " .cfi_startproc"]
        for _ in range(draw.randint(1, 5)):
            self.lines.append(f" {self.instruction()}")
            rule = draw.choice(
                (
                    f".cfi_def_cfa_offset {8 * draw.randrange(30)}",
                    f".cfi_offset {draw.choice(('ra', 's0', '9'))}, {-8 * draw.randrange(9)}",
                    *(".cfi_def_cfa sp, 16", ".cfi_restore ra", ".cfi_remember_state"),
                    *(".cfi_def_cfa_register s0", ".cfi_adjust_cfa_offset 16"),
                    *(".cfi_undefined s1", ".cfi_escape 1, 2", ".cfi_rel_offset s2, 8"),
                )
            )
            self.lines.append(f" {rule}")
        self.lines.append(" .cfi_endproc")

    def block(self) -> None:
        """Write a few lines that belong together."""
        draw, add = self.draw, self.lines.append
        self.align()
        kind = draw.randrange(6)
        if kind == 0:
            add(f" .if {self.known()}")
            self.some(2)
            self.align()
            add(draw.choice((" .else", f" .elseif {self.known()}")))
            self.some(2)
            self.is_odd = True
            add(" .endif")
        elif kind == 1:
            add(f" .rept {draw.randrange(4)}")
            add(f" .byte {self.known(1)}")
            add(" .balign 4")
            add(f" {self.instruction()}")
            add(" .endr")
            self.is_odd = True
        elif kind == 2:
            add(f" .irp v, {self.number()}, {self.number()}")
            add(" .word \\v, K + \\v")
            add(" .endr")
        elif kind == 3:
            add(f" twice {draw.choice(_REGISTERS)}, {self.number()}")
        elif kind == 4:
            add(f" .option {draw.choice(('push', 'push', 'pop', 'rvc', 'norvc', 'norelax'))}")
        else:
            add(f" .pushsection {draw.choice(('.rodata', '.data', '.text'))}")
            self.some(2)
            add(" .popsection")
            self.is_odd = True

    def some(self, count: int) -> None:
        """Write statements."""
        kinds: tuple[Callable[[], str], ...] = (self.instruction, self.data, self.about_symbols)
        for _ in range(count):
            if self.draw.random() < 0.15:
                self.lines.append(f"{self.draw.choice((f'l{self.labels}', '1'))}:")
                self.labels += 1
            kind = self.draw.choices(kinds, (6, 4, 2))[0]
            if kind == self.instruction and self.is_odd:
                self.align()
            self.is_odd = self.is_odd or kind == self.data
            self.lines.append(f" {kind()}")

    def align(self) -> None:
        """Let code begin at an even place."""
        self.lines.append(" .balign 4")
        self.is_odd = False

    def source(self, count: int) -> str:
        """Write a whole source."""
        for _ in range(count):
            roll = self.draw.random()
            if roll < 0.1:
                self.is_odd = True
                self.lines.append(f" {self.draw.choice(_SECTIONS)}")
            elif roll < 0.2:
                self.block()
            elif roll < 0.26:
                self.frame()
            else:
                self.some(1)
        return "\n".join([*_BEGINNING, *self.lines, " .text", ".balign 4", "1: nop", ""])


_BEGINNING = (
    *(
        " .set K, 77",
        " M = 0x1234",
        " .macro twice r, n",
        " addi \\r, \\r, \\n & 7",
        "q\\@: .word \\n & 3",
    ),
    *(" .endm", " .text", "1:", "l0: nop"),
)


def random_source(seed: int, count: int = 40) -> str:
    """Write the source of a seed."""
    return Writer(random.Random(seed), labels=1).source(count)
