"""What the linker's tests share: a folder for objects that are compiled once."""

import subprocess
from pathlib import Path

import pytest

from tests.tools import require_tool


@pytest.fixture(scope="session")
def objects(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder for objects."""
    return tmp_path_factory.mktemp("objects")


@pytest.fixture(scope="session")
def libgcc() -> str:
    """Give the compiler's own library."""
    gcc = require_tool("riscv64-unknown-elf-gcc")
    command = [gcc, "-march=rv64imac", "-mabi=lp64", "-print-libgcc-file-name"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
