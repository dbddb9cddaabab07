"""Assemble and link a bundled guest with Trapline's own assembler.

The sources are also fit for GNU as and ld; tests compare the results.
"""

import functools
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from guests.catalog import ENTRY, INCLUDE, ROOT, SCRIPT, Guest, GuestError, find, library

if TYPE_CHECKING:
    from assembler import Object


def build(name: str, **parameters: int) -> bytes:
    """Give the ELF executable of a bundled guest.

    `parameters` are values for symbols that its entry in the catalog lists, such as `N=1000` for
    a benchmark. Raises GuestError for a guest or parameter that does not exist.
    """
    guest = find(name)
    check_parameters(guest, parameters)
    return link(guest, parameters) if parameters else _built(name)


@functools.cache
def _built(name: str) -> bytes:
    return link(find(name), {})


def check_parameters(guest: Guest, names: Iterable[str]) -> None:
    """Raise GuestError if one of the names is not a parameter of the guest."""
    for name in names:
        if name not in guest.parameters:
            known = ", ".join(guest.parameters) or "none"
            raise GuestError(f"guest {guest.name} has no parameter {name!r} (it has: {known})")


def include_paths(source: Path) -> tuple[Path, ...]:
    """Name the folders in which a source's `.include`s are looked for: its own first.

    Then comes the one above, where a kernel keeps what it shares with its programs.
    """
    return (source.parent, source.parent.parent, INCLUDE, ROOT / "lib")


def link(guest: Guest, symbols: Mapping[str, int]) -> bytes:
    """Assemble each source with the symbols defined, and link them by the guest's script."""
    import assembler

    objects = [_assemble(source, symbols) for source in guest.sources]
    return assembler.link(objects, script=guest.script, entry=guest.entry).to_bytes()


@functools.cache
def build_disk(name: str) -> bytes:
    """Give the image of the disk that a bundled guest comes with; raise GuestError without one."""
    from guests.mkfs import make_image

    guest = find(name)
    if not guest.has_disk:
        raise GuestError(f"guest {name} has no disk")
    files = {path: text.encode() for path, text in guest.files.items()}
    return make_image(files | build_programs(guest))


def build_programs(guest: Guest) -> dict[str, bytes]:
    """Give the executables on a guest's disk, by path."""
    import assembler

    library = [_assemble(source, {}) for source in guest.program_library]
    return {
        f"/bin/{source.stem}": assembler.link(
            [_assemble(source, {}), *library], script=guest.program_script, entry=ENTRY
        ).to_bytes()
        for source in guest.programs
    }


def build_source(filename: str, text: str) -> bytes:
    """Give the ELF executable of one source text, linked as the bundled guests are.

    Files of the shared library are added where the text uses what they define.
    """
    import assembler

    paths = include_paths(Path(filename))
    objects = [assembler.assemble(text, filename=filename, include_paths=paths)]
    candidates: list[Object] | None = None
    while wanted := _missing(objects):
        if candidates is None:
            candidates = [_assemble(path, {}) for path in library()]
        helpful = [one for one in candidates if _defined(one) & wanted and one not in objects]
        if not helpful:
            break
        objects += helpful
    return assembler.link(objects, script=SCRIPT, entry=ENTRY).to_bytes()


def _assemble(source: Path, symbols: Mapping[str, int]) -> "Object":
    import assembler

    return assembler.assemble(
        source.read_text(encoding="utf-8"),
        filename=str(source),
        include_paths=include_paths(source),
        defines=symbols,
        relax=False,
    )


def _defined(one: "Object") -> set[str]:
    return {
        symbol.name
        for symbol in one.symbols
        if symbol.binding != "local" and symbol.section != "undefined"
    }


def _missing(objects: "list[Object]") -> set[str]:
    """Name the symbols that are used by one of the objects and defined by none."""
    used = {
        symbol.name for one in objects for symbol in one.symbols if symbol.section == "undefined"
    }
    return used - {name for one in objects for name in _defined(one)}
