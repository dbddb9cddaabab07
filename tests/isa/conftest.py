"""Fixtures of the tests of the specification."""

import subprocess
from collections.abc import Callable

import pytest


@pytest.fixture(scope="session")
def subprocess_text() -> Callable[[list[str]], str]:
    """Give a function that runs a program and gives its output; it must succeed quietly."""

    def run(command: list[str]) -> str:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run
