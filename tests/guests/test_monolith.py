"""What monolith does: its shell, its processes, its files, wherever it runs."""

import pytest

import trapline
from guests import build_disk, find
from guests.mkfs import read_image
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


def test_a_disk_of_another_kind_is_said_to_be_one(tmp_path):
    image = tmp_path / "zeros.img"
    image.write_bytes(bytes(1 << 20))
    result = trapline.run("monolith", drive=(f"file={image}",))
    assert result.exit_status == 1
    assert "panic: the disk holds no file system of ours" in result.text
