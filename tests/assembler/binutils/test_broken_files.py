"""Files that lie about themselves: every tool refuses them in a line, or shows something."""

import io
import random
import struct
import time
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from trapline.cli import INTERNAL_ERROR, main

TOOLS = (
    ["objdump", "-x", "-d", "-r", "-s"],
    ["objdump", "-D", "-S", "-l", "-w"],
    ["objdump", "-d", "-M", "capstone"],
    ["nm", "-a", "-S"],
    ["nm", "-s", "-fsysv"],
    ["size", "-A", "--common"],
    ["ar", "t"],
)
COPIES = (
    ["objcopy", "-O", "binary"],
    ["objcopy", "-g"],
    ["objcopy", "-O", "ihex"],
    ["objcopy", "-S", "-j", ".text"],
    ["strip", "-o"],
)
FILES = ("c.o", "odd.o", "c.elf", "c.a")
LIMIT_S = 20  # for one run; most take some milliseconds


def run(arguments: list[str]) -> tuple[int, str]:
    """Run a command; give its status and what it says on standard error."""
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        status = main(arguments)
    return status, err.getvalue()


def mutations(data: bytes, chance: random.Random, count: int) -> list[bytes]:
    """Give files with bytes changed, cut off, or with numbers at their edges."""
    found = []
    edges = (0, 1, 0x7F, 0xFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 1 << 63, (1 << 64) - 1)
    for _ in range(count):
        broken = bytearray(data)
        for _ in range(chance.choice((1, 1, 2, 8))):
            # Headers stand at both ends of a file: look there more often.
            at = chance.choice((chance.randrange(64), chance.randrange(len(data)), -1))
            at = len(data) - 1 - chance.randrange(min(len(data), 2000)) if at < 0 else at
            if chance.random() < 0.4:
                broken[at] = chance.getrandbits(8)
            else:
                width = chance.choice((2, 4, 8))
                value = chance.choice(edges) & (1 << 8 * width) - 1
                broken[at : at + width] = value.to_bytes(width, "little")
        if chance.random() < 0.15:
            del broken[chance.randrange(len(broken)) :]
        found.append(bytes(broken[: len(data) + 8]))
    return found


def check(arguments: list[str]) -> None:
    """Run a command that must not fail in an unforeseen way."""
    began = time.perf_counter()
    status, said = run(arguments)
    assert status in (0, 2), f"{arguments}: {said}"
    assert status != INTERNAL_ERROR
    assert status == 0 or said.startswith("trapline: error: ")
    assert time.perf_counter() - began < LIMIT_S, f"{arguments} took too long"


@pytest.mark.parametrize("name", FILES)
def test_a_broken_file_is_refused_or_shown(name: str, files: Path, tmp_path: Path):
    chance = random.Random(name)
    path, copy = tmp_path / "broken", tmp_path / "copy"
    for data in mutations((files / name).read_bytes(), chance, 60):
        path.write_bytes(data)
        for command in chance.sample(TOOLS, 2):
            check([*command, str(path)])
        command = chance.choice(COPIES)
        ending = [str(copy), str(path)] if command[-1] == "-o" else [str(path), str(copy)]
        check([*command, *ending])


@pytest.mark.soak
@pytest.mark.parametrize("name", FILES)
def test_many_broken_files_are_refused_or_shown(name: str, files: Path, tmp_path: Path):
    import os

    chance = random.Random()
    path, copy = tmp_path / "broken", tmp_path / "copy"
    end = time.monotonic() + float(os.environ.get("TRAPLINE_SOAK_SECONDS", "60"))
    while time.monotonic() < end:
        for data in mutations((files / name).read_bytes(), chance, 20):
            path.write_bytes(data)
            for command in TOOLS:
                check([*command, str(path)])
            for command in COPIES:
                ending = [str(copy), str(path)] if command[-1] == "-o" else [str(path), str(copy)]
                check([*command, *ending])


def test_a_section_of_absurd_size_is_refused(files: Path, tmp_path: Path):
    data = bytearray((files / "c.elf").read_bytes())
    (start,) = struct.unpack_from("<Q", data, 0x28)
    size, count = struct.unpack_from("<HH", data, 0x3A)
    for number in range(count):
        at = start + number * size
        if struct.unpack_from("<I", data, at + 4)[0] == 8:  # NOBITS
            data[at + 32 : at + 40] = (1 << 60).to_bytes(8, "little")
    path = tmp_path / "huge.elf"
    path.write_bytes(data)
    status, said = run(["objdump", "-Dz", str(path)])
    assert (status, "absurdly large" in said) == (2, True)


def test_folders_and_empty_files_are_refused(tmp_path: Path):
    empty = tmp_path / "empty"
    empty.write_bytes(b"")
    for command in (["objdump", "-d"], ["nm"], ["size"], ["ar", "t"]):
        for path in (empty, tmp_path):
            status, said = run([*command, str(path)])
            assert status == 2
            assert str(path) in said
