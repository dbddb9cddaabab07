"""Compressed sections: what SHF_COMPRESSED means, and --compress-debug-sections.

Follows the ELF specification, "Compression Header". Sizes are believed only up to a bound.
"""

import struct
import zlib

_HEADER = struct.Struct("<IIQQ")
_ZLIB = 1
MAX_SIZE = 1 << 28


def decompress(data: bytes) -> tuple[bytes, int]:
    """Give the contents of a compressed section, and their alignment; ValueError when broken."""
    kind, _, size, align = _HEADER.unpack_from(data)
    if kind != _ZLIB:
        raise ValueError(f"sections compressed in way {kind} are not understood")
    if size > MAX_SIZE:
        raise ValueError("a compressed section is absurdly large")
    unpacker = zlib.decompressobj()
    try:
        found = unpacker.decompress(data[_HEADER.size :], size + 1)
    except zlib.error as error:
        raise ValueError(f"a compressed section is broken: {error}") from None
    if len(found) != size:
        raise ValueError("a compressed section has another size than it says")
    return found, max(1, align)


def compress(data: bytes, align: int) -> bytes | None:
    """Compress contents; None when that would not make them smaller."""
    packed = _HEADER.pack(_ZLIB, 0, len(data), align) + zlib.compress(data)
    return packed if len(packed) < len(data) else None
