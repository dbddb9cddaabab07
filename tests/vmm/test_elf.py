"""Reading executables: what is taken, and that everything else is one clear error."""

import struct
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tools import require_tool
from tests.vmm.elf_files import ENTRY, HEADER_BYTES, SEGMENT_BYTES, elf, segment
from vmm.elf import LoadError, Symbols, read_elf

GOOD = elf(
    [segment(), segment(0x8021_0000, b"data", size=0x1000)],
    [("start", ENTRY), ("main", ENTRY + 8), ("tohost", 0x8021_0000)],
)


def patched(offset, layout, value, data=GOOD):
    """Return the file with one field of it changed."""
    changed = bytearray(data)
    struct.pack_into(layout, changed, offset, value)
    return bytes(changed)


def test_segments_entry_and_symbols_are_read():
    image = read_elf("k.elf", GOOD)
    assert image.entry == ENTRY
    assert [(item.pa, item.size) for item in image.segments] == [(ENTRY, 16), (0x8021_0000, 0x1000)]
    assert image.segments[1].data == b"data"
    assert image.symbols.by_name["tohost"] == 0x8021_0000


def test_an_entry_given_as_virtual_address_becomes_physical():
    va = 0xFFFF_FFFF_8000_0000
    image = read_elf("k.elf", elf([segment(va=va)], entry=va + 4))
    assert image.entry == ENTRY + 4
    assert image.segments[0].pa == ENTRY


def test_segments_that_are_not_loaded_are_left_out():
    note = segment(0, b"note", kind=4)
    empty = segment(0, b"", size=0)
    assert len(read_elf("k.elf", elf([note, segment(), empty])).segments) == 1


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (GOOD[:63], "truncated ELF: 63 bytes"),
        (patched(4, "B", 1), "not a 64-bit ELF"),
        (patched(5, "B", 2), "not a little-endian ELF"),
        (elf(machine=62), "machine 62, not for RISC-V"),
        (elf(kind=1), "e_type at offset 0x10 is 1"),
        (elf([]), "nothing to load"),
        (
            patched(0x20, "<Q", 1 << 40),
            "truncated ELF: the 2 program headers at offset 0x10000000000",
        ),
        (patched(0x28, "<Q", len(GOOD)), "truncated ELF: the 3 section headers"),
        (patched(0x36, "<H", 32), "program headers of 32 bytes instead of 56"),
        (patched(0x38, "<H", 0xFFFF), "truncated ELF: the 65535 program headers"),
        (GOOD[:-1], "truncated ELF"),
        (patched(HEADER_BYTES + 8, "<Q", len(GOOD)), "truncated ELF: segment 0 is at offsets"),
        (patched(HEADER_BYTES + 32, "<Q", 17), "p_filesz 0x11 is above p_memsz 0x10"),
        (patched(HEADER_BYTES + 24, "<Q", (1 << 64) - 8), "runs past the last address"),
        (elf(entry=ENTRY + 1), "no instruction can be at the entry point 0x80200001"),
        (elf(entry=ENTRY + 16), "entry point 0x80200010 is in none of the segments"),
        (
            elf([segment(), segment(ENTRY + 8)]),
            r"segment 0 \(0x80200000 to 0x80200010\) and segment 1 \(0x80200008 .* overlap",
        ),
    ],
)
def test_a_file_that_cannot_be_loaded_is_refused_with_the_place(data, message):
    with pytest.raises(LoadError, match=message) as caught:
        read_elf("k.elf", data)
    assert str(caught.value).startswith("k.elf: ")


def test_too_many_segments_are_refused():
    with pytest.raises(LoadError, match="1025 program headers"):
        read_elf("k.elf", elf([segment(pa=ENTRY + 16 * at) for at in range(1025)]))


@pytest.mark.parametrize("size", range(0, len(GOOD), 7))
def test_a_file_cut_off_anywhere_is_refused(size):
    with pytest.raises(LoadError):
        read_elf("k.elf", GOOD[:size])


@settings(max_examples=300)
@given(
    changes=st.lists(
        st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), min_size=1, max_size=6
    )
)
def test_a_damaged_file_is_read_or_refused(changes):
    data = bytearray(GOOD)
    for at, value in changes:
        data[at] = value
    try:
        image = read_elf("k.elf", bytes(data))
    except LoadError:
        return
    assert all(len(item.data) <= item.size for item in image.segments)


@given(data=st.binary(max_size=400))
def test_any_bytes_behind_the_magic_are_read_or_refused(data):
    with pytest.raises(LoadError):
        read_elf("k.elf", b"\x7fELF\2\1\1" + bytes(9) + data[: HEADER_BYTES + SEGMENT_BYTES])


# ------------------------------------------------------------------------------------- symbols


@pytest.mark.parametrize(
    ("address", "name"),
    [
        (0xFFF, None),
        (0x1000, "start"),
        (0x1004, "start+0x4"),
        (0x2000, "main"),
        (0x2FFF, "main+0xfff"),
        (0x3000, None),
        (1 << 63, None),
    ],
)
def test_an_address_is_named_by_the_symbol_before_it(address, name):
    assert Symbols({"main": 0x2000, "start": 0x1000}).name(address) == name


def test_a_constant_names_no_address():
    symbols = Symbols({"SYSCALL_EXIT": 0x1000, "start": 0x1000}, frozenset({"SYSCALL_EXIT"}))
    assert symbols.name(0x1004) == "start+0x4"
    assert symbols.by_name["SYSCALL_EXIT"] == 0x1000


def test_absolute_symbols_of_a_file_are_constants():
    image = read_elf("k.elf", elf(symbols=[("ANSWER", 42)]))
    assert image.symbols.constants == {"ANSWER"}


def test_local_labels_give_way_to_global_ones():
    assert Symbols({".L1": 0x1000, "$x": 0x1000, "start": 0x1000}).name(0x1000) == "start"


def test_a_file_linked_by_gnu_ld_is_read(tmp_path):
    source, linked = tmp_path / "a.s", tmp_path / "a.elf"
    source.write_text(".globl _start\n_start: nop\nstop: j stop\n.bss\nroom: .zero 64\n")
    subprocess.run(
        [require_tool("riscv64-unknown-elf-as"), "-o", tmp_path / "a.o", source], check=True
    )
    linker = require_tool("riscv64-unknown-elf-ld")
    subprocess.run([linker, "-Ttext=0x80200000", "-o", linked, tmp_path / "a.o"], check=True)
    image = read_elf("a.elf", linked.read_bytes())
    assert image.entry == ENTRY
    assert image.symbols.by_name["_start"] == ENTRY
    assert image.symbols.name(image.symbols.by_name["room"] + 8) == "room+0x8"
