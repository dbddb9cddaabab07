"""A machine goes on from a snapshot as if there had been none; a damaged file is refused."""

import contextlib
import json
import random

import pytest
import zstandard

from guests import build
from isa.errors import TraplineError
from isa.state import Slot
from tests.vmm.machines import MAKERS, POWER_OFF, code, load, make
from vmm.boot import RamRange, plan_boot, read_image
from vmm.config import MachineConfig, SlotSpec, TlbShape
from vmm.console import Console
from vmm.devices import RAM_BASE
from vmm.disks import DiskSpec
from vmm.snapshot import file as container
from vmm.snapshot.file import HEAD, SUM_BYTES, read_snapshot, write_snapshot
from vmm.snapshot.state import restore_machine, restore_memory, save_machine
from vmm.state_hash import state_sha256
from vmm.tree import machine_tree


def start(mode, config, guest, engine="interpreter"):
    machine = MAKERS[mode](config, load(engine), Console())
    ram = RamRange(RAM_BASE, config.ram)
    image = read_image(guest, build(guest), ram, 0x20_0000)
    machine.load(plan_boot(image, ram, lambda where: machine_tree(config, where)))
    return machine


def again(snapshot, engine="interpreter"):
    if snapshot.mode not in MAKERS:
        raise TraplineError("no such mode")
    machine = MAKERS[snapshot.mode](snapshot.config, load(engine), Console())
    snapshot.restore(machine)
    return machine


def outcome(machine):
    stop = machine.run(3_000_000)
    hashes = state_sha256(machine), machine.console.sha256
    return stop.reason, stop.status, machine.progress, machine.settled, *hashes


CONFIGS = {
    "fast": MachineConfig(ram=16 << 20),
    "exact": MachineConfig(ram=16 << 20, tlb=TlbShape(4, 2)),
}


@pytest.mark.parametrize("kind", sorted(CONFIGS))
@pytest.mark.parametrize("mode", sorted(MAKERS))
def test_a_machine_goes_on_as_if_nothing_had_been(mode, kind, tmp_path):
    config = CONFIGS["exact" if mode != "bare" else kind]
    expected = outcome(start(mode, config, "tick"))
    rng = random.Random(f"{mode} {kind}")
    machine = start(mode, config, "tick")
    for number in range(2):
        machine.run(rng.randrange(1, 40_000))
        write_snapshot(str(tmp_path / "s"), machine, mode, "tick")
        machine = again(read_snapshot(str(tmp_path / "s")))
        assert outcome(again(read_snapshot(str(tmp_path / "s")))) == expected, number
    assert outcome(machine) == expected


@pytest.mark.parametrize("mode", sorted(MAKERS))
def test_either_engine_goes_on_where_the_other_was(mode, tmp_path):
    config = CONFIGS["exact"]
    whole = start(mode, config, "tick")
    whole.run(100_000)
    machine = start(mode, config, "tick")
    machine.run(90_000)
    for engine in ("reference", "interpreter"):
        write_snapshot(str(tmp_path / "s"), machine, mode, "tick")
        machine = again(read_snapshot(str(tmp_path / "s")), engine)
        machine.run(5_000)
    assert machine.progress == whole.progress
    assert state_sha256(machine) == state_sha256(whole)
    assert machine.cpu.counters()["instructions"] == whole.cpu.counters()["instructions"]


def test_the_modelled_tlb_is_part_of_the_state(tmp_path):
    whole = start("bare", CONFIGS["exact"], "tick")
    whole.run()
    machine = start("bare", CONFIGS["exact"], "tick")
    machine.run(77_777)
    write_snapshot(str(tmp_path / "s"), machine, "bare", "tick")
    machine = again(read_snapshot(str(tmp_path / "s")))
    machine.run()
    assert machine.cpu.counters() == whole.cpu.counters()


@pytest.fixture
def saved(tmp_path):
    machine = start("bare", MachineConfig(ram=8 << 20), "hello")
    machine.run(500)
    path = tmp_path / "s"
    write_snapshot(str(path), machine, "bare", "hello")
    return path


def refused(path):
    with pytest.raises(TraplineError) as caught:
        again(read_snapshot(str(path))).close()
    return str(caught.value)


