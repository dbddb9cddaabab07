"""GNU as and ld as oracles: run them, and reduce objects to what must agree.

Symbols are compared by name, value, size, binding, type and section, on demand in order.
"""

import io
import re
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from elftools.elf.elffile import ELFFile
from elftools.elf.relocation import RelocationSection

from isa.spec import FORMS, TABLE
from tests.tools import require_tool

AS = "riscv64-unknown-elf-as"
LD = "riscv64-unknown-elf-ld"
MARCH = "rv64im_zicsr_zifencei"
_EXTENSIONS = "m a f d c h zicsr zifencei zicbom zicbop zicboz zihintpause zawrs zfh zba zbb zbc"
_EXTENSIONS += " zbs zbkb zbkc zbkx zknd zkne zknh zksed zksh svinval"


def full_march() -> str:
    """Give an architecture with everything that both GNU as 2.40 and our tables know."""
    known = {part.lower() for insn in (*TABLE, *FORMS) for part in re.split(r"[|&]", insn.ext)}
    return "_".join(["rv64i", *(name for name in _EXTENSIONS.split() if name in known)])


FULL = full_march()
_IGNORED = (".symtab", ".strtab", ".shstrtab")


@dataclass(frozen=True)
class Summary:
    """What of an object or executable must be the same."""

    sections: dict[str, tuple[Any, ...]]
    relocations: dict[str, list[tuple[Any, ...]]]
    symbols: Counter[tuple[Any, ...]]
    flags: int
    order: tuple[tuple[Any, ...], ...] = ()  # the symbols as they are listed


