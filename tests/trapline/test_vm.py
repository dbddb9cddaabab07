"""Machines to talk to: waiting for the console, typing, going on."""

import pytest

import trapline
import trapline.vm
from trapline.vm import NeverSaidError
from vmm.memory import MODES

PROMPT = "$ "


@pytest.mark.parametrize("mode", ["bare", *MODES])
def test_a_shell_answers_line_by_line(vm, mode):
    shell = vm("monolith", mode=mode).until(console=PROMPT)
    shell.type("echo one\n").until(console="one\none\n").until(console=PROMPT)
    assert shell.stop is None
    shell.type("exit\n").run()
    assert shell.exit_status == 0
    assert shell.text.count(PROMPT) == 2


def test_control_c_ends_the_foreground_and_leaves_the_shell(vm):
    shell = vm("monolith").until(console=PROMPT)
    shell.type("cat\nline\n").until(console="line\nline\n")
    shell.type("\x03").until(console="ended by signal 2\n$ ")
    shell.type("compute 1000000\n").run(2_000_000)
    shell.type("\x03").until(console="ended by signal 2\n$ ")
    assert shell.stop is None


def test_what_is_never_said_is_an_error_that_tells_how_it_ended(vm):
    with pytest.raises(NeverSaidError, match="the guest waits for input"):
        vm("monolith").until(console="nonsense")
    with pytest.raises(NeverSaidError, match="the run ended: shutdown"):
        vm("hello").until(console="nonsense")
    with pytest.raises(NeverSaidError, match="it has run for long"):
        vm("endless").until(console="nonsense", instructions=300_000)


def test_a_finished_machine_is_accounted_for_as_if_run_at_once():
    piecemeal = trapline.vm.boot("tick").until(console="crc:").run(1234).finish()
    at_once = trapline.boot("tick")
    assert piecemeal.account.exits == at_once.account.exits
    assert piecemeal.account.cycles == at_once.account.cycles
    assert piecemeal.account.facts.state_sha256 == at_once.account.facts.state_sha256


def test_an_extension_that_raises_is_diagnosed(tmp_path):
    file = tmp_path / "broken.py"
    file.write_text(
        "from vmm.extensions import on_exit\n@on_exit('sbi')\ndef f(event):\n    event.nothing\n"
    )
    result = trapline.boot("hello", extension=(str(file),))
    assert result.exit_status == 125
    assert result.stop.reason.value == "extension"
    assert result.diagnosis[0].startswith("domain stopped: the extension f raised AttributeError")
    assert f"{file}:4" in result.diagnosis[0]