def test_a_file_cut_off_anywhere_is_refused(saved):
    data = saved.read_bytes()
    for size in (*range(60), *range(60, len(data), 97), len(data) - 1):
        saved.write_bytes(data[:size])
        assert "not a snapshot" in refused(saved)
    saved.write_bytes(data + b"\0")
    assert "1 bytes too many" in refused(saved)


def test_a_bit_flipped_anywhere_is_refused(saved):
    data = saved.read_bytes()
    rng = random.Random(7)
    places = [*range(HEAD.size + SUM_BYTES), *(rng.randrange(len(data)) for _ in range(100))]
    for at in places:
        broken = bytearray(data)
        broken[at] ^= 1 << rng.randrange(8)
        saved.write_bytes(broken)
        assert "not a snapshot" in refused(saved)


def rewrite(path, change):
    """Change what is inside a snapshot and make its sum right again."""
    data = path.read_bytes()
    _magic, _version, _zero, size, more = HEAD.unpack_from(data)
    at = HEAD.size + SUM_BYTES
    content = json.loads(zstandard.ZstdDecompressor().decompress(data[at : at + size]))
    change(content)
    text = zstandard.ZstdCompressor().compress(json.dumps(content).encode())
    packed = data[at + size :]
    head = HEAD.pack(b"TRAPSNAP", 1, 0, len(text), more)
    path.write_bytes(head + container._sum([head, text, packed]) + text + packed)


def set_slot(slot, value):
    def change(content):
        from base64 import b64decode, b64encode

        hart = content["state"]["harts"][0]["slots"]
        slots = bytearray(b64decode(hart["base64"]))
        slots[8 * slot : 8 * slot + 8] = value.to_bytes(8, "little")
        hart["base64"] = b64encode(slots).decode()

    return change


def put(*path_and_value):
    *path, name, value = path_and_value

    def change(content):
        for key in path:
            content = content[key]
        content[name] = value

    return change


HOSTILE = {
    "pc": set_slot(Slot.PC, 0x8020_0001),
    "sepc": set_slot(Slot.SEPC, 1),
    "priv": set_slot(Slot.PRIV, 2),
    "satp": set_slot(Slot.SATP, 5 << 60),
    "ram": set_slot(Slot.RAM_SIZE, 1 << 40),
    "ways": set_slot(Slot.TLB_WAYS, 1 << 40),
    "x0": set_slot(Slot.X0, 1),
    "no harts": put("state", "harts", []),
    "other turn": put("state", "course", "current", 9),
    "share": put("state", "course", "share", -1),
    "console": put("state", "console", "total", -5),
    "timers": put("state", "timers", "events", [1, 2]),
    "device": put("state", "devices", "uart0", {}),
    "pages": put("pages", [[0, 1 << 40]]),
    "order": put("pages", [[5, 1], [0, 1]]),
    "fewer pages": put("pages", [[0, 1]]),
    "disks": put("disks", [[3, [[0, 1]]]]),
    "config": put("config", "harts", "many"),
    "memory": put("config", "ram", 1 << 50),
    "mode": put("mode", 3),
    "field": put("more", 3),
    "state": put("state", []),
}


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_a_forged_state_is_refused(name, saved):
    rewrite(saved, lambda content: None)
    again(read_snapshot(str(saved)))
    rewrite(saved, HOSTILE[name])
    assert refused(saved)


def test_any_one_value_changed_is_refused_or_harmless(saved):
    rng = random.Random(3)
    data = saved.read_bytes()

    def damage(content):
        holder, key = content, None
        while isinstance(content, dict | list) and content:
            holder = content
            key = rng.choice(list(content) if isinstance(content, dict) else range(len(content)))
            content = content[key]
        if key is not None:
            holder[key] = rng.choice([None, -1, 1 << 70, "x", [], {}, 3, [[]], True])

    for _ in range(150):
        saved.write_bytes(data)
        rewrite(saved, damage)
        with contextlib.suppress(TraplineError):
            again(read_snapshot(str(saved))).run(2000)


