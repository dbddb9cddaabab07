"""The block device, driven over its registers: requests, limits, errors, and what is durable."""

import os
import struct

import pytest

from tests.vmm.devices.virtio.driver import DATA, INDIRECT_BIT, INTERRUPT, RAM, Driver
from vmm.devices.virtio.block import Block
from vmm.disks import DiskError, DiskSpec, open_disk
from vmm.disks.raw import RawDisk

IN, OUT, FLUSH, GET_ID, DISCARD, WRITE_ZEROES = 0, 1, 4, 8, 11, 13
OK, IO_ERROR, UNSUPPORTED = 0, 1, 2
F_RO, F_FLUSH, F_CONFIG_WCE = 1 << 5, 1 << 9, 1 << 11
BUFFER = DATA + 0x1000
SECTORS = 64


@pytest.fixture
def image(tmp_path):
    path = tmp_path / "disk.img"
    path.write_bytes(bytes(n * 31 % 251 for n in range(SECTORS * 512)))
    return path


@pytest.fixture
def drive(image):
    drivers = []

    def make(features=F_FLUSH, **spec):
        driver = Driver(Block(open_disk(DiskSpec(str(image), **spec)), "serial-1"))
        driver.start(features)
        drivers.append(driver)
        return driver

    yield make
    for driver in drivers:
        driver.slot.close()


def test_sectors_are_read(drive, image):
    driver = drive()
    assert driver.request(IN, 3, [(BUFFER, 1024, True)]) == (OK, 1025)
    assert driver.get(BUFFER, 1024) == image.read_bytes()[3 * 512 : 5 * 512]
    assert driver.line
    assert driver[INTERRUPT] == 1


def test_acknowledging_lowers_the_line(drive):
    driver = drive()
    driver.request(IN, 0, [(BUFFER, 512, True)])
    driver[0x64] = 1
    assert not driver.line
    assert driver[INTERRUPT] == 0


def test_sectors_are_written(drive, image):
    driver = drive()
    driver.put(BUFFER, b"z" * 512)
    assert driver.request(OUT, 5, [(BUFFER, 512, False)]) == (OK, 1)
    assert image.read_bytes()[5 * 512 : 6 * 512] == b"z" * 512


@pytest.mark.parametrize("pieces", [[512], [1, 511], [100, 412, 512], [3] * 512])
def test_data_may_be_cut_anywhere(drive, image, pieces):
    driver = drive(F_FLUSH | 1 << INDIRECT_BIT)
    parts, at = [], BUFFER
    for piece in pieces:
        parts.append((at, piece, True))
        at += piece
    assert driver.request(IN, 1, parts, indirect=True) == (OK, sum(pieces) + 1)
    assert driver.get(BUFFER, sum(pieces)) == image.read_bytes()[512 : 512 + sum(pieces)]


def test_header_and_data_may_share_a_descriptor(drive, image):
    driver = drive()
    driver.put(BUFFER, struct.pack("<IIQ", OUT, 0, 2) + b"q" * 512)
    driver.describe(0, BUFFER, 528, 1, 1)
    driver.describe(1, DATA, 1, 2)
    driver.offer(0)
    driver.notify()
    assert driver.get(DATA, 1) == b"\0"
    assert image.read_bytes()[1024:1536] == b"q" * 512


def test_the_id_is_the_serial_number(drive):
    driver = drive()
    assert driver.request(GET_ID, 0, [(BUFFER, 20, True)]) == (OK, 21)
    assert driver.get(BUFFER, 20) == b"serial-1".ljust(20, b"\0")


@pytest.mark.parametrize("kind", [DISCARD, WRITE_ZEROES])
def test_a_range_is_zeroed(drive, image, kind):
    driver = drive()
    driver.put(BUFFER, struct.pack("<QII", 7, 9, 0))
    assert driver.request(kind, 0, [(BUFFER, 16, False)]) == (OK, 1)
    data = image.read_bytes()
    assert data[7 * 512 : 16 * 512] == bytes(9 * 512)
    assert data[6 * 512 : 7 * 512].strip(b"\0")
    assert data[16 * 512 : 17 * 512].strip(b"\0")


