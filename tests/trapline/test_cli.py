"""The frame of the command: how subcommands are found and what becomes of errors.

Statuses are those of the shell's conventions: 2 for the user's errors, 128 + n for signal n.
"""

import io
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from isa.errors import Location, TraplineError
from trapline import __version__, commands
from trapline.cli import build_parser, guarded, main

START_UP_S = 0.15


def raising(error):
    """Make a piece of work that raises."""

    def work():
        raise error

    return work


def test_a_users_error_is_one_line_and_status_2():
    stderr = io.StringIO()
    assert guarded(raising(TraplineError("no such guest")), stderr) == 2
    assert stderr.getvalue() == "trapline: error: no such guest\n"


def test_a_users_error_with_a_place_shows_the_line_and_a_caret(tmp_path):
    source = tmp_path / "a.s"
    source.write_text("nop\n\tadi x1, x2, 3\n")
    stderr = io.StringIO()
    place = Location(str(source), line=2, column=2)
    assert guarded(raising(TraplineError("unknown mnemonic", place)), stderr) == 2
    assert stderr.getvalue().splitlines() == [
        f"trapline: error: {source}:2:2: unknown mnemonic",
        "  \tadi x1, x2, 3",
        "  \t^",
    ]


@pytest.mark.parametrize("content", [None, b"\xff\xfe\n", b"", b"x" * 10_000])
def test_a_place_that_cannot_be_shown_is_still_named(tmp_path, content):
    source = tmp_path / "a.s"
    if content is not None:
        source.write_bytes(content)
    stderr = io.StringIO()
    guarded(raising(TraplineError("bad", Location(str(source), line=1, column=3))), stderr)
    assert stderr.getvalue() == f"trapline: error: {source}:1:3: bad\n"


def test_a_file_that_cannot_be_opened_is_the_users_error():
    stderr = io.StringIO()
    work = raising(FileNotFoundError(2, "No such file or directory", "lost.s"))
    assert guarded(work, stderr) == 2
    assert stderr.getvalue() == "trapline: error: lost.s: No such file or directory\n"


@pytest.mark.parametrize(
    ("error", "status"), [(KeyboardInterrupt(), 130), (BrokenPipeError(32, "Broken pipe"), 141)]
)
def test_an_interruption_is_silent(error, status):
    stderr = io.StringIO()
    assert guarded(raising(error), stderr) == status
    assert stderr.getvalue() == ""


@pytest.mark.parametrize("error", [ZeroDivisionError("two\nlines"), RecursionError()])
def test_a_bug_is_one_line_without_a_traceback(monkeypatch, error):
    monkeypatch.delenv("TRAPLINE_DEBUG", raising=False)
    stderr = io.StringIO()
    assert guarded(raising(error), stderr) == 70
    lines = stderr.getvalue().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("trapline: internal error, please report")


def test_a_bug_shows_its_traceback_when_asked(monkeypatch):
    monkeypatch.setenv("TRAPLINE_DEBUG", "1")
    stderr = io.StringIO()
    assert guarded(raising(ZeroDivisionError("oops")), stderr) == 70
    assert "Traceback" in stderr.getvalue()


@pytest.mark.parametrize(
    "arguments", [[], ["nonsense"], ["--nonsense"], ["isa", "--nonsense"], ["guests", "extra"]]
)
def test_a_wrong_command_line_is_one_line_and_status_2(arguments, capsys):
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("trapline: error: ")
    assert captured.err.count("\n") == 1


def test_the_version_is_the_packages(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"trapline {__version__}\n"


@pytest.mark.parametrize("name", commands.names())
def test_every_command_has_an_example_in_its_help(name, capsys):
    assert main([name, "--help"]) == 0
    help_text = capsys.readouterr().out
    assert "example" in help_text
    assert f"trapline {name}" in help_text.partition("example")[2]


@pytest.mark.parametrize("name", commands.names())
def test_a_command_is_listed_with_what_it_does(name):
    listing = build_parser().format_help()
    line = next(line for line in listing.splitlines() if line.split()[:1] == [name])
    assert len(line.split()) > 2


@pytest.mark.parametrize("arguments", [["--help"], ["as", "--help"], ["isa", "addw"], ["guests"]])
def test_nothing_slow_is_imported_for(arguments):
    program = (
        "import sys; from trapline.cli import main; main(sys.argv[1:]);"
        "print([name for name in ('llvmlite',) if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_help_appears_at_once():
    def start_up():
        begin = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [sys.executable, "-m", "trapline", "--help"], stdout=subprocess.DEVNULL, check=True
        )
        end = resource.getrusage(resource.RUSAGE_CHILDREN)
        return end.ru_utime + end.ru_stime - begin.ru_utime - begin.ru_stime

    # CPU time, and the least of several: the machine may be busy with the rest of the suite.
    assert min(start_up() for _ in range(7)) < START_UP_S


def test_a_reader_that_has_gone_away_is_not_an_error():
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "trapline", "isa"],
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, "")


def test_a_full_disk_is_one_line_and_status_2():
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "trapline", "isa"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr == "trapline: error: No space left on device\n"
