"""Packets come out as they were sent, and nothing that comes in does harm."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmm.gdb.wire import MOST_BYTES, Packet, Sign, Unframer, frame


@given(st.binary(max_size=300))
def test_data_survives_the_wire(data):
    assert list(Unframer().feed(frame(data))) == [Packet(data)]


@given(st.lists(st.binary(max_size=40), max_size=4), st.integers(1, 7))
def test_packets_may_come_in_pieces(packets, size):
    sent = b"+".join(frame(data) for data in packets)
    unframer = Unframer()
    found = [x for at in range(0, len(sent), size) for x in unframer.feed(sent[at : at + size])]
    assert [x for x in found if isinstance(x, Packet)] == [Packet(data) for data in packets]


@pytest.mark.parametrize(
    ("sent", "found"),
    [
        (frame(b"OK"), Packet(b"OK")),
        (frame(b"OK")[:-1] + b"b", Sign.DAMAGED),
        (frame(b"OK")[:-2] + b"zz", Sign.DAMAGED),
        (b"\x03", Sign.INTERRUPT),
        (b"+", Sign.ACK),
        (b"-", Sign.NACK),
        (b"rubbish" + frame(b""), Packet(b"")),
    ],
)
def test_what_comes_in_is_told_apart(sent, found):
    assert list(Unframer().feed(sent)) == [found]


def test_the_sum_is_of_what_stands_between_the_signs():
    assert frame(b"OK") == b"$OK" + b"\x239a"


def test_a_packet_without_end_takes_no_memory():
    unframer = Unframer()
    for _ in range(100):
        assert list(unframer.feed(b"$" + bytes(MOST_BYTES))) == []
    assert len(unframer._buffer) < 4 * MOST_BYTES
    assert list(unframer.feed(frame(b"")[1:] + frame(b"OK"))) == [Sign.DAMAGED, Packet(b"OK")]


@given(st.binary(max_size=200))
def test_any_bytes_are_taken(data):
    unframer = Unframer()
    list(unframer.feed(data))
    assert Packet(b"OK") in list(unframer.feed(b"##" + frame(b"")[1:] * 2 + frame(b"OK")))
