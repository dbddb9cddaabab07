"""`trapline snapshot`: what was saved goes on to the end that it would have had."""

import json

import pytest

from trapline.cli import main


def account(arguments, path):
    assert main([*arguments, "--json", str(path)]) == 0
    return json.loads(path.read_text())


@pytest.mark.parametrize("mode", ["bare", "softtlb", "twostage"])
def test_a_run_goes_on_in_another_process(mode, tmp_path, capfd):
    file = str(tmp_path / "s")
    whole = (
        ["run", "--tlb", "exact"] if mode == "bare" else ["boot", "--mode", mode, "--no-account"]
    )
    expected = account([*whole, "tick"], tmp_path / "a.json")
    printed = capfd.readouterr().out
    options = ["--tlb", "exact", "--at", "100000", "--mode", mode]
    assert main(["snapshot", "save", *options, file, "tick"]) == 0
    before = capfd.readouterr().out
    found = account(["snapshot", "load", file], tmp_path / "b.json")
    assert before + capfd.readouterr().out == printed
    for key in ("state_sha256", "console_sha256", "instructions", "exit_status", "mode"):
        assert found[key] == expected[key], key


def test_a_guest_that_ends_before_is_not_saved(tmp_path, capfd):
    file = tmp_path / "s"
    assert main(["snapshot", "save", "--at", "10000000", str(file), "failure"]) == 1
    assert not file.exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["load", "none"], "none: No such file or directory"),
        (["load", "text"], "text: not a snapshot that can be used: it does not begin like one"),
        (["save", "--at", "-1", "s", "tick"], "a bound of -1 instructions"),
        (["save", "lost/s", "tick"], "lost/s: its folder cannot be written to"),
        (["save", "s"], "nothing to run"),
        (["save", "--mode", "magic", "s", "tick"], "no memory mode 'magic'"),
        ([], "the following arguments are required"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(arguments, message, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text").write_text("text")
    assert main(["snapshot", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("trapline: error: ")
    assert message in captured.err
    assert captured.err.count("\n") == 1


def test_a_machine_that_runs_is_saved_between_two_instructions(tmp_path, capfd):
    from trapline.monitor import MachineMonitor
    from trapline.session import execute, load_engine, make_console, make_plan
    from trapline.settings import BARE, Options

    file = str(tmp_path / "s")
    monitor = MachineMonitor("tick", BARE)
    plan = make_plan("tick", Options(max_instructions=90_000), BARE)

    def started(machine):
        monitor.watch(machine)
        machine.run(50_000)
        assert monitor(f"savevm {file}") == f"saving to {file}\n"
        assert monitor(f"savevm {tmp_path}/lost/s") is not None

    first = execute(plan, BARE, load_engine(plan), make_console(), started=started)
    assert first.machine.progress == 140_000
    assert "lost" in capfd.readouterr().err
    assert main(["snapshot", "load", "--max-instructions", "90000", file]) == 124
    assert main(["snapshot", "load", file]) == 0
    assert capfd.readouterr().out.count("tick: checksum") == 1
