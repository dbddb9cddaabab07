"""Domains as such: the guest's memory is apart from the monitor's."""

from tests.vmm.machines import PASS, POWER_OFF, RAM, load, make, registers
from vmm.domain import GUEST, reserved_ram
from vmm.memory import MODES


def test_a_guest_reaches_none_of_the_monitors_memory(engine):
    guest = (
        f"""
    # Store to every page from the start of RAM up; nothing behind the end takes a store.
    la t0, out
    csrw mtvec, t0
    li s0, {RAM + 0x4000}
    li s1, 0x1000
1:  sd s0, 0(s0)
    add s0, s0, s1
    j 1b
    .balign 4
out:
"""
        + PASS
    )
    machine = make("softtlb", engine, guest, entry=RAM, ram=256 << 10)
    machine.run(10_000)
    assert registers(machine)[0]["X8"] == RAM + (256 << 10)
    memory = machine.memory.machine
    reserved = reserved_ram(machine.config, MODES.values())[GUEST]
    assert memory.size == (256 << 10) + reserved
    assert not any(memory.read(RAM, reserved))


def test_guest_frames_are_machine_frames_behind_the_monitors():
    machine = make("softtlb", load(), "nop" + POWER_OFF)
    assert machine.memory.frames is not None
    frames = list(machine.memory.frames)
    assert len(set(frames)) == machine.memory.size >> 12
    assert min(frames) == reserved_ram(machine.config, MODES.values())[GUEST] >> 12
