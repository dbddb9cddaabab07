"""The boot ROM: read-only, and a reset vector that does what QEMU's does."""

import struct

from isa.spec import TABLE
from vmm.devices.rom import DTB_AT, ENTRY_AT, INFO_AT, Rom, dynamic_info, reset_vector


def test_the_content_is_read_in_little_endian_order():
    assert Rom(bytes(range(16))).read(8, 4) == 0x0B0A_0908


def test_beyond_the_content_it_reads_zero():
    assert Rom(b"\xff" * 6).read(4, 4) == 0xFFFF
    assert Rom(b"\xff" * 6).read(0x100, 8) == 0


def test_writes_are_ignored():
    rom = Rom(b"\xff" * 8)
    rom.write(0, 8, 0)
    assert rom.read(0, 8) == (1 << 64) - 1


def test_the_reset_vector_holds_entry_and_device_tree():
    rom = Rom(reset_vector(0x8000_0000, 0x87E0_0000))
    assert rom.read(ENTRY_AT, 8) == 0x8000_0000
    assert rom.read(DTB_AT, 8) == 0x87E0_0000


def test_the_reset_vector_is_the_code_it_should_be():
    rom = Rom(reset_vector(0, 0))
    code = [TABLE.decode(rom.read(at, 4)) for at in range(0, 24, 4)]
    names = [insn.name for insn in code if insn]
    assert names == ["auipc", "addi", "csrrs", "ld", "ld", "jalr"]


def test_firmware_finds_its_next_stage_behind_the_vector():
    content = reset_vector(0, 0)
    assert len(content) == INFO_AT
    assert struct.unpack("<6Q", dynamic_info(0x8020_0000)) == (0x4942534F, 2, 0x8020_0000, 1, 0, 0)
