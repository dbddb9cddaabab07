"""The DWARF sections of a file, ready for pyelftools: relocations applied, sections placed apart.

The sections of an object all begin at address 0; here each gets addresses of its own, so that a
line table says which section a row is about. Not here: what rows mean (`source_lines.py`).
"""

import inspect
import io
from collections.abc import Iterable

from elftools.common.exceptions import DWARFError, ELFError
from elftools.construct.core import ConstructError
from elftools.dwarf.dwarfinfo import DebugSectionDescriptor, DwarfConfig, DWARFInfo

from assembler.binutils.elf_file import ElfFile, Relocation, Section
from assembler.linking.compression import decompress
from assembler.linking.model import SHF_COMPRESSED

_WHOLE = {1: 4, 2: 8}  # R_RISCV_32 and R_RISCV_64: how many bytes are replaced
_ADD, _SUB, _SET6, _SUB6, _SET, _SET_ULEB, _SUB_ULEB = 33, 37, 53, 52, 54, 60, 61
_SLOT = 1 << 32  # room for each section of an object
MAX_DEBUG = 1 << 28
# What pyelftools lets out when a file lies about itself.
BROKEN = (
    *(ELFError, DWARFError, ConstructError, ValueError, KeyError, IndexError, TypeError),
    *(AttributeError, OverflowError, AssertionError, UnicodeError, MemoryError),
    *(ZeroDivisionError, RecursionError, NotImplementedError),
)


class Placement:
    """Where the sections of a file are, for the purposes of its debug information."""

    def __init__(self, elf: ElfFile) -> None:
        self._elf = elf

    def address(self, section: Section) -> int:
        """Give the address of a section: its own, or one made up for an object's."""
        if self._elf.is_relocatable:
            return section.index * _SLOT
        return section.address


def read_dwarf(elf: ElfFile) -> DWARFInfo | None:
    """Open a file's debug information; None when it has no line table."""
    if elf.named(".debug_line") is None:
        return None
    found: dict[str, DebugSectionDescriptor | None] = {}
    for parameter in list(inspect.signature(DWARFInfo.__init__).parameters)[2:]:
        section = elf.named("." + parameter.removesuffix("_sec"))
        found[parameter] = None if section is None else _describe(elf, section)
    if found["debug_info_sec"] is None:
        return None
    config = DwarfConfig(little_endian=True, machine_arch="RISC-V", default_address_size=8)
    return DWARFInfo(config, **found)


def _describe(elf: ElfFile, section: Section) -> DebugSectionDescriptor:
    if section.size > MAX_DEBUG:
        raise ValueError(f"section {section.name} is absurdly large")
    data = bytearray(section.data)
    if section.flags & SHF_COMPRESSED:
        data = bytearray(decompress(bytes(data))[0])
    if elf.is_relocatable:
        _relocate(data, elf.relocations(section), Placement(elf))
    return DebugSectionDescriptor(
        io.BytesIO(bytes(data)), section.name, section.offset, len(data), section.address
    )


def _relocate(data: bytearray, entries: Iterable[Relocation], placement: Placement) -> None:
    """Apply the relocations that debug sections have; others are left alone."""
    for entry in entries:
        symbol = entry.symbol
        value = entry.addend
        if symbol is not None:
            is_debug = symbol.section is None or not symbol.section.flags & 2
            base = 0 if is_debug or symbol.section is None else placement.address(symbol.section)
            value += symbol.value + base
        _apply(data, entry.offset, entry.type, value)


def _apply(data: bytearray, at: int, kind: int, value: int) -> None:
    if kind in _WHOLE:
        _put(data, at, _WHOLE[kind], value)
    elif _ADD <= kind < _ADD + 4:
        size = 1 << kind - _ADD
        _put(data, at, size, _get(data, at, size) + value)
    elif _SUB <= kind < _SUB + 4:
        size = 1 << kind - _SUB
        _put(data, at, size, _get(data, at, size) - value)
    elif _SET <= kind < _SET + 3:
        _put(data, at, 1 << kind - _SET, value)
    elif kind in (_SET6, _SUB6) and at < len(data):
        low = value if kind == _SET6 else data[at] - value
        data[at] = data[at] & 0xC0 | low & 0x3F
    elif kind in (_SET_ULEB, _SUB_ULEB):
        _put_uleb(data, at, value, is_difference=kind == _SUB_ULEB)


def _get(data: bytearray, at: int, size: int) -> int:
    return int.from_bytes(data[at : at + size], "little")


def _put(data: bytearray, at: int, size: int, value: int) -> None:
    if at + size <= len(data):
        data[at : at + size] = (value & (1 << 8 * size) - 1).to_bytes(size, "little")


def _put_uleb(data: bytearray, at: int, value: int, *, is_difference: bool) -> None:
    """Replace a number, or subtract from it, in the bytes that it has."""
    end = at
    while end < len(data) and data[end] & 0x80:
        end += 1
    if end >= len(data):
        return
    if is_difference:
        old = sum((data[i] & 0x7F) << 7 * (i - at) for i in range(at, end + 1))
        value = old - value
    for i in range(at, end + 1):
        data[i] = data[i] & 0x80 | value & 0x7F
        value >>= 7
