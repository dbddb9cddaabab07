"""`--drive` and `--device` in QEMU's shape: which disk is in which virtio slot.

A drive with `if=none` waits for a device that names it; any other one gets a block device of its
own. Devices without a `bus` take the highest free slot, as on QEMU.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from isa.errors import TraplineError
from vmm.config import SLOTS, SlotSpec
from vmm.disks import FORMATS, DiskSpec

BUS = "virtio-mmio-bus."
DEVICES = {"virtio-blk-device": "blk", "virtio-rng-device": "rng"}
DRIVE_KEYS = frozenset("file format if id readonly read-only snapshot cache index media".split())
DEVICE_KEYS = {"blk": frozenset("drive bus serial id".split()), "rng": frozenset({"bus", "id"})}
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
    drives: Sequence[str], devices: Sequence[str], *, is_snapshot: bool = False
) -> tuple[SlotSpec, ...]:
    """Give what is in the virtio slots; raise TraplineError for what cannot be had."""
    known = [_read_drive(text, is_snapshot=is_snapshot) for text in drives]
    wanted = [_read_device(text, known) for text in devices]
    wanted += [(None, "blk", drive.disk, "") for drive in known if not drive.is_waiting]
    taken = [slot for slot, *_rest in wanted if slot is not None]
    for slot in taken:
        if taken.count(slot) > 1:
            raise TraplineError(f"--device: two devices on bus {BUS}{slot}")
    free = [slot for slot in reversed(range(SLOTS)) if slot not in taken]
    if len(wanted) > SLOTS:
        raise TraplineError(f"{len(wanted)} virtio devices: there are {SLOTS} slots")
    return tuple(
        SlotSpec(free.pop(0) if slot is None else slot, kind, disk, serial)
        for slot, kind, disk, serial in wanted
    )


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


def _read_device(
    text: str, drives: Sequence[_Drive]
) -> tuple[int | None, str, DiskSpec | None, str]:
    """Give slot, kind, disk and serial number of a device."""
    model, _, rest = text.partition(",")
    if model not in DEVICES:
        raise TraplineError(f"--device {model}: there is {', '.join(DEVICES)}")
    kind = DEVICES[model]
    words = _read_words("--device", rest)
    _check_keys("--device", words, DEVICE_KEYS[kind])
    disk = None
    if kind == "blk":
        disk = _find_drive(words.get("drive"), drives)
    return _read_bus(words.get("bus")), kind, disk, words.get("serial", "")


def _find_drive(name: str | None, drives: Sequence[_Drive]) -> DiskSpec:
    if name is None:
        raise TraplineError("--device virtio-blk-device: no drive=")
    for drive in drives:
        if drive.name == name and drive.is_waiting:
            return drive.disk
    raise TraplineError(f"--device: no --drive with if=none,id={name}")


def _read_bus(text: str | None) -> int | None:
    if text is None:
        return None
    number = text.removeprefix(BUS)
    if not text.startswith(BUS) or not number.isdecimal() or int(number) >= SLOTS:
        raise TraplineError(f"--device: bus={text}: expected {BUS}0 to {BUS}{SLOTS - 1}")
    return int(number)


def _read_words(option: str, text: str) -> dict[str, str]:
    """Read `key=value,key=value`; a comma in a value is written twice."""
    words: dict[str, str] = {}
    for part in text.replace(",,", "\0").split(","):
        if not part:
            continue
        key, found, value = part.partition("=")
        if not found:
            raise TraplineError(f"{option}: {part!r} is not key=value")
        words[key] = value.replace("\0", ",")
    return words


def _check_keys(option: str, words: dict[str, str], keys: frozenset[str]) -> None:
    for key in words:
        if key not in keys:
            raise TraplineError(f"{option}: unknown {key}=; there is {', '.join(sorted(keys))}")


def _read_switch(words: dict[str, str], key: str) -> bool:
    value = words.get(key, "off")
    if value not in SWITCHES:
        raise TraplineError(f"--drive: {key}={value}: expected on or off")
    return SWITCHES[value]
