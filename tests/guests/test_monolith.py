"""What monolith does: its shell, its processes, its files, wherever it runs."""

import functools
from pathlib import Path

import pytest

import trapline
from guests import build, build_disk, find
from guests.mkfs import read_image
from tests.guests.toolchain import qemu_console
from vmm.devices.virtio.block import Block
from vmm.disks.memory import MemoryDisk

END = "monolith: checksum 0x"


def type_in(text: str) -> trapline.Result:
    """Give a run of monolith on the bare board with a text typed at its console."""
    return trapline.run("monolith", input=text.encode(), max_instructions=100_000_000)


def answers(text: str) -> str:
    """Give what the shell answers to lines: the console without prompts and echoed lines."""
    shown = type_in(text + "\nexit 0\n").text
    assert END in shown, shown
    lines = shown.splitlines()[1:-2]
    return "\n".join(line for line in lines if not line.startswith("$ "))


def disk_of(result: trapline.Result) -> dict[str, bytes]:
    """Give the files on the disk that a run has left behind; raises what is inconsistent."""
    (device,) = result.machine.virtio.values()
    assert isinstance(device, Block)
    assert isinstance(device.disk, MemoryDisk)
    return read_image(bytes(device.disk.data))


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("echo one  two 'three  four'", "one two three  four"),
        ("echo a > /tmp/f; echo b >> /tmp/f; cat /tmp/f", "a\nb"),
        ("echo a > /tmp/f; cat < /tmp/f | cat | wc", "      1       1       2"),
        ("cat /none", "cat: cannot open /none"),
        ("nothing", "sh: not found: nothing"),
        ("cat < /none", "sh: cannot open /none"),
        ("echo 'open", "sh: what is that?"),
        ("| wc", "sh: what is that?"),
        ("# a comment", ""),
        ("cd /etc; cat motd | grep ^Read", "Read it again."),
        ("cd /none", "cd: no directory /none"),
        ("mkdir /tmp/a; mkdir /tmp/a/b; rm /tmp/a; rm /tmp/a/b /tmp/a", "rm: cannot remove /tmp/a"),
        ("mkdir /etc/motd", "mkdir: cannot make /etc/motd"),
        ("rm /bin/..", "rm: cannot remove /bin/.."),
        ("kill 99", "kill: no process 99"),
        ("sh -c", "sh: cannot open -c"),
        ("echo 'echo inner' > /tmp/s; sh /tmp/s", "inner"),
        ("stress 6", "stress: sum 45696"),
        ("sleep 100000 &\nkill -9 3; wait; echo gone", "[3]\ngone"),
        ("cat /bin/echo | cat | cat > /tmp/e; /tmp/e copied", "copied"),
    ],
)
def test_the_shell_answers(line: str, answer: str):
    assert answers(line) == answer


def test_control_d_ends_input_and_backspace_takes_back():
    shown = type_in("cat\nax\x7fb\n\x04exit\n").text
    assert "ax\b \bb\nab\n$ exit" in shown


def test_files_are_on_the_disk_in_the_end_and_nothing_is_lost():
    result = type_in("echo kept > /tmp/f\nmkdir /d\ncp /bin/sh /d/sh\nrm /bin/ps\nexit\n")
    assert result.exit_status == 0
    files = disk_of(result)
    before = read_image(build_disk("monolith"))
    assert files["/tmp/f"] == b"kept\n"
    assert files["/d/sh"] == before["/bin/sh"]
    assert set(before) - set(files) == {"/bin/ps"}


def test_bare_board_and_domain_end_alike():
    comparison = trapline.compare("monolith")
    assert comparison.state_agrees
    assert comparison.console_agrees
    assert comparison.accounts[0].facts.exit_status == 0
    assert next(iter(comparison.runs.values())).text == find("monolith").console


def test_the_reference_engine_comes_to_the_same_state():
    fast, slow = (
        trapline.boot("monolith", engine=name, mem="16M", max_instructions=100_000)
        for name in ("interpreter", "reference")
    )
    assert fast.account.facts.state_sha256 == slow.account.facts.state_sha256
    assert fast.console == slow.console


def compute_checksum(rounds: int) -> int:
    """Give what the workload `compute` has to print."""
    order, mask, seed = 48, (1 << 64) - 1, 88172645463325252
    numbers = []
    for _ in range(2 * order * order):
        seed ^= seed << 13 & mask
        seed ^= seed >> 7
        seed ^= seed << 17 & mask
        numbers.append(seed)
    left, right = numbers[: order * order], numbers[order * order :]
    for _ in range(rounds):
        sums = [
            sum(left[row + k] * right[k * order + column] for k in range(order)) & mask
            for row in range(0, order * order, order)
            for column in range(order)
        ]
        left = [value ^ value >> 29 for value in sums]
    return functools.reduce(
        lambda total, value: (total ^ value) * 0x100000001B3 & mask, left, 0xCBF29CE484222325
    )


def test_compute_multiplies_right():
    shown = trapline.run("monolith", append="run=compute scale=2", input=b"").text
    assert f"compute: checksum {compute_checksum(2):#018x}\n" in shown


@pytest.mark.parametrize("name", ["compile", "compute", "database", "calls", "stress"])
def test_a_workload_ends_alike_in_every_mode_and_on_qemu(name: str, tmp_path: Path):
    line = f"run={name} scale=2"
    comparison = trapline.compare("monolith", append=line, input=b"")
    assert comparison.state_agrees
    assert comparison.exit_status == 0
    program, image = tmp_path / "monolith.elf", tmp_path / "disk.img"
    program.write_bytes(build("monolith"))
    image.write_bytes(build_disk("monolith"))
    shown = next(iter(comparison.runs.values())).text
    assert qemu_console(program, image, append=line) == shown


def test_the_same_program_from_the_shell_prints_the_same():
    shown = trapline.run("monolith", append="run=compile scale=2", input=b"").text
    assert answers("compile 2") in shown


def test_a_program_that_is_not_there_is_missed():
    shown = trapline.run("monolith", append="run=none", input=b"").text
    assert "cannot run /bin/none" in shown
    assert "init: it ended with status 127" in shown


def test_a_disk_of_another_kind_is_said_to_be_one(tmp_path: Path):
    image = tmp_path / "zeros.img"
    image.write_bytes(bytes(1 << 20))
    result = trapline.run("monolith", drive=(f"file={image}",))
    assert result.exit_status == 1
    assert "panic: the disk holds no file system of ours" in result.text
