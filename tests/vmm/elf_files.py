"""Small ELF files, made field by field so that tests can make them wrong."""

import struct
from collections.abc import Sequence

HEADER_BYTES, SEGMENT_BYTES, SECTION_BYTES = 64, 56, 64
ENTRY = 0x8020_0000


def segment(
    pa: int = ENTRY,
    content: bytes = b"\x13\0\0\0" * 4,
    *,
    va: int | None = None,
    size: int | None = None,
    kind: int = 1,
) -> tuple[int, int, int, bytes, int]:
    """Describe a segment as (type, va, pa, content, size in memory)."""
    return (kind, pa if va is None else va, pa, content, len(content) if size is None else size)


def elf(
    segments: Sequence[tuple[int, int, int, bytes, int]] = (segment(),),
    symbols: Sequence[tuple[str, int]] = (),
    *,
    entry: int = ENTRY,
    machine: int = 243,
    kind: int = 2,
) -> bytes:
    """Return an executable with the segments' content behind its headers."""
    at = HEADER_BYTES + SEGMENT_BYTES * len(segments)
    headers, contents = b"", b""
    for number, va, pa, content, size in segments:
        offset = at + len(contents)
        headers += struct.pack("<IIQQQQQQ", number, 5, offset, va, pa, len(content), size, 4096)
        contents += content
    tail, sections_at, count = _sections(at + len(contents), symbols)
    ident = b"\x7fELF\2\1\1" + bytes(9)
    sizes = (HEADER_BYTES, SEGMENT_BYTES, len(segments), SECTION_BYTES, count, 0)
    header = struct.pack(
        "<16sHHIQQQIHHHHHH", ident, kind, machine, 1, entry, HEADER_BYTES, sections_at, 0, *sizes
    )
    return header + headers + contents + tail


def _sections(at: int, symbols: Sequence[tuple[str, int]]) -> tuple[bytes, int, int]:
    if not symbols:
        return b"", 0, 0
    names, table = b"\0", bytes(24)
    for name, value in symbols:
        table += struct.pack("<IBBHQQ", len(names), 0x10, 0, 0xFFF1, value, 0)
        names += name.encode() + b"\0"
    rows = bytes(SECTION_BYTES)
    rows += struct.pack("<IIQQQQIIQQ", 0, 2, 0, 0, at, len(table), 2, 1, 8, 24)
    rows += struct.pack("<IIQQQQIIQQ", 0, 3, 0, 0, at + len(table), len(names), 0, 0, 1, 0)
    return table + names + rows, at + len(table) + len(names), 3
