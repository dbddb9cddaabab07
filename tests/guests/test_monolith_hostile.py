"""Programs of monolith that do what they may not: stopped or refused, and nobody else notices."""

from pathlib import Path

import pytest

import trapline
from assembler import assemble, link
from guests import build_disk, find
from guests.builder import include_paths
from guests.catalog import ROOT
from guests.mkfs import make_image, read_image

HOSTILE = {
    "load from the kernel": "li t0, 0x80200000\n    ld t0, 0(t0)",
    "load from nowhere": "ld t0, 0(zero)",
    "store to its own text": "la t0, main\n    sd t0, 0(t0)",
    "jump to its data": "mv t0, sp\n    jr t0",
    "stack without end": "1:  addi sp, sp, -2032\n    sd zero, 0(sp)\n    j 1b",
    "privileged instruction": "csrw satp, zero",
    "memory without end": """
1:  li a0, 0x1000000
    system_call SYS_SBRK
    bltz a0, 2f
    li t0, 0x1000000
    li t2, 4096
3:  sd zero, 0(a0)
    add a0, a0, t2
    sub t0, t0, t2
    bnez t0, 3b
    j 1b
2:  ld zero, 0(zero)""",
}
"""Programs that do what they may not, the last line never reached."""

REFUSED = {
    "write from the kernel": ("WRITE", "1", "0x80200000", "8"),
    "write past the end": ("WRITE", "1", "0x7ffffff8", "64"),
    "write of a wrapping range": ("WRITE", "1", "0x7fff0000", "-1"),
    "read into nowhere": ("READ", "0", "0", "8"),
    "open of nowhere": ("OPEN", "16", "0", "0"),
    "exec with wild arguments": ("EXEC", "path", "0x80000000", "0"),
    "exec of no program": ("EXEC", "no_program", "0", "0"),
    "a process that is none": ("PROCESS", "-1", "0x7fff0000", "0"),
    "a descriptor that is none": ("CLOSE", "-1", "0", "0"),
    "seek behind the end": ("SEEK", "1", "1", "0"),
    "a break below the heap": ("SBRK", "-4096", "0", "0"),
    "shutdown by anybody": ("SHUTDOWN", "0", "0", "0"),
    "killing the first": ("KILL", "1", "9", "0"),
}
"""System calls that are refused."""


def with_program(body: str, folder: Path, typed: bytes) -> str:
    """Give what the shell shows when a program with that body is run as `/bin/bad`."""
    text = f"""
    .include "user.inc"
    .text
    .globl main
main:
    {body}
    ret
    .section .rodata
path: .asciz "/bin/echo"
no_program: .asciz "/etc/motd"
"""
    guest = find("monolith")
    source = ROOT / "monolith" / "user" / "bad.s"
    paths = include_paths(source)
    library = guest.program_library[0]
    objects = [
        assemble(text, filename=str(source), include_paths=paths, relax=False),
        assemble(library.read_text(), filename=str(library), include_paths=paths, relax=False),
    ]
    program = link(objects, script=guest.program_script, entry="_start").to_bytes()
    image = folder / "disk.img"
    image.write_bytes(make_image(read_image(build_disk("monolith")) | {"/bin/bad": program}))
    drive = f"file={image},format=raw,snapshot=on"
    return trapline.run("monolith", input=typed, drive=(drive,), mem="64M").text


@pytest.mark.parametrize("what", HOSTILE)
def test_a_program_that_reaches_for_what_is_not_its_own_is_stopped(what: str, tmp_path: Path):
    shown = with_program(HOSTILE[what], tmp_path, b"bad; echo still here\nexit 0\n")
    words = "illegal instruction" if what == "privileged instruction" else "memory that it has not"
    assert "monolith: bad: stopped, " in shown, shown
    assert words in shown
    assert "ended by signal 11\nstill here\n" in shown
    assert "every page returned" in shown


@pytest.mark.parametrize("what", REFUSED)
def test_a_system_call_with_wild_arguments_is_refused(what: str, tmp_path: Path):
    name, *values = REFUSED[what]
    loads = [
        f"{'la' if value.isidentifier() else 'li'} a{n}, {value}" for n, value in enumerate(values)
    ]
    body = [*loads, f"system_call SYS_{name}", "sltz a0, a0", "xori a0, a0, 1", "j leave_program"]
    shown = with_program("\n    ".join(body), tmp_path, b"bad\nexit\n")
    assert "stopped" not in shown
    assert "ended with status" not in shown  # the shell ends with that of the program
    assert "every page returned" in shown
