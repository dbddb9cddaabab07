"""`trapline run`: its console, its options, its statuses, and what it says of bad input."""

import json
import os
import struct
import subprocess
import sys

import pytest

from guests import build
from guests.builder import build_source
from isa.engine import NAMES
from tests.tools import require_module
from tests.trapline.guests import FAILING, JSON_KEYS, READER, trapline, write
from tests.vmm.elf_files import elf
from trapline.cli import main
from vmm.boot import LINUX_HEADER
from vmm.elf import read_elf
from vmm.schema import EXIT_NAMES, Bucket

HELLO = "hello from supervisor mode\n"


def test_the_console_is_standard_output_and_nothing_else(capsys):
    assert main(["run", "hello"]) == 0
    assert capsys.readouterr() == (HELLO, "")


def test_an_account_is_printed_on_request(capsys):
    assert main(["run", "--account", "hello"]) == 0
    out = capsys.readouterr().out
    assert out.startswith(HELLO + "hello, costs of 1997\n")
    assert "fast: not modelled" in out
    assert "guest execution" in out


def test_json_on_standard_output_sends_the_console_to_standard_error(capsys):
    assert main(["run", "--json", "-", "hello"]) == 0
    captured = capsys.readouterr()
    assert captured.err == HELLO
    assert json.loads(captured.out).keys() == JSON_KEYS


def test_json_has_every_name_of_the_schema(tmp_path, capsys):
    path = tmp_path / "account.json"
    assert main(["run", "--tlb", "exact", "--json", str(path), "hello"]) == 0
    assert capsys.readouterr().out == HELLO
    account = json.loads(path.read_text())
    assert list(account["exits"]) == list(EXIT_NAMES)
    assert account["tlb_misses"].keys() == {"hart", "second"}
    assert account["buckets"].keys() == {bucket.value for bucket in Bucket}
    assert sum(account["buckets"].values()) == account["cycles"]
    assert (account["exit_status"], account["stop_reason"]) == (0, "exit")
    assert len(account["console_sha256"]) == len(account["state_sha256"]) == 64


# --------------------------------------------------------------------------------- what runs


def test_a_source_file_is_assembled_and_linked_on_the_way(tmp_path, capsys):
    source = ".globl _start\n_start:\n  la sp, __kernel_end + 4096\n"
    source += "  call console_init\n  la a0, text\n  call print_string\n  j power_off\n"
    source += '.section .rodata\ntext: .asciz "mine\\n"\n'
    path = write(tmp_path, "k.s", source)
    assert main(["run", path]) == 0
    assert capsys.readouterr().out == "mine\n"


def flat(data):
    """Give what an ELF executable puts into memory, from its first byte to its last."""
    segments = read_elf("k", data).segments
    memory = bytearray(max(segment.end for segment in segments) - segments[0].pa)
    for segment in segments:
        at = segment.pa - segments[0].pa
        memory[at : at + len(segment.data)] = segment.data
    return bytes(memory)


def image(data):
    """Put the header of a Linux Image, which jumps over itself, before code that may move."""
    jump_over = 0x0400_006F  # j .+64
    size = 64 + len(data)
    return (
        LINUX_HEADER.pack(jump_over, 0, 0x20_0000, size, 0, 2, 0, 0, b"RISCV\0\0\0", b"RSC\x05", 0)
        + data
    )


@pytest.mark.parametrize("form", ["elf", "flat", "image"])
def test_a_kernel_may_be_an_elf_a_flat_binary_or_an_image(form, tmp_path, capsys):
    data = build_source("failing.s", FAILING)
    path = tmp_path / "kernel"
    path.write_bytes({"elf": data, "flat": flat(data), "image": image(flat(data))}[form])
    assert main(["run", str(path)]) == 42
    assert capsys.readouterr() == ("", "")


def test_kernel_names_a_file_as_for_qemu(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "kernel").write_bytes(build("hello"))
    assert main(["run", "--kernel", "kernel"]) == 0
    assert capsys.readouterr().out == HELLO


