"""Files to look at: made by GCC and GNU as from sources that have a little of everything."""

import subprocess
from functools import cache
from pathlib import Path

from tests.tools import require_tool

C = """\
static int counter = 5;
int big[100];
const char *name = "hello";
__attribute__((weak)) int wk(void) { return 1; }
extern int ext(int, long);
static int helper(int a) { return a * 3 + counter; }
int __attribute__((noinline)) fact(int n)
{
    return n <= 1 ? 1 : n * fact(n - 1) + ext(n, 2);
}
long sw(long x)
{
    switch (x) {
    case 0: return 7;
    case 1: return 9;
    case 2: return 12;
    case 3: return 99;
    case 4: return big[3];
    case 5: return 1234567;
    default: return helper(x);
    }
}
unsigned long at(unsigned long *p)
{
    return __atomic_fetch_add(p, 3, __ATOMIC_SEQ_CST) + __atomic_exchange_n(p, 4, __ATOMIC_ACQUIRE);
}
int main(void) { return fact(5) + sw(3); }
"""
START = """\
int main(void);
int ext(int a, long b) { return a + b; }
void _start(void) { main(); for (;;); }
"""
ODD = """\
        .text
        .globl f
f:      addi a0,a0,1
        .byte 1, 2
        .half 0x1234
        .word 0x12345678
        nop
g:      .word 5
        .type g, @object
        .size g, 4
        nop
        .word 7, 8
        .byte 9, 9, 9
        .zero 41
hh:     call ww
        la a0, cc+4
        la a0, cc-4
pp:     nop
        csrr a0, mstatus
        csrw pmpcfg7, a0
        fence r, w
ifn:    ret
        .zero 2
        .type ifn, @gnu_indirect_function
        .globl pp, hh, ii
        .protected pp
        .hidden hh
        .internal ii
        .weak ww
        .set abs1, 0x1234
        .comm cc, 16, 8
ii:     nop
        .section .text.g,"axG",@progbits,grp,comdat
        .globl g1
g1:     j g1
        beqz a0, 1f
        .insn 6, 0x1f1f1f1f1f1f
        .insn 8, 0x1234567812345a3f
1:      .2byte 0x1234
        .section .tdata,"awT"
tl:     .word 5
        .section .init_array,"aw",@init_array
        .dword g1
        .section .note.foo,"a",@note
        .word 1
        .section .debug_foo,"",@progbits
        .word 3
        .section .rodata.str,"aMS",@progbits,1
        .string "abc"
        .section .excl,"e"
        .word 8
        .bss
        .zero 16
"""
MARCH = ("-march=rv64imac_zicsr_zifencei", "-mabi=lp64")


def _run(folder: Path, tool: str, *arguments: str) -> None:
    program = require_tool(f"riscv64-unknown-elf-{tool}")
    subprocess.run([program, *arguments], cwd=folder, check=True)


@cache
def build(folder: Path) -> None:
    """Make the files in a folder: c.o, o0.o, odd.o, c.elf, bare.elf, c.a."""
    for name, text in (("c.c", C), ("start.c", START), ("odd.s", ODD)):
        (folder / name).write_text(text)
    _run(folder, "gcc", *MARCH, "-O2", "-g", "-ffunction-sections", "-c", "c.c")
    _run(folder, "gcc", *MARCH, "-O0", "-g", "-gdwarf-4", "-c", "c.c", "-o", "o0.o")
    _run(folder, "gcc", *MARCH, "-O1", "-g", "-c", "start.c")
    _run(folder, "as", *MARCH, "odd.s", "-o", "odd.o")
    _run(folder, "ld", "c.o", "start.o", "-o", "c.elf")
    _run(folder, "ld", "-s", "o0.o", "start.o", "-o", "bare.elf", "-Ttext=0x20000")
    _run(folder, "ar", "rcs", "c.a", "c.o", "odd.o")


FILES = ("c.o", "o0.o", "odd.o", "c.elf", "bare.elf", "c.a")
