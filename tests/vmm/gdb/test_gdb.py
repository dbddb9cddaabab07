"""The real gdb steps through the source of guests that our assembler made, bare and in domains."""

import re
import subprocess
import sys

import pytest

from tests.vmm.gdb.bench import build, gdb, serving
from tests.vmm.machines import MAKERS, load
from vmm.boot import plan_boot, read_image
from vmm.config import R10000_TLB, MachineConfig
from vmm.console import Console
from vmm.tree import machine_tree

ONE = """\
    .globl _start
_start:
    la   sp, stack_top
    la   t0, counter
    li   t1, 0
loop:
    lw   t2, 0(t0)
    addi t2, t2, 1
    sw   t2, 0(t0)
    addi t1, t1, 1
    li   t3, 10
    blt  t1, t3, loop
    call finish
finish:
    li   a7, 0x53525354
    li   a6, 0
    li   a0, 0
    li   a1, 0
    ecall
    j    finish
    .data
    .balign 8
counter: .dword 0
    .space 4096
stack_top:
"""
TWO = """\
    .globl _start
_start:
    li   a7, 0x48534d
    li   a6, 0
    li   a0, 1
    la   a1, second
    li   a2, 0
    ecall
first:
    addi s0, s0, 1
    j    first
second:
    addi s1, s1, 2
    addi s2, s2, 3
    j    second
"""


def machine_of(mode, elf, **settings):
    config = MachineConfig(ram=16 << 20, tlb=R10000_TLB, **settings)
    machine = MAKERS[mode](config, load("interpreter"), Console())
    image = read_image("guest", elf.read_bytes(), machine.ram, 0x20_0000)
    machine.load(plan_boot(image, machine.ram, lambda where: machine_tree(config, where)))
    return machine


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    return build(tmp_path_factory.mktemp("one"), ONE)


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    return build(tmp_path_factory.mktemp("two"), TWO)


@pytest.mark.parametrize("mode", sorted(MAKERS))
def test_source_is_stepped_through_and_watched(mode, one):
    script = """
        info registers pc priv
        break loop
        continue
        next
        step
        watch *(int*)&counter
        continue
        info registers t2
        delete
        rwatch *(int*)&counter
        continue
        delete
        awatch *(int*)&counter
        continue
        delete
        hbreak finish
        continue
        backtrace
        set $a0 = 0x123
        info registers a0
        print/x $sscratch = 0x77
        print/x $sscratch
        print $ft0.double = 1.5
        monitor phys
        x/1wx 0x80200000
        monitor explain
        delete
        continue
    """
    with serving(machine_of(mode, one)) as (server, ended):
        said = gdb(server.port, script, one)
    expected = [
        r"_start \(\) at .*guest.s:3",
        r"priv\s+0x1\s+prv:1 \[Supervisor\]",
        r"Breakpoint 1, loop \(\) at .*guest.s:7",
        r"8\s+addi t2, t2, 1",
        r"9\s+sw   t2, 0\(t0\)",
        r"Old value = 0\nNew value = 1\nloop \(\) at .*guest.s:10",
        r"t2\s+0x1",
        r"Hardware read watchpoint 3.*\n\nValue = 1\nloop \(\) at .*guest.s:8",
        r"Old value = 1\nNew value = 2\nloop \(\) at .*guest.s:10",
        r"finish \(\) at .*guest.s:15",
        r"\x231 .* in loop \(\)",
        r"a0\s+0x123",
        r"= 0x77\n.*= 0x77",
        r"= 1.5",
        r"0x80200000.*0x00002117",
        r"no trap",
        r"exited normally",
    ]
    for pattern in expected:
        assert re.search(pattern, said), (pattern, said)
    assert ended[0].status == 0


@pytest.mark.parametrize("mode", sorted(MAKERS))
def test_harts_are_threads(mode, two):
    script = """
        info threads
        break second
        continue
        info threads
        print $mhartid
        print $s1
        set scheduler-locking on
        stepi
        print $s1
        thread 1
        print $mhartid
        print $s0 > 0
        set $before = $s0
        thread 2
        stepi
        stepi
        thread 1
        print $s0 == $before
        set scheduler-locking off
        thread 2
        delete
        stepi
        stepi
        info threads
        kill
    """
    with serving(machine_of(mode, two, harts=2)) as (server, ended):
        said = gdb(server.port, script, two)
    assert re.search(r'Thread 2 "hart 1" \(hart 1, S-mode, stopped\)', said) or "stopped" in said
    assert re.search(r"Thread 2.*hit Breakpoint 1, second \(\) at .*:13", said), said
    assert re.findall(r"^\$\d+ = (\d+)$", said, re.M) == ["1", "0", "2", "0", "1", "1"], said
    assert ended == ["killed"]


def test_gdb_leaves_and_comes_back_while_the_guest_runs(two):
    with serving(machine_of("bare", two, harts=2), waits=False) as (server, ended):
        first = gdb(server.port, "info threads\nbreak second\ncontinue\ndetach", two)
        again = gdb(server.port, "print $s0 > 1000\ninfo breakpoints\nstepi\nkill", two)
    assert "hit Breakpoint 1, second ()" in first, first
    assert "= 1" in again, again
    assert "No breakpoints" in again, again
    assert ended == ["killed"]


def test_control_c_stops_a_guest_that_runs(two):
    script = """
        python import os, threading
        python threading.Timer(1, lambda: os.kill(os.getpid(), 2)).start()
        continue
        print $s0 > 1000
        kill
    """
    with serving(machine_of("bare", two)) as (server, _ended):
        said = gdb(server.port, script, two)
    assert "SIGINT" in said, said
    assert "= 1" in said, said


def test_the_command_lets_gdb_in(one):
    command = [sys.executable, "-m", "trapline", "run", "--gdb", ":0", "-S", str(one)]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stderr is not None
        line = running.stderr.readline()
        while "gdb can connect" not in line:
            line = running.stderr.readline()
        port = int(line.rsplit(":", 1)[1])
        said = gdb(port, "break finish\ncontinue\ncontinue", one)
        assert running.wait(30) == 0
    assert "Breakpoint 1, finish ()" in said, said


@pytest.mark.parametrize("mode", sorted(MAKERS))
def test_time_runs_backwards(mode, one):
    script = """
        break loop if $t1 == 5
        continue
        stepi 3
        reverse-stepi
        info registers pc
        delete
        break loop
        reverse-continue
        reverse-continue
        print $t1
        delete
        watch *(int*)&counter
        reverse-continue
        print $t1
        reverse-continue
        continue
        print $t2
        delete
        reverse-continue
        break finish
        continue
        print $t2
        kill
    """
    with serving(machine_of(mode, one)) as (server, _ended):
        said = gdb(server.port, script, one)
    assert re.search(r"pc\s+0x8020001c", said), said
    assert re.findall(r"^\$\d+ = (\d+)$", said, re.M) == ["4", "3", "3", "10"], said
    changes = re.findall(r"Old value = (\d+)\nNew value = (\d+)", said)
    assert changes == [("4", "3"), ("3", "2"), ("2", "3")], said
    assert "No more reverse-execution history.\n_start ()" in said


def test_each_hart_steps_back_by_itself(two):
    script = """
        break second
        continue
        delete
        stepi 7
        print $s1
        reverse-stepi 5
        print $s1
        break second
        reverse-continue
        print $s1
        kill
    """
    with serving(machine_of("bare", two, harts=2)) as (server, _ended):
        said = gdb(server.port, script, two)
    assert re.findall(r"^\$\d+ = (\d+)$", said, re.M) == ["6", "2", "0"], said
