"""Conformance programs end on our command as they do on Spike: status, console and signature."""

import pytest

from tests.trapline.conformance import FRAME, build, spike, trapline

# Name, mstatus when the test begins, its body, words of its signature.
STORE = "    la a0, results\n    li a1, 0x12345678\n    sw a1, {offset}(a0)\n"
PROGRAMS = {
    "passes": (0, STORE.format(offset=4), 4),
    "fails_at_2": (0, "    li gp, 2\n    j fail\n", 4),
    "fails_at_57": (0x1800, "    li gp, 57\n    j fail\n", 4),
    "traps_unexpectedly": (0x1800, "    li gp, 3\n    .word 0\n", 4),
    "passes_in_s": (0x800, STORE.format(offset=8), 7),
}


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("programs")
    return {
        name: build(folder, name, FRAME.format(status=status, body=body, words=words))
        for name, (status, body, words) in PROGRAMS.items()
    }


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("granularity", [4, 16])
def test_status_and_signature_are_spikes(tmp_path, programs, name, granularity):
    theirs = spike(
        tmp_path, programs[name], "+signature=spike", f"+signature-granularity={granularity}"
    )
    for command in ("run", "boot"):
        ours = trapline(
            tmp_path,
            command,
            f"+signature={command}",
            f"+signature-granularity={granularity}",
            str(programs[name]),
        )
        assert ours.returncode == theirs.returncode, ours.stderr
        assert (tmp_path / command).read_text() == (tmp_path / "spike").read_text()


TALKER = r"""
typedef unsigned long word;
extern volatile word tohost, fromhost;
static volatile word block[8] __attribute__((aligned(64)));
word begin_signature[2], end_signature[1];

static word call(word number, word a, word b, word c)
{
    block[0] = number; block[1] = a; block[2] = b; block[3] = c;
    __sync_synchronize();
    tohost = (word)block;
    while (fromhost == 0) { }
    fromhost = 0;
    return block[0];
}

__asm__(".section .text.init\n.globl _start\n_start: la sp, stack_top\n call main\n"
        ".section .tohost, \"aw\"\n.align 6\n.globl tohost\ntohost: .dword 0\n"
        ".align 6\n.globl fromhost\nfromhost: .dword 0\n"
        ".bss\n.align 4\n.skip 4096\nstack_top:\n.text\n");

int main(void)
{
    static const char text[] = "a line from a program\n";
    begin_signature[0] = call(64, 1, (word)text, sizeof text - 1);
    tohost = 0x0101000000000000 | 'c';
    while (tohost) { }
    tohost = 0x0101000000000000 | '\n';
    while (tohost) { }
    call(93, 5, 0, 0);
    for (;;) { }
}
"""


def test_a_compiled_program_talks_through_system_calls(tmp_path):
    program = build(tmp_path, "talker", TALKER)
    theirs = spike(tmp_path, program)
    ours = trapline(tmp_path, "run", str(program))
    assert (ours.returncode, ours.stdout) == (theirs.returncode, theirs.stdout)
    assert (ours.returncode, ours.stdout) == (5, b"a line from a program\nc\n")


def test_a_signature_that_is_not_there_is_the_users_error(tmp_path, programs):
    result = trapline(tmp_path, "run", "--signature", "out", "hello")
    assert result.returncode == 2
    assert (
        result.stderr
        == b"trapline: error: --signature: the program has no symbol begin_signature\n"
    )


@pytest.mark.parametrize("granularity", ["0", "-1", "5000"])
def test_an_impossible_granularity_is_the_users_error(tmp_path, programs, granularity):
    result = trapline(
        tmp_path,
        "run",
        "--signature=out",
        f"--signature-granularity={granularity}",
        str(programs["passes"]),
    )
    assert result.returncode == 2
    assert b"expected 1 to 4096 bytes" in result.stderr
