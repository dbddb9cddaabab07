"""The guests by Trapline's own assembler are what GNU as makes of the same sources."""

import io
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from elftools.elf.relocation import RelocationSection

import guests
from assembler import assemble
from guests import Guest, GuestError
from guests.builder import build_programs, include_paths
from tests.guests.toolchain import (
    gnu_assemble,
    gnu_build,
    gnu_programs,
    loaded_bytes,
    qemu_console,
)

SH_FLAGS_ALLOC = 2
SOURCES = sorted({source for guest in guests.catalog() for source in guest.all_sources})


def contents(elf: ELFFile) -> dict[str, bytes]:
    """Give the bytes of each section that takes up memory, empty ones left out."""
    sections = (s for s in elf.iter_sections() if s["sh_flags"] & SH_FLAGS_ALLOC)
    return {s.name: s.data() for s in sections if s["sh_size"]}


def relocations(elf: ELFFile) -> dict[str, list[tuple[int, int, int]]]:
    """Give place, type and addend of each relocation, by section."""
    return {
        section.name: [
            (entry["r_offset"], entry["r_info_type"], entry["r_addend"])
            for entry in section.iter_relocations()
        ]
        for section in elf.iter_sections()
        if isinstance(section, RelocationSection)
    }


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_a_source_assembles_to_what_gnu_as_makes_of_it(source: Path, tmp_path: Path):
    text = source.read_text()
    ours = assemble(text, filename=str(source), include_paths=include_paths(source), relax=False)
    mine = ELFFile(io.BytesIO(ours.to_bytes()))
    with gnu_assemble(source, tmp_path).open("rb") as file:
        gnu = ELFFile(file)
        assert contents(mine) == contents(gnu)
        assert relocations(mine) == relocations(gnu)


@pytest.mark.parametrize("guest", guests.catalog(), ids=lambda guest: guest.name)
def test_a_guest_is_loaded_as_the_one_by_gnu_as_and_ld(guest: Guest, tmp_path: Path):
    program = tmp_path / "ours.elf"
    program.write_bytes(guests.build(guest.name))
    assert loaded_bytes(program) == loaded_bytes(gnu_build(guest, tmp_path))


@pytest.mark.parametrize(
    "guest", [guest for guest in guests.catalog() if guest.has_disk], ids=lambda guest: guest.name
)
def test_a_guest_s_programs_are_loaded_as_those_by_gnu_as_and_ld(guest: Guest, tmp_path: Path):
    ours = build_programs(guest)
    gnu = gnu_programs(guest, tmp_path)
    assert set(ours) == set(gnu)
    for name, program in gnu.items():
        mine = tmp_path / "ours.elf"
        mine.write_bytes(ours[name])
        assert loaded_bytes(mine) == loaded_bytes(program), name


def test_a_parameter_reaches_the_source(tmp_path: Path):
    program = tmp_path / "ours.elf"
    program.write_bytes(guests.build("intloop", N=3))
    gnu = gnu_build(guests.find("intloop"), tmp_path, N=3)
    assert loaded_bytes(program) == loaded_bytes(gnu)


def test_a_parameter_that_a_guest_does_not_have_is_refused():
    with pytest.raises(GuestError, match=r"hello has no parameter 'N'"):
        guests.build("hello", N=1)


@pytest.mark.parametrize("name", ["hello", "tick"])
def test_qemu_boots_what_our_own_linker_made(name: str, tmp_path: Path):
    program = tmp_path / "ours.elf"
    program.write_bytes(guests.build(name))
    assert qemu_console(program) == guests.find(name).console
