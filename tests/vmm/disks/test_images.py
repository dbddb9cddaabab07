"""Disk images: raw files, qcow2 as qemu-img writes it, overlays, and files that are damaged."""

import random
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isa.errors import TraplineError
from tests.tools import require_tool
from vmm.disks import DiskError, DiskSpec, open_disk
from vmm.disks.overlay import Overlay
from vmm.disks.raw import RawDisk

SIZE = 1 << 20


def read(disk, offset, size):
    data = bytearray(size)
    disk.read_into(offset, [memoryview(data)[: size // 2], memoryview(data)[size // 2 :]])
    return bytes(data)


def qemu_img(*words):
    tool = require_tool("qemu-img")
    subprocess.run([tool, *map(str, words)], check=True, capture_output=True)


@pytest.fixture
def content():
    """Give some data, some zeros, some that packs well."""
    source = random.Random(1)
    parts = [source.randbytes(200_000), bytes(300_000), b"abc" * 100_000]
    return b"".join(parts).ljust(SIZE, b"\0")


@pytest.fixture
def raw(tmp_path, content):
    path = tmp_path / "raw.img"
    path.write_bytes(content)
    return path


def check_whole(path, content, **spec):
    disk = open_disk(DiskSpec(str(path), **spec))
    assert disk.size == len(content)
    source = random.Random(2)
    for _ in range(40):
        offset = source.randrange(0, SIZE - 2) & ~1
        size = source.randrange(2, min(200_000, SIZE - offset) + 1) & ~1
        assert read(disk, offset, size) == content[offset : offset + size]
    disk.close()


def test_a_raw_image_is_its_file(raw, content):
    check_whole(raw, content, is_read_only=True)


def test_the_last_sector_may_be_cut_off(tmp_path):
    path = tmp_path / "short"
    path.write_bytes(b"x" * 700)
    disk = open_disk(DiskSpec(str(path), "raw"))
    assert disk.size == 1024
    assert read(disk, 512, 512) == b"x" * 188 + bytes(324)
    disk.close()


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["-c"],
        ["-o", "compat=0.10"],
        ["-o", "cluster_size=512"],
        ["-c", "-o", "cluster_size=2M"],
        ["-o", "preallocation=metadata"],
    ],
    ids=" ".join,
)
def test_qcow2_reads_as_qemu_wrote_it(tmp_path, raw, content, options):
    path = tmp_path / "image.qcow2"
    qemu_img("convert", "-O", "qcow2", *options, raw, path)
    check_whole(path, content, is_read_only=True)
    check_whole(path, content, format="qcow2", is_snapshot=True)


@pytest.mark.parametrize("kind", ["raw", "qcow2"])
def test_a_backing_file_shows_through(tmp_path, raw, content, kind):
    base, top = tmp_path / "base", tmp_path / "top"
    qemu_img("convert", "-O", kind, raw, base)
    qemu_img("create", "-f", "qcow2", "-b", "base", "-F", kind, top, SIZE + 65536)
    io = require_tool("qemu-io")
    writes = ["-c", "write -P 7 70000 5000", "-c", "write -z 131072 65536"]
    subprocess.run([io, *writes, str(top)], check=True, capture_output=True)
    expected = bytearray(content + bytes(65536))
    expected[70000:75000] = b"\7" * 5000
    expected[131072 : 131072 + 65536] = bytes(65536)
    check_whole(top, bytes(expected), is_read_only=True)


def test_an_overlay_takes_writes_and_leaves_the_rest(raw, content):
    disk = Overlay(RawDisk(str(raw), is_writable=False))
    expected = bytearray(content)
    source = random.Random(3)
    for _ in range(60):
        offset, size = source.randrange(SIZE - 20_000), source.randrange(1, 20_000)
        data = source.randbytes(size)
        disk.write_from(offset, [memoryview(data)[: size // 3], memoryview(data)[size // 3 :]])
        expected[offset : offset + size] = data
    disk.zero(1000, 9000)
    expected[1000:10_000] = bytes(9000)
    assert read(disk, 0, SIZE) == expected
    disk.close()
    assert raw.read_bytes() == content


def test_a_disk_that_fills_gives_an_error(raw, monkeypatch):
    disk = open_disk(DiskSpec(str(raw), "raw"))
    monkeypatch.setattr("os.pwritev", _full)
    with pytest.raises(DiskError, match="No space left"):
        disk.write_from(0, [memoryview(bytes(512))])
    disk.close()


def _full(*_arguments):
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"filename": "lost"}, "No such file"),
        ({"filename": "."}, "Is a directory"),
        ({"filename": "a\0b", "format": "raw"}, "null"),
        ({"filename": "raw.img", "format": "vmdk"}, "disk format 'vmdk'"),
        ({"filename": "raw.img", "format": "qcow2", "is_read_only": True}, "not a qcow2 image"),
        ({"filename": "raw.img", "format": "qcow2"}, "snapshot=on or readonly=on"),
    ],
)
def test_what_cannot_be_opened_is_said(tmp_path, raw, monkeypatch, spec, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TraplineError, match=message):
        open_disk(DiskSpec(**spec))


def test_backing_files_may_not_go_in_a_circle(tmp_path, raw):
    path = tmp_path / "circle"
    qemu_img("create", "-f", "qcow2", "-u", "-b", "circle", "-F", "qcow2", path, "1M")
    with pytest.raises(TraplineError, match="more than 16 backing files"):
        open_disk(DiskSpec(str(path), is_read_only=True))


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Make a small image of packed clusters; give its folder and its bytes."""
    folder = tmp_path_factory.mktemp("small")
    (folder / "base").write_bytes(b"b" * 8192)
    raw = folder / "raw"
    raw.write_bytes(b"abc" * 5000)
    qemu_img("convert", "-O", "qcow2", "-c", "-o", "cluster_size=512", raw, folder / "image")
    return folder, (folder / "image").read_bytes()


@settings(max_examples=150)
@given(data=st.data())
def test_a_damaged_image_is_refused_or_gives_an_error(small, data):
    folder, image = small
    damaged = bytearray(image)
    for at in data.draw(st.lists(st.integers(0, 2000), min_size=1, max_size=6)):
        damaged[min(at, len(image) - 1)] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(image)))
    path = folder / "damaged"
    path.write_bytes(damaged[:cut] if data.draw(st.booleans()) else damaged)
    try:
        disk = open_disk(DiskSpec(str(path), "qcow2", is_read_only=True))
    except TraplineError:
        return
    try:
        read(disk, 0, min(disk.size, 1 << 16) & ~1)
    except DiskError:
        pass
    finally:
        disk.close()
