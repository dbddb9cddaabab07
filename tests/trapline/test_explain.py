"""`trapline explain` on bundled guests."""

import json

import pytest

from trapline.cli import main


def test_the_last_trap_of_tick_is_explained(capsys):
    assert main(["explain", "--max-instructions", "60000", "tick"]) == 0
    out = capsys.readouterr().out
    assert "store/AMO page fault, taken by S-mode" in out
    assert "V=0" in out
    assert "there because medeleg bit 15=1" in out


def test_an_access_is_explained_as_json(capsys):
    assert (
        main(["explain", "--va", "0", "--access", "w", "--priv", "s", "--json", "-", "tick"]) == 0
    )
    found = json.loads(capsys.readouterr().out)
    assert (found["cause"], found["tval"], found["taken_by"]) == (15, 0, "S-mode")
    assert found["entries"][0]["level"] == 2


def test_a_run_without_a_trap_of_its_own_is_said_so(capsys):
    assert main(["explain", "hello"]) == 2
    assert "took no trap" in capsys.readouterr().err


@pytest.mark.parametrize("wrong", [["--va", "x"], ["--va", "-1"], ["--priv", "z"], []])
def test_wrong_words_are_refused(wrong, capsys):
    program = ["hello"] if wrong else []
    assert main(["explain", *wrong, *program]) == 2
    assert capsys.readouterr().err.count("\n") == 1