def test_a_bundled_name_wins_over_a_file(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hello").write_bytes(b"junk")
    assert main(["run", "hello"]) == 0
    assert capsys.readouterr().out == HELLO


@pytest.mark.parametrize("name", NAMES)
def test_the_engine_may_be_chosen(name, capsys):
    assert main(["run", "--engine", name, "--json", "-", "hello"]) == 0
    assert json.loads(capsys.readouterr().out)["engine"] == name


# ------------------------------------------------------------------------- console and status


def test_what_is_piped_in_is_the_consoles_input(tmp_path):
    path = write(tmp_path, "reader.s", READER)
    done = trapline("run", path, stdin=b"q")
    assert (done.returncode, done.stdout) == (0, b"q")


def test_without_input_a_reader_is_told_that_there_is_none(tmp_path):
    path = write(tmp_path, "reader.s", READER)
    done = trapline("run", path)
    assert (done.returncode, done.stdout) == (0, b"\xff")  # console_getchar gave -1


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-"])
def test_a_closed_stream_is_not_an_error(closed):
    command = f'"{sys.executable}" -m trapline run hello {closed}'
    done = subprocess.run(["bash", "-c", command], capture_output=True, check=False)
    assert done.returncode == 0
    assert b"Traceback" not in done.stderr


def test_a_reader_that_goes_away_ends_the_run(tmp_path):
    endless = ".globl _start\n_start: li a7, 1\n li a0, 65\n ecall\n j _start\n"
    path = write(tmp_path, "flood.s", endless)
    reading, writing = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-m", "trapline", "run", path], stdout=writing, stderr=subprocess.PIPE
    )
    os.close(writing)
    assert os.read(reading, 1) == b"A"
    os.close(reading)
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (141, b"")


def test_the_guests_status_is_the_commands(tmp_path, capsys):
    assert main(["run", write(tmp_path, "failing.s", FAILING)]) == 42
    assert main(["run", "failure"]) == 1
    assert capsys.readouterr().err == ""


def test_a_bound_is_status_124_and_said_on_standard_error(capsys):
    assert main(["run", "--max-instructions", "1000", "endless"]) == 124
    first = capsys.readouterr().err.splitlines()[0]
    assert first.startswith("trapline: run ended: the bound on instructions was reached, at 0x8020")
    assert "<_start" in first


def test_the_device_tree_can_be_written_instead(tmp_path, capsys):
    fdt = require_module("fdt")
    path = tmp_path / "virt.dtb"
    arguments = ["--mem", "256M", "--harts", "2", "--append", "quiet", "--dumpdtb", str(path)]
    assert main(["run", *arguments]) == 0
    tree = fdt.parse_dtb(path.read_bytes())
    assert list(tree.get_property("reg", "/memory@80000000")) == [0, 0x8000_0000, 0, 256 << 20]
    assert tree.get_property("bootargs", "/chosen").value == "quiet"
    assert tree.exist_node("/cpus/cpu@1")
    assert capsys.readouterr().out == ""


def test_harts_have_the_isa_that_is_asked_for(tmp_path):
    fdt = require_module("fdt")
    path = tmp_path / "virt.dtb"
    assert main(["run", "--isa", "rv64im_zicsr", "--dumpdtb", str(path)]) == 0
    tree = fdt.parse_dtb(path.read_bytes())
    assert tree.get_property("riscv,isa", "/cpus/cpu@0").value == "rv64im_zicsr"
    dividing = write(tmp_path, "d.s", ".globl _start\n_start: div a0, a0, a0\n1: j 1b\n")
    traps = [
        main(["run", "--isa", isa, "--max-instructions", "100", dividing])
        for isa in ("rv64im_zicsr", "rv64i_zicsr")
    ]
    assert traps == [124, 124]


def test_the_device_tree_says_where_the_initial_ram_disk_is(tmp_path):
    fdt = require_module("fdt")
    disk, path = tmp_path / "disk", tmp_path / "virt.dtb"
    disk.write_bytes(b"x" * 5000)
    assert main(["run", "--initrd", str(disk), "--dumpdtb", str(path), "hello"]) == 0
    tree = fdt.parse_dtb(path.read_bytes())
    start, end = (
        struct.unpack(">Q", struct.pack(">2I", *tree.get_property(name, "/chosen")))[0]
        for name in ("linux,initrd-start", "linux,initrd-end")
    )
    assert end - start == 5000


