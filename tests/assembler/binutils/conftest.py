"""Fixtures: the sample files, and one of the tools run beside GNU's."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.assembler.binutils import samples
from tests.tools import require_tool
from trapline.cli import main

Compare = Callable[..., tuple[list[str], list[str]]]


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder with the sample files."""
    folder = tmp_path_factory.mktemp("samples")
    samples.build(folder)
    return folder


@pytest.fixture
def compare(files: Path, capsys: pytest.CaptureFixture[str], monkeypatch) -> Compare:
    """Run a tool and GNU's on the same arguments, and give the lines of both."""
    monkeypatch.chdir(files)

    def run(tool: str, *arguments: str) -> tuple[list[str], list[str]]:
        program = require_tool(f"riscv64-unknown-elf-{tool}")
        done = subprocess.run([program, *arguments], capture_output=True, text=True, check=True)
        assert main([tool, *arguments]) == 0
        return capsys.readouterr().out.splitlines(), done.stdout.splitlines()

    return run
