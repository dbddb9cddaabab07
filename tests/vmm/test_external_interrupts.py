"""Interrupts of devices, from their lines to the guest's handler, on the bare board and domains."""

from typing import Any

import pytest

from tests.vmm import machines
from vmm.console import Console
from vmm.stop import StopReason

RAM, S_ENTRY = machines.RAM, machines.S_ENTRY

# Sets up the controller for a source and a context, and takes interrupts until x9 is 0.
DRIVER = """
    .equ PLIC, 0xc000000
    li s4, PLIC
    li t0, 3
    sw t0, 4 * {source}(s4)
    li s2, PLIC + 0x2000 + 0x80 * {context}
    li t0, 1 << {source}
    sw t0, 0(s2)
    li s2, PLIC + 0x200000 + 0x1000 * {context}
    sw zero, 0(s2)
    la t0, handler
    csrw {x}tvec, t0
    li t0, 1 << {code}
    csrw {x}ie, t0
    li s9, 1
{start}
    csrsi {x}status, {enable}
wait:
    beqz s9, done
    wfi
    j wait
done:
    li t0, 0x100000
    li t1, 0x5555
    sw t1, 0(t0)
    j wait
    .align 2
handler:
    csrr s5, {x}cause
    csrr s8, {x}ip
    lw s6, 4(s2)            # claim
    csrr s7, {x}ip
{serve}
    sw s6, 4(s2)            # complete
    li s9, 0
    {x}ret
"""
MODES: dict[str, dict[str, Any]] = {
    "m": {"x": "m", "context": 0, "code": 11, "enable": 8, "entry": RAM},
    "s": {"x": "s", "context": 1, "code": 9, "enable": 2, "entry": S_ENTRY},
}
S4, S5, S6, S7, S8 = 20, 21, 22, 23, 24


def driver(mode, source, start, serve):
    words = MODES[mode]
    return DRIVER.format(source=source, start=start, serve=serve, **words), words["entry"]


def check_registers(hart, mode, source):
    code = MODES[mode]["code"]
    assert hart.x[S5] == 1 << 63 | code
    assert hart.x[S6] == source
    assert hart.x[S8] >> code & 1
    assert not hart.x[S7] >> code & 1  # the claim lowered it


@pytest.mark.parametrize("mode", MODES)
def test_the_serial_port_interrupts_when_it_can_send(mode, engine):
    start = "    li s3, 0x10000000\n    li t0, 2\n    sb t0, 1(s3)\n"
    text, entry = driver(mode, 10, start, "    lbu a3, 2(s3)\n")
    machine = machines.run_everywhere(text, engines=[engine], entry=entry)
    assert machine.stop
    assert machine.stop.reason is StopReason.EXIT
    check_registers(machine.harts[0], mode, 10)
    assert machine.harts[0].x[13] == 2  # IIR: transmitter empty


@pytest.mark.parametrize("mode", MODES)
def test_the_clocks_alarm_ends_a_wait(mode, engine):
    start = """
    li s3, 0x101000
    lwu t0, 0(s3)
    lwu t1, 4(s3)
    slli t1, t1, 32
    add t0, t0, t1
    li t1, 5000000          # 5 ms ahead
    add t0, t0, t1
    srli t1, t0, 32
    sw t1, 12(s3)
    sw t0, 8(s3)
    li t0, 1
    sw t0, 16(s3)
"""
    text, entry = driver(mode, 11, start, "    sw zero, 0x1c(s3)\n")
    machine = machines.run_everywhere(text, engines=[engine], entry=entry)
    assert machine.stop
    assert machine.stop.reason is StopReason.EXIT
    check_registers(machine.harts[0], mode, 11)
    assert 50_000 <= machine.timers.time < 50_100  # ticks


ECHO = """
    li s3, 0x10000000
    li t0, 1
    sb t0, 2(s3)            # FIFOs on
    sb t0, 1(s3)            # interrupt on input
"""
SERVE = """
next:
    lbu a3, 5(s3)
    andi a3, a3, 1
    beqz a3, 1f
    lbu a3, 0(s3)
    sb a3, 0(s3)
    addi a3, a3, -'!'
    bnez a3, next
    j 2f
1:
    sw s6, 4(s2)
    mret
2:
"""


def echoing(mode, source):
    text, entry = driver("m", 10, ECHO, SERVE)
    machine = machines.make(mode, machines.load("interpreter"), text, entry=entry)
    machine.console._source = source
    return machine


class Typist:
    """Somebody who types a text, a little each time that the machine is idle."""

    def __init__(self, parts):
        self.parts = list(parts)
        self.ready = b""

    @property
    def is_open(self):
        return bool(self.parts or self.ready)

    def __call__(self, limit):
        data, self.ready = self.ready, b""
        return data

    def wait(self, seconds):
        assert seconds is None, "no timer is armed"
        self.ready = self.parts.pop(0) if self.parts else b""
        return bool(self.ready)


@pytest.mark.parametrize("mode", machines.MAKERS)
def test_a_guest_that_sleeps_is_woken_by_input(mode):
    machine = echoing(mode, Typist([b"one ", b"two ", b"three!"]))
    assert machine.run(100_000).reason is StopReason.EXIT
    assert machine.output == b"one two three!"


@pytest.mark.parametrize("mode", machines.MAKERS)
def test_at_the_end_of_input_a_sleeping_guest_is_beyond_hope(mode):
    machine = echoing(mode, Typist([b"one "]))
    stop = machine.run(100_000)
    assert stop.reason in (StopReason.IDLE, StopReason.STUCK)
    assert machine.output == b"one "


@pytest.mark.parametrize("mode", machines.MAKERS)
@pytest.mark.parametrize("size", [1, 17, 5000])
def test_input_that_waits_arrives_whole_and_at_the_same_instructions(mode, size):
    text = b"x" * size + b"!"
    ends = []
    for pieces in (1, 7):
        machine = echoing(mode, None)
        machine.console.feed(text)
        stop = None
        while stop is None or stop.reason is StopReason.BOUND:
            stop = machine.run(600_000 // pieces)
        assert machine.output == text
        ends.append(machine.progress)
    assert len(set(ends)) == 1


def test_a_console_without_a_source_has_no_more_to_come():
    console = Console()
    console.feed(b"a")
    assert console.is_open
    assert console.wait(None)
    console.read(1)
    assert [console.is_open, console.wait(None)] == [False, False]