# ------------------------------------------------------------------------------------ mistakes


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "nothing to run"),
        (["helo"], "no bundled guest 'helo'; did you mean hello?, and there is no such file"),
        (["./lost.elf"], "./lost.elf: No such file or directory"),
        (["--kernel", "lost"], "./lost: No such file or directory"),
        (["hello", "--kernel", "k"], "firmware goes with --bios"),
        (["/"], "/: Is a directory"),
        (["kernel.S"], "kernel.S: a .S file goes through the C preprocessor first"),
        (["--mem", "lots", "hello"], "'lots' is not a size"),
        (["--mem", "1k", "hello"], "memory of 1024 bytes"),
        (["--mem", "64k", "hello"], "is outside RAM"),
        (["--harts", "0", "hello"], "0 harts"),
        (["--harts", "two", "hello"], "invalid int value: 'two'"),
        (["--isa", "rv64gcv", "hello"], "ISA string 'rv64gcv': no extension"),
        (["--tlb", "3x3", "hello"], "a TLB of 3 sets and 3 ways"),
        (["--engine", "warp", "hello"], "no engine is called 'warp'"),
        (["--engine", "translator", "hello"], "not built yet"),
        (["--costs", "2050", "hello"], "no cost preset '2050': there are 1997, 2006, today"),
        (["--max-instructions", "0", "hello"], "a bound of 0 instructions"),
        (["--initrd", "lost", "hello"], "lost: No such file or directory"),
        (["--json", "lost/a.json", "hello"], "lost/a.json: No such file or directory"),
        (["--gdb", "here", "hello"], "--gdb here: expected [HOST:]PORT"),
        (["--bios", "fw", "hello"], "fw: No such file or directory"),
        (["--second-tlb", "4x4", "hello"], "unrecognized arguments"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(arguments, message, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert main(["run", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("trapline: error: ")
    assert message in captured.err
    assert captured.err.count("\n") == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (elf()[:40], "truncated ELF: 40 bytes, the header needs 64"),
        (elf()[:100], "truncated ELF"),
        (elf()[:-4], "truncated ELF"),
        (elf(machine=62), "an ELF for machine 62, not for RISC-V"),
        (elf(kind=1), "not an executable"),
        (elf(entry=0x1234), "the entry point 0x1234 is in none of the segments"),
        (b"\x1f\x8b" + bytes(100), "damaged gzip data"),
    ],
)
def test_a_file_that_cannot_be_loaded_is_one_line_and_status_2(content, message, capsys, tmp_path):
    path = tmp_path / "k.elf"
    path.write_bytes(content)
    assert main(["run", str(path)]) == 2
    errors = capsys.readouterr().err
    assert errors.startswith(f"trapline: error: {path}: ")
    assert message in errors
    assert errors.count("\n") == 1


@pytest.mark.parametrize(
    ("statement", "place", "message"),
    [
        ("  addd a0, a1, a2", "2:3", "add"),
        ("  addi a0, a1, 5000", "2:16", "5000"),
        ("  addi a0, , a1)", "2:", ""),
        ("  j nowhere", "", "nowhere"),
    ],
)
def test_a_source_that_cannot_be_assembled_shows_its_place(
    statement, place, message, capsys, tmp_path
):
    path = write(tmp_path, "k.s", f".globl _start\n{statement}\n_start: nop\n")
    assert main(["run", path]) == 2
    errors = capsys.readouterr().err
    assert errors.startswith(f"trapline: error: {path}:{place}")
    assert message in errors
    assert "Traceback" not in errors
    if place:
        assert errors.splitlines()[1] == f"  {statement}"


def test_a_file_that_is_no_text_is_no_source(tmp_path, capsys):
    path = tmp_path / "k.s"
    path.write_bytes(b"\xff\xfe\x00\x01" * 10)
    assert main(["run", str(path)]) == 2
    assert "internal" not in capsys.readouterr().err