@pytest.mark.parametrize(
    ("kind", "sector", "part", "status"),
    [
        (IN, SECTORS, (BUFFER, 512, True), IO_ERROR),
        (IN, SECTORS - 1, (BUFFER, 1024, True), IO_ERROR),
        (IN, 2**64 - 1, (BUFFER, 512, True), IO_ERROR),
        (IN, 0, (BUFFER, 100, True), IO_ERROR),
        (OUT, SECTORS, (BUFFER, 512, False), IO_ERROR),
        (OUT, 0, (BUFFER, 511, False), IO_ERROR),
        (GET_ID, 0, (BUFFER, 19, True), IO_ERROR),
        (99, 0, (BUFFER, 512, True), UNSUPPORTED),
    ],
)
def test_what_cannot_be_done_is_an_error_of_the_request(drive, kind, sector, part, status):
    driver = drive()
    assert driver.request(kind, sector, [part]) == (status, 1)
    assert not driver.is_broken


@pytest.mark.parametrize(
    "words", [(SECTORS, 1, 0), (0, 1, 6), (2**64 - 1, 2, 0), (0, 2**32 - 1, 0)]
)
def test_a_bad_range_is_refused(drive, image, words):
    driver = drive()
    before = image.read_bytes()
    driver.put(BUFFER, struct.pack("<QII", *words))
    assert driver.request(WRITE_ZEROES, 0, [(BUFFER, 16, False)])[0] in (IO_ERROR, UNSUPPORTED)
    assert image.read_bytes() == before


def test_a_read_only_disk_says_so_and_refuses_writes(drive, image):
    driver = drive(is_read_only=True)
    before = image.read_bytes()
    assert driver.offered() & F_RO
    assert driver.request(OUT, 0, [(BUFFER, 512, False)]) == (IO_ERROR, 1)
    assert image.read_bytes() == before


def test_a_request_without_header_or_status_breaks_the_device(drive):
    for index, (length, flags) in enumerate([(16, 0), (15, 1)]):
        driver = drive()
        driver.describe(0, DATA, length, flags, 1)
        driver.describe(1, BUFFER, 1, 2)
        driver.offer(0)
        driver.notify()
        assert driver.is_broken, index
        assert driver[INTERRUPT] & 2


class Recorder:
    """A disk that notes flushes, and fails when it is told to."""

    size = SECTORS * 512
    is_read_only = False

    def __init__(self):
        self.flushes = 0
        self.fails = False

    def read_into(self, offset, buffers):
        self._work()

    def write_from(self, offset, buffers):
        self._work()

    def zero(self, offset, size):
        self._work()

    def flush(self):
        self.flushes += 1
        self._work()

    def _work(self):
        if self.fails:
            raise DiskError("the host is full")

    def close(self):
        pass


@pytest.mark.parametrize(
    ("features", "writeback", "flushes"),
    [(0, 1, 1), (F_FLUSH, 1, 0), (F_FLUSH | F_CONFIG_WCE, 0, 1), (F_FLUSH, 0, 0)],
)
def test_a_write_is_durable_at_once_unless_the_driver_flushes(features, writeback, flushes):
    disk = Recorder()
    driver = Driver(Block(disk))
    driver.start(features)
    driver.slot.write(0x100 + 32, 1, writeback)
    driver.request(OUT, 0, [(BUFFER, 512, False)])
    assert disk.flushes == flushes
    assert driver.request(FLUSH, 0) == (OK, 1)
    assert disk.flushes == flushes + 1


@pytest.mark.parametrize("kind", [IN, OUT, FLUSH])
def test_a_failing_host_is_an_io_error(kind):
    disk = Recorder()
    disk.fails = True
    driver = Driver(Block(disk))
    driver.start(F_FLUSH)
    parts = [] if kind == FLUSH else [(BUFFER, 512, kind == IN)]
    assert driver.request(kind, 0, parts) == (IO_ERROR, 1)
    assert not driver.is_broken


def test_flush_reaches_the_hosts_disk(image, monkeypatch):
    synced: list[int] = []
    monkeypatch.setattr(os, "fdatasync", synced.append)
    disk = RawDisk(str(image), is_writable=True)
    disk.flush()
    disk.close()
    assert len(synced) == 1


def test_dma_into_code_is_seen_by_engines(drive):
    driver = drive()
    told = []
    driver.memory.machine.on_write.append(lambda offset, size: told.append((offset, size)))
    driver.request(IN, 0, [(BUFFER, 512, True)])
    assert (BUFFER - RAM, 512) in told


def test_the_configuration_is_as_the_specification_lays_it_out(drive):
    driver = drive()
    assert driver.slot.read(0x100, 8) == SECTORS
    assert driver[0x100 + 20] == 512
    assert driver.slot.read(0x100 + 34, 2) == 1
    assert driver.slot.read(0x100 + 60, 4) == 0  # behind its end
