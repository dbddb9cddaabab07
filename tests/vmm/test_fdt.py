"""The device tree: the blob against an outside reader, the board's tree against QEMU's."""

import subprocess

import pytest

from isa.isa_string import parse_isa
from tests.tools import require_module, require_tool
from vmm.bus import Bus
from vmm.devices import RAM_BASE, STDOUT_PATH, DeviceHost, attach_all, tree_nodes
from vmm.fdt import (
    DeviceTreeError,
    Phandles,
    TreeNode,
    TreeOptions,
    blob,
    board_tree,
    cells64,
    split_isa,
)
from vmm.tree import largest_mmu

# QEMU's nodes of devices that are on our board.
SHARED_NODES = (
    "/soc/serial@10000000",
    "/soc/test@100000",
    "/soc/clint@2000000",
    "/soc/plic@c000000",
    "/soc/rtc@101000",
    *(f"/soc/virtio_mmio@1000{slot}000" for slot in range(1, 9)),
    "/poweroff",
    "/reboot",
)


def options(**changes):
    return TreeOptions(
        **{
            "harts": 2,
            "isa": "rv64im_zicsr_zifencei",
            "mmu": "riscv,sv39",
            "memory_base": RAM_BASE,
            "memory_size": 128 << 20,
            "stdout_path": STDOUT_PATH,
            **changes,
        }
    )


def board_blob(**changes):
    """Make the blob of a board with all its devices."""
    chosen, phandles, bus = options(**changes), Phandles(), Bus()
    attach_all(bus, DeviceHost(chosen.harts, lambda: 0, lambda _data: None, lambda _request: None))
    return blob(board_tree(chosen, tree_nodes(bus, chosen.harts, phandles), phandles))


def parsed(data):
    return require_module("fdt").parse_dtb(data)


def values(node, name):
    return list(node.get_property(name))


def test_a_blob_of_one_empty_node_has_the_bytes_of_the_specification():
    data = blob(TreeNode(""))
    header = [int.from_bytes(data[at : at + 4], "big") for at in range(0, 40, 4)]
    assert header == [0xD00DFEED, 72, 56, 72, 40, 17, 16, 0, 0, 16]
    assert data[40:56] == bytes(16)
    assert data[56:] == bytes.fromhex("00000001 00000000 00000002 00000009")


def test_properties_of_every_kind_are_read_back():
    tree = TreeNode(
        "",
        {
            "empty": None,
            "cell": 0xFFFF_FFFF,
            "cells": cells64(1 << 32 | 2, 3),
            "text": "abc",
            "texts": ["one", "two"],
            "bytes": b"\1\2\3",
        },
        [TreeNode("child@1", {"cell": 5})],
    )
    root = parsed(blob(tree)).root
    assert values(root, "cell") == [0xFFFF_FFFF]
    assert values(root, "cells") == [1, 2, 0, 3]
    assert values(root, "text") == ["abc"]
    assert values(root, "texts") == ["one", "two"]
    assert bytes(root.get_property("bytes").data) == b"\1\2\3"
    assert root.get_property("empty") is not None
    assert values(root.get_subnode("child@1"), "cell") == [5]


def test_a_name_used_twice_stands_once_in_the_strings_block():
    data = blob(TreeNode("", {"compatible": "a"}, [TreeNode("b", {"compatible": "c"})]))
    assert data.count(b"compatible\0") == 1


def test_text_with_a_nul_is_refused():
    with pytest.raises(DeviceTreeError, match="bootargs"):
        board_blob(bootargs="console=\0")


def test_boot_arguments_may_hold_any_other_bytes():
    assert "tschüß \udcff".encode("utf-8", "surrogateescape") in board_blob(
        bootargs="tschüß \udcff"
    )


@pytest.mark.parametrize("harts", range(1, 9))
def test_there_is_a_cpu_node_for_every_hart(harts):
    tree = parsed(board_blob(harts=harts))
    cpus = tree.get_node("/cpus").nodes
    assert [values(cpu, "reg") for cpu in cpus] == [[hart] for hart in range(harts)]
    handles = [values(cpu.get_subnode("interrupt-controller"), "phandle")[0] for cpu in cpus]
    extended = values(tree.get_node("/soc/clint@2000000"), "interrupts-extended")
    assert extended == [cell for handle in handles for cell in (handle, 3, handle, 7)]


