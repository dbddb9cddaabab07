"""What holds for every device of the table: totality, save and restore, the tree node."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmm.bus import Bus
from vmm.contracts import StateError, TreeSite
from vmm.devices import DEVICES, RAM_BASE, DeviceHost, attach_all, tree_nodes
from vmm.fdt import Phandles

HARTS = 3
every_device = pytest.mark.parametrize("entry", DEVICES, ids=lambda entry: entry.name)


def make(entry):
    host = DeviceHost(HARTS, now=lambda: 1000, send=lambda _data: None, stop=lambda _request: None)
    return entry.make(host, None)


@st.composite
def accesses(draw, device):
    """Draw reads and writes of widths the device takes, half of them near its start."""
    size = draw(st.sampled_from(sorted(device.widths)))
    slots = device.span // size
    near = st.integers(0, min(slots, 8) - 1)
    slot = draw(st.one_of(near, st.integers(0, slots - 1)))
    value = draw(st.one_of(st.none(), st.integers(0, (1 << 8 * size) - 1)))
    return slot * size, size, value


def poke(device, steps):
    """Carry out the accesses and return what the reads gave."""
    answers = []
    for offset, size, value in steps:
        if value is None:
            answers.append(device.read(offset, size))
            assert 0 <= answers[-1] < 1 << 8 * size
        else:
            assert device.write(offset, size, value) is None
    return answers


@every_device
@given(data=st.data())
def test_registers_may_be_poked_in_any_order(entry, data):
    device = make(entry)
    poke(device, data.draw(st.lists(accesses(device), max_size=40)))


@every_device
@given(data=st.data())
def test_a_restored_device_goes_on_as_the_saved_one(entry, data):
    device, other = make(entry), make(entry)
    poke(device, data.draw(st.lists(accesses(device), max_size=30)))
    other.restore(device.save())
    assert other.save() == device.save()
    after = data.draw(st.lists(accesses(device), max_size=30))
    assert poke(other, after) == poke(device, after)
    assert other.save() == device.save()


@every_device
def test_a_saved_state_shares_nothing_with_the_device(entry):
    device = make(entry)
    saved = device.save()
    before = {
        name: bytes(value) if isinstance(value, bytes) else value for name, value in saved.items()
    }
    for value in saved.values():
        if isinstance(value, list):
            value[0] ^= 1
    if any(isinstance(value, list) for value in saved.values()):
        assert device.save() != before
    assert all(not isinstance(value, bytearray) for value in device.save().values())


@every_device
def test_a_state_with_an_unknown_field_is_refused(entry):
    device = make(entry)
    with pytest.raises(StateError, match="surprise"):
        device.restore({**device.save(), "surprise": 1})


FIELDS = [
    pytest.param(entry, name, id=f"{entry.name}-{name}")
    for entry in DEVICES
    for name in make(entry).save()
]


@pytest.mark.parametrize("value", [-1, 1 << 64, "text", None, True, 1.5, b"x" * 100_000, [0], [[]]])
@pytest.mark.parametrize(("entry", "name"), FIELDS)
def test_a_state_field_out_of_range_is_refused_and_changes_nothing(entry, name, value):
    device = make(entry)
    before = device.save()
    with pytest.raises(StateError, match=name):
        device.restore({**before, name: value})
    assert device.save() == before


@pytest.mark.parametrize(("entry", "name"), FIELDS)
def test_a_state_without_a_field_is_refused(entry, name):
    device = make(entry)
    state = dict(device.save())
    del state[name]
    with pytest.raises(StateError, match=name):
        device.restore(state)


@every_device
def test_tree_nodes_are_named_after_their_address(entry):
    site = TreeSite(entry.base, entry.window, entry.irq, HARTS, Phandles())
    for node in make(entry).tree(site):
        if "reg" in node.properties:
            assert node.name.endswith(f"@{entry.base:x}")
            assert node.properties["reg"] == (0, entry.base, 0, entry.window)


@every_device
def test_a_device_decodes_no_more_than_its_window(entry):
    assert 0 < make(entry).span <= entry.window


def test_the_windows_of_the_board_are_apart_and_below_ram():
    ordered = sorted(DEVICES, key=lambda entry: entry.base)
    for low, high in pairwise(ordered):
        assert low.base + low.window <= high.base
    assert ordered[-1].base + ordered[-1].window <= RAM_BASE


def test_the_tree_has_nodes_of_attached_devices_only():
    bus = Bus()
    host = DeviceHost(1, now=lambda: 0, send=lambda _data: None, stop=lambda _request: None)
    attach_all(bus, host, [entry for entry in DEVICES if entry.name == "uart0"])
    assert [node.name for node in tree_nodes(bus, 1, Phandles())] == ["serial@10000000"]


def test_without_interrupt_controller_no_node_has_interrupts():
    bus = Bus()
    host = DeviceHost(1, now=lambda: 0, send=lambda _data: None, stop=lambda _request: None)
    attach_all(bus, host, [entry for entry in DEVICES if entry.name != "plic"])
    nodes = tree_nodes(bus, 1, Phandles())
    assert all("interrupts" not in node.properties for node in nodes)
