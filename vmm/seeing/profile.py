"""Where a guest spends its instructions: samples of its call stacks, for speedscope.

A sample is taken every so many instructions, so that a profile is the same in every run. Callers
are found by frame pointers, where the guest keeps them. The file is speedscope's JSON.
"""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from isa.causes import Priv
from isa.hart import Hart
from isa.pte import PAGE_SIZE
from isa.state import Slot
from vmm.elf import Symbols
from vmm.gdb.memory import Sight
from vmm.stop import Stop, StopReason

if TYPE_CHECKING:
    from vmm.machine import Machine

EVERY = 9_973
"""Instructions between two samples: a prime, so that no loop's length divides it."""
DEEPEST = 48
FP = 8
SCHEMA = "https://www.speedscope.app/file-format-schema.json"


class Profiler:
    """Runs a machine and samples it."""

    def __init__(self, symbols: Symbols, every: int = EVERY) -> None:
        self._symbols = symbols
        self._every = every
        self._frames: dict[str, int] = {}
        self._samples: dict[int, list[list[int]]] = {}
        self._weights: dict[int, list[int]] = {}

    def drive(self, machine: "Machine", bound: int | None) -> Stop:
        """Run the machine to its end or bound."""
        sight = Sight(machine)
        end = None if bound is None else machine.progress + bound
        done = [hart.progress for hart in machine.harts]
        while True:
            left = self._every if end is None else min(self._every, end - machine.progress)
            stop = machine.run(left)
            for hart in machine.harts:
                weight = hart.progress - done[hart.id]
                if weight:
                    self._sample(hart, weight, sight)
                done[hart.id] += weight
            if stop.reason is not StopReason.BOUND or machine.progress == end:
                return stop

    def _sample(self, hart: Hart, weight: int, sight: Sight) -> None:
        stack = [self._frame(name) for name in self._stack(hart, sight)]
        samples = self._samples.setdefault(hart.id, [])
        weights = self._weights.setdefault(hart.id, [])
        if samples and samples[-1] == stack:
            weights[-1] += weight
            return
        samples.append(stack)
        weights.append(weight)

    def _frame(self, name: str) -> int:
        return self._frames.setdefault(name, len(self._frames))

    def _stack(self, hart: Hart, sight: Sight) -> list[str]:
        """Give the names on a hart's stack, the outermost first: its mode."""
        slots = hart.slots
        mode = f"{'V' if slots[Slot.V] else ''}{Priv(slots[Slot.PRIV]).name}-mode"
        names = [self._name(hart.pc)]
        for at in self._callers(hart, sight):
            name = self._symbols.name(at)
            if name is None:
                break
            names.append(_function(name))
        return [mode, *reversed(names)]

    def _name(self, pc: int) -> str:
        name = self._symbols.name(pc)
        return f"[{pc & -PAGE_SIZE:#x}]" if name is None else _function(name)

    @staticmethod
    def _callers(hart: Hart, sight: Sight) -> Iterator[int]:
        """Follow frame pointers: return address and the caller's own stand below each."""
        frame, least = hart.x[FP], hart.x[2]
        for _ in range(DEEPEST):
            if frame % 8 or frame <= least:
                return
            data = sight.read(hart, frame - 16, 16)
            if len(data) < 16:
                return
            least, frame = frame, int.from_bytes(data[:8], "little")
            yield int.from_bytes(data[8:], "little")

    def to_json(self, name: str) -> str:
        """Give the profile as a file for speedscope."""
        profiles: list[dict[str, Any]] = [
            {
                "type": "sampled",
                "name": f"hart {index}",
                "unit": "none",
                "startValue": 0,
                "endValue": sum(self._weights[index]),
                "samples": samples,
                "weights": self._weights[index],
            }
            for index, samples in sorted(self._samples.items())
        ]
        content = {
            "$schema": SCHEMA,
            "exporter": "trapline",
            "name": name,
            "shared": {"frames": [{"name": frame} for frame in self._frames]},
            "profiles": profiles,
        }
        return json.dumps(content) + "\n"


def _function(name: str) -> str:
    return name.partition("+")[0]
