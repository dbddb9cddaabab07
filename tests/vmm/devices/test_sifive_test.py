"""The test finisher: which writes end a run, and with what status."""

import pytest

from vmm.contracts import StopKind, StopRequest
from vmm.devices.sifive_test import SOURCE, SifiveTest


@pytest.mark.parametrize(
    ("value", "kind", "status"),
    [
        (0x5555, StopKind.SHUTDOWN, 0),
        (0x3333, StopKind.SHUTDOWN, 0),
        (0x0001_3333, StopKind.SHUTDOWN, 1),
        (0xFFFF_3333, StopKind.SHUTDOWN, 0xFFFF),
        (0x7777, StopKind.COLD_REBOOT, 0),
    ],
)
def test_a_command_stops_the_run_with_the_guests_status(value, kind, status):
    stops: list[StopRequest] = []
    SifiveTest(stops.append).write(0, 4, value)
    assert stops == [StopRequest(kind, status, SOURCE)]


@pytest.mark.parametrize(("offset", "value"), [(0, 0), (0, 0x5554), (4, 0x5555), (0xFFC, 0x5555)])
def test_other_writes_do_nothing(offset, value):
    stops: list[StopRequest] = []
    SifiveTest(stops.append).write(offset, 4, value)
    assert stops == []
