"""Linking the same inputs with GNU ld and with ours, and what must be the same.

Sections, segments and symbols are compared whole; see `differences.py` for what is let pass.
"""

import io
import subprocess
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from elftools.elf.elffile import ELFFile

from assembler.linking.driver import Link, read_scripts
from tests.tools import require_tool
from trapline.ld_options import LdParser

HERE = Path(__file__).parent
SOURCES, SCRIPTS = HERE / "sources", HERE / "scripts"
TABLES = (".symtab", ".strtab", ".shstrtab", "")
PREFIX = "riscv64-unknown-elf-"


class Facts(NamedTuple):
    """What of an executable must be the same."""

    header: tuple[int, int]
    segments: list[tuple[Any, ...]]
    sections: list[tuple[Any, ...]]
    symbols: Counter[tuple[Any, ...]]


def facts(data: bytes) -> Facts:
    """Reduce an executable to what must be the same."""
    elf = ELFFile(io.BytesIO(data))
    sections = []
    for section in elf.iter_sections():
        head = section.header
        if section.name not in TABLES:
            body = b"" if head.sh_type == "SHT_NOBITS" else section.data()
            sections.append(
                (section.name, *list(head.values())[1:6], *list(head.values())[8:], body)
            )
    table: Any = elf.get_section_by_name(".symtab")
    symbols: Counter[tuple[Any, ...]] = Counter()
    for symbol in table.iter_symbols() if table else ():
        entry = symbol.entry
        info = entry.st_info.bind, entry.st_info.type, entry.st_other.visibility
        symbols[symbol.name, entry.st_value, entry.st_size, info] += 1
    segments = [tuple(segment.header.values()) for segment in elf.iter_segments()]
    return Facts((elf.header.e_entry, elf.header.e_flags), segments, sections, symbols)


def gnu(arguments: list[str], output: Path) -> bytes:
    """Link with GNU ld; fail the test with its message when it refuses."""
    command = [require_tool(f"{PREFIX}ld"), *arguments, "-o", str(output)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return output.read_bytes()


def ours(arguments: list[str]) -> bytes:
    """Link with our linker, by the same arguments."""
    found = LdParser().parse(arguments)
    linking = Link(found.options)
    script = read_scripts(found.scripts, linking.loader)
    return linking.run(found.inputs, script)


def check(arguments: list[str], folder: Path) -> None:
    """Link both ways and compare."""
    expected, found = facts(gnu(arguments, folder / "gnu.elf")), facts(ours(arguments))
    assert [one[:-1] for one in found.sections] == [one[:-1] for one in expected.sections]
    for one, other in zip(found.sections, expected.sections, strict=True):
        assert one[-1] == other[-1], one[0]
    assert found.header == expected.header
    assert found.segments == expected.segments
    assert found.symbols == expected.symbols


def run(tool: str, *arguments: str | Path) -> None:
    """Run a GNU tool; fail the test with its message when it refuses."""
    command = [require_tool(f"{PREFIX}{tool}"), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@cache
def _compiled(folder: Path, source: str, options: tuple[str, ...]) -> str:
    name = "".join(c if c.isalnum() else "_" for c in "".join((source, *options)))
    output = folder / f"{name}.o"
    run("gcc", "-c", "-g", *options, SOURCES / source, "-o", output)
    return str(output)


def compiled(folder: Path, source: str, *options: str) -> str:
    """Compile or assemble one of the sources once, and give the object's path."""
    return _compiled(folder, source, options)


def assembled(text: str, output: Path, march: str = "rv64imac") -> str:
    """Assemble a text with GNU as, and give the object's path."""
    source = output.with_suffix(".s")
    source.write_text(text)
    run("as", f"-march={march}", "-mabi=lp64", source, "-o", output)
    return str(output)
