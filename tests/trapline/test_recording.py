"""A recorded run is had again to the last bit, and another one is refused."""

import hashlib
import json
import subprocess
import sys
from base64 import b64decode

import pytest

from trapline.cli import main

GREET = """
    .globl _start
_start:
    la   sp, __kernel_end + 4096
    call console_init
next:
    li   a7, 0x4442434e
    li   a6, 1
    li   a0, 1
    la   a1, letter
    li   a2, 0
    ecall
    beqz a1, next
    la   a0, letter
    call print_string
    lb   t0, letter
    li   t1, '.'
    bne  t0, t1, next
    j    power_off
    .data
letter: .asciz "?"
"""


@pytest.fixture
def guest(tmp_path):
    (tmp_path / "greet.s").write_text(GREET)
    return tmp_path / "greet.s"


def trapline(*arguments, typed=b""):
    """Run the command with something typed slowly, as a terminal would give it."""
    command = [sys.executable, "-m", "trapline", *map(str, arguments)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        out = b""
        for letter in typed:
            running.stdin.write(bytes((letter,)))
            running.stdin.flush()
            out += running.stdout.read(1)  # the next one comes after the guest has seen this
        rest, errors = running.communicate(timeout=60)
    return running.returncode, out + rest, errors.decode()


def account(path):
    return json.loads(path.read_text())


@pytest.mark.parametrize("verb", ["run", "boot"])
def test_a_replay_has_the_same_states(verb, guest, tmp_path):
    options = ["--record-every", "50", "--json", tmp_path / "a.json", "--no-account"]
    done = trapline(verb, "--record", tmp_path / "r", *options, guest, typed=b"yes.")
    assert done[:2] == (0, b"yes.")
    lines = [json.loads(line) for line in (tmp_path / "r").read_text().splitlines()]
    assert b"".join(b64decode(line.get("data", "")) for line in lines) == b"yes."
    assert sum("check" in line for line in lines) > 1
    for engine in ("interpreter", "reference"):
        options = ["--engine", engine, "--json", tmp_path / "b.json", "--no-account"]
        assert trapline(verb, "--replay", tmp_path / "r", *options, guest)[:2] == (0, b"yes.")
        for key in ("state_sha256", "console_sha256", "instructions"):
            assert account(tmp_path / "a.json")[key] == account(tmp_path / "b.json")[key]


def test_a_bounded_recording_is_replayed_to_its_bound(tmp_path, capsys):
    file = str(tmp_path / "r")
    assert main(["run", "--record", file, "--max-instructions", "50000", "tick"]) == 124
    assert main(["run", "--replay", file, "tick"]) == 124


def test_another_state_is_noticed(tmp_path, capsys):
    file = tmp_path / "r"
    assert main(["run", "--record", str(file), "--record-every", "50000", "tick"]) == 0
    assert main(["run", "--replay", str(file), "tick"]) == 0
    *lines, last = file.read_text().splitlines()
    at = next(n for n, line in enumerate(lines) if "check" in line)
    lines[at] = json.dumps(json.loads(lines[at]) | {"state": "0" * 64})
    text = "".join(f"{line}\n" for line in lines)
    summed = json.loads(last) | {"sum": hashlib.sha256(text.encode()).hexdigest()}
    file.write_text(text + json.dumps(summed) + "\n")
    capsys.readouterr()
    assert main(["run", "--replay", str(file), "tick"]) == 2
    assert "the replay has another state after 50000 instructions" in capsys.readouterr().err


def test_a_recording_cut_off_or_damaged_is_refused(tmp_path, capsys):
    file = tmp_path / "r"
    assert main(["run", "--record", str(file), "hello"]) == 0
    data = file.read_bytes()
    for size in (*range(0, len(data) - 1, 7), len(data) - 2):
        file.write_bytes(data[:size])
        assert main(["run", "--replay", str(file), "hello"]) == 2
    for at in range(0, len(data) - 1, 11):
        file.write_bytes(data[:at] + bytes((data[at] ^ 4,)) + data[at + 1 :])
        main(["run", "--replay", str(file), "hello"])
    assert "Traceback" not in capsys.readouterr().err


NETWORK_CARD = "virtio-net-device,netdev=n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--replay", "none", "hello"], "none: No such file or directory"),
        (["--record", "lost/r", "hello"], "lost/r: its folder cannot be written to"),
        (["--record", "a", "--gdb", ":0", "hello"], "--record and --gdb: one at a time"),
        (["--record", "a", "--record-every", "0", "hello"], "--record-every 0: expected at least"),
        (["--log", "a", "hello"], "--log: what is to be written there?"),
        (["--log-commits", "--trace", "a", "hello"], "--trace and --log-commits: one at a time"),
        (["-S", "hello"], "-S: who is to let the guest run?"),
        (
            ["--record", "a", "--netdev", "user,id=n", "--device", NETWORK_CARD, "hello"],
            "--netdev: what comes from a network is not recorded",
        ),
    ],
)
def test_a_mistake_is_one_line_and_status_2(arguments, message, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert main(["run", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("trapline: error: ")
    assert message in captured.err


def test_another_kernel_is_refused(tmp_path, capsys):
    assert main(["run", "--record", str(tmp_path / "r"), "hello"]) == 0
    assert main(["run", "--replay", str(tmp_path / "r"), "failure"]) == 2
    assert "a recording of another machine or kernel" in capsys.readouterr().err
