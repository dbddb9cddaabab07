"""The engines that execute guest instructions, by name."""

import os

from isa.engine.contract import Engine
from isa.errors import TraplineError

__all__ = ["NAMES", "Engine", "load"]

NAMES = ("interpreter", "reference")


def load(name: str | None = None) -> Engine:
    """Give an engine; without a name the one that TRAPLINE_ENGINE names, or the interpreter."""
    name = name or os.environ.get("TRAPLINE_ENGINE") or "interpreter"
    if name == "reference":
        from isa.engine.reference import ReferenceEngine

        return ReferenceEngine()
    if name == "interpreter":
        from isa.engine.interpreter import InterpreterEngine

        return InterpreterEngine()
    if name == "translator":
        raise TraplineError("the translator engine is not built yet; use interpreter or reference")
    raise TraplineError(f"no engine is called {name!r}; there are {', '.join(NAMES)}")
