"""The line that is printed while an engine is compiled: once, and never when warm."""

import fcntl
import logging
import os
import subprocess
import sys
import time

import pytest

COMPILES = """
import sys, types
from isa.engine.lowering import build
from trapline.progress import show_progress
show_progress()
build.load_module("sample", "@exported\\ndef one():\\n    return _1\\n")
"""


def compile_sample(cache, **more):
    """Load a small generated module in a process of its own; give what it printed."""
    return subprocess.run(
        [sys.executable, "-c", COMPILES],
        env={**os.environ, "TRAPLINE_CACHE_DIR": str(cache), **more},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )


@pytest.fixture
def cache(tmp_path):
    """Give an empty cache folder."""
    return tmp_path / "cache"


def test_compiling_is_said_once_and_a_warm_start_is_silent(cache):
    cold = compile_sample(cache)
    assert cold.stderr == f"trapline: compiling the sample (once; kept in {cache})...\n"
    assert cold.stdout == ""
    warm = compile_sample(cache)
    assert (warm.stdout, warm.stderr) == ("", "")


def test_waiting_for_another_process_is_said(cache):
    compile_sample(cache)
    (folder,) = cache.iterdir()
    (folder / "sample.o").unlink()
    with (folder / "sample.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        waiting = subprocess.Popen(
            [sys.executable, "-c", COMPILES],
            env={**os.environ, "TRAPLINE_CACHE_DIR": str(cache)},
            stderr=subprocess.PIPE,
            text=True,
        )
        assert waiting.stderr is not None
        assert waiting.stderr.readline() == (
            "trapline: waiting for another process that compiles the sample...\n"
        )
        time.sleep(0.1)
        assert waiting.poll() is None
    assert waiting.wait(timeout=60) == 0
    waiting.stderr.close()


def test_a_program_that_logs_for_itself_is_left_alone(capsys, caplog, monkeypatch):
    from trapline.progress import LOGGERS, show_progress

    logger = logging.getLogger(LOGGERS[0])
    monkeypatch.setattr(logger, "handlers", [])
    monkeypatch.setattr(logger, "propagate", True)
    show_progress()  # pytest has put handlers on the root logger
    assert logger.handlers == []


def test_a_profile_that_is_not_all_here_says_what_is_missing(capsys, monkeypatch):
    from trapline.cli import main
    from trapline.progress import LOGGERS

    for name in LOGGERS:
        monkeypatch.setattr(logging.getLogger(name), "handlers", [])
        monkeypatch.setattr(logging.getLogger(name), "propagate", False)
    assert main(["run", "--isa", "rva23u64", "hello"]) == 0
    note = "trapline: --isa rva23u64 is taken without v, zvfhmin, zvbb, zvkt, supm\n"
    assert note in capsys.readouterr().err
