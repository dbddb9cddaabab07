"""The flattened device tree: nodes as values, and the blob made from them.

Follows the Devicetree Specification v0.4, chapter "Flattened Devicetree (DTB) Format", version 17.
What stands in the tree is the affair of the devices (`Device.tree`) and of `board_tree` below.
"""

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from isa.cache_blocks import BLOCK
from isa.errors import Location, TraplineError

FDT_MAGIC = 0xD00DFEED
FDT_VERSION = 17
FDT_LAST_COMPATIBLE_VERSION = 16
FDT_BEGIN_NODE, FDT_END_NODE, FDT_PROP, FDT_END = 1, 2, 3, 9

PropertyValue = None | int | str | bytes | Sequence[int] | Sequence[str]
"""Nothing, a cell, a string, raw bytes, several cells, several strings."""


class DeviceTreeError(TraplineError):
    """Something given for the device tree cannot stand in it."""


@dataclass(frozen=True)
class TreeNode:
    """A node with its properties and children."""

    name: str
    properties: Mapping[str, PropertyValue] = field(default_factory=dict)
    children: Sequence["TreeNode"] = ()
    at_root: bool = False
    """A device's node that belongs beside /soc instead of in it."""


class Phandles:
    """Numbers for labels, given out in the order in which they are first asked for."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def number(self, label: str) -> int:
        return self._numbers.setdefault(label, len(self._numbers) + 1)


def cells64(*values: int) -> tuple[int, ...]:
    """Return the values as pairs of cells, the high one first."""
    return tuple(part for value in values for part in (value >> 32, value & 0xFFFFFFFF))


def blob(root: TreeNode, boot_hart: int = 0) -> bytes:
    """Return the tree as a DTB with an empty memory reservation block."""
    strings = _Strings()
    structure = b"".join(_node(root, strings)) + struct.pack(">I", FDT_END)
    reservations = bytes(16)
    header_size = struct.calcsize(">10I")
    structure_at = header_size + len(reservations)
    strings_at = structure_at + len(structure)
    header = struct.pack(
        ">10I",
        FDT_MAGIC,
        strings_at + len(strings.data),
        structure_at,
        strings_at,
        header_size,
        FDT_VERSION,
        FDT_LAST_COMPATIBLE_VERSION,
        boot_hart,
        len(strings.data),
        len(structure),
    )
    return header + reservations + structure + bytes(strings.data)


def check_blob(filename: str, data: bytes) -> bytes:
    """Give back what is a device tree blob by its header; raise DeviceTreeError for another."""
    header = struct.Struct(">10I")
    if data[:4] != FDT_MAGIC.to_bytes(4, "big"):
        raise DeviceTreeError(
            "not a device tree: it does not begin with d0 0d fe ed", Location(filename)
        )
    if len(data) < header.size:
        raise DeviceTreeError("truncated device tree", Location(filename))
    fields = header.unpack_from(data)
    total, structure, strings, strings_size, structure_size = (fields[n] for n in (1, 2, 3, 8, 9))
    ends = (total, structure + structure_size, strings + strings_size)
    if max(ends) > len(data):
        raise DeviceTreeError(
            f"truncated device tree: {max(ends)} bytes expected, {len(data)} there",
            Location(filename),
        )
    return data


class _Strings:
    """The strings block: every property name once."""

    def __init__(self) -> None:
        self.data = bytearray()
        self._offsets: dict[str, int] = {}

    def offset(self, name: str) -> int:
        if name not in self._offsets:
            self._offsets[name] = len(self.data)
            self.data += name.encode("ascii") + b"\0"
        return self._offsets[name]


def _node(node: TreeNode, strings: _Strings) -> Iterable[bytes]:
    yield struct.pack(">I", FDT_BEGIN_NODE) + _padded(node.name.encode("ascii") + b"\0")
    for name, value in node.properties.items():
        data = _property_bytes(name, value)
        yield struct.pack(">III", FDT_PROP, len(data), strings.offset(name)) + _padded(data)
    for child in node.children:
        yield from _node(child, strings)
    yield struct.pack(">I", FDT_END_NODE)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


def _property_bytes(name: str, value: PropertyValue) -> bytes:
    match value:
        case None:
            return b""
        case bytes():
            return value
        case int():
            return struct.pack(">I", value)
        case str():
            return _text(name, value)
        case _:
            return b"".join(_property_bytes(name, item) for item in value)


def _text(name: str, value: str) -> bytes:
    if "\0" in value:
        raise DeviceTreeError(f"{name} holds a NUL character: {value!r}")
    return value.encode("utf-8", "surrogateescape") + b"\0"


# --------------------------------------------------------------------------------- the board

BLOCK_EXTENSIONS = ("zicbom", "zicbop", "zicboz")  # a kernel asks for the size of a block
TIMEBASE_HZ = 10_000_000


@dataclass(frozen=True)
class TreeOptions:
    """What the command line and the loader add to the tree."""

    harts: int
    isa: str
    """The ISA string, for example `rv64im_zicsr_zifencei`."""
    mmu: str | None
    """`riscv,sv39` and so on, or None for harts without translation."""
    memory_base: int
    memory_size: int
    bootargs: str = ""
    stdout_path: str | None = None
    initrd: tuple[int, int] | None = None
    """First byte and first byte after the initial RAM disk."""
    rng_seed: bytes = b""


def board_tree(options: TreeOptions, nodes: Sequence[TreeNode], phandles: Phandles) -> TreeNode:
    """Return the root node; `nodes` are what the devices present gave."""
    soc = TreeNode(
        "soc",
        {"#address-cells": 2, "#size-cells": 2, "compatible": "simple-bus", "ranges": None},
        [node for node in nodes if not node.at_root],
    )
    memory = TreeNode(
        f"memory@{options.memory_base:x}",
        {
            "device_type": "memory",
            "reg": cells64(options.memory_base, options.memory_size),
        },
    )
    return TreeNode(
        "",
        {
            "#address-cells": 2,
            "#size-cells": 2,
            "compatible": "riscv-virtio",
            "model": "riscv-virtio,trapline",
        },
        [
            _chosen(options),
            memory,
            _cpus(options, phandles),
            *(node for node in nodes if node.at_root),
            soc,
        ],
    )


def _chosen(options: TreeOptions) -> TreeNode:
    properties: dict[str, PropertyValue] = {}
    if options.bootargs:
        properties["bootargs"] = options.bootargs
    if options.stdout_path:
        properties["stdout-path"] = options.stdout_path
    if options.initrd:
        properties["linux,initrd-start"] = cells64(options.initrd[0])
        properties["linux,initrd-end"] = cells64(options.initrd[1])
    if options.rng_seed:
        properties["rng-seed"] = options.rng_seed
    return TreeNode("chosen", properties)


def hart_label(hart: int) -> str:
    """Return the label of a hart's own interrupt controller."""
    return f"cpu{hart}_intc"