def test_what_was_written_to_an_overlay_is_in_the_snapshot(tmp_path):
    disk = tmp_path / "disk"
    disk.write_bytes(bytes(10_000 // 512 * 512))
    spec = DiskSpec(str(disk), is_snapshot=True)
    config = MachineConfig(ram=8 << 20, slots=(SlotSpec(0, "blk", spec),))
    machine = start("bare", config, "hello")
    machine.virtio[0].disk.write_from(512, [memoryview(b"kept" * 128)])
    machine.virtio[0].disk.write_from(9000, [memoryview(b"at the end")])
    write_snapshot(str(tmp_path / "s"), machine, "bare", "hello")
    other = again(read_snapshot(str(tmp_path / "s")))
    found = bytearray(9728)
    other.virtio[0].disk.read_into(0, [memoryview(found)])
    assert found[512:1024] == b"kept" * 128
    assert found[9000:9010] == b"at the end"
    for made in (machine, other):
        made.close()
    disk.write_bytes(bytes(20_480))
    assert "the file of a disk has changed" in refused(tmp_path / "s")


def test_a_disk_that_is_written_in_place_is_no_part_of_a_snapshot(tmp_path):
    disk = tmp_path / "disk"
    disk.write_bytes(bytes(4096))
    config = MachineConfig(ram=8 << 20, slots=(SlotSpec(0, "blk", DiskSpec(str(disk))),))
    machine = start("bare", config, "hello")
    with pytest.raises(TraplineError, match="written in place"):
        write_snapshot(str(tmp_path / "s"), machine, "bare", "hello")
    machine.close()
    assert not (tmp_path / "s").exists()


def test_writing_fails_without_touching_the_old_file(saved, monkeypatch):
    before = saved.read_bytes()

    def fail(_descriptor):
        raise OSError(28, "No space left on device")

    machine = again(read_snapshot(str(saved)))
    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="No space"):
        write_snapshot(str(saved), machine, "bare", "hello")
    assert saved.read_bytes() == before
    assert [path.name for path in saved.parent.iterdir()] == ["s"]


HARTS = f"""
    li a7, 0x48534d
    li a6, 0
    li a0, 1
    la a1, second
    li a2, 0
    ecall
    la t0, words
    li t2, 20000
first:
    ld t1, 0(t0)
    addi t1, t1, 1
    sd t1, 0(t0)
    csrr t3, time
    add t4, t4, t3
    bne t1, t2, first
    {POWER_OFF}
second:
    la t0, words
    ld t1, 0(t0)
    ld t2, 8(t0)
    add t2, t2, t1
    sd t2, 8(t0)
    j second
    .balign 8
words: .dword 0, 0
"""


@pytest.mark.parametrize("mode", sorted(MAKERS))
def test_harts_go_on_in_their_turns(mode):
    expected = make(mode, load("interpreter"), HARTS, harts=2)
    machine = make(mode, load("interpreter"), HARTS, harts=2)
    expected.run()
    rng = random.Random(mode)
    for _ in range(5):
        machine.run(rng.randrange(1, 30_000))
        other = make(mode, load("interpreter"), HARTS, harts=2)
        restore_machine(other, save_machine(machine))
        restore_memory(other, machine.memory.filled_pages())
        machine = other
    machine.run()
    assert state_sha256(machine) == state_sha256(expected)


def test_a_machine_goes_back_to_what_it_was():
    machine = make("bare", load("interpreter"), HARTS, harts=2)
    machine.run(40_000)
    state, pages = save_machine(machine), dict(machine.memory.filled_pages())
    before = state_sha256(machine)
    hashes = set()
    for _ in range(2):
        machine.run(50_000)
        hashes.add(state_sha256(machine))
        restore_machine(machine, state)
        restore_memory(machine, pages.items())
        assert state_sha256(machine) == before
    assert len(hashes) == 1


def test_a_mailbox_is_part_of_the_state(tmp_path):
    source = f"""
        la t0, tohost
        li t1, 0x0101000000000041
        li t2, 5
    again:
        sd t1, 0(t0)
    taken:
        ld t3, 0(t0)
        bnez t3, taken
        addi t2, t2, -1
        bnez t2, again
        {POWER_OFF}
        .balign 8
    tohost: .dword 0
    """
    at = RAM_BASE + 0x20_0000 + code(source, RAM_BASE + 0x20_0000).index(bytes(8))
    at += -at % 8
    machines = [make("bare", load("interpreter"), source) for _ in range(2)]
    for machine in machines:
        machine.open_mailbox(at, None)
    machines[0].run()
    assert machines[0].console.output == b"AAAAA"
    machines[1].run(3_000)
    write_snapshot(str(tmp_path / "s"), machines[1], "bare", "guest")
    other = again(read_snapshot(str(tmp_path / "s")))
    other.run()
    assert other.console.output == b"AAAAA"
    assert state_sha256(other) == state_sha256(machines[0])
