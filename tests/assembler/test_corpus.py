"""What GCC makes of C sources assembles to the object that GNU as makes of it.

The suite takes a slice; `make soak` takes everything and then random programs: far more than
100,000 lines. What may differ is listed in `legitimate.py`.
"""

import itertools
import os
import subprocess
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from assembler import assemble
from isa.spec import TABLE
from tests.assembler.generated_c import generated_program
from tests.assembler.gnu import AS, differences, summarize
from tests.assembler.legitimate import settle
from tests.tools import require_tool

CORPUS = sorted((Path(__file__).parent / "corpus").glob("*.c"))
WITH_REALS = ("reals",)
LEVELS, MODELS, DEBUGGING = ("-O0", "-O2", "-Os"), ("medlow", "medany"), ("-g0", "-g")
WHOLE = ("rv64imac_zicsr_zifencei", "lp64")
FLOATING = ("rv64gc", "lp64d")


class Case(NamedTuple):
    """How a source is compiled."""

    arch: tuple[str, str]
    level: str
    model: str
    debugging: str

    def __str__(self) -> str:
        return "".join((self.arch[0], self.level, self.model, self.debugging))


def architectures() -> list[tuple[str, str]]:
    """List what to compile for: floating point only where the table has it."""
    return [WHOLE, *([FLOATING] if "fadd.d" in TABLE.by_name else [])]


def cases() -> list[Case]:
    """List all ways to compile a source."""
    return [Case(*each) for each in itertools.product(architectures(), LEVELS, MODELS, DEBUGGING)]


def compiled(source: str, case: Case) -> str:
    """Give the assembly that GCC makes of a C text."""
    march, mabi = case.arch
    options = [f"-march={march}", f"-mabi={mabi}", f"-mcmodel={case.model}", case.level]
    done = subprocess.run(
        [
            *(require_tool("riscv64-unknown-elf-gcc"), "-S", "-w", "-ffreestanding"),
            *(*options, case.debugging, "-x", "c", "-", "-o", "-"),
        ],
        input=source,
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.returncode, done.stderr
    return done.stdout


def check(text: str, case: Case, folder: Path) -> int:
    """Compare the objects of an assembly text; give the number of its lines."""
    march, mabi = case.arch
    source, output = folder / "corpus.s", folder / "corpus.o"
    source.write_text(text)
    options = [f"-march={march}", f"-mabi={mabi}", "-o", str(output)]
    subprocess.run([require_tool(AS), *options, str(source)], check=True)
    ours = summarize(assemble(text, filename=str(source), march=march, mabi=mabi).to_bytes())
    theirs = summarize(output.read_bytes())
    assert differences(ours, settle(ours, theirs), in_order=True) == []
    return text.count("\n")


def pairs() -> list[tuple[Path, Case]]:
    """List each source with each way to compile it."""
    return [
        (path, case)
        for path in CORPUS
        for case in cases()
        if path.stem not in WITH_REALS or case.arch == FLOATING
    ]


def name(value: object) -> str:
    """Name a parameter."""
    return value.stem if isinstance(value, Path) else str(value)


@pytest.mark.parametrize(("path", "case"), pairs()[::5], ids=name)
def test_compiled_sources_give_the_object_of_gnu_as(path: Path, case: Case, tmp_path: Path):
    check(compiled(path.read_text(), case), case, tmp_path)


@pytest.mark.parametrize("seed", range(3))
def test_a_generated_program_gives_the_object_of_gnu_as(seed: int, tmp_path: Path):
    case = cases()[seed * 7 % len(cases())]
    text = generated_program(seed, has_reals=case.arch == FLOATING)
    check(compiled(text, case), case, tmp_path)


@pytest.mark.soak
@pytest.mark.parametrize(("path", "case"), pairs(), ids=name)
def test_every_source_in_every_way(path: Path, case: Case, tmp_path: Path):
    check(compiled(path.read_text(), case), case, tmp_path)


@pytest.mark.soak
def test_random_programs_for_a_while(tmp_path: Path):
    deadline = time.monotonic() + float(os.environ.get("TRAPLINE_SOAK_SECONDS", "60"))
    lines = 0
    for seed in itertools.count(1000):
        case = cases()[seed % len(cases())]
        text = generated_program(seed, 20, case.arch == FLOATING)
        lines += check(compiled(text, case), case, tmp_path)
        if time.monotonic() > deadline and lines > 100_000:
            break
    print(f"{lines} lines agree")
