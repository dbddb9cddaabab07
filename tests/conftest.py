"""Fixtures that the whole suite shares, and the settings that make every run the same.

Programs that may be missing are asked for through `tests/tools.py`.
"""

import os
from typing import Any

import pytest
from hypothesis import settings

ENGINES = ("reference", "interpreter")

# Examples are derived from the test itself, so that a run can be repeated; `soak` tests draw anew.
settings.register_profile("suite", derandomize=True, deadline=None, max_examples=50)
settings.register_profile("soak", deadline=None, max_examples=1_000_000, print_blob=True)
settings.load_profile("soak" if "TRAPLINE_SOAK_SECONDS" in os.environ else "suite")


def engine_names() -> tuple[str, ...]:
    """Name the engines to test: all of them, or the one that TRAPLINE_ENGINE picks."""
    picked = os.environ.get("TRAPLINE_ENGINE")
    return (picked,) if picked else ENGINES


@pytest.fixture(scope="session", params=engine_names())
def engine(request: pytest.FixtureRequest) -> Any:
    """Run the test once on every engine."""
    import isa.engine

    return isa.engine.load(request.param)
