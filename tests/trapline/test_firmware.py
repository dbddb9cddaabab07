"""Firmware and kernels in M-mode: Debian's OpenSBI and U-Boot, `--bios none`, device trees."""

import gzip
import subprocess
from pathlib import Path

import pytest

from tests.tools import require_file, require_tool
from tests.trapline.conformance import trapline

OPENSBI = Path("/usr/lib/riscv64-linux-gnu/opensbi/generic")
U_BOOT = Path("/usr/lib/u-boot/qemu-riscv64_smode/u-boot.bin")
# Says where it is by the legacy console call, and powers off with the status of its machine.
PAYLOAD = """
    .globl _start
_start:
    mv s0, a0
    mv s2, a1
    lla s1, text
1:
    lbu a0, 0(s1)
    beqz a0, 2f
    li a7, 1
    ecall
    addi s1, s1, 1
    j 1b
2:
    lwu t0, 0(s2)           # the device tree's magic number
    li t1, 0xedfe0dd0
    sub t0, t0, t1
    snez a1, t0
    li a7, 0x53525354
    li a6, 0
    li a0, 0
    ecall
text:
    .asciz "here we are\\n"
"""
# Ends by the test device with the privilege-dependent status 7, or traps for ever below M-mode.
MACHINE = """
    .globl _start
_start:
    csrr t0, mhartid
    bnez t0, 1f
    li t0, 0x100000
    li t1, 7 << 16 | 0x3333
    sw t1, 0(t0)
1:
    j 1b
"""


def build(folder, source, base):
    """Assemble with the GNU tools; give an ELF."""
    text, out = folder / "p.s", folder / "p.elf"
    text.write_text(source)
    assembler, linker = (require_tool(f"riscv64-unknown-elf-{name}") for name in ("as", "ld"))
    options = ["-march=rv64imac_zicsr", "-mno-relax"]
    subprocess.run([assembler, *options, "-o", folder / "p.o", text], check=True)
    subprocess.run([linker, f"-Ttext={base:#x}", "-o", out, folder / "p.o"], check=True)
    return out


def flatten(elf):
    out = elf.with_suffix(".bin")
    objcopy = require_tool("riscv64-unknown-elf-objcopy")
    subprocess.run([objcopy, "-O", "binary", elf, out], check=True)
    return out


@pytest.fixture
def payload(tmp_path):
    return build(tmp_path, PAYLOAD, 0x8020_0000)


@pytest.mark.parametrize("command", ["run", "boot"])
@pytest.mark.parametrize("firmware", ["fw_dynamic.bin", "fw_dynamic.elf", "fw_jump.bin"])
def test_opensbi_starts_a_kernel(tmp_path, payload, command, firmware):
    bios = require_file(OPENSBI / firmware, "opensbi")
    result = trapline(
        tmp_path, command, "--harts", "2", "--bios", str(bios), "--kernel", str(payload)
    )
    text = result.stdout.decode().replace("\r", "")
    assert "OpenSBI v" in text
    assert "Platform HART Count       : 2" in text
    assert text.endswith("here we are\n")
    assert result.returncode == 0, result.stderr


def test_u_boot_takes_commands_and_reads_a_disk(tmp_path):
    bios = require_file(OPENSBI / "fw_dynamic.bin", "opensbi")
    kernel = require_file(U_BOOT, "u-boot-qemu")
    disk = tmp_path / "disk.img"
    disk.write_bytes(bytes(range(16)).ljust(4096, b"x"))
    commands = " \nvirtio scan\nvirtio read 0x84000000 0 1\nmd.b 0x84000000 10\n  poweroff\n"
    words = ["run", "--bios", str(bios), "--kernel", str(kernel)]
    words += ["--drive", f"file={disk},format=raw"]
    result = trapline(tmp_path, *words, "--max-instructions", "300000000", input=commands.encode())
    assert b"84000000: 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f" in result.stdout
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("command", ["run", "boot"])
@pytest.mark.parametrize("base", [0x8000_0000, 0x8020_0000])
def test_without_firmware_a_kernel_begins_in_machine_mode(tmp_path, command, base):
    program = build(tmp_path, MACHINE, base)
    words = ["-machine", "virt", "-bios", "none", "-smp", "3", "-nographic", "-m", "128M"]
    assert trapline(tmp_path, command, *words, "-kernel", str(program)).returncode == 7


def test_a_flat_kernel_without_firmware_begins_at_the_start_of_ram(tmp_path):
    program = flatten(build(tmp_path, MACHINE, 0x8000_0000))
    assert trapline(tmp_path, "run", "--bios", "none", str(program)).returncode == 7


@pytest.mark.parametrize("command", ["run", "boot"])
def test_a_packed_flat_kernel_runs_on_our_own_sbi(tmp_path, payload, command):
    packed = tmp_path / "kernel.gz"
    packed.write_bytes(gzip.compress(flatten(payload).read_bytes()))
    result = trapline(tmp_path, command, str(packed))
    assert (result.returncode, result.stdout) == (0, b"here we are\n")


def test_a_device_tree_of_the_users_is_taken_as_it_is(tmp_path, payload):
    tree = tmp_path / "board.dtb"
    assert trapline(tmp_path, "run", "--dumpdtb", str(tree), "hello").returncode == 0
    result = trapline(tmp_path, "run", "--dtb", str(tree), str(payload))
    assert (result.returncode, result.stdout) == (0, b"here we are\n")


@pytest.mark.parametrize(
    ("content", "words", "message"),
    [
        (b"no tree at all, but long enough for one", [], "not a device tree"),
        (b"\xd0\x0d\xfe\xed", [], "truncated device tree"),
        (b"\xd0\x0d\xfe\xed\0\1" + bytes(34), [], "truncated device tree"),
        (b"", ["--append", "x"], "have to be in the tree"),
    ],
)
def test_a_bad_device_tree_is_the_users_error(tmp_path, payload, content, words, message):
    tree = tmp_path / "bad.dtb"
    tree.write_bytes(content)
    result = trapline(tmp_path, "run", "--dtb", str(tree), *words, str(payload))
    assert result.returncode == 2
    assert message in result.stderr.decode()


def test_firmware_that_is_not_there_is_the_users_error(tmp_path):
    result = trapline(tmp_path, "run", "--bios", "lost.bin", "hello")
    assert result.returncode == 2
    assert b"lost.bin: No such file or directory" in result.stderr


@pytest.mark.parametrize(
    ("where", "out"), [("none", b""), ("file:console", b""), ("mon:stdio", b"here we are\n")]
)
def test_the_console_goes_where_serial_says(tmp_path, payload, where, out):
    result = trapline(tmp_path, "run", "--serial", where, str(payload))
    assert (result.returncode, result.stdout) == (0, out)
    if where.startswith("file:"):
        assert (tmp_path / "console").read_bytes() == b"here we are\n"


def test_another_serial_line_is_the_users_error(tmp_path):
    result = trapline(tmp_path, "run", "--serial", "tcp::5", "hello")
    assert result.returncode == 2
    assert b"--serial tcp::5: expected stdio, mon:stdio, none or file:FILE" in result.stderr
