"""Packed kernels: what is unpacked, and what is refused."""

import bz2
import gzip
import lzma
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmm.elf import LoadError
from vmm.packing import is_packed, unpack

CONTENT = bytes(range(256)) * 64


def zboot(payload, at=64, size=None):
    header = b"MZ\0\0zimg" + struct.pack("<II", at, len(payload) if size is None else size)
    return header.ljust(64, b"\0") + payload


@pytest.mark.parametrize(
    "pack", [gzip.compress, lzma.compress, bz2.compress, lambda data: zboot(gzip.compress(data))]
)
def test_the_content_comes_out(pack):
    assert is_packed(pack(CONTENT))
    assert unpack("k", pack(CONTENT)) == CONTENT


def test_what_is_not_packed_stays_as_it_is():
    assert not is_packed(CONTENT)
    assert unpack("k", CONTENT) == CONTENT


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (gzip.compress(CONTENT)[:-9], "the gzip data is cut off"),
        (lzma.compress(CONTENT)[:-40], "the xz data is cut off"),
        (b"\x1f\x8bxxxxxxxxxxxx", "damaged gzip data"),
        (zboot(b"\x1f\x8b", size=9), "truncated EFI zboot image"),
        (zboot(b"raw bytes"), "packed in a way that is not known"),
        (b"(\xb5/\xfdrest", "packed with zstd"),
        (gzip.compress(gzip.compress(gzip.compress(gzip.compress(b"x")))), "more than 3 times"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",  # packed data has the time in it
)
def test_what_cannot_be_unpacked_is_said(data, message):
    with pytest.raises(LoadError, match=message):
        unpack("k", data)


def test_what_comes_out_is_bounded(monkeypatch):
    monkeypatch.setattr("vmm.packing.MAX_FILE_BYTES", 1 << 20)
    with pytest.raises(LoadError, match="more than 1 MiB"):
        unpack("k", gzip.compress(bytes(2 << 20)))


@given(
    st.binary(max_size=64), st.sampled_from([b"\x1f\x8b", b"\xfd7zXZ\0", b"BZh9", b"MZ\0\0zimg"])
)
def test_garbage_is_refused(data, magic):
    with pytest.raises(LoadError):
        unpack("k", magic + data)