def test_the_isa_stands_in_the_tree_in_both_forms():
    cpu = parsed(board_blob()).get_node("/cpus/cpu@0")
    assert values(cpu, "riscv,isa") == ["rv64im_zicsr_zifencei"]
    assert values(cpu, "riscv,isa-base") == ["rv64i"]
    assert values(cpu, "riscv,isa-extensions") == ["i", "m", "zicsr", "zifencei"]
    assert values(cpu, "mmu-type") == ["riscv,sv39"]


@pytest.mark.parametrize(
    ("isa", "extensions"),
    [
        ("rv64i", ["i"]),
        ("RV64IMAC_Zba", ["i", "m", "a", "c", "zba"]),
        ("rv64gc", ["i", "m", "a", "f", "d", "zicsr", "zifencei", "c"]),
        ("rv64g_zicsr_", ["i", "m", "a", "f", "d", "zicsr", "zifencei"]),
    ],
)
def test_an_isa_string_is_split(isa, extensions):
    assert split_isa(isa) == ("rv64i", extensions)


@pytest.mark.parametrize("isa", ["", "rv32i", "rv64", "rv64m", "_zicsr"])
def test_an_isa_string_without_a_base_is_refused(isa):
    with pytest.raises(DeviceTreeError, match="does not start with"):
        split_isa(isa)


def test_chosen_has_what_was_given():
    where = (0x8800_0000, 0x8812_3456)
    data = board_blob(bootargs="quiet", initrd=where, rng_seed=bytes(range(32)))
    chosen = parsed(data).get_node("/chosen")
    assert values(chosen, "bootargs") == ["quiet"]
    assert values(chosen, "stdout-path") == [STDOUT_PATH]
    assert values(chosen, "linux,initrd-start") == [0, where[0]]
    assert values(chosen, "linux,initrd-end") == [0, where[1]]
    assert bytes(range(32)) in data


def test_the_same_board_gives_the_same_blob():
    assert board_blob() == board_blob()


def test_the_shared_devices_are_described_as_on_qemus_board(tmp_path):
    qemu = require_tool("qemu-system-riscv64")
    file = tmp_path / "virt.dtb"
    machine = f"virt,dumpdtb={file}"
    command = [qemu, "-M", machine, "-smp", "2", "-m", "128M", "-bios", "none", "-display", "none"]
    subprocess.run(command, check=True, timeout=60, capture_output=True)
    theirs, ours = parsed(file.read_bytes()), parsed(board_blob())
    for path in SHARED_NODES:
        compare(theirs.get_node(path), ours.get_node(path))
    for name in ("reg", "device_type"):
        path = f"/memory@{RAM_BASE:x}"
        assert values(ours.get_node(path), name) == values(theirs.get_node(path), name)
    assert values(ours.get_node("/cpus"), "timebase-frequency") == [10_000_000]
    assert values(theirs.get_node("/cpus"), "timebase-frequency") == [10_000_000]


def compare(theirs, ours):
    """Compare the properties of a node; phandles are numbered differently."""
    names = "compatible reg clock-frequency offset value interrupts riscv,ndev #interrupt-cells"
    for name in names.split():
        if theirs.exist_property(name):
            assert values(ours, name) == values(theirs, name), (theirs.name, name)


def test_opensbi_finds_the_devices_in_our_tree(tmp_path):
    """Give QEMU our tree instead of its own: the firmware drives what the tree describes."""
    file = tmp_path / "ours.dtb"
    file.write_bytes(board_blob())
    command = [require_tool("qemu-system-riscv64"), "-M", "virt", "-smp", "2", "-m", "128M"]
    command += ["-dtb", str(file), "-display", "none", "-serial", "stdio", "-monitor", "none"]
    found = {}
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as qemu:
        assert qemu.stdout is not None
        for line in qemu.stdout:
            name, _, value = line.partition(":")
            found[name.strip()] = value.strip()
            if name.startswith("Domain0 Name"):
                break
        qemu.kill()
    assert "Platform Name" in found, f"OpenSBI, which comes with QEMU, said only {found}"
    assert found["Platform HART Count"] == "2"
    assert found["Platform IPI Device"] == "aclint-mswi"
    assert found["Platform Timer Device"].endswith("@ 10000000Hz")
    assert found["Platform Console Device"] == "uart8250"
    assert found["Platform Shutdown Device"] == "sifive_test"
    assert found["Platform Reboot Device"] == "sifive_test"


@pytest.mark.parametrize(
    ("isa", "mmu"), [("rv64gc", "sv39"), ("rv64gc_sv48", "sv48"), ("rv64gc_sv57", "sv57")]
)
def test_the_tree_names_the_largest_mode_of_translation(isa, mmu):
    assert largest_mmu(parse_isa(isa)) == f"riscv,{mmu}"
