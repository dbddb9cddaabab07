"""The cache of compiled code: kept, shared, private, and never stale."""

import dataclasses
import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from isa.cache import cache_folder
from isa.causes import Priv
from isa.engine.interpreter import InterpreterEngine
from isa.engine.interpreter.engine import interpreter_text
from isa.engine.lowering import build
from isa.insn import InstructionTable
from isa.spec import TABLE
from isa.words import Word
from tests.isa.bench import asm, bench, run

HERE = Path(__file__).resolve().parents[3]
TINY = """
@exported
def answer(a):
    return a + _{number}
"""
ASK = """
import sys
from isa.engine.lowering.build import is_compiled, load_module
text = sys.stdin.read()
was_compiled = is_compiled("tiny", text)
print(int(load_module("tiny", text).function("answer", 1)(1)), was_compiled)
"""


def ask(number: int, **environment: str) -> tuple[int, bool]:
    """Load the tiny module in a process of its own; gives its answer, and if it was cached."""
    done = start(number, **environment)
    out, err = done.communicate(TINY.format(number=number), timeout=120)
    assert done.returncode == 0, err
    answer, was_compiled = out.split()
    return int(answer), was_compiled == "True"


def start(number: int, **environment: str) -> subprocess.Popen[str]:
    """Start a process that loads the tiny module given on its standard input."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("TRAPLINE_", "XDG_"))}
    return subprocess.Popen(
        [sys.executable, "-c", ASK],
        env=kept | environment,
        cwd=HERE,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_compiled_code_is_kept_for_the_next_process(tmp_path):
    assert ask(1, TRAPLINE_CACHE_DIR=str(tmp_path)) == (2, False)
    assert ask(1, TRAPLINE_CACHE_DIR=str(tmp_path)) == (2, True)


def test_other_text_is_compiled_anew_beside_the_old(tmp_path):
    assert ask(1, TRAPLINE_CACHE_DIR=str(tmp_path)) == (2, False)
    assert ask(2, TRAPLINE_CACHE_DIR=str(tmp_path)) == (3, False)
    assert ask(1, TRAPLINE_CACHE_DIR=str(tmp_path)) == (2, True)


def test_processes_at_once_share_the_cache_safely(tmp_path):
    running = [start(7, TRAPLINE_CACHE_DIR=str(tmp_path)) for _ in range(4)]
    for process in running:
        assert process.stdin is not None
        process.stdin.write(TINY.format(number=7))
        process.stdin.close()
    for process in running:
        assert process.wait(timeout=120) == 0
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.read().split()[0] == "8", process.stderr.read()
        process.stdout.close()
        process.stderr.close()
    assert ask(7, TRAPLINE_CACHE_DIR=str(tmp_path)) == (8, True)


def test_a_home_that_cannot_be_written_is_done_without(tmp_path):
    blocked = tmp_path / "home"
    blocked.write_text("a file where a folder is expected")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    assert ask(1, HOME=str(blocked), TMPDIR=str(temporary)) == (2, False)
    assert ask(1, HOME=str(blocked), TMPDIR=str(temporary)) == (2, True)


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser can write everywhere")
def test_a_read_only_home_is_done_without(tmp_path):
    home, temporary = tmp_path / "home", tmp_path / "temporary"
    home.mkdir(mode=0o500)
    temporary.mkdir()
    assert ask(1, HOME=str(home), TMPDIR=str(temporary)) == (2, False)


def test_a_folder_that_others_can_write_is_not_trusted(tmp_path, monkeypatch):
    shared, home = tmp_path / "shared", tmp_path / "home"
    shared.mkdir()
    shared.chmod(0o777)
    monkeypatch.setenv("TRAPLINE_CACHE_DIR", str(shared))
    monkeypatch.setenv("XDG_CACHE_HOME", str(home))
    folder = cache_folder()
    assert folder == home / "trapline"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_digest_covers_text_words_versions_and_cpu(monkeypatch):
    before = build._digest("text")
    assert build._digest("other text") != before
    monkeypatch.setattr("isa.engine.lowering.build.llvmlite.__version__", "0.0")
    assert build._digest("text") != before
    monkeypatch.undo()
    monkeypatch.setattr("isa.engine.lowering.build.llvm.get_host_cpu_name", lambda: "another")
    assert build._digest("text") != before
    monkeypatch.undo()
    monkeypatch.setattr("isa.engine.lowering.build.inspect.getsource", lambda module: "other words")
    assert build._digest("text") != before
    monkeypatch.undo()
    assert build._digest("text") == before


def add_too_much(rs1: Word, rs2: Word) -> int:
    """Add, and one more."""
    return rs1 + rs2 + 1


def test_an_edited_meaning_is_executed_at_once():
    """Give `add` another meaning; the compiled engine has it, and the old engine keeps the old."""
    add = TABLE.by_name["add"]
    edited = [
        dataclasses.replace(insn, meaning=add_too_much) if insn is add else insn for insn in TABLE
    ]
    table = InstructionTable(edited)
    assert interpreter_text(table) != interpreter_text(TABLE)
    for engine, expected in ((InterpreterEngine(table), 6), (InterpreterEngine(), 5)):
        hart = bench(Priv.M, asm("add", rd=10, rs1=11, rs2=12))
        hart.x[11], hart.x[12] = 2, 3
        run(engine, hart)
        assert hart.x[10] == expected


EDIT = """
from isa.engine.interpreter.engine import interpreter_text
from isa.engine.lowering.build import _digest
from isa.spec import TABLE
print(_digest(interpreter_text(TABLE)))
"""
EDITS = {
    "a meaning": ("isa/insns/rv64i.py", "return rs1 ^ rs2", "return rs1 ^ rs2 ^ 1"),
    "what a meaning calls": ("isa/trap.py", "base = tvec & ~3", "base = tvec & ~7"),
    "translation": ("isa/walk.py", "used = pte | PTE_A", "used = pte | PTE_A | 256"),
    "the loop": ("isa/engine/interpreter/loop.py", "fuel = fuel - 1\n", "fuel = fuel - 2\n"),
    "a CSR's mask": ("isa/csrs.py", "_GUEST_IRQS = 0x444", "_GUEST_IRQS = 0x440"),
    "a compiled word": ("isa/engine/lowering/words.py", '"ashr"', '"lshr"'),
    "a state slot": (
        "isa/state.py",
        "    MTVEC = auto()\n",
        "    NEW = auto()\n    MTVEC = auto()\n",
    ),
}


@pytest.mark.parametrize("what", EDITS)
def test_an_edit_of_any_source_gives_another_digest(what, tmp_path):
    import shutil

    file, old, new = EDITS[what]
    shutil.copytree(HERE / "isa", tmp_path / "isa", ignore=shutil.ignore_patterns("__pycache__"))
    path = tmp_path / file
    text = path.read_text()
    assert old in text, f"{file} no longer has what this test edits"

    def digest() -> str:
        command = [sys.executable, "-c", EDIT]
        done = subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, check=False,
            env=os.environ | {"PYTHONPATH": str(tmp_path)},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    before = digest()
    path.write_text(text.replace(old, new, 1))
    later = time.time() + 2
    os.utime(path, (later, later))
    assert digest() != before
