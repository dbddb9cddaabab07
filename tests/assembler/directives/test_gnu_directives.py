"""Every family of directives makes the sections, relocations and symbols that GNU as makes."""

from pathlib import Path

import pytest

from tests.assembler.directives.macro_sources import MACRO_SOURCES
from tests.assembler.directives.sources import SOURCES
from tests.assembler.same import assert_same

MARCH = "rv64imac_zicsr_zifencei"
ALL = {**SOURCES, **MACRO_SOURCES}


@pytest.mark.parametrize("relax", [False, True], ids=["norelax", "relax"])
@pytest.mark.parametrize("name", ALL)
def test_a_family_of_directives_gives_the_same_object(name: str, relax: bool, tmp_path: Path):
    assert_same(ALL[name], tmp_path, march=MARCH, relax=relax)


def test_files_are_included_as_gnu_as_includes_them(tmp_path: Path):
    (tmp_path / "data.bin").write_bytes(bytes(range(50)))
    (tmp_path / "more.inc").write_text(" .byte 9\n")
    text = """
 .data
 .incbin "data.bin", 3, 5
 .incbin "data.bin", 40
 .incbin "data.bin",,4
 .include "more.inc"
"""
    assert_same(text, tmp_path, march=MARCH, include=tmp_path)
