"""Every example in the documentation does what the page says.

A page's commands run in an empty folder of their own, `trapline` being this environment's.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, Block, Example, blocks, examples, is_promised, pages

PAGES_WITH_EXAMPLES = [
    page for page in pages() if any(block.mark in ("console", "python") for block in blocks(page))
]
# make must not set up the environment that the suite is running in.
MAKE = (
    f"make --no-print-directory -C {ROOT} VENV={sys.prefix} "
    f"-o {sys.prefix}/.stamp-run -o {sys.prefix}/.stamp-self "
)
TIMEOUT_S = 300


def name_of(page):
    """Name a page from the root of the project."""
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES_WITH_EXAMPLES, ids=name_of)
def test_the_examples_of_a_page_do_what_it_says(page, tmp_path, monkeypatch):
    status = 0
    program = ""
    for block in blocks(page):
        if block.filename:
            (tmp_path / block.filename).write_text(block.text)
        if block.mark == "python":
            program += "\n" * (block.line - program.count("\n") - 1) + block.text
        if block.mark == "console":
            status = run_console(page, block, tmp_path, status)
    if program:
        monkeypatch.chdir(tmp_path)
        exec(compile(program, str(page), "exec"), {"__name__": "__main__"})


def run_console(page: Path, block: Block, folder: Path, status: int) -> int:
    """Run the commands of a block; return the status of the last, for `echo $?`."""
    commands = examples(block)
    for number, example in enumerate(commands):
        done = run(example, folder, status)
        assert is_promised(example.output, done.stdout), (
            f"{name_of(page)}:{block.line}: `{example.command}` printed (status "
            f"{done.returncode})\n{done.stdout}\nbut the page says\n{example.output}"
        )
        status = done.returncode
        shown = [later.command for later in commands[number + 1 : number + 2]] == ["echo $?"]
        assert status == 0 or shown, (
            f"{name_of(page)}:{block.line}: `{example.command}` ended with {status}, and the page "
            "does not show that by `echo $?`"
        )
    return status


def run(example: Example, folder: Path, status: int) -> subprocess.CompletedProcess[str]:
    """Run one command as a shell would after a command that left `status`."""
    command = example.command
    if command.startswith("make "):
        command = MAKE + command.removeprefix("make ")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-c", f"(exit {status}); {command}"],
        cwd=folder,
        env={**os.environ, "PATH": path, "COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )


@pytest.mark.parametrize(
    ("promise", "output", "kept"),
    [
        ("one\n", "one\n", True),
        ("one\n", "one", True),
        ("one\n", "one\ntwo\n", False),
        ("", "", True),
        ("", "one\n", False),
        ("one\n...\n", "one\ntwo\nthree\n", True),
        ("one\n...\nfour\n", "one\ntwo\nthree\n", False),
        ("...\nfour\n", "one\nfour\n", True),
        ("took ... s\n", "took 1.25 s\n", True),
        ("took ... s\n", "took 1.25 ms\n", False),
        ("a.c\n", "abc\n", False),
    ],
)
def test_an_output_is_compared_with_its_promise(promise, output, kept):
    assert is_promised(promise, output) is kept
