"""`ar`, `ranlib`, `objcopy`, `strip` and `addr2line` do what GNU's do."""

import subprocess
from pathlib import Path

import pytest

from tests.tools import require_tool
from trapline.cli import main

CODE = ("c.o", "odd.o", "c.elf")


@pytest.fixture(autouse=True)
def at_the_files(files: Path, monkeypatch: pytest.MonkeyPatch):
    """Work beside the sample files."""
    monkeypatch.chdir(files)


def gnu(tool: str, *arguments: str) -> str:
    """Run one of GNU's tools."""
    command = [require_tool(f"riscv64-unknown-elf-{tool}"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout + done.stderr


def both(tool: str, *arguments: str) -> tuple[bytes, bytes]:
    """Run a tool and GNU's; `OUT` among the arguments is the file they write."""
    made = []
    for folder, run in (("ours", lambda a: main([tool, *a])), ("gnu", lambda a: gnu(tool, *a))):
        Path(folder).mkdir(exist_ok=True)
        path = Path(folder) / "made"
        path.unlink(missing_ok=True)
        run([str(path) if argument == "OUT" else argument for argument in arguments])
        made.append(path.read_bytes())
    return made[0], made[1]


@pytest.mark.parametrize("name", ["c.elf", "bare.elf", "c.o"])
@pytest.mark.parametrize("how", ["-O binary", "-O verilog", "-O binary -j .text", "-O ihex"])
def test_an_image_has_the_bytes_of_gnus(name: str, how: str):
    ours, theirs = both("objcopy", *how.split(), name, "OUT")
    assert ours == theirs


def test_an_image_can_be_filled_and_padded():
    how = ("-O", "binary", "--gap-fill=0xff", "--pad-to=0x12000")
    ours, theirs = both("objcopy", *how, "c.elf", "OUT")
    assert ours == theirs


COPIES: tuple[str, ...] = (
    "-S",
    "-g",
    "--strip-unneeded",
    "-R .comment",
    "-x",
    "-X",
    "--strip-symbol=sw",
)
COPIES += ("--redefine-sym fact=facts", "--rename-section .comment=.remark", "--prefix-symbols=p_")


@pytest.mark.parametrize("name", CODE)
@pytest.mark.parametrize("how", COPIES)
def test_a_copy_has_the_sections_symbols_and_relocations_of_gnus(name: str, how: str):
    both("objcopy", *how.split(), name, "OUT")
    views = []
    for folder in ("ours", "gnu"):
        path = f"{folder}/made"
        shown = [gnu("nm", "-a", path), gnu("objdump", "-dr", path), gnu("objdump", "-s", path)]
        views.append([text.replace(path, "made") for text in shown])
    assert views[0] == views[1]


@pytest.mark.parametrize("how", ["-s", "-g", "--strip-unneeded", "-R .comment", ""])
def test_strip_leaves_what_gnus_leaves(how: str):
    ours, theirs = both("strip", *how.split(), "-o", "OUT", "c.elf")
    Path("one").write_bytes(ours)
    Path("two").write_bytes(theirs)
    for view in (("nm", "-a"), ("objdump", "-d"), ("objdump", "-p")):
        assert gnu(*view, "one").replace("one", "") == gnu(*view, "two").replace("two", "")


def test_a_stripped_executable_is_smaller_and_stays_where_it_is():
    Path("small.elf").write_bytes(Path("c.elf").read_bytes())
    assert main(["strip", "small.elf"]) == 0
    assert Path("small.elf").stat().st_size < Path("c.elf").stat().st_size / 3
    readelf = require_tool("riscv64-unknown-elf-readelf")
    shown = [
        subprocess.run([readelf, "-lW", name], capture_output=True, text=True, check=True).stdout
        for name in ("small.elf", "c.elf")
    ]
    loads = [[line for line in text.split("\n") if "LOAD" in line] for text in shown]
    assert loads[0] == loads[1] != []


def test_any_file_becomes_an_object_with_symbols():
    both("objcopy", "-I", "binary", "-O", "elf64-littleriscv", "odd.s", "OUT")
    shown = [gnu("nm", f"{folder}/made") for folder in ("ours", "gnu")]
    assert shown[0] == shown[1]
    assert "_binary_odd_s_start" in shown[0]


def test_sections_are_added_replaced_and_dumped():
    Path("text").write_bytes(b"some text")
    ours, _ = both("objcopy", "--add-section", ".mine=text", "c.elf", "OUT")
    Path("with.elf").write_bytes(ours)
    assert main(["objcopy", "--dump-section", ".mine=back", "with.elf", "again.elf"]) == 0
    assert Path("back").read_bytes() == b"some text"
    assert gnu("objdump", "-d", "again.elf").replace("again", "c") == gnu("objdump", "-d", "c.elf")


def test_an_archive_is_the_one_that_gnu_ar_makes():
    Path("a_name_that_is_long.o").write_bytes(Path("c.o").read_bytes())
    ours, theirs = both("ar", "rcs", "OUT", "c.o", "odd.o", "a_name_that_is_long.o", "odd.s")
    assert ours == theirs


def test_a_thin_archive_is_the_one_that_gnu_ar_makes():
    ours, theirs = both("ar", "rcsT", "OUT", "c.o", "odd.o", "a_name_that_is_long.o")
    assert ours == theirs
    assert ours.startswith(b"!<thin>")


def test_archives_are_changed_as_by_gnu_ar():
    made = []
    for run in (lambda *a: main(["ar", *a]), lambda *a: gnu("ar", *a)):
        Path("lib.a").unlink(missing_ok=True)
        run("rc", "lib.a", "c.o", "odd.o")
        run("q", "lib.a", "start.o")
        run("d", "lib.a", "odd.o")
        run("-r", "-b", "start.o", "lib.a", "o0.o")
        run("m", "lib.a", "c.o")
        made.append(Path("lib.a").read_bytes())
    assert made[0] == made[1]


def test_an_archive_is_listed_and_unpacked(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    for letters in ("t", "tv"):
        assert main(["ar", letters, "c.a"]) == 0
        assert capsys.readouterr().out == gnu("ar", letters, "c.a")
    archive, original = Path("c.a").resolve(), Path("odd.o").read_bytes()
    (tmp_path / "x").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path / "x")
        assert main(["ar", "x", str(archive)]) == 0
        assert Path("odd.o").read_bytes() == original
        assert sorted(path.name for path in Path().iterdir()) == ["c.o", "odd.o"]


def test_ranlib_adds_the_index():
    gnu("ar", "rcS", "bare.a", "c.o")
    assert main(["ranlib", "bare.a"]) == 0
    gnu("ar", "rcs", "full.a", "c.o")
    assert Path("bare.a").read_bytes() == Path("full.a").read_bytes()


ADDRESSES = ("-e c.elf 100f0 10100", "-fe c.elf 0x100f0 1", "-apfe c.elf 10100", "-se o0.o 0 40")


@pytest.mark.parametrize("how", ADDRESSES)
def test_an_address_has_the_line_that_gnu_says(how: str, capsys: pytest.CaptureFixture[str]):
    assert main(["addr2line", *how.split()]) == 0
    assert capsys.readouterr().out == gnu("addr2line", *how.split())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ar", "rx", "c.a"], "two operations"),
        (["ar", "Q", "c.a"], "unknown letter 'Q'"),
        (["ar", "t"], "expected an operation and an archive"),
        (["ar", "c", "x.a"], "no operation"),
        (["ar", "t", "nowhere.a"], "No such file"),
        (["ar", "t", "c.o"], "file format not recognized"),
        (["ar", "d", "c.a", "nothing.o"], "no entry nothing.o"),
        (["ar", "rT", "c.a", "c.o"], "cannot make an existing archive thin"),
        (["ranlib", "c.o"], "file format not recognized"),
        (["objcopy", "-O", "elf32-i386", "c.o", "x.o"], "-O elf32-i386: there are"),
        (["objcopy", "c.o", "x.o", "y.o"], "expected an input and an output"),
        (["objcopy", "odd.s", "x.o"], "file format not recognized"),
        (["objcopy", "--set-start=x", "c.o", "x.o"], "not a number"),
        (["objcopy", "--rename-section", "a", "c.o", "x.o"], "two words with = between"),
        (["objcopy", "--dump-section", ".no=f", "c.o", "x.o"], "there is no section '.no'"),
        (["strip"], "expected a file"),
        (["addr2line", "-e", "c.elf", "main"], "not a hexadecimal address"),
    ],
)
def test_mistakes_end_with_status_2(arguments: list[str], message: str, capsys):
    assert main(arguments) == 2
    assert message in capsys.readouterr().err
