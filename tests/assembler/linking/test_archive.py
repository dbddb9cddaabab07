"""Members of archives are linked when they define what is missing, as GNU ld does."""

import contextlib
from pathlib import Path

import pytest

from assembler.errors import LinkError, ObjectFormatError
from assembler.linking.archive import Archive
from tests.assembler.linking.compare import assembled, check, ours, run

MEMBERS = {
    "one": " .globl one\none: call two\n",
    "two": " .globl two\ntwo: call three\n .comm shared,4,4\n",
    "three_with_a_very_long_name": " .globl three\nthree: ret\n",
    "shared": " .data\n .globl shared\nshared: .word 5\n",
    "unused": " .globl unused\nunused: call nowhere\n",
}
MAIN = " .globl _start\n_start: call one\n"


def make(folder: Path, operations: str, *names: str, archive: str = "lib.a") -> str:
    """Make an archive of some members with GNU ar."""
    paths = []
    for name in names or MEMBERS:
        paths.append(folder / f"{name}.o")
        assembled(MEMBERS[name], paths[-1])
    run("ar", operations, folder / archive, *paths)
    return str(folder / archive)


@pytest.mark.parametrize("operations", ["rcs", "rcsT", "rcsD"])
def test_only_members_that_are_wanted_are_linked(operations: str, tmp_path: Path):
    main = assembled(MAIN, tmp_path / "main.o")
    check([main, make(tmp_path, operations)], tmp_path)
    check(["-u", "shared", main, f"-L{tmp_path}", "-l:lib.a"], tmp_path)
    names = [name for name in MEMBERS if name != "unused"]
    whole = make(tmp_path, operations, *names, archive="libwhole.a")
    check([main, "--whole-archive", whole], tmp_path)
    check([main, f"-L{tmp_path}", "-lwhole"], tmp_path)


def test_a_group_is_searched_until_nothing_new_is_found(tmp_path: Path):
    main = assembled(MAIN, tmp_path / "main.o")
    first = make(tmp_path, "rcs", "one", "three_with_a_very_long_name", archive="first.a")
    second = make(tmp_path, "rcs", "two", archive="second.a")
    check([main, "--start-group", first, second, "--end-group"], tmp_path)
    with pytest.raises(LinkError, match="undefined reference to `three'"):
        ours([main, first, second])


def test_an_archive_without_index_is_searched_too(tmp_path: Path):
    main = assembled(MAIN, tmp_path / "main.o")
    indexed = ours([main, make(tmp_path, "rcs")])
    assert ours([main, make(tmp_path, "rcS", archive="plain.a")])[:64] == indexed[:64]


def test_scripts_name_members_of_archives(tmp_path: Path):
    main = assembled(MAIN, tmp_path / "main.o")
    library = make(tmp_path, "rcs")
    script = tmp_path / "script.ld"
    script.write_text(
        "SECTIONS { .first : { *lib.a:two.o(.text) *:three*(.text) } .rest : { *(.text) }"
        " .own : { *(EXCLUDE_FILE(*lib.a:one.o) .data*) } }"
    )
    check(["-T", str(script), main, library], tmp_path)


@pytest.mark.parametrize("length", range(8, 400, 13))
def test_a_cut_archive_is_refused_or_read(length: int, tmp_path: Path):
    data = Path(make(tmp_path, "rcs", "one", "two")).read_bytes()
    with contextlib.suppress(ObjectFormatError):
        assert Archive(data[:length], "cut.a").index is not None
