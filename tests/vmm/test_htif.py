"""The mailbox between a program and its host: commands, answers, halves, hostile words."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.vmm import machines
from vmm.boot import BootPlan
from vmm.console import Console
from vmm.elf import Segment, Symbols
from vmm.htif import LATEST, SETTLING, SOONEST, Htif
from vmm.stop import StopReason

BASE, SIZE = 0x8000_0000, 0x1000
TOHOST, FROMHOST, BLOCK, TEXT = BASE, BASE + 8, BASE + 0x40, BASE + 0x100
EBADF, EFAULT, ENOSYS = (-9 % 2**64, -14 % 2**64, -38 % 2**64)


class Memory:
    """A page of guest memory."""

    def __init__(self):
        self.data = bytearray(SIZE)

    def contains(self, gpa, size):
        return gpa >= BASE and gpa + size <= BASE + SIZE

    def read(self, gpa, size):
        assert self.contains(gpa, size)
        return bytes(self.data[gpa - BASE : gpa - BASE + size])

    def write(self, gpa, data):
        assert self.contains(gpa, len(data))
        self.data[gpa - BASE : gpa - BASE + len(data)] = data


class Host:
    """A mailbox with a host that remembers what it was told."""

    def __init__(self, data=b""):
        self.memory = Memory()
        self.console = Console()
        self.console.feed(data)
        self.stops: list[Any] = []
        self.htif = Htif(self.memory, self.console, self.stops.append, TOHOST, FROMHOST)

    def words(self, at, *values):
        self.memory.write(at, b"".join(value.to_bytes(8, "little") for value in values))

    def word(self, at):
        return int.from_bytes(self.memory.read(at, 8), "little")

    def tell(self, word):
        """Store a word in tohost and let the host act on it; give its answer and take it away."""
        self.words(TOHOST, word)
        self.htif.poll()
        self.htif.poll()
        assert self.word(TOHOST) == 0
        answer = self.word(FROMHOST)
        self.words(FROMHOST, 0)
        return answer

    def call(self, *words):
        """Make a system call; give its result."""
        self.words(BLOCK, *words)
        assert self.tell(BLOCK) == 1
        return self.word(BLOCK)


@pytest.mark.parametrize(("word", "status"), [(1, 0), (3, 1), (2 * 1337 + 1, 1337)])
def test_an_odd_payload_is_an_exit_code(word, status):
    host = Host()
    host.tell(word)
    assert [(stop.status, stop.source) for stop in host.stops] == [(status, "htif")]


def test_a_word_is_acted_on_only_when_it_has_stood_for_a_moment():
    host = Host()
    host.memory.write(TOHOST, (0x41).to_bytes(4, "little"))  # looks like an exit so far
    assert host.htif.poll() == SETTLING
    host.memory.write(TOHOST + 4, (0x01010000).to_bytes(4, "little"))
    assert host.htif.poll() == SETTLING
    host.htif.poll()
    assert not host.stops
    assert host.console.output == b"A"


def test_looks_are_rare_while_nothing_happens_and_frequent_after():
    host = Host()
    pauses = [host.htif.poll() for _ in range(12)]
    assert pauses[0] == 2 * SOONEST
    assert pauses[-1] == LATEST
    host.words(TOHOST, 0x0101 << 48 | 0x41)
    assert (host.htif.poll(), host.htif.poll()) == (SETTLING, SOONEST)


def test_the_console_prints_a_character_without_an_answer():
    host = Host()
    assert host.tell(1 << 56 | 1 << 48 | ord("x")) == 0
    assert host.console.output == b"x"


def test_the_console_answers_with_a_character_when_there_is_one():
    host = Host()
    assert host.tell(1 << 56) == 0
    host.console.feed(b"q")
    host.htif.poll()
    assert host.word(FROMHOST) == 1 << 56 | 0x100 | ord("q")


def test_an_answer_waits_until_the_one_before_is_taken():
    host = Host(b"ab")
    host.words(FROMHOST, 5)
    host.words(TOHOST, 1 << 56)
    for _ in range(4):
        host.htif.poll()
    assert host.word(FROMHOST) == 5
    host.words(FROMHOST, 0)
    host.htif.poll()
    assert host.word(FROMHOST) & 0xFF == ord("a")


@pytest.mark.parametrize("descriptor", [1, 2])
def test_write_prints_and_gives_the_length(descriptor):
    host = Host()
    host.memory.write(TEXT, b"hello")
    assert host.call(64, descriptor, TEXT, 5) == 5
    assert host.console.output == b"hello"


def test_read_takes_the_input_there_is():
    host = Host(b"in")
    assert host.call(63, 0, TEXT, 10) == 2
    assert host.memory.read(TEXT, 2) == b"in"


def test_the_exit_call_has_the_status_as_it_is():
    host = Host()
    host.call(93, 7)
    assert host.stops[0].status == 7


@pytest.mark.parametrize(
    ("words", "result"),
    [
        ((64, 3, TEXT, 1), EBADF),
        ((64, 1, BASE + SIZE - 1, 2), EFAULT),
        ((64, 1, 2**64 - 1, 2**64 - 1), EFAULT),
        ((64, 1, TEXT, 0), 0),
        ((63, 1, TEXT, 1), EBADF),
        ((63, 0, 0, 1), EFAULT),
        ((57, 2), 0),
        ((57, 3), EBADF),
        ((1234,), ENOSYS),
    ],
)
def test_a_call_that_cannot_be_done_gives_an_error(words, result):
    assert Host().call(*words) == result


def test_main_variables_are_no_arguments():
    host = Host()
    host.words(TEXT, 99, 99)
    assert host.call(2011, TEXT, 16) == 0
    assert host.memory.read(TEXT, 16) == bytes(16)


@pytest.mark.parametrize(
    ("device", "what", "name"),
    [(0, 0xFF, b"syscall_proxy"), (1, 0xFF, b"bcd"), (1, 1, b"write"), (1, 9, b"")],
)
def test_devices_say_what_they_are(device, what, name):
    host = Host()
    assert host.tell(device << 56 | 0xFF << 48 | TEXT << 8 | what) == device << 56 | 0xFF << 48 | 1
    assert host.memory.read(TEXT, 64) == name.ljust(64, b"\0")


@given(st.lists(st.tuples(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1)), max_size=20))
def test_any_words_are_survived(words):
    host = Host(b"some input")
    for word, argument in words:
        host.words(BLOCK, word, argument, argument, argument)
        host.tell(word)
        host.tell(BLOCK)


# ------------------------------------------------------------------------- on a whole machine


def boot(mode, engine, text):
    """Run a program in M-mode whose mailbox is at 0x80001000; give its machine and its end."""
    data = machines.code(text, BASE)
    machine = machines.make(mode, engine, data, entry=BASE)
    symbols = Symbols({"tohost": BASE + 0x1000, "fromhost": BASE + 0x1008})
    segment = Segment("part", BASE, data, len(data))
    machine.load(BootPlan("guest", BASE, machine.ram.end - 4096, (segment,), symbols, None))
    return machine, machine.run(200_000)


PUTS = """
    lla s0, text
    li s1, 0x80001000