def gnu_assemble(text: str, folder: Path, *options: str) -> bytes:
    """Assemble a text with GNU as; fail the test with its message when it refuses."""
    folder.mkdir(parents=True, exist_ok=True)
    source, output = folder / "gnu.s", folder / "gnu.o"
    source.write_text(text, "utf-8", "surrogateescape")
    command = [require_tool(AS), f"-march={MARCH}", "-mno-relax", *options]
    done = subprocess.run(
        [*command, "-o", str(output), str(source)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return output.read_bytes()


def gnu_refuses(text: str, folder: Path) -> bool:
    """Say whether GNU as refuses a text."""
    source = folder / "refused.s"
    source.write_text(text)
    command = [require_tool(AS), f"-march={MARCH}", "-mno-relax", "-o", str(folder / "refused.o")]
    return subprocess.run([*command, str(source)], capture_output=True, check=False).returncode != 0


def acceptable(text: str, folder: Path, *options: str) -> tuple[str, list[str]]:
    """Give a text without the lines that GNU as refuses, and those lines."""
    folder.mkdir(parents=True, exist_ok=True)
    source = folder / "tried.s"
    source.write_text(text)
    command = [require_tool(AS), *options, "-o", str(folder / "tried.o"), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    refused = {int(n) for n in re.findall(r"tried\.s:(\d+): Error", done.stderr)}
    lines = list(enumerate(text.split("\n"), 1))
    kept = "\n".join(line for number, line in lines if number not in refused)
    return kept, [line for number, line in lines if number in refused]


def gnu_link(objects: list[bytes], folder: Path, *options: str) -> bytes:
    """Link objects with GNU ld; fail the test with its message when it refuses."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number, data in enumerate(objects):
        paths.append(str(folder / f"in{number}.o"))
        Path(paths[-1]).write_bytes(data)
    output = folder / "gnu.elf"
    command = [require_tool(LD), "--no-relax", *options, "-o", str(output), *paths]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return output.read_bytes()


def summarize(data: bytes) -> Summary:
    """Reduce an object file to what must agree."""
    elf = ELFFile(io.BytesIO(data))
    sections: dict[str, tuple[Any, ...]] = {}
    relocations: dict[str, list[tuple[Any, ...]]] = {}
    symtab: Any = elf.get_section_by_name(".symtab")
    names = [section.name for section in elf.iter_sections()]
    for section in elf.iter_sections():
        if isinstance(section, RelocationSection):
            found = [_relocation(entry, symtab, names) for entry in section.iter_relocations()]
            relocations[section.name.removeprefix(".rela")] = found
        elif section.name not in _IGNORED and section.name:
            head = section.header
            facts = (head.sh_type, head.sh_flags, head.sh_addralign, head.sh_entsize, head.sh_size)
            body = b"" if head.sh_type == "SHT_NOBITS" else section.data()
            sections[section.name] = (*facts, body)
    order = tuple(_symbol(symbol, names) for symbol in symtab.iter_symbols())
    return Summary(sections, relocations, Counter(order), elf.header.e_flags, order)


def differences(ours: Summary, theirs: Summary, in_order: bool = False) -> list[str]:
    """Say in which sections, relocations and symbols two objects differ."""
    found = [
        f"section {name}: {ours.sections.get(name)} {theirs.sections.get(name)}"
        for name in ours.sections.keys() | theirs.sections.keys()
        if ours.sections.get(name) != theirs.sections.get(name)
    ]
    for name in ours.relocations.keys() | theirs.relocations.keys():
        mine, yours = ours.relocations.get(name, []), theirs.relocations.get(name, [])
        found += [f"{name}: {a} {b}" for a, b in zip(mine, yours, strict=False) if a != b]
        if len(mine) != len(yours):
            found.append(f"{name}: {len(mine)} relocations, not {len(yours)}")
    found += [f"only ours: {symbol}" for symbol in ours.symbols - theirs.symbols]
    found += [f"only GNU's: {symbol}" for symbol in theirs.symbols - ours.symbols]
    if in_order and ours.symbols == theirs.symbols and len(ours.order) == len(theirs.order):
        pairs = zip(ours.order, theirs.order, strict=True)
        found += [f"symbols in another order: {a} {b}" for a, b in pairs if a != b]
    return found + ([] if ours.flags == theirs.flags else ["the flags"])


def _symbol(symbol: Any, names: list[str]) -> tuple[Any, ...]:
    entry = symbol.entry
    index = entry.st_shndx
    place = names[index] if isinstance(index, int) else index
    name = "" if entry.st_info.type == "STT_SECTION" else symbol.name
    bind, kind = entry.st_info.bind, entry.st_info.type
    return name, entry.st_value, entry.st_size, bind, kind, place, entry.st_other.visibility


def _relocation(entry: Any, symtab: Any, names: list[str]) -> tuple[Any, ...]:
    symbol = symtab.get_symbol(entry["r_info_sym"])
    name, value, _, _, _, place, _ = _symbol(symbol, names)
    return entry["r_offset"], entry["r_info_type"], name, place, value, entry["r_addend"]


@dataclass(frozen=True)
class Loaded:
    """What of an executable ends up in memory."""

    entry: int
    memory: dict[int, bytes]


def loaded(data: bytes) -> Loaded:
    """Give the memory that an executable's segments fill: runs of bytes that touch are joined."""
    elf = ELFFile(io.BytesIO(data))
    runs: dict[int, bytes] = {}
    parts = [s for s in elf.iter_segments() if s.header.p_type == "PT_LOAD"]
    for segment in sorted(parts, key=lambda s: s.header.p_paddr):
        head = segment.header
        body = segment.data() + bytes(head.p_memsz - head.p_filesz)
        runs[head.p_paddr] = body
    return Loaded(elf.header.e_entry, runs)


def allocated(data: bytes) -> dict[str, tuple[int, int, bytes]]:
    """Give name, address, size and bytes of every section that takes memory."""
    elf = ELFFile(io.BytesIO(data))
    found = {}
    for section in elf.iter_sections():
        head = section.header
        if head.sh_flags & 2 and head.sh_size:
            body = b"" if head.sh_type == "SHT_NOBITS" else section.data()
            found[section.name] = (head.sh_addr, head.sh_size, body)
    return found