def _cpus(options: TreeOptions, phandles: Phandles) -> TreeNode:
    return TreeNode(
        "cpus",
        {"#address-cells": 1, "#size-cells": 0, "timebase-frequency": TIMEBASE_HZ},
        [_cpu(options, hart, phandles) for hart in range(options.harts)],
    )


def _cpu(options: TreeOptions, hart: int, phandles: Phandles) -> TreeNode:
    base, extensions = split_isa(options.isa)
    properties: dict[str, PropertyValue] = {
        "device_type": "cpu",
        "reg": hart,
        "status": "okay",
        "compatible": "riscv",
        "riscv,isa": options.isa,
        "riscv,isa-base": base,
        "riscv,isa-extensions": extensions,
    }
    for name in BLOCK_EXTENSIONS:
        if name in extensions:
            properties[f"riscv,{name.removeprefix('zi')}-block-size"] = BLOCK
    if options.mmu:
        properties["mmu-type"] = options.mmu
    controller = TreeNode(
        "interrupt-controller",
        {
            "#interrupt-cells": 1,
            "interrupt-controller": None,
            "compatible": "riscv,cpu-intc",
            "phandle": phandles.number(hart_label(hart)),
        },
    )
    return TreeNode(f"cpu@{hart:x}", properties, [controller])


def split_isa(isa: str) -> tuple[str, list[str]]:
    """Split an ISA string into `riscv,isa-base` and `riscv,isa-extensions`.

    Both properties are wanted: FreeBSD reads only `riscv,isa`, newer kernels prefer the list.
    """
    text = isa.lower()
    if not text.startswith(("rv64i", "rv64e", "rv64g")):
        raise DeviceTreeError(f"the ISA string {isa!r} does not start with rv64i, rv64e or rv64g")
    single, *named = text.removeprefix("rv64").split("_")
    letters: list[str] = []
    for letter in single:
        letters += ["i", "m", "a", "f", "d", "zicsr", "zifencei"] if letter == "g" else [letter]
    return "rv64" + letters[0], list(dict.fromkeys([*letters, *filter(None, named)]))
