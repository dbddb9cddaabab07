"""The device tree of a machine, made from its configuration and the table of devices.

Everything in it is the same in every mode and every run: the guest must not see what carries it.
"""

import hashlib

from isa.extensions import BITS
from isa.isa_string import format_isa
from vmm.bus import Bus
from vmm.config import MachineConfig
from vmm.devices import RAM_BASE, STDOUT_PATH, DeviceHost, attach_all, tree_nodes
from vmm.extensions import device_entries
from vmm.fdt import Phandles, TreeOptions, blob, board_tree

MMUS = (("Sv57", "riscv,sv57"), ("Sv48", "riscv,sv48"))
LEAST_MMU = "riscv,sv39"
RNG_SEED = hashlib.sha512(b"trapline").digest()
"""A fixed seed: a guest's randomness is a part of what can be repeated."""


def largest_mmu(extensions: int) -> str:
    """Give the `mmu-type`: "the largest MMU address-translation mode supported by this hart"."""
    return next((name for bit, name in MMUS if extensions & BITS[bit]), LEAST_MMU)


def machine_tree(config: MachineConfig, initrd: tuple[int, int] | None = None) -> bytes:
    """Return the device tree blob; `initrd` is where the initial RAM disk begins and ends."""
    bus = Bus()
    entries = device_entries(config.extras)
    attach_all(bus, DeviceHost(config.harts, lambda: 0, len, lambda _request: None), entries)
    options = TreeOptions(
        harts=config.harts,
        isa=format_isa(config.extensions),
        mmu=largest_mmu(config.extensions),
        memory_base=RAM_BASE,
        memory_size=config.ram,
        bootargs=config.bootargs,
        stdout_path=STDOUT_PATH,
        initrd=initrd,
        rng_seed=RNG_SEED,
    )
    phandles = Phandles()
    return blob(board_tree(options, tree_nodes(bus, config.harts, phandles, entries), phandles))
