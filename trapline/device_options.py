"""`--drive`, `--netdev` and `--device` in QEMU's shape: what is in which virtio slot.

A drive with `if=none` waits for a device that names it, and so does a network; any other drive gets
a block device of its own. Devices without a `bus` take the highest free slot, as on QEMU.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from isa.errors import TraplineError
from vmm.config import SLOTS, SlotSpec
from vmm.disks import FORMATS, DiskSpec
from vmm.net import NetSpec

BUS = "virtio-mmio-bus."
ANY = -1
"""The slot of a device that may be anywhere."""
DEVICES = {
    "virtio-blk-device": "blk",
    "virtio-rng-device": "rng",
    "virtio-net-device": "net",
}
DRIVE_KEYS = frozenset("file format if id readonly read-only snapshot cache index media".split())
DEVICE_KEYS = {
    "blk": frozenset("drive bus serial id".split()),
    "rng": frozenset({"bus", "id"}),
    "net": frozenset("netdev mac bus id".split()),
}
NETWORK_KEYS = {
    "user": frozenset("id net restrict hostfwd".split()),
    "socket": frozenset("id listen connect udp localaddr".split()),
}
FIRST_MAC = 0x525400123456
INTERFACES = ("none", "virtio")
GLOBAL = "virtio-mmio.force-legacy"
SWITCHES = {"on": True, "true": True, "yes": True, "off": False, "false": False, "no": False}


@dataclass(frozen=True)
class _Drive:
    disk: DiskSpec
    name: str | None
    is_waiting: bool
    """Whether a device has to ask for it."""


def read_slots(
    drives: Sequence[str],
    devices: Sequence[str],
    networks: Sequence[str] = (),
    *,
    is_snapshot: bool = False,
) -> tuple[SlotSpec, ...]:
    """Give what is in the virtio slots; raise TraplineError for what cannot be had."""
    known = [_read_drive(text, is_snapshot=is_snapshot) for text in drives]
    outside = dict(_read_network(text) for text in networks)
    wanted = [_read_device(text, known, outside) for text in devices]
    wanted += [SlotSpec(ANY, "blk", drive.disk) for drive in known if not drive.is_waiting]
    if outside:
        raise TraplineError(f"--netdev: no --device virtio-net-device,netdev={next(iter(outside))}")
    taken = [spec.slot for spec in wanted if spec.slot != ANY]
    for slot in taken:
        if taken.count(slot) > 1:
            raise TraplineError(f"--device: two devices on bus {BUS}{slot}")
    free = [slot for slot in reversed(range(SLOTS)) if slot not in taken]
    if len(wanted) > SLOTS:
        raise TraplineError(f"{len(wanted)} virtio devices: there are {SLOTS} slots")
    placed = [replace(spec, slot=free.pop(0)) if spec.slot == ANY else spec for spec in wanted]
    return tuple(_with_macs(placed))


def _with_macs(specs: Sequence[SlotSpec]) -> Iterator[SlotSpec]:
    """Give the cards that have no address one each, as QEMU does."""
    following = FIRST_MAC
    for spec in specs:
        if spec.kind == "net" and not spec.mac:
            yield replace(spec, mac=following.to_bytes(6, "big"))
            following += 1
        else:
            yield spec


def read_legacy(settings: Sequence[str]) -> bool:
    """Say whether `--global` asks for the registers from before the standard."""
    is_legacy = False
    for text in settings:
        name, _, value = text.partition("=")
        if name != GLOBAL or value not in SWITCHES:
            raise TraplineError(f"--global {text}: there is only {GLOBAL}=on or off")
        is_legacy = SWITCHES[value]
    return is_legacy


def _read_drive(text: str, *, is_snapshot: bool) -> _Drive:
    words = _read_words("--drive", text)
    _check_keys("--drive", words, DRIVE_KEYS)
    if not words.get("file"):
        raise TraplineError(f"--drive {text}: no file=")
    kind = words.get("format")
    if kind is not None and kind not in FORMATS:
        raise TraplineError(f"--drive: format {kind!r}: there is {', '.join(FORMATS)}")
    interface = words.get("if", "virtio")
    if interface not in INTERFACES:
        raise TraplineError(f"--drive: if={interface}: there is {' and '.join(INTERFACES)}")
    is_read_only = _read_switch(words, "readonly") or _read_switch(words, "read-only")
    snapshot = is_snapshot or _read_switch(words, "snapshot")
    disk = DiskSpec(words["file"], kind, is_read_only, snapshot)
    return _Drive(disk, words.get("id"), interface == "none")


def _read_device(text: str, drives: Sequence[_Drive], networks: dict[str, NetSpec]) -> SlotSpec:
    """Give a device, in the slot ANY when none is asked for; a network is taken out of those."""
    model, _, rest = text.partition(",")
    if model not in DEVICES:
        raise TraplineError(f"--device {model}: there is {', '.join(DEVICES)}")
    kind = DEVICES[model]
    words = _read_words("--device", rest)
    _check_keys("--device", words, DEVICE_KEYS[kind])
    slot = _read_bus(words.get("bus"))
    if kind == "blk":
        disk = _find_drive(words.get("drive"), drives)
        return SlotSpec(slot, kind, disk, words.get("serial", ""))
    if kind == "net":
        network = networks.pop(words.get("netdev", ""), None)
        if network is None:
            raise TraplineError("--device virtio-net-device: no --netdev with its netdev= as id")
        return SlotSpec(slot, kind, network=network, mac=_read_mac(words.get("mac")))
    return SlotSpec(slot, kind)


def _read_network(text: str) -> tuple[str, NetSpec]:
    """Give a network and its name."""
    kind, _, rest = text.partition(",")
    if kind not in NETWORK_KEYS:
        raise TraplineError(f"--netdev {kind}: there is {', '.join(NETWORK_KEYS)}")
    pairs = _read_pairs("--netdev", rest)
    _check_keys("--netdev", dict(pairs), NETWORK_KEYS[kind])
    name = dict(pairs).get("id")
    if not name:
        raise TraplineError(f"--netdev {text}: no id=")
    return name, NetSpec(kind, tuple(pair for pair in pairs if pair[0] != "id"))


def _read_mac(text: str | None) -> bytes:
    if text is None:
        return b""
    if not re.fullmatch(r"([0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}", text) or int(text[1], 16) & 1:
        raise TraplineError(f"--device: mac={text}: expected six bytes, not a group's address")
    return bytes.fromhex(text.replace(":", ""))


def _find_drive(name: str | None, drives: Sequence[_Drive]) -> DiskSpec:
    if name is None:
        raise TraplineError("--device virtio-blk-device: no drive=")
    for drive in drives:
        if drive.name == name and drive.is_waiting:
            return drive.disk
    raise TraplineError(f"--device: no --drive with if=none,id={name}")


def _read_bus(text: str | None) -> int:
    if text is None:
        return ANY
    number = text.removeprefix(BUS)
    if not text.startswith(BUS) or not number.isdecimal() or int(number) >= SLOTS:
        raise TraplineError(f"--device: bus={text}: expected {BUS}0 to {BUS}{SLOTS - 1}")
    return int(number)


def _read_words(option: str, text: str) -> dict[str, str]:
    return dict(_read_pairs(option, text))


def _read_pairs(option: str, text: str) -> list[tuple[str, str]]:
    """Read `key=value,key=value`; a comma in a value is written twice."""
    pairs: list[tuple[str, str]] = []
    for part in text.replace(",,", "\0").split(","):
        if not part:
            continue
        key, found, value = part.partition("=")
        if not found:
            raise TraplineError(f"{option}: {part!r} is not key=value")
        pairs.append((key, value.replace("\0", ",")))
    return pairs


def _check_keys(option: str, words: dict[str, str], keys: frozenset[str]) -> None:
    for key in words:
        if key not in keys:
            raise TraplineError(f"{option}: unknown {key}=; there is {', '.join(sorted(keys))}")


def _read_switch(words: dict[str, str], key: str) -> bool:
    value = words.get(key, "off")
    if value not in SWITCHES:
        raise TraplineError(f"--drive: {key}={value}: expected on or off")
    return SWITCHES[value]
