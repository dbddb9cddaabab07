"""`trapline compare --picture`: stacked bars of the buckets, as SVG and PNG."""

import re
import sys

import pytest

from trapline.cli import main
from trapline.settings import MODES
from vmm.schema import BUCKET_CAPTIONS


@pytest.fixture
def drawn(tmp_path):
    names = [str(tmp_path / name) for name in ("a.svg", "b.svg", "c.png")]
    options = [word for name in names for word in ("--picture", name)]
    assert main(["compare", "--json", str(tmp_path / "j"), *options, "hello"]) == 0
    return [tmp_path.joinpath(name) for name in names]


def test_the_picture_names_every_mode_and_bucket_and_is_the_same_each_time(drawn):
    first, second, bitmap = drawn
    text = first.read_text()
    assert text == second.read_text()
    words = re.findall(r">([^<>]+)</text>", text)
    assert {"bare", *MODES, *BUCKET_CAPTIONS.values()} <= set(words)
    assert sum("%" in word for word in words) == len(MODES)
    assert bitmap.read_bytes().startswith(b"\x89PNG\r\n")


def test_a_picture_of_another_kind_is_refused_before_anything_runs(capsys):
    assert main(["compare", "--picture", "a.gif", "hello"]) == 2
    assert capsys.readouterr() == (
        "",
        "trapline: error: --picture a.gif: expected a name that ends in .svg or .png\n",
    )


def test_without_the_library_it_is_said_what_to_install(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert main(["compare", "--picture", "a.svg", "hello"]) == 2
    assert "pip install 'trapline[picture]'" in capsys.readouterr().err
