"""Unpacking kernels: gzip, xz and bzip2 files, and the EFI zboot format around them.

Follows Linux's "drivers/firmware/efi/libstub/zboot-header.S" for the header's fields: `zimg` at 4,
the payload's offset and size at 8 and 12, the name of its packing at 24. What comes out is bounded.
"""

import struct
from collections.abc import Callable
from typing import Protocol

from vmm.elf import LoadError

MAX_FILE_BYTES = 1 << 30
ZBOOT_MAGIC = b"MZ\0\0zimg"
ZBOOT = struct.Struct("<8xII")
MOST_LAYERS = 3


class Unpacker(Protocol):
    """What the decompressors of the standard library have in common."""

    @property
    def eof(self) -> bool: ...

    def decompress(self, data: bytes, max_length: int) -> bytes: ...


def _gzip() -> Unpacker:
    import zlib

    return zlib.decompressobj(31)


def _xz() -> Unpacker:
    import lzma

    return lzma.LZMADecompressor()


def _bzip2() -> Unpacker:
    import bz2

    return bz2.BZ2Decompressor()


PACKINGS: tuple[tuple[bytes, str, Callable[[], Unpacker] | None], ...] = (
    (b"\x1f\x8b", "gzip", _gzip),
    (b"\xfd7zXZ", "xz", _xz),
    (b"BZh", "bzip2", _bzip2),
    (b"(\xb5/\xfd", "zstd", None),
)


def _errors() -> tuple[type[Exception], ...]:
    """Give what the decompressors raise."""
    import lzma
    import zlib

    return zlib.error, lzma.LZMAError, OSError, EOFError


def is_packed(data: bytes) -> bool:
    """Say whether a file is packed in a way that is known."""
    return data.startswith((ZBOOT_MAGIC, *(magic for magic, _name, _make in PACKINGS)))


def unpack(filename: str, data: bytes) -> bytes:
    """Give the content; raise LoadError when it is cut off, damaged or too much."""
    for _layer in range(MOST_LAYERS):
        if data.startswith(ZBOOT_MAGIC):
            data = _payload(filename, data)
        elif is_packed(data):
            data = _inflate(filename, data)
        else:
            return data
    raise LoadError(filename, f"packed more than {MOST_LAYERS} times")


def _payload(filename: str, data: bytes) -> bytes:
    if len(data) < ZBOOT.size:
        raise LoadError(filename, "truncated EFI zboot image: its header is not all there")
    at, size = ZBOOT.unpack_from(data)
    if at + size > len(data) or not size:
        raise LoadError(
            filename,
            f"truncated EFI zboot image: {size:#x} bytes at {at:#x}, the file ends at"
            f" {len(data):#x}",
        )
    payload = data[at : at + size]
    if not is_packed(payload):
        raise LoadError(filename, "an EFI zboot image packed in a way that is not known")
    return payload


def _inflate(filename: str, data: bytes) -> bytes:
    name, make = next((name, make) for magic, name, make in PACKINGS if data.startswith(magic))
    if make is None:
        raise LoadError(filename, f"packed with {name}: unpack it first")
    unpacker = make()
    try:
        content = unpacker.decompress(data, MAX_FILE_BYTES)
    except _errors() as error:
        raise LoadError(filename, f"damaged {name} data: {error}") from None
    if not unpacker.eof:
        much = len(content) >= MAX_FILE_BYTES
        why = f"more than {MAX_FILE_BYTES >> 20} MiB" if much else "cut off"
        raise LoadError(filename, f"the {name} data is {why}")
    return content
