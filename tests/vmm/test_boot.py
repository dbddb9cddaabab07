"""Loading: kinds of files, places, and that nothing overlaps or leaves RAM."""

import struct
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.vmm.elf_files import ENTRY, elf, segment
from vmm.boot import BootPlan, RamRange, plan_boot, read_file, read_image
from vmm.contracts import HartEntry
from vmm.elf import LoadError

MIB = 1 << 20
RAM = RamRange(0x8000_0000, 128 * MIB)
TREE = b"tree" * 100


def linux(text_offset=0x20_0000, image_size=0x5000, flags=0, body=b"\0" * 64):
    header = struct.pack(
        "<IIQQQIIQ8s4sI",
        0,
        0,
        text_offset,
        image_size,
        flags,
        2,
        0,
        0,
        b"RISCV\0\0\0",
        b"RSC\x05",
        0,
    )
    return header + body


def plan(data=None, ram=RAM, tree=TREE, initrd=None) -> BootPlan:
    image = read_image("k", elf() if data is None else data, ram)
    return plan_boot(image, ram, lambda _where: tree, initrd)


class Memory:
    def __init__(self):
        self.written = {}

    def write_memory(self, pa, data):
        self.written[pa] = data


def test_the_device_tree_is_in_the_last_2_mib_place_of_ram():
    assert plan().dtb_pa == RAM.end - 2 * MIB


def test_a_tree_over_2_mib_begins_further_down():
    assert plan(tree=bytes(3 * MIB)).dtb_pa == RAM.end - 4 * MIB


def test_the_boot_hart_gets_its_id_and_the_tree():
    assert plan().hart_entry(3) == HartEntry(ENTRY, 3, RAM.end - 2 * MIB)


def test_placing_writes_kernel_and_tree():
    memory = Memory()
    plan().place(memory)
    assert memory.written == {ENTRY: b"\x13\0\0\0" * 4, RAM.end - 2 * MIB: TREE}


def test_a_flat_binary_goes_where_s_mode_payloads_stand():
    made = plan(b"\x13\0\0\0")
    assert made.entry == RAM.base + 2 * MIB
    assert not made.starts_in_machine_mode(RAM)


def test_a_program_at_the_start_of_ram_is_for_machine_mode():
    assert plan(elf([segment(RAM.base)], entry=RAM.base)).starts_in_machine_mode(RAM)


def test_an_image_goes_to_its_offset_with_the_size_it_asks_for():
    image = read_image("Image", linux(text_offset=0x40_0000), RAM)
    assert image.entry == RAM.base + 0x40_0000
    assert (image.segments[0].pa, image.segments[0].size) == (image.entry, 0x5000)


def test_an_image_of_stated_size_zero_is_as_long_as_its_file():
    assert read_image("Image", linux(image_size=0), RAM).segments[0].size == 128


def test_the_mailboxes_of_htif_are_found():
    made = plan(elf(symbols=[("tohost", ENTRY), ("fromhost", ENTRY + 8)]))
    assert (made.tohost, made.fromhost) == (ENTRY, ENTRY + 8)
    assert plan().tohost is None


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file is empty"),
        (b"\x1f\x8b\x08rest", "damaged gzip data"),
        (b"MZ\0\0zimgrest", "truncated EFI zboot image"),
        (b"\xfd7zXZ\0", "the xz data is cut off"),
        (linux(flags=1), "a big-endian Image"),
        (linux(text_offset=0x1000), "text_offset 0x1000 is not a multiple of 2 MiB"),
        (linux()[:60], "truncated Image"),
        (linux(image_size=1 << 63), "the Image .* is outside RAM"),
        (linux(text_offset=1 << 62), "the Image .* is outside RAM"),
        (elf([segment(0x1000)], entry=0x1000), "segment 0 .* is outside RAM"),
        (elf([segment(size=1 << 40)]), "segment 0 .* is outside RAM"),
        (elf([segment(), segment(RAM.end - 8)]), "segment 1 .* is outside RAM"),
        (
            elf([segment(), segment(RAM.end - 2 * MIB - 8)]),
            r"segment 1 .* leaves no room for the device tree at 0x87e00000: RAM is 128 MiB",
        ),
    ],
)
def test_what_cannot_be_loaded_is_refused_with_the_reason(data, message):
    with pytest.raises(LoadError, match=message):
        plan(data)


