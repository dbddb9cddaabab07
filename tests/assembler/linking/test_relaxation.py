"""Relaxation shortens what GNU ld shortens, and aligns what stays."""

from pathlib import Path

import pytest

from assembler import assemble, link
from tests.assembler.linking.compare import assembled, check

CALLS = """
 .globl _start, near, far
_start: call near
 tail near
 call far
 call weak
 .weak weak
 la a0, weak
 .p2align 4
near: ret
 .space {gap}
 .balign 64
far: call near
 tail _start
 call far + 8
 .option norelax
 call near
"""
ADDRESSES = """
 .globl _start
_start: la a0, small
 lla a1, large
 lw a2, small
 sw a2, small+4, t0
 lui a3, %hi(small)
 addi a3, a3, %lo(small)
 lui a4, %hi(large + 100)
 lw a4, %lo(large + 100)(a4)
 sw a4, %lo(large + 100)(a4)
 lui sp, %hi(low)
 lui a5, %hi(low)
 addi a5, a5, %lo(low)
 lui a6, %hi(zero)
 lb a6, %lo(zero)(a6)
1: auipc a7, %pcrel_hi(small)
 ld a7, %pcrel_lo(1b)(a7)
 sd a7, %pcrel_lo(1b)(a7)
 .weak gone
 lui a0, %hi(gone)
 addi a0, a0, %lo(gone)
2: auipc a0, %pcrel_hi(gone)
 lw a1, %pcrel_lo(2b)(a0)
 lui t0, %tprel_hi(thread)
 add t0, t0, tp, %tprel_add(thread)
 lw t1, %tprel_lo(thread)(t0)
 sw t1, %tprel_lo(thread + 4)(t0)
 la.tls.ie t2, thread
 la.tls.gd a0, other
 .option push
 .option pic
 la t3, small
 la t4, gone
 .option pop
 .set low, 0x12345
 .set zero, 0x7f0
 .section .sdata,"aw"
small: .dword 1, 2
 .data
 .space {gap}
 .p2align 5
large: .space 200
 .section .tdata,"awT"
 .word 1
thread: .dword 3
 .globl other
other: .dword 4
"""
DEBUG = """
 .globl _start
 .type _start, @function
_start: call f
 .Llocal: call f
 .size _start, . - _start
 .type f, @function
f: call _start
 .size f, . - f
 .section .other,"a"
 .word f - _start, .Llocal - _start
 .half f - _start
 .byte f - _start
 .dword f - _start
 .uleb128 f - _start
"""


@pytest.mark.parametrize("march", ["rv64imac", "rv64ima"])
@pytest.mark.parametrize("gap", [0, 2000, 2030, 2046, 4000, 1048500, 1048560, 1048576])
@pytest.mark.parametrize("way", [["-Ttext=0x1000"], ["-Ttext=0x80000000"]], ids=["low", "high"])
def test_calls_become_the_shortest_jump_that_reaches(way, gap, march, tmp_path: Path):
    check([*way, assembled(CALLS.format(gap=gap), tmp_path / "a.o", march)], tmp_path)


@pytest.mark.parametrize("march", ["rv64imac", "rv64ima"])
@pytest.mark.parametrize("gap", [0, 1500, 1900, 2000, 2040, 2100, 4000])
def test_addresses_count_from_gp_or_zero_where_these_reach(gap, march, tmp_path: Path):
    check([assembled(ADDRESSES.format(gap=gap), tmp_path / "a.o", march)], tmp_path)


def test_a_call_near_zero_counts_from_zero(tmp_path: Path):
    text = " .globl _start\n_start: call 0x100\n call -0x20\n call 0x7fe\n call 0x800\n"
    check(["-Ttext=0x10000000", assembled(text, tmp_path / "a.o")], tmp_path)


def test_a_section_that_is_more_aligned_keeps_data_out_of_reach_of_gp(tmp_path: Path):
    text = ADDRESSES.format(gap=1500) + ' .section .wide,"a"\n .p2align 12\n .word 1\n'
    check([assembled(text, tmp_path / "a.o")], tmp_path)


def test_sizes_and_differences_follow_what_was_cut(tmp_path: Path):
    check([assembled(DEBUG.replace(" .uleb128 f - _start\n", ""), tmp_path / "a.o")], tmp_path)


def test_many_files_relax_across_each_other(tmp_path: Path):
    inputs = []
    for number in range(12):
        text = f" .globl f{number}\nf{number}: call f{(number * 5 + 3) % 12}\n"
        text += f" la a0, d{(number * 7) % 12}\n .space {number * 90}\n .p2align {number % 6}\n"
        text += f" tail f{(number + 1) % 12}\n .data\n .globl d{number}\nd{number}: .space 300\n"
        inputs.append(assembled(text, tmp_path / f"{number}.o"))
    check(["-e", "f0", *inputs], tmp_path)


def test_without_relaxation_alignment_is_still_obeyed():
    text = " .option rvc\n .globl _start\n_start: nop\n .p2align 4\ny: call y\n"
    one = assemble(text, march="rv64imac")
    image = link([one], text_base=0x1000, relax=False)
    assert image.symbol("y").value == 0x1010
    code = next(one for one in image.sections if one.name == ".text")
    assert bytes(code.data).startswith(b"\x01\x00")
    assert bytes(code.data)[0x10:0x18] == b"\x97\x00\x00\x00\xe7\x80\x00\x00"
