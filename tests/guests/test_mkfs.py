"""Disk images of monolith's file system: what goes in comes out, and what is wrong is refused."""

import pytest

from guests.mkfs import BLOCK, DIRECT, ImageError, make_image, read_image

FILES = {
    "/empty": b"",
    "/bin/one": b"x",
    "/bin/direct": b"d" * (DIRECT * BLOCK),
    "/bin/indirect": bytes(range(256)) * (DIRECT * BLOCK // 256 + 1),
    "/a/b/c": b"deep",
    "/tmp/": b"",
}


def test_files_come_back():
    read = read_image(make_image(FILES))
    assert {path: read[path] for path in FILES} == FILES
    assert set(read) - set(FILES) == {"/", "/bin/", "/a/", "/a/b/"}


def test_an_image_does_not_depend_on_the_order_of_its_files():
    assert make_image(FILES) == make_image(dict(reversed(FILES.items())))


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"/big": bytes(64 * BLOCK)}, "do not fit"),
        ({f"/{n}": b"" for n in range(64)}, "more than 63 files"),
        ({"/" + "n" * 28: b""}, "a name has"),
        ({"/a": b"", "/a/b": b""}, "a is a file"),
    ],
)
def test_what_does_not_fit_is_refused(files: dict[str, bytes], words: str):
    with pytest.raises(ImageError, match=words):
        make_image(files, blocks=32, inodes=64)


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (0, "not an image"),
        (BLOCK + 1, "bitmap"),
        (2 * BLOCK + 64 + 4, "links"),
        (2 * BLOCK + 64 + 13, "used twice, or is none"),
        (2 * BLOCK + 64 * 40, "lost"),
    ],
)
def test_a_disk_that_is_not_consistent_is_refused(at: int, words: str):
    image = bytearray(make_image(FILES))
    image[at] ^= 0x7F
    with pytest.raises(ImageError, match=words):
        read_image(bytes(image))
