"""Going back and forth ends where it began, with the same input and nothing printed twice."""

import random

import pytest

from tests.vmm.gdb.bench import Client
from tests.vmm.machines import MAKERS, POWER_OFF, RAM, S_ENTRY, code, load, plan
from vmm.boot import RamRange
from vmm.config import R10000_TLB, MachineConfig
from vmm.console import Console
from vmm.gdb.history import History
from vmm.inputs import InputLog, LoggedInput
from vmm.state_hash import state_sha256

ECHO = f"""
next:
    li a7, 0x4442434e
    li a6, 1
    li a0, 1
    la a1, letter
    li a2, 0
    ecall
    beqz a1, next
    li a7, 0x4442434e
    li a6, 2
    la a1, letter
    lbu a0, 0(a1)
    mv s1, a0
    ecall
    addi s0, s0, 1
    li t1, '.'
    bne s1, t1, next
    {POWER_OFF}
    .balign 8
letter: .dword 0
"""


class Keys:
    """Somebody who types a letter now and then."""

    def __init__(self, text):
        self.left = list(text)
        self.asked = 0
        self.is_open = True

    def __call__(self, limit):
        self.asked += 1
        return bytes((self.left.pop(0),)) if self.left and self.asked % 3 == 0 else b""

    def wait(self, seconds):
        return bool(self.left)


@pytest.fixture(params=sorted(MAKERS))
def made(request):
    """Give a machine that echoes letters, its input, what it has printed, and its past."""
    printed = bytearray()
    source = LoggedInput(InputLog(), Keys(b"back."))
    config = MachineConfig(ram=4 << 20, tlb=R10000_TLB)
    machine = MAKERS[request.param](
        config, load("interpreter"), Console(printed.extend, source=source)
    )
    ram = RamRange(RAM, 4 << 20)
    machine.load(plan([(S_ENTRY, code(ECHO, S_ENTRY))], S_ENTRY, ram))
    source.now = lambda: machine.progress
    return machine, source, printed, History(machine, source)


def test_every_moment_is_reached_again(made):
    machine, _source, printed, history = made
    hashes = {}
    while machine.stop is None or machine.stop.reason.value == "bound":
        hashes[machine.progress] = state_sha256(machine)
        machine.run(7)
        if machine.progress % 5 == 0:
            history.take()
    assert printed == b"back."
    rng = random.Random(1)
    for moment in rng.choices(sorted(hashes), k=20):
        history.go_to(moment)
        assert (machine.progress, state_sha256(machine)) == (moment, hashes[moment])
    machine.run()
    assert machine.stop.reason.value == "exit"
    assert printed == b"back."  # and not once more
    assert machine.console.output == b"back."


def test_another_course_forgets_what_came_after(made):
    machine, source, printed, history = made
    machine.run(200)
    known = len(source.log.answers)
    history.go_to(20)
    history.cut()
    assert len(source.log.answers) < known
    history.resume()
    assert history.begin == 20
    machine.run(100_000)
    assert machine.stop.reason.value == "exit"
    assert printed == b"back."  # what was typed is not lost


def test_a_step_back_before_the_beginning_stays_there(made):
    machine, source, _printed, _history = made
    import threading

    from vmm.gdb.server import GdbServer, KilledError

    server = GdbServer("127.0.0.1", 0, waits=True)

    def serve():
        with pytest.raises(KilledError):
            server.run(machine, None, lambda _line: "", source)
        server.close()

    thread = threading.Thread(target=serve)
    thread.start()
    client = Client(server.port)
    assert "ReverseStep+;ReverseContinue+" in client.ask("qSupported")
    assert "replaylog:begin" in client.ask("bs")
    first = client.ask("p20")
    for _ in range(3):
        client.ask("vCont;s:1")
    assert client.ask("p20") != first
    for _ in range(3):
        assert "replaylog" not in client.ask("bs")
    assert client.ask("p20") == first
    assert "replaylog:begin" in client.ask("bc")
    client.send("k")
    thread.join(30)
    client.close()
