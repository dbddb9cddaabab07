"""The console: bounded in both directions, hashed as a whole."""

import hashlib

from vmm.console import INPUT_BYTES, Console


def test_output_is_kept_counted_and_hashed():
    console = Console()
    assert console.write(b"hello ") == 6
    console.write(b"world")
    assert console.output == b"hello world"
    assert console.total == 11
    assert console.sha256 == hashlib.sha256(b"hello world").hexdigest()


def test_a_flood_keeps_its_last_part_and_the_hash_of_all():
    console, whole = Console(tail_bytes=10), bytes(range(256)) * 40
    for at in range(0, len(whole), 7):
        console.write(whole[at : at + 7])
    assert console.output == whole[-10:]
    assert len(console._tail) <= 20
    assert console.sha256 == hashlib.sha256(whole).hexdigest()


def test_output_is_passed_on_as_it_comes():
    seen: list[bytes] = []
    console = Console(seen.append)
    console.write(b"a")
    console.write(b"bc")
    assert seen == [b"a", b"bc"]


def test_an_echo_that_fails_is_not_asked_again_and_the_guest_goes_on():
    calls = []

    def broken(data):
        calls.append(data)
        raise BrokenPipeError

    console = Console(broken)
    assert console.write(b"a") == 1
    assert console.write(b"b") == 1
    assert calls == [b"a"]
    assert isinstance(console.echo_error, BrokenPipeError)
    assert console.output == b"ab"


def test_input_is_taken_in_order():
    console = Console()
    assert console.feed(b"abc") == 3
    assert (console.read(2), console.read(2), console.read(2)) == (b"ab", b"c", b"")


def test_input_beyond_the_queue_is_refused():
    console = Console()
    assert console.feed(bytes(INPUT_BYTES + 5)) == INPUT_BYTES
    assert console.feed(b"x") == 0
    assert console.waiting == INPUT_BYTES
