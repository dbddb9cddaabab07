"""The hash of a machine's state: the same in every mode, different for different states."""

import hashlib
import struct

import pytest

from isa.state import Slot
from tests.vmm.machines import MAKERS, POWER_OFF, RAM, load, make
from vmm.state_hash import HASHED, state_sha256

A, D = 1 << 6, 1 << 7
ROOT = RAM + 0x30_0000


def machine(mode="bare"):
    made = make(mode, load(), "nop" + POWER_OFF, ram=4 << 20)
    made.run(1000)
    return made


def test_it_is_that_of_slots_and_pages_in_the_stated_order():
    made = make("bare", load(), b"\x13\0\0\0", ram=4 << 20)
    slots = [made.harts[0].slots[slot] for slot in HASHED]
    page = b"\x13" + bytes(4095)
    expected = struct.pack(f"<{len(slots)}Q", *slots) + struct.pack("<Q", 0x200) + page
    assert state_sha256(made) == hashlib.sha256(expected).hexdigest()


def test_it_is_the_same_on_the_bare_board_and_in_a_domain():
    assert state_sha256(machine("bare")) == state_sha256(machine("softtlb"))


@pytest.mark.parametrize("mode", MAKERS)
def test_a_changed_register_or_byte_changes_it(mode):
    made = machine(mode)
    seen = {state_sha256(made)}
    made.harts[0].slots[Slot.X5] ^= 1
    seen.add(state_sha256(made))
    made.write_memory(RAM + 0x12345, b"\1")
    seen.add(state_sha256(made))
    assert len(seen) == 3


@pytest.mark.parametrize("mode", MAKERS)
def test_accessed_and_dirty_bits_of_used_tables_do_not_count_but_the_others_do(mode):
    made = machine(mode)
    made.harts[0].slots[Slot.SATP] = 8 << 60 | ROOT >> 12
    leaf, pointer = RAM >> 2 | 0xF, ROOT + 0x1000 >> 2 | 1
    made.write_memory(ROOT, struct.pack("<2Q", leaf, pointer))
    made.write_memory(ROOT + 0x1000, struct.pack("<Q", leaf))
    before = state_sha256(made)
    made.write_memory(ROOT, struct.pack("<Q", leaf | A | D))
    made.write_memory(ROOT + 0x1000, struct.pack("<Q", leaf | A))
    assert state_sha256(made) == before
    made.write_memory(ROOT, struct.pack("<Q", leaf & ~2))
    assert state_sha256(made) != before


def test_tables_that_point_to_themselves_or_out_of_ram_are_harmless():
    made = machine()
    made.harts[0].slots[Slot.SATP] = 8 << 60 | ROOT >> 12
    made.write_memory(ROOT, struct.pack("<2Q", ROOT >> 2 | 1, ((1 << 44) - 1) << 10 | 1))
    assert state_sha256(made) == state_sha256(made)
