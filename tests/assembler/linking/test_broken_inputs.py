"""Objects, archives and scripts that make no sense: a line that says so, or a valid link.

Never a traceback, a hang, or memory without bound. Seeds are fixed here; `make soak` draws new ones
and goes on for as long as it is told.
"""

import os
import random
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assembler.errors import LinkError
from assembler.linking.script import parse_script
from tests.assembler.binutils.test_broken_files import LIMIT_S, mutations
from tests.assembler.binutils.test_broken_files import run as run_quietly
from tests.assembler.linking.case_files import read_cases
from tests.assembler.linking.compare import SCRIPTS, run
from trapline.cli import USER_ERROR

SETS = ("relocations", "indirect", "frames", "relocatable")
WAYS: tuple[list[str], ...] = (
    *([], ["--gc-sections"], ["-r"], ["-q"], ["--no-relax"], ["-s"], ["--eh-frame-hdr"], ["-M"]),
    *(["--cref", "-t"], ["-Ttext=0x80000000"], ["--emit-relocs", "--gc-sections"], ["-N"]),
    *(["--print-memory-usage"], ["--build-id"], ["--whole-archive"], ["--oformat", "binary"]),
)
WORDS = (
    *("SECTIONS {", "}", "(", ")", "*(.text)", ":", ";", "=", "1 << 60", "0xffffffffffffffff"),
    *("ALIGN(", "KEEP(", "SORT(", ",", "?", 'ASSERT(0, "no")', "1 / 0", "> nowhere", "AT>", "AT("),
    *("INCLUDE s.ld", "OVERLAY", "PROVIDE(", "LONG(", "FILL(", "=0x90", "MEMORY {", "PHDRS {"),
    *("INSERT AFTER .text;", ". = 1 << 40;", ". += 0x7fffffffffffffff;", "ALIGN(1 << 63)", "~"),
    *("/DISCARD/", "x = x + 1;", "SUBALIGN(0x1000000)", "/*", "\0", "LOG2CEIL(", "VERSION {"),
    *('REGION_ALIAS("a", b)', "NOLOAD", "-9223372036854775808 / -1", "CONSTRUCTORS", "BYTE("),
)


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with objects of every kind, an archive and a thin one."""
    folder = tmp_path_factory.mktemp("pool")
    for name in SETS:
        for number, case in enumerate(read_cases(f"{name}.txt")):
            place = folder / f"{name}{number}"
            place.mkdir()
            case.prepare(place)
    found = sorted(folder.glob("*/*.o"))
    run("ar", "crs", folder / "all.a", *found[::3])
    run("ar", "crsT", folder / "thin.a", *found[1::3])
    return folder


def check(arguments: list[str]) -> str:
    """Link; the end must be a foreseen one, and come soon. Give what was said."""
    began = time.process_time()
    status, said = run_quietly(["ld", *arguments])
    assert status in (0, 1, USER_ERROR), f"{arguments}: {said}"
    assert status == 0 or said.startswith("trapline"), said
    assert time.process_time() - began < LIMIT_S, f"{arguments} took too long"
    return said


def links(pool: Path, folder: Path, chance: random.Random) -> Iterator[list[str]]:
    """Draw links of which one input is broken, without end."""
    objects = sorted(pool.glob("*/*.o"))
    archives = [pool / "all.a", pool / "thin.a"]
    scripts = [path.read_text() for path in sorted(SCRIPTS.glob("*.ld"))]
    broken = folder / "broken"
    while True:
        way = ["-o", str(folder / "out"), *chance.choice(WAYS)]
        others = [str(one) for one in chance.sample(objects, 2)]
        kind = chance.randrange(3)
        if kind < 2:
            source = chance.choice(objects if kind else archives)
            broken.write_bytes(mutations(source.read_bytes(), chance, 1)[0])
            yield [*way, str(broken), *others]
            continue
        broken.write_text(scrambled(chance.choice(scripts), chance))
        yield [*way, "-T", str(broken), *others]


def scrambled(script: str, chance: random.Random) -> str:
    """Take words out of a script, double some, and put strange ones in."""
    words = re.findall(r"\s+|[A-Za-z0-9_.$]+|.", script)
    for _ in range(chance.choice((1, 1, 2, 5, 20))):
        at = chance.randrange(len(words) + 1)
        if chance.random() < 0.3:
            del words[at : at + chance.choice((1, 1, 3, 10))]
        elif chance.random() < 0.8:
            words.insert(at, f" {chance.choice(WORDS)} ")
        else:
            words[at:at] = words[chance.randrange(len(words) + 1) :][:20]
    return "".join(words)


def test_a_link_with_a_broken_input_is_refused_or_valid(pool: Path, tmp_path: Path):
    drawn = links(pool, tmp_path, random.Random(7))
    for _ in range(250):
        check(next(drawn))


@pytest.mark.soak
def test_many_links_with_a_broken_input_are_refused_or_valid(pool: Path, tmp_path: Path):
    end = time.monotonic() + float(os.environ.get("TRAPLINE_SOAK_SECONDS", "60"))
    drawn = links(pool, tmp_path, random.Random())
    while time.monotonic() < end:
        check(next(drawn))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(WORDS) | st.text(max_size=6), max_size=40))
def test_any_words_are_a_script_or_are_refused(words: list[str]):
    with suppress(LinkError):
        parse_script(" ".join(words), load=lambda _: ("INCLUDE s.ld", "s.ld"))


ABSURD = (
    ("SECTIONS { . = 1 << 60; .text : { *(.text) } }", ""),
    ("SECTIONS { .text : { *(.text) . = . + (1 << 40); } }", "gap"),
    ("SECTIONS { .text : { *(.text) . = ALIGN(1 << 62); } }", ""),
    ("SECTIONS { .text : ALIGN(1 << 63) { *(.text) } }", ""),
    ("SECTIONS { .text : { *(.text) } .data 0x7fffffff00000000 : { *(.data) } }", ""),
    ("INCLUDE self.ld", "each other"),
    ("SECTIONS { INCLUDE self.ld }", ""),
    ("MEMORY { INCLUDE self.ld }", ""),
    ("GROUP(self.ld)", ""),
    ("INPUT(self.ld self.ld)", ""),
    ("SECTIONS { .text : { *(.text) " + "BYTE(1) " * 20000 + "} }", ""),
    ("x = " + "1 + " * 20000 + "1;", ""),
    ("x = " + "1 ? " * 20000 + "1;", ""),
    ("SECTIONS { " + "".join(f".s{n} : {{ *(.s{n}) }} " for n in range(3000)) + "}", ""),
    ("PHDRS { " + "".join(f"p{n} PT_LOAD; " for n in range(70000)) + "}", ""),
)


@pytest.mark.parametrize(("script", "word"), ABSURD, ids=range(len(ABSURD)))
def test_absurd_scripts_end_soon(script: str, word: str, pool: Path, tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("self.ld").write_text(script)
    program = str(sorted(pool.glob("*/a.o"))[0])
    assert word in check(["-T", "self.ld", program, "-o", "out"])
