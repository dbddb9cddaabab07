"""What the assembler and the linker make: an `Object` and an `Image`, and their files.

Their parts are in `objects.py`; how they are written is in `elf.py`.
"""

from dataclasses import dataclass, field

from assembler.elf import write_object
from assembler.errors import AssemblyWarning
from assembler.objects import ObjGroup, ObjSection, ObjSymbol, Segment


@dataclass(slots=True)
class Object:
    """A relocatable object."""

    filename: str
    sections: list[ObjSection] = field(default_factory=list)
    symbols: list[ObjSymbol] = field(default_factory=list)
    flags: int = 0
    groups: list[ObjGroup] = field(default_factory=list)
    warnings: tuple[AssemblyWarning, ...] = ()

    def to_bytes(self) -> bytes:
        """Give the ELF64 file."""
        return write_object(self.sections, self.symbols, self.flags, self.groups)

    def section(self, name: str) -> ObjSection:
        """Give the first section of that name; raise KeyError when there is none."""
        for section in self.sections:
            if section.name == name:
                return section
        raise KeyError(name)

    def symbol(self, name: str) -> ObjSymbol:
        """Give the symbol of that name; raise KeyError when there is none."""
        for symbol in self.symbols:
            if symbol.name == name:
                return symbol
        raise KeyError(name)


@dataclass(slots=True)
class Image:
    """A linked executable."""

    entry: int
    segments: tuple[Segment, ...]
    sections: list[ObjSection]
    symbols: list[ObjSymbol]
    flags: int = 0
    file: bytes = b""

    def to_bytes(self) -> bytes:
        """Give the ELF64 file."""
        return self.file

    def symbol(self, name: str) -> ObjSymbol:
        """Give the symbol of that name; raise KeyError when there is none."""
        for symbol in self.symbols:
            if symbol.name == name:
                return symbol
        raise KeyError(name)
