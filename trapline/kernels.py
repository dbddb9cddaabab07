"""Finding what to run: a bundled guest, a source file, or a file to load as it is.

A bundled guest's name wins over a file's: write `./tick` for a file called tick.
"""

from dataclasses import dataclass
from pathlib import Path

from guests import Guest, GuestError, build, build_disk, catalog, find
from isa.errors import Location, TraplineError
from isa.extensions import BITS, DEFAULT
from isa.isa_string import format_isa
from trapline.settings import MODES
from vmm.config import ISA

SOURCE = ".s"
PREPROCESSED = ".S"


@dataclass(frozen=True)
class Kernel:
    """Something to run: the bytes of an ELF, an Image or a flat binary, and where it is from."""

    name: str
    data: bytes
    guest: Guest | None = None
    """Its entry in the catalog, when it is bundled."""
    disk: bytes | None = None
    """The disk that it comes with."""

    @property
    def input(self) -> bytes:
        """What is typed at its console when nobody says otherwise."""
        return b"" if self.guest is None else self.guest.input.encode()

    @property
    def modes(self) -> tuple[str, ...]:
        """The monitor's modes that it may run in."""
        if self.guest is None:
            return MODES
        return tuple(mode for mode in MODES if mode in self.guest.modes)

    def may_run_in(self, mode: str) -> bool:
        """Say whether it is made for a mode; one from outside is for any kernel."""
        return mode not in MODES or mode in self.modes

    def isa(self, wanted: str) -> str:
        """Give the ISA string of its hart: what a bundled guest needs comes to the default."""
        if self.guest is None or wanted != ISA or not self.guest.extensions:
            return wanted
        bits = sum(BITS[name] for name in self.guest.extensions)
        return format_isa(DEFAULT | bits)


def find_kernel(name: str) -> Kernel:
    """Give what is called `name`; raise TraplineError when there is nothing, or nothing usable."""
    if any(guest.name == name for guest in catalog()):
        guest = find(name)
        return Kernel(name, build(name), guest, build_disk(name) if guest.has_disk else None)
    if not _is_file_name(name):
        try:
            find(name)
        except GuestError as error:
            raise GuestError(f"{error.message}, and there is no such file") from None
    return read_kernel(name)


def _is_file_name(name: str) -> bool:
    """Say whether a word that is no bundled guest's name was meant as a file."""
    return "/" in name or "." in name or "\0" in name or Path(name).exists()


def read_kernel(path: str) -> Kernel:
    """Give the kernel in a file: source is assembled, anything else taken as it is."""
    from vmm.boot import read_file

    if path.endswith(PREPROCESSED):
        raise TraplineError(
            "a .S file goes through the C preprocessor first; there is none here", Location(path)
        )
    data = read_file(path)
    if path.endswith(SOURCE):
        from guests.builder import build_source

        data = build_source(path, data.decode("utf-8", "surrogateescape"))
    return Kernel(path, data)
