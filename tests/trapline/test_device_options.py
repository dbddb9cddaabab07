"""`--drive`, `--device` and `--global`: what they mean, and what is wrong with them."""

import pytest

from isa.errors import TraplineError
from trapline.device_options import read_legacy, read_slots
from vmm.config import SlotSpec
from vmm.disks import DiskSpec


@pytest.mark.parametrize(
    ("drives", "devices", "slots"),
    [
        (["file=a"], [], [SlotSpec(7, "blk", DiskSpec("a"))]),
        (
            ["file=a,format=raw,if=none,id=x0"],
            ["virtio-blk-device,drive=x0,bus=virtio-mmio-bus.0"],
            [SlotSpec(0, "blk", DiskSpec("a", "raw"))],
        ),
        (
            ["file=a,,b,readonly=on,snapshot=on,cache=none,if=virtio"],
            [],
            [SlotSpec(7, "blk", DiskSpec("a,b", None, True, True))],
        ),
        (
            ["if=none,file=a,id=a", "if=none,file=b,id=b"],
            [
                "virtio-blk-device,drive=b,serial=s",
                "virtio-rng-device",
                "virtio-blk-device,drive=a",
            ],
            [
                SlotSpec(7, "blk", DiskSpec("b"), "s"),
                SlotSpec(6, "rng"),
                SlotSpec(5, "blk", DiskSpec("a")),
            ],
        ),
        (
            ["file=a"],
            ["virtio-rng-device,bus=virtio-mmio-bus.7"],
            [SlotSpec(7, "rng"), SlotSpec(6, "blk", DiskSpec("a"))],
        ),
        (["file=a,if=none,id=unused"], [], []),
    ],
)
def test_devices_are_in_their_slots(drives, devices, slots):
    assert read_slots(drives, devices) == tuple(slots)


def test_a_snapshot_of_everything_is_one_of_each_disk():
    slots = read_slots(["file=a"], [], is_snapshot=True)
    assert slots[0].disk == DiskSpec("a", is_snapshot=True)


@pytest.mark.parametrize(
    ("drives", "devices", "message"),
    [
        (["format=raw"], [], "no file="),
        (["file=a,format=vmdk"], [], "format 'vmdk': there is raw, qcow2"),
        (["file=a,if=ide"], [], "if=ide: there is none and virtio"),
        (["file=a,color=red"], [], "unknown color="),
        (["a"], [], "'a' is not key=value"),
        (["file=a,readonly=maybe"], [], "readonly=maybe: expected on or off"),
        ([], ["e1000"], "e1000: there is virtio-blk-device, virtio-rng-device"),
        ([], ["virtio-blk-device"], "no drive="),
        ([], ["virtio-blk-device,drive=x"], "no --drive with if=none,id=x"),
        ([], ["virtio-rng-device,bus=virtio-mmio-bus.8"], "expected virtio-mmio-bus.0 to"),
        ([], ["virtio-rng-device,bus=virtio-mmio-bus.1"] * 2, "two devices on bus"),
        ([], ["virtio-rng-device"] * 9, "there are 8 slots"),
    ],
)
def test_what_cannot_be_had_is_said(drives, devices, message):
    with pytest.raises(TraplineError, match=message):
        read_slots(drives, devices)


@pytest.mark.parametrize(
    ("words", "is_legacy"), [([], False), (["on"], True), (["on", "false"], False)]
)
def test_the_last_word_on_the_register_layout_counts(words, is_legacy):
    assert read_legacy([f"virtio-mmio.force-legacy={word}" for word in words]) is is_legacy


def test_other_globals_are_refused():
    with pytest.raises(TraplineError, match="there is only virtio-mmio"):
        read_legacy(["cpu.x=on"])
