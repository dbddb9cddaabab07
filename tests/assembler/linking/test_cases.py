"""Small links of every kind come out as GNU ld makes them: each byte, header and symbol."""

import io
import subprocess
from pathlib import Path
from typing import Any

import pytest
from elftools.elf.elffile import ELFFile

from tests.assembler.linking.case_files import FOLDER, Case, read_cases
from tests.assembler.linking.compare import PREFIX, run
from tests.tools import require_tool
from trapline.cli import USER_ERROR, main

STRINGS = (".strtab", ".shstrtab")  # where names share room in another order, see differences.py
CASES = [
    pytest.param(case, id=f"{path.stem}-{case.name}")
    for path in sorted(FOLDER.glob("*.txt"))
    for case in read_cases(path.name)
]


@pytest.mark.parametrize("case", CASES)
def test_a_small_link_is_the_same_as_by_gnu_ld(case: Case, tmp_path: Path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    case.prepare(tmp_path)
    for tool, arguments in case.commands:
        if tool == "ar":
            run("ar", *arguments)
        else:
            check([one.replace("{o}", "ours.elf") for one in arguments])


def check(arguments: list[str]) -> None:
    """Link both ways; both refuse, or both make the same file."""
    where = " ".join(arguments)
    command = [require_tool(f"{PREFIX}ld"), *arguments, "-o", "gnu.elf"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    status = main(["ld", *arguments, "-o", "ours.elf"])
    assert status in (0, 1, USER_ERROR), where
    assert bool(status) == bool(done.returncode), f"{where}: {status} {done.stderr}"
    if not status:
        expected, found = Path("gnu.elf").read_bytes(), Path("ours.elf").read_bytes()
        for one, other in zip(exact(found), exact(expected), strict=True):
            assert one == other, where


def exact(data: bytes) -> list[Any]:
    """Say everything of a file but how its string tables are packed."""
    elf = ELFFile(io.BytesIO(data))
    names = [section.name for section in elf.iter_sections()]
    facts: list[Any] = [(elf.header.e_type, elf.header.e_entry, elf.header.e_flags), names]
    facts.append([tuple(segment.header.values()) for segment in elf.iter_segments()])
    for section in elf.iter_sections():
        head = dict(section.header)
        del head["sh_name"]
        if section.name in STRINGS:
            head["sh_size"] = head["sh_offset"] = 0
        facts.append((section.name, head))
        if section.name == ".symtab":
            facts.append([(one.name, *list(one.entry.values())[1:]) for one in symbols_of(section)])
        elif head["sh_type"] != "SHT_NOBITS" and section.name not in STRINGS:
            facts.append(section.data())
    return facts


def symbols_of(table: Any) -> list[Any]:
    """Give a table's symbols in order."""
    return list(table.iter_symbols())
