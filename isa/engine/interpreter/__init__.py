"""The interpreter: compiled handlers of predecoded micro-ops, with an inline TLB.

`codegen.py` makes its text from the tables, `loop.py` and `runtime.py` are lowered with it, and
`engine.py` is what the rest of Trapline calls.
"""

from isa.engine.interpreter.engine import InterpreterEngine

__all__ = ["InterpreterEngine"]