def test_a_tree_that_does_not_fit_is_refused():
    with pytest.raises(LoadError, match="the device tree"):
        plan(tree=bytes(130 * MIB))


def test_a_ram_of_a_few_pages_still_has_a_place_for_the_tree():
    small = RamRange(0x8000_0000, 3 * 4096)
    made = plan(elf([segment(small.base)], entry=small.base), ram=small)
    assert made.dtb_pa == small.base + 2 * 4096


# ------------------------------------------------------------------------ initial RAM disk


def test_the_tree_is_told_where_the_initial_ram_disk_is():
    image = read_image("k", elf(), RAM)
    told = []

    def build(where):
        told.append(where)
        return TREE

    made = plan_boot(image, RAM, build, ("i", b"disk"))
    assert told == [made.initrd]
    assert made.initrd == (RAM.base + 64 * MIB, RAM.base + 64 * MIB + 4)


def test_a_big_disk_starts_right_behind_the_kernel():
    made = plan(initrd=("i", bytes(100 * MIB)))
    assert made.initrd is not None
    assert made.initrd[0] == ENTRY + 4096


def test_the_disk_is_at_most_128_mib_into_ram():
    made = plan(ram=RamRange(RAM.base, 2048 * MIB), initrd=("i", b"disk"))
    assert made.initrd is not None
    assert made.initrd[0] == RAM.base + 128 * MIB


@pytest.mark.parametrize(
    ("data", "message"), [(b"", "is empty"), (bytes(127 * MIB), "does not fit")]
)
def test_a_disk_that_does_not_fit_is_refused(data, message):
    with pytest.raises(LoadError, match=message):
        plan(initrd=("i", data))


@given(
    kernel=st.integers(0, 6000),
    size=st.integers(1, 6000),
    disk=st.one_of(st.none(), st.integers(1, 4000)),
    tree=st.integers(1, 1500),
)
def test_a_plan_never_overlaps_nor_leaves_ram(kernel, size, disk, tree):
    ram = RamRange(0x8000_0000, 8 * MIB)
    at = ram.base + kernel * 1024
    data = elf([segment(at, b"code", size=size * 1024)], entry=at)
    initrd = None if disk is None else ("i", bytes(disk * 1024))
    try:
        made = plan(data, ram, bytes(tree * 1024), initrd)
    except LoadError:
        return
    ranges = sorted((item.pa, item.end) for item in made.segments)
    assert ranges[0][0] >= ram.base
    assert ranges[-1][1] <= ram.end
    assert all(low[1] <= high[0] for low, high in pairwise(ranges))


# ----------------------------------------------------------------------------------- files


def test_a_file_is_read(tmp_path):
    (tmp_path / "k").write_bytes(b"abc")
    assert read_file(str(tmp_path / "k")) == b"abc"


@pytest.mark.parametrize(
    ("name", "message"), [("none", "No such file"), (".", "Is a directory"), ("a\0b", "null")]
)
def test_a_file_that_cannot_be_read_is_an_error_with_its_name(tmp_path, name, message):
    with pytest.raises(LoadError, match=message):
        read_file(str(tmp_path / name))


def test_an_endless_file_is_not_read_to_its_end(monkeypatch):
    monkeypatch.setattr("vmm.boot.MAX_FILE_BYTES", 1 * MIB)
    with pytest.raises(LoadError, match="longer than 1 MiB"):
        read_file("/dev/zero")
