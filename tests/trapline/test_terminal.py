"""Console input of the command: pipes, the end of a file, and a terminal with its escapes."""

import os
import pty
import select
import subprocess
import sys
import time

import pytest

# Echoes input by interrupt, sleeping in between, until it reads a `!`: then it powers off.
ECHO = """
    .globl _start
_start:
    la t0, handler
    csrw stvec, t0
    li s3, 0x10000000
    li s4, 0xc000000
    li t0, 1
    sw t0, 40(s4)
    li s5, 0xc002080
    li t0, 1 << 10
    sw t0, 0(s5)
    li s5, 0xc201000
    sw zero, 0(s5)
    li t0, 1
    sb t0, 2(s3)
    sb t0, 1(s3)
    li t0, '>'
    sb t0, 0(s3)
    li t0, 1 << 9
    csrw sie, t0
    csrsi sstatus, 2
sleep:
    wfi
    j sleep
    .align 2
handler:
    lw s6, 4(s5)
more:
    lbu t0, 5(s3)
    andi t0, t0, 1
    beqz t0, enough
    lbu t0, 0(s3)
    sb t0, 0(s3)
    li t1, '!'
    bne t0, t1, more
    li t0, 0x100000
    li t1, 0x5555
    sw t1, 0(t0)
enough:
    sw s6, 4(s5)
    sret
"""
SECONDS = 30


@pytest.fixture
def command(tmp_path):
    source = tmp_path / "echo.s"
    source.write_text(ECHO)
    return [sys.executable, "-m", "trapline", "run", str(source)]


def test_piped_input_reaches_the_guest(command):
    result = subprocess.run(command, input=b"hello!", capture_output=True, timeout=60, check=False)
    assert (result.returncode, result.stdout) == (0, b">hello!")


def test_a_pipe_that_is_slow_is_waited_for(command):
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.read(1) == b">"
        for part in (b"one ", b"two!"):
            process.stdin.write(part)
            process.stdin.flush()
            assert process.stdout.read(4) == part
        assert process.wait(SECONDS) == 0


def test_the_end_of_input_ends_a_guest_that_waits_for_more(command):
    result = subprocess.run(command, input=b"hello", capture_output=True, timeout=60, check=False)
    assert (result.returncode, result.stdout) == (124, b">hello")


class Session:
    """A command on a terminal of its own."""

    def __init__(self, command):
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.execv(command[0], command)
        self.seen = b""

    def expect(self, text):
        end = time.monotonic() + SECONDS
        while text not in self.seen:
            ready = select.select([self.terminal], [], [], max(0, end - time.monotonic()))[0]
            assert ready, f"{text!r} did not come after {self.seen!r}"
            self.seen += os.read(self.terminal, 4096)
        self.seen = self.seen.partition(text)[2]

    def type(self, keys):
        os.write(self.terminal, keys)

    def status(self):
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def test_keys_are_the_guests_in_raw_mode(command):
    session = Session(command)
    session.expect(b">")
    session.type(b"a")
    session.expect(b"a")  # only now the terminal is raw for sure
    session.type(b"b\x03\x01\x01c")
    session.expect(b"b\x03\x01c")  # also Ctrl-C, and Ctrl-A when it is typed twice
    session.type(b"!")
    assert session.status() == 0


def test_control_a_x_leaves(command):
    session = Session(command)
    session.expect(b">")
    session.type(b"\x01x")
    assert session.status() == 0


def test_control_a_c_talks_to_the_monitor_and_back(command):
    session = Session(command)
    session.expect(b">")
    session.type(b"\x01cinfo registers\r")
    session.expect(b"hart 0 in S-mode")
    session.type(b"info mtreex\x7f\rnonsense\r")
    session.expect(b"uart0")
    session.expect(b"unknown command: nonsense")
    session.type(b"cont\rback")
    session.expect(b"back")
    session.type(b"\x01cquit\r")
    assert session.status() == 0
