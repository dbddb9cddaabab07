"""What the manual leaves open and a command chooses: misaligned accesses, and what traps tell."""

import pytest

from tests.tools import require_module
from tests.trapline.guests import write
from trapline.cli import main

# In M-mode: ends with the cause of a trap, or with 1 for none.
EXIT = """
    csrr a0, mcause
end:
    slli a0, a0, 16
    li t1, 0x3333
    or a0, a0, t1
    li t0, 0x100000
    sw a0, 0(t0)
"""
LOAD = f"""
    .globl _start
_start:
    la t0, trap
    csrw mtvec, t0
    la a1, area
    ld a2, 1(a1)
    li a0, 1
    j end
    .balign 4
trap:
{EXIT}
    .balign 8
area: .dword 0, 0
"""
# An M-mode hypervisor without a second stage for its guest's one load: ends with what mtval2 and
# mtinst tell, 1 for a guest address and 2 for an instruction.
GUEST = f"""
    .globl _start
_start:
    la t0, trap
    csrw mtvec, t0
    li t0, 0x80100000
    srli t0, t0, 12
    li t1, 8 << 60
    or t0, t0, t1
    csrw 0x680, t0
    li t0, 3 << 11 | 1 << 39 | 1 << 17
    csrs mstatus, t0
    li t0, 1 << 12
    csrc mstatus, t0
    li a1, 0x90000000
    ld a2, 0(a1)
    .balign 4
trap:
    csrr a0, 0x34b
    csrr a1, 0x34a
    snez a0, a0
    snez a1, a1
    slli a1, a1, 1
    or a0, a0, a1
    addi a0, a0, 4
    li t0, 1 << 17
    csrc mstatus, t0
    j end
{EXIT}
"""


@pytest.mark.parametrize(("how", "status"), [((), 1), (("perform",), 1), (("trap",), 4)])
def test_misaligned_loads_trap_on_request(tmp_path, how, status, engine):
    path = write(tmp_path, "misaligned.s", LOAD)
    options = [word for name in how for word in ("--misaligned", name)]
    assert main(["run", "--bios", "none", "--engine", engine.name, *options, path]) == status
    assert main(["boot", "--bios", "none", "--engine", engine.name, *options, path]) == status


@pytest.mark.parametrize(
    ("detail", "told"), [((), 3), (("rich",), 3), (("addresses",), 1), (("minimal",), 0)]
)
def test_traps_tell_what_is_asked_for(tmp_path, detail, told):
    path = write(tmp_path, "guest.s", GUEST)
    options = [word for name in detail for word in ("--trap-detail", name)]
    arguments = ["--bios", "none", "--isa", "rv64imah_zicsr", *options, path]
    assert main(["run", *arguments]) == 4 + told
    assert main(["boot", *arguments]) == 4 + told


@pytest.mark.parametrize("command", ["run", "boot", "diff"])
@pytest.mark.parametrize("option", ["--misaligned", "--trap-detail"])
def test_an_unknown_choice_is_one_line_and_status_2(tmp_path, command, option, capsys):
    path = write(tmp_path, "misaligned.s", LOAD)
    if command == "diff":
        path = linked(tmp_path, LOAD)
    assert main([command, option, "perhaps", path]) == 2
    assert f"{option} perhaps: expected one of" in capsys.readouterr().err


def linked(tmp_path, text):
    """Assemble and link a program; gives the ELF file's name."""
    source, objects, program = (str(tmp_path / name) for name in ("d.s", "d.o", "d.elf"))
    (tmp_path / "d.s").write_text(text)
    assert main(["as", "-o", objects, source]) == 0
    assert main(["ld", "-Ttext=0x80000000", "-o", program, objects]) == 0
    return program


@pytest.mark.parametrize("how", ["perform", "trap"])
def test_spike_is_given_the_same_choice(tmp_path, how, capsys):
    require_module("riscv")
    program = linked(tmp_path, LOAD)
    arguments = ["--misaligned", how, "--against", "reference,spike"]
    assert main(["diff", program, *arguments]) == 0
    assert capsys.readouterr().out.count("agree on") == 2
