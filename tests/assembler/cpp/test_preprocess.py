"""The preprocessor gives what `gcc -E` gives for assembly, white space aside."""

import contextlib
import random
import re
import subprocess
from pathlib import Path

import pytest

from assembler.cpp.predefined import predefined
from assembler.cpp.preprocess import Preprocessor
from assembler.errors import AssemblyErrors
from tests.assembler.cpp.sources import INCLUDED, ODD, REAL
from tests.tools import require_tool

MARCH = "rv64imafdc_zicsr_zifencei"


def gcc(*arguments: str) -> str:
    """Run GCC's preprocessor."""
    command = [require_tool("riscv64-unknown-elf-gcc"), "-E", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def preprocess(text: str, name: str = "x.S", folders: tuple[str, ...] = ()) -> str:
    """Run ours, with the macros of the target."""
    return Preprocessor(folders, predefined(MARCH, "lp64d")).run(text, name)


def bare(text: str) -> list[str]:
    """Give the lines without markers, empty ones and superfluous blanks."""
    lines = [re.sub(r"\s+", " ", line).strip() for line in text.split("\n")]
    return [line for line in lines if line and not re.match(r"# \d+ ", line)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder with the files that the sources include."""
    for name, text in INCLUDED.items():
        path = tmp_path / "inc" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


@pytest.mark.parametrize("source", [ODD, REAL], ids=["odd", "real"])
def test_a_source_is_preprocessed_as_by_gcc(source: str, folder: Path):
    path = folder / "x.S"
    path.write_text(source)
    include = str(folder / "inc")
    theirs = gcc("-march=rv64gc", "-I", include, str(path))
    assert bare(preprocess(source, str(path), (include,))) == bare(theirs)


TARGETS = ("rv64gc lp64d", "rv64imac lp64", "rv64i lp64", "rv64imafc lp64f", "rv64gc_zba_zbb lp64d")


@pytest.mark.parametrize("target", TARGETS)
def test_the_predefined_macros_are_those_of_gcc(target: str, tmp_path: Path):
    march, mabi = target.split()
    empty = tmp_path / "empty.S"
    empty.write_text("")
    listed = gcc("-dM", f"-march={march}", f"-mabi={mabi}", str(empty)).splitlines()
    theirs = sorted(line for line in listed if not re.search(r"DBL_|LDBL|DEC|FLT[0-9_]", line))
    ours = sorted(f"#define {name} {text}" for name, text in predefined(march, mabi).items())
    assert [line.strip() for line in ours] == [line.strip() for line in theirs]


def test_markers_say_where_lines_are_from(folder: Path):
    text = preprocess('#include "inc/sub/b.h"\n nop\n', str(folder / "x.S"))
    marks = [line for line in text.split("\n") if line.startswith("# ")]
    inner = folder / "inc/sub/b.h"
    assert marks == [f'# 1 "{folder}/x.S"', f'# 1 "{inner}" 1', f'# 2 "{folder}/x.S" 2']


def test_line_numbers_survive_skipped_lines_and_long_calls():
    text = "#define F(a, b) a b\n#if 0\nx\n#endif\n F(1,\n 2)\n nop\n"
    assert preprocess(text).split("\n")[1:] == ["", "", "", "", " 1 2", "", " nop", ""]


def test_defines_and_undefines_of_the_command_line_count():
    preprocessor = Preprocessor((), {})
    preprocessor.define("A=5")
    preprocessor.define("B")
    preprocessor.undefine("A")
    assert bare(preprocessor.run(" A B\n", "x.S")) == ["A 1"]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("nop\n#if 1\n", 2, "unterminated #if"),
        ("#else\n", 1, "#else without #if"),
        ("#if 1\n#else\n#else\n#endif\n", 3, "#else after #else"),
        ("#include <nowhere.h>\n", 1, "nowhere.h: No such file"),
        ("#include nothing\n", 1, "#include expects"),
        ("#error too bad\n", 1, "#error too bad"),
        ("#if 1 +\n#endif\n", 1, "ends too early"),
        ("#if 1 / 0\n#endif\n", 1, "division by zero"),
        ("#if 1 2\n#endif\n", 1, "unexpected '2'"),
        ("#if 1.5\n#endif\n", 1, "floating constant"),
        ("#if (1\n#endif\n", 1, "missing ')'"),
        ("#ifdef\n#endif\n", 1, "no macro name given"),
        ("#define 3\n", 1, "identifiers"),
        ("#define F(a\n", 1, "missing ')'"),
        ("#define F(a,a) a\n", 1, "'a' is not a parameter here"),
        ("#define F a ##\n", 1, "cannot appear at either end"),
        ("#define F(a) a\n F(1,2)\n", 2, "passed 2 arguments, but takes just 1"),
        ("#define F(a, b) a\n F(1)\n", 2, "requires 2 arguments, but only 1 given"),
        ("#define F(a) a\n\n F(1\n", 3, "unterminated argument list"),
        ("nop /* open\n", 1, "unterminated comment"),
        ("#line x\n", 1, "not a positive integer"),
    ],
)
def test_mistakes_are_reported_at_their_line(text: str, line: int, message: str):
    with pytest.raises(AssemblyErrors) as caught:
        preprocess(text)
    error = caught.value.errors[0]
    assert error.location is not None
    assert error.location.line == line
    assert message in str(error)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("#include __FILE__\n", "nested depth"),
        ("#define A(x) x x\n" + " " + "A(" * 40 + "1" + ")" * 40 + "\n", "more than"),
        ("#if " + "(" * 5000 + "1\n#endif\n", "nested too deeply"),
        ("#if " + "!" * 5000 + "1\n#endif\n", "nested too deeply"),
        ("#define F(x) x\n " + "F(" * 3000 + ")" * 3000 + "\n", "nested"),
    ],
)
def test_what_never_ends_is_refused(text: str, message: str, tmp_path: Path):
    path = tmp_path / "loop.S"
    path.write_text(text)
    with pytest.raises(AssemblyErrors, match=message):
        preprocess(text, str(path))


def test_an_error_in_an_included_file_says_who_included_it(tmp_path: Path):
    (tmp_path / "bad.h").write_text("\n#error here\n")
    with pytest.raises(AssemblyErrors) as caught:
        preprocess('#include "bad.h"\n', str(tmp_path / "x.S"))
    error = caught.value.errors[0]
    assert str(error).startswith(f"{tmp_path}/bad.h:2:1: #error here")
    assert error.stack == (f"in file included from {tmp_path}/x.S:1",)


PIECES = (
    *(
        "#define F(a, b) a##b #a",
        "#define F",
        "#define G(x...) F(x, G(x))",
        "#define A B",
        "#define B A",
    ),
    *("#undef F", "#if F(1,2) == 12", "#if defined(F) && !defined G", "#elif 1 << 65", "#else"),
    *(
        "#endif",
        "#ifdef F",
        '#include "x.S"',
        "#include <y>",
        '#line 3 "q"',
        "#pragma once",
        "# 12",
    ),
    *(
        "F(1, 2) G(3)",
        "F(",
        ")",
        "A B A",
        "'open",
        '"open',
        "/*",
        "*/",
        "\\",
        "__LINE__ __COUNTER__",
    ),
    *("__VA_OPT__(", "##", "#", "#define H(x) #x ## x", "H('\\'')", "1e+", "\0", "\udc80", "%"),
)


def test_random_sources_are_preprocessed_or_refused():
    chance = random.Random(3)
    for _ in range(1500):
        lines = [chance.choice(PIECES) for _ in range(chance.randrange(1, 25))]
        joined = "".join(line + chance.choice(("\n", "\n", "\n", " ", "")) for line in lines)
        preprocessor = Preprocessor((), {})
        with contextlib.suppress(AssemblyErrors):
            assert preprocessor.run(joined, "x.S").startswith('# 1 "x.S"')