next:
    lbu t0, 0(s0)
    beqz t0, done
    addi s0, s0, 1
    sw t0, 0(s1)
    li t1, 0x01010000
    sw t1, 4(s1)
wait:
    ld t0, 0(s1)
    bnez t0, wait
    j next
done:
    li t0, 2 * 9 + 1
    sw t0, 0(s1)
    sw zero, 4(s1)
spin:
    {spin}
    j spin
text:
    .asciz "printed\\n"
"""


@pytest.mark.parametrize("mode", machines.MAKERS)
@pytest.mark.parametrize("spin", ["nop", "wfi"])
def test_a_program_prints_and_ends_in_every_mode(mode, spin, engine):
    machine, stop = boot(mode, engine, PUTS.format(spin=spin))
    assert (stop.reason, stop.status, stop.detail) == (StopReason.EXIT, 9, "shutdown by htif")
    assert machine.output == b"printed\n"


def test_a_program_ends_at_the_same_instruction_in_every_mode(engine):
    ends = {
        mode: boot(mode, engine, PUTS.format(spin="nop"))[0].progress for mode in machines.MAKERS
    }
    assert len(set(ends.values())) == 1, ends


def test_a_failure_whose_low_byte_is_zero_is_still_one(engine):
    text = PUTS.format(spin="nop").replace("2 * 9 + 1", "2 * 256 + 1")
    assert boot("bare", engine, text)[1].status == 1
