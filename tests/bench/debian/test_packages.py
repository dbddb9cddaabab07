"""Fetching Debian's packages, and the archive that a kernel unpacks."""

import pytest

from bench.debian.initramfs import Archive
from bench.debian.packages import Packages, PackagesError, fetch


def test_a_machine_without_apt_is_told_so(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PackagesError, match="apt-get"):
        fetch(tmp_path)


def test_a_module_comes_after_those_that_it_needs(tmp_path):
    for name, needed in (("a", b"b,c"), ("b", b"c"), ("c", b"")):
        (tmp_path / f"{name}.ko").write_bytes(b"x\0depends=" + needed + b"\0")
    packages = Packages(tmp_path, tmp_path, tmp_path)
    assert packages.with_needed(["a", "b"]) == ["c", "b", "a"]


def test_an_archive_has_the_new_ascii_format():
    archive = Archive()
    archive.file("init", b"12345", 0o755)
    first = archive.finish()[:124]
    fields = [first[at : at + 8] for at in range(6, 110, 8)]
    assert first[:6] == b"070701"
    assert int(fields[1], 16) == 0o100755
    assert [int(field, 16) for field in (fields[6], fields[11])] == [5, len("init\0")]
    assert first[110:116] == b"init\0\0"[:6].ljust(6, b"\0")
    assert first[116:124] == b"12345\0\0\0"


def test_each_entry_begins_at_a_multiple_of_four():
    archive = Archive()
    archive.folder("d")
    archive.link("d/l", "target")
    archive.character_device("d/c", (5, 1))
    data = archive.finish()
    starts = [at for at in range(len(data)) if data.startswith(b"070701", at)]
    assert len(starts) == 4
    assert not any(at % 4 for at in (*starts, len(data)))
