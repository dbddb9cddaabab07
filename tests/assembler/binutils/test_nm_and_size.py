"""`nm` and `size` print what GNU's print."""

import pytest

from tests.assembler.binutils.samples import FILES
from trapline.cli import main

NM: tuple[str, ...] = (
    "",
    "-n",
    "-g",
    "-u",
    "-S",
    "-A",
    "-P",
    "-a",
    "-r",
    "-nr",
    "-p",
    "-j",
    "-s",
    "--defined-only",
)
NM += ("--size-sort", "-S --size-sort", "-fsysv", "-fposix -A", "-td", "-to -S", "--special-syms")
SIZE = ("", "-A", "-B", "-d", "-o", "-x", "-t", "-G", "-A -x", "-A -o", "--common", "--radix=16 -A")


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("options", NM)
def test_nm_lists_the_symbols_that_gnu_lists(compare, name: str, options: str):
    ours, theirs = compare("nm", *options.split(), name)
    assert ours == theirs


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("options", SIZE)
def test_size_prints_the_numbers_that_gnu_prints(compare, name: str, options: str):
    ours, theirs = compare("size", *options.split(), name)
    assert ours == theirs


@pytest.mark.parametrize(
    "arguments", [["nm", "c.o", "odd.o"], ["size", "-t", "c.o", "odd.o", "c.a"]]
)
def test_several_files_are_listed_as_by_gnu(compare, arguments: list[str]):
    ours, theirs = compare(*arguments)
    assert ours == theirs


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nm", "-f", "elf", "c.o"], "--format=elf"),
        (["nm", "-t", "b", "c.o"], "--radix=b"),
        (["nm", "nowhere"], "No such file"),
        (["size", "--format=x", "c.o"], "--format=x"),
        (["size", "--radix=7", "c.o"], "--radix=7"),
        (["size", "odd.s"], "file format not recognized"),
    ],
)
def test_mistakes_end_with_status_2(files, arguments, message, capsys, monkeypatch):
    monkeypatch.chdir(files)
    assert main(arguments) == 2
    assert message in capsys.readouterr().err
