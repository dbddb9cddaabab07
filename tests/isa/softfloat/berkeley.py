"""Berkeley SoftFloat as a judge, in a process of its own.

Spike has the same library inside, with other settings: in one process they would disturb each
other. A request is a line of JSON: [operation, more arguments, [[mode, operands], ...]]; an answer
is a line of [[bits, flags], ...]. Operands and results are bits.
"""

import json
import subprocess
import sys
from typing import Any

from tests.tools import require_module

WIDTHS = {"f16": 16, "f32": 32, "f64": 64, "i64": 64, "ui64": 64}
CLASSES = {
    "f16": "Float16", "f32": "Float32", "f64": "Float64", "i64": "Int64", "ui64": "UInt64",
}  # fmt: skip
Outcome = tuple[int, int]


class Berkeley:
    """Asks the process."""

    def __init__(self) -> None:
        require_module("softfloatpy")
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__], stdin=-1, stdout=-1, text=True
        )

    def __call__(self, name: str, cases: list[tuple[int, list[int]]]) -> list[Outcome]:
        """Give the results and flags of an operation, for (rounding mode, operands) each."""
        assert self._process.stdin is not None, "it was opened with pipes"
        assert self._process.stdout is not None, "it was opened with pipes"
        print(json.dumps([name, cases]), file=self._process.stdin, flush=True)
        return [(bits, flags) for bits, flags in json.loads(self._process.stdout.readline())]

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


def _answer(library: Any, name: str, cases: list[Any]) -> list[Outcome]:
    modes = list(library.RoundingMode)
    operand, _, target = name.partition("_")
    kind = getattr(library, CLASSES[operand])
    size = WIDTHS[operand] // 8
    has_own_mode = target == "round_to_int" or target[:4] in ("to_i", "to_u")
    found = []
    for mode, operands in cases:
        library.set_rounding_mode(modes[mode])
        library.set_exception_flags(0)
        values = [kind.from_bytes(bits.to_bytes(size, "big")) for bits in operands]
        result = getattr(library, name)(*values, *((modes[mode], True) if has_own_mode else ()))
        bits = int(result) if isinstance(result, bool) else int.from_bytes(result.to_bytes(), "big")
        found.append((bits, int(library.get_exception_flags())))
    return found


def _serve() -> None:
    library = require_module("softfloatpy")
    library.set_tininess_mode(library.TininessMode.AFTER_ROUNDING)
    for line in sys.stdin:
        print(json.dumps(_answer(library, *json.loads(line))), flush=True)


if __name__ == "__main__":
    _serve()
