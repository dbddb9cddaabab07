"""Assemble and link a bundled guest with Trapline's own assembler.

The sources are also fit for GNU as and ld; tests compare the results.
"""

from collections.abc import Iterable
from pathlib import Path

from guests.catalog import INCLUDE, ROOT, Guest, GuestError, find


def build(name: str, **parameters: int) -> bytes:
    """Give the ELF executable of a bundled guest.

    `parameters` are values for symbols that its entry in the catalog lists, such as `N=1000` for
    a benchmark. Raises GuestError for a guest or parameter that does not exist.
    """
    guest = find(name)
    check_parameters(guest, parameters)
    return link(guest, parameters)


def check_parameters(guest: Guest, names: Iterable[str]) -> None:
    """Raise GuestError if one of the names is not a parameter of the guest."""
    for name in names:
        if name not in guest.parameters:
            known = ", ".join(guest.parameters) or "none"
            raise GuestError(f"guest {guest.name} has no parameter {name!r} (it has: {known})")


def include_paths(source: Path) -> tuple[Path, ...]:
    """Name the folders in which a source's `.include`s are looked for: its own first."""
    return (source.parent, INCLUDE, ROOT / "lib")


def link(guest: Guest, symbols: dict[str, int]) -> bytes:
    """Assemble each source with the symbols defined, and link them by the guest's script."""
    import assembler

    objects = [
        assembler.assemble(
            source.read_text(encoding="utf-8"),
            filename=str(source),
            include_paths=include_paths(source),
            defines=symbols,
        )
        for source in guest.sources
    ]
    image = assembler.link(objects, script=guest.script, entry=guest.entry)
    return image.to_bytes()
