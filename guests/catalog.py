"""The catalog of bundled guests, read from `manifest.toml`.

The manifest's head says what each entry means; here it becomes frozen dataclasses.
"""

import difflib
import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any

from isa.errors import TraplineError

ROOT = Path(__file__).parent
MANIFEST = ROOT / "manifest.toml"
SCRIPT = ROOT / "link.ld"
INCLUDE = ROOT / "include"
ENTRY = "_start"
LIBRARY = "lib"


class GuestError(TraplineError):
    """A guest that does not exist, or a parameter that it does not have."""


class Kind(StrEnum):
    """What a guest is for."""

    KERNEL = "kernel"
    BENCH = "bench"
    HOSTILE = "hostile"


class Ending(StrEnum):
    """How the run of a guest ends."""

    EXIT = "exit"
    STUCK = "stuck"
    BOUND = "bound"


@dataclass(frozen=True)
class Guest:
    """One bundled guest."""

    name: str
    kind: Kind
    title: str
    summary: str
    sources: tuple[Path, ...]
    script: Path
    entry: str
    modes: tuple[str, ...]
    memory_mib: int
    ends: Ending
    exit_status: int
    console: str
    parameters: Mapping[str, int]
    extensions: tuple[str, ...] = ()
    programs: tuple[Path, ...] = ()
    """Sources of the programs on its disk, under /bin, each linked with the `program_library`."""
    program_library: tuple[Path, ...] = ()
    program_script: Path | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    """What else is on its disk, by absolute path; directories end with a slash."""
    input: str = ""
    """What is typed at its console when nobody says otherwise; `console` is the answer."""

    @property
    def memory(self) -> int:
        """The least memory that it needs."""
        return self.memory_mib << 20

    @property
    def all_sources(self) -> tuple[Path, ...]:
        """Everything that is assembled for it, the programs on its disk included."""
        return (*self.sources, *self.programs, *self.program_library)

    @property
    def has_disk(self) -> bool:
        """Whether it comes with a disk of its own."""
        return bool(self.programs)


@functools.cache
def catalog() -> tuple[Guest, ...]:
    """Give all bundled guests, in the order of the manifest."""
    manifest = tomllib.loads(MANIFEST.read_text(encoding="utf-8"))
    library = manifest["library"]["sources"]
    return tuple(_guest(entry, library) for entry in manifest["guest"])


def library() -> tuple[Path, ...]:
    """Give the sources of the shared library."""
    manifest = tomllib.loads(MANIFEST.read_text(encoding="utf-8"))
    return tuple(ROOT / path for path in manifest["library"]["sources"])


def find(name: str) -> Guest:
    """Give the guest of that name; raise GuestError, with the nearest name, when there is none."""
    for guest in catalog():
        if guest.name == name:
            return guest
    near = difflib.get_close_matches(name, [guest.name for guest in catalog()], n=1)
    hint = f"; did you mean {near[0]}?" if near else "; `trapline guests` lists them"
    raise GuestError(f"no bundled guest {name!r}{hint}")


def _guest(entry: Mapping[str, Any], library: list[str]) -> Guest:
    fields = dict(entry)
    paths = [path for name in fields.pop("sources") for path in _expand(name, library)]
    return Guest(
        kind=Kind(fields.pop("kind")),
        sources=tuple(ROOT / path for path in paths),
        script=SCRIPT,
        entry=ENTRY,
        modes=tuple(fields.pop("modes")),
        ends=Ending(fields.pop("ends")),
        exit_status=fields.pop("exit_status", 0),
        parameters=MappingProxyType(fields.pop("parameters", {})),
        extensions=tuple(fields.pop("extensions", ())),
        files=MappingProxyType(fields.pop("files", {})),
        **_programs(fields.pop("programs", {})),
        **fields,
    )


def _programs(table: Mapping[str, Any]) -> dict[str, Any]:
    if not table:
        return {}
    folder = ROOT / table["folder"]
    return {
        "programs": tuple(folder / f"{name}.s" for name in table["names"]),
        "program_library": tuple(folder / f"{name}.s" for name in table["library"]),
        "program_script": ROOT / table["script"],
    }


def _expand(name: str, library: list[str]) -> list[str]:
    return library if name == LIBRARY else [name]
