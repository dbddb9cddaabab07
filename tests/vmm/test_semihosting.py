"""Semihosting: the three marks, the console's operations, the end of a run, and other ebreaks."""

import pytest

from tests.vmm import machines
from vmm.stop import StopReason

RAM = machines.RAM
CALL = """
    .option norvc
    .macro host operation, argument
    li a0, \\operation
    la a1, \\argument
    .balign 16
    slli x0, x0, 0x1f
    ebreak
    srai x0, x0, 7
    .endm
"""
END = """
finish:
    host 0x20, leave
    .balign 8
leave:
    .dword 0x20026, 42
"""


def run(mode, engine, text, data=b"", *, entry=RAM):
    machine = machines.make(mode, engine, CALL + text + END, entry=entry, semihosting=True)
    machine.console.feed(data)
    return machine, machine.run(20_000)


both = pytest.mark.parametrize("mode", machines.MAKERS)


@both
@pytest.mark.parametrize("entry", [RAM, machines.S_ENTRY])
def test_a_program_prints_and_ends_with_its_status(mode, engine, entry):
    text = """
    host 4, line
    host 3, char
    host 5, block
    mv s0, a0
    j finish
line: .asciz "a line\\n"
char: .ascii "c"
    .balign 8
block: .dword 2, line, 4
"""
    machine, stop = run(mode, engine, text, entry=entry)
    assert (stop.reason, stop.status, stop.detail) == (
        StopReason.EXIT,
        42,
        "shutdown by semihosting",
    )
    assert machine.output == b"a line\nca li"
    assert machine.harts[0].x[8] == 0


@both
def test_a_program_reads_the_console(mode, engine):
    text = """
    host 7, finish
    mv s0, a0
    host 6, block
    mv s1, a0
    ld s2, buffer
    host 7, finish
    mv s3, a0
    j finish
    .balign 8
block: .dword 1, buffer, 8
buffer: .dword 0
"""
    machine, _stop = run(mode, engine, text, b"xyz")
    assert [machine.harts[0].x[n] for n in (8, 9, 18, 19)] == [ord("x"), 6, 0x7A79, 2**64 - 1]


@both
def test_only_the_console_can_be_opened(mode, engine):
    text = """
    host 1, console
    mv s0, a0
    host 1, file
    mv s1, a0
    host 0x99, file
    mv s2, a0
    j finish
    .balign 8
console: .dword name, 4, 3
file: .dword name, 0, 2
name: .asciz ":tt"
"""
    machine, _stop = run(mode, engine, text)
    assert [machine.harts[0].x[n] for n in (8, 9, 18)] == [2, 2**64 - 1, 2**64 - 1]


@both
def test_another_reason_is_a_failure(mode, engine):
    text = "    host 0x18, bad\n    .balign 8\nbad: .dword 0x20024, 0\n"
    assert run(mode, engine, text)[1].status == 1


@both
@pytest.mark.parametrize("code", ["ebreak", "slli x0, x0, 0x1f\n    ebreak\n    nop"])
def test_an_ebreak_without_the_marks_traps(mode, engine, code):
    text = f"""
    la t0, handler
    csrw mtvec, t0
    nop
here:
    {code}
    j here
    .balign 4
handler:
    csrr s0, mcause
    csrr s1, mepc
    lw s2, 0(s1)
    j finish
"""
    machine, stop = run(mode, engine, text)
    assert stop.status == 42
    assert [machine.harts[0].x[n] for n in (8, 18)] == [3, 0x00100073]


@both
@pytest.mark.parametrize("argument", [0, RAM - 8, 2**63, 2**64 - 8])
@pytest.mark.parametrize("operation", [1, 3, 4, 5, 6, 8, 0x30])
def test_wild_pointers_are_survived(mode, argument, operation):
    text = f"    .equ wild, {argument}\n    li a1, wild\n    li a0, {operation}\n    .balign 16\n"
    text += "    slli x0, x0, 0x1f\n    ebreak\n    srai x0, x0, 7\n    j finish\n"
    machine, stop = run(mode, machines.load("interpreter"), text)
    assert stop.status == 42
    assert not machine.output


@both
def test_without_the_option_an_ebreak_traps(mode):
    text = CALL + "    la t0, out\n    csrw mtvec, t0\n    host 4, out\n    .balign 4\nout:\n"
    machine = machines.make(mode, machines.load("interpreter"), text + machines.PASS, entry=RAM)
    assert machine.run(1000).reason is StopReason.EXIT
    assert machine.harts[0].csr["mcause"] == 3
