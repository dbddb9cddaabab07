"""Random sources give the object of GNU as, less what it refuses, which we refuse too.

What GNU as cannot say before it knows sizes it says without the rest, so refused lines are left
out until nothing is refused. Mapping symbols are compared elsewhere: code at odd places has others.
"""

import itertools
import os
import re
import subprocess
import time
from pathlib import Path

import pytest

from assembler import AssemblyErrors, assemble
from tests.assembler.gnu import AS, differences, summarize
from tests.assembler.legitimate import settle, without_marks
from tests.assembler.random_sources import random_source
from tests.tools import require_tool

MARCHES = ("rv64gc", "rv64imafd_zicsr")
MAX_PASSES = 8


def gnu_object(text: str, folder: Path, options: list[str]) -> tuple[str, bytes, set[str]]:
    """Give what is left of a text, its object, and the lines that were refused at first."""
    source, output = folder / "random.s", folder / "random.o"
    command = [require_tool(AS), *options, "-o", str(output), str(source)]
    refused: set[str] = set()
    for _ in range(MAX_PASSES):
        source.write_text(text)
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if not done.returncode:
            return text, output.read_bytes(), refused
        found = re.findall(r"random\.s:(\d+): Error: (.*)", done.stderr)
        lines = text.split("\n")
        if not refused:
            refused = {lines[int(number) - 1] for number, _ in found}
        bad = {int(number) for number, _ in found}
        text = "\n".join("" if n in bad else line for n, line in enumerate(lines, 1))
        if not bad:
            break
    pytest.skip("GNU as says nothing of where it is wrong")


def check(seed: int, count: int, folder: Path) -> None:
    """Compare the objects of a random source."""
    march = MARCHES[seed % 2]
    relax = bool(seed // 2 % 2)
    options = [f"-march={march}", "-mrelax" if relax else "-mno-relax"]
    text, data, _ = gnu_object(random_source(seed, count), folder, options)
    name = str(folder / "random.s")
    ours = without_marks(
        summarize(assemble(text, filename=name, march=march, relax=relax).to_bytes())
    )
    theirs = without_marks(summarize(data))
    assert differences(ours, settle(ours, theirs)) == [], f"seed {seed}:\n{text}"


@pytest.mark.parametrize("seed", range(16))
def test_a_random_source_gives_the_object_of_gnu_as(seed: int, tmp_path: Path):
    check(seed, 40, tmp_path)


# Beyond the lines: what GNU as takes for its name, and what it finds only in a further pass.
SILENT = re.compile(r"\b(ext|l\d+|\.L\d|\d[bf])\b|symver|weakref")


@pytest.mark.parametrize("seed", range(100, 108))
def test_what_gnu_as_refuses_is_refused(seed: int, tmp_path: Path):
    march = MARCHES[seed % 2]
    source = random_source(seed, 40)
    _, _, refused = gnu_object(source, tmp_path, [f"-march={march}"])
    try:
        assemble(source, march=march)
        found: set[str] = set()
    except AssemblyErrors as errors:
        found = {" " + error.source.strip() for error in errors.errors}
    assert not {line for line in refused - found if not SILENT.search(line)}


@pytest.mark.soak
def test_random_sources_for_a_while(tmp_path: Path):
    deadline = time.monotonic() + float(os.environ.get("TRAPLINE_SOAK_SECONDS", "60"))
    for seed in itertools.count(1000):
        try:
            check(seed, 60, tmp_path)
        except pytest.skip.Exception:
            continue
        if time.monotonic() > deadline:
            break
