"""`trapline boot`: the console, the account after it, and what is said of a stopped domain."""

import json

import pytest

from guests import Kind, find
from tests.trapline.guests import (
    BOUND,
    JSON_KEYS,
    READER,
    by_kind,
    reason_of,
    status_of,
    trapline,
    write,
)
from trapline.cli import main
from vmm.schema import BUCKET_CAPTIONS

HELLO = "hello from supervisor mode\n"


def test_the_account_follows_the_console(capsys):
    assert main(["boot", "tick"]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith(find("tick").console + "tick, costs of 1997\n")
    assert captured.err == ""
    rows = {line.split("│")[1].strip() for line in captured.out.splitlines() if "│" in line}
    assert rows >= {
        "instructions",
        "SBI call",
        "CSR access",
        "misses, hart TLB",
        "misses, second-level TLB",
        "modelled cycles",
        "host wall time",
        *BUCKET_CAPTIONS.values(),
    }


def test_the_account_can_be_left_out(capsys):
    assert main(["boot", "--no-account", "hello"]) == 0
    assert capsys.readouterr() == (HELLO, "")


def test_the_account_begins_on_a_line_of_its_own(tmp_path, capsys):
    source = ".globl _start\n_start: li a7, 1\n li a0, 65\n ecall\n li a7, 8\n ecall\n"
    assert main(["boot", write(tmp_path, "k.s", source)]) == 0
    assert capsys.readouterr().out.startswith("A\n")


def test_json_replaces_console_and_account_on_standard_output(capsys):
    assert main(["boot", "--json", "-", "tick"]) == 0
    captured = capsys.readouterr()
    assert captured.err == find("tick").console
    account = json.loads(captured.out)
    assert account.keys() == JSON_KEYS
    assert account["mode"] == "softtlb"
    assert sum(account["buckets"].values()) == account["cycles"]
    assert account["exits"]["system_call"] > 0
    assert account["tlb_misses"]["hart"] > account["tlb_misses"]["second"] > 0


def test_json_in_a_file_leaves_standard_output_alone(tmp_path, capsys):
    path = tmp_path / "a.json"
    assert main(["boot", "--json", str(path), "hello"]) == 0
    assert "modelled cycles" in capsys.readouterr().out
    assert json.loads(path.read_text())["stop_reason"] == "exit"


@pytest.mark.parametrize("guest", by_kind(Kind.HOSTILE), ids=lambda guest: guest.name)
def test_a_hostile_guest_ends_as_the_manifest_says(guest, capsys):
    arguments = ["--no-account", "--max-instructions", str(BOUND), "--json", "-", guest.name]
    assert main(["boot", *arguments]) == status_of(guest, is_domain=True)
    captured = capsys.readouterr()
    assert json.loads(captured.out)["stop_reason"] in reason_of(guest, is_domain=True)
    assert captured.err.startswith(guest.console)
    assert "Traceback" not in captured.err


def test_a_stopped_domain_is_status_125_and_its_reason_comes_first(capsys):
    assert main(["boot", "--no-account", "relapse"]) == 125
    captured = capsys.readouterr()
    assert captured.out == ""
    lines = captured.err.splitlines()
    assert lines[0] == (
        "trapline: domain stopped: its state recurs every instruction, trapping each time"
        " (illegal instruction), and no interrupt can come, at 0x80200010 <vector>"
    )
    assert "   scause 0000000000000002  illegal instruction" in lines
    assert lines[-1] == "    hart 0 at 0x80200010 <vector>: illegal instruction 0x0 (8 times)"


def test_piped_input_reaches_a_domain(tmp_path):
    done = trapline("boot", "--no-account", write(tmp_path, "r.s", READER), stdin=b"z")
    assert (done.returncode, done.stdout) == (0, b"z")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--mode", "direct", "hello"], "mode direct is not there yet; there are softtlb"),
        (["--mode", "magic", "hello"], "no memory mode 'magic'; there are softtlb"),
        (["--tlb", "fast", "hello"], "mode softtlb consists of a modelled TLB"),
        (["--tlb", "0x1", "hello"], "a TLB of 0 sets and 1 ways"),
        (["--second-tlb", "5x1", "hello"], "a TLB of 5 sets and 1 ways"),
        (["tock"], "no bundled guest 'tock'; did you mean tick?"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(arguments, message, capsys):
    assert main(["boot", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert message in captured.err
    assert captured.err.count("\n") == 1
