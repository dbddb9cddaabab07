"""`--record` and `--replay`: a run's input in a file, and the run once more with it.

The file has a line of JSON for what was run, one for each answer from outside, one for the state
at each of many instants, and one for the end, with a sum of all lines before.
"""

import hashlib
import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isa.errors import Location, TraplineError
from vmm.atomic_file import replace_file
from vmm.inputs import Answer, InputLog, LoggedInput
from vmm.stop import Stop, StopReason

if TYPE_CHECKING:
    from trapline.session import Plan
    from vmm.machine import Machine

VERSION = 1
EVERY = 100_000_000
"""Instructions between two looks at the state."""
MOST_BYTES = 1 << 30


@dataclass(frozen=True)
class Recording:
    """What a file holds."""

    what: str
    every: int
    log: InputLog
    checks: Mapping[int, str]
    """The state's hash by the number of instructions before."""
    end: int
    reason: str


class Recorder:
    """Runs a machine and looks at its state now and then; writes or compares what it sees."""

    def __init__(self, source: LoggedInput, every: int, expected: Recording | None = None) -> None:
        self._source = source
        self._every = every
        self._expected = expected
        self.checks: dict[int, str] = {}
        self.end = 0
        self.reason = ""

    def drive(self, machine: "Machine", bound: int | None) -> Stop:
        """Run the machine to its end or bound."""
        self._source.now = lambda: machine.progress
        end = None if bound is None else machine.progress + bound
        if self._expected is not None and self._expected.reason == StopReason.BOUND.value:
            end = min(self._expected.end, end or self._expected.end)
        try:
            stop = self._run(machine, end)
        finally:
            self.end = machine.progress
            self._look(machine)
        self.reason = stop.reason.value
        if self._expected is not None and end != machine.progress:
            self._compare("ended", (self._expected.end, self._expected.reason), stop, machine)
        return stop

    def _run(self, machine: "Machine", end: int | None) -> Stop:
        while True:
            left = self._every - machine.progress % self._every
            if end is not None:
                left = min(left, end - machine.progress)
            stop = machine.run(left)
            if stop.reason is not StopReason.BOUND or machine.progress == end:
                return stop
            self._look(machine)

    def _look(self, machine: "Machine") -> None:
        from vmm.state_hash import state_sha256

        at = machine.progress
        if self._expected is not None and at not in self._expected.checks:
            return
        found = self.checks[at] = state_sha256(machine)
        if self._expected is not None and found != self._expected.checks[at]:
            raise TraplineError(f"the replay has another state after {at} instructions")

    def _compare(
        self, verb: str, expected: tuple[int, str], stop: Stop, machine: "Machine"
    ) -> None:
        if expected != (machine.progress, stop.reason.value):
            at, reason = expected
            raise TraplineError(
                f"the replay {verb} after {machine.progress} instructions ({stop.reason.value}),"
                f" the recording after {at} ({reason})"
            )


def identify(plan: "Plan", mode: str) -> str:
    """Give a hash of what is run: machine, mode, and what is in memory at first."""
    digest = hashlib.sha256(f"{plan.config(mode)} {mode}".encode())
    for part in plan.boot.segments:
        digest.update(part.pa.to_bytes(8, "little") + hashlib.sha256(part.data).digest())
    return digest.hexdigest()


# ---------------------------------------------------------------------------------------- file


def write_recording(filename: str, what: str, every: int, log: InputLog, made: Recorder) -> None:
    """Write what was recorded, in place of an older file."""
    lines = [json.dumps({
        "trapline": "recording", "version": VERSION, "what": what, "every": every,
        "open": log.begins_open,
    })]  # fmt: skip
    lines += [json.dumps(_plain(answer)) for answer in log.answers]
    lines += [json.dumps({"check": at, "state": state}) for at, state in made.checks.items()]
    text = "".join(f"{line}\n" for line in lines)
    last = {
        "end": made.end,
        "reason": made.reason,
        "questions": log.count,
        "sum": hashlib.sha256(text.encode()).hexdigest(),
    }
    replace_file(filename, [text.encode(), json.dumps(last).encode() + b"\n"])


def _plain(answer: Answer) -> dict[str, Any]:
    return {
        "input": answer.number,
        "at": answer.at,
        "data": b64encode(answer.data).decode("ascii"),
        "some": answer.is_some,
        "open": answer.is_open,
    }


def read_recording(filename: str) -> Recording:
    """Read and check a file; raise TraplineError when it is no recording, or not whole."""
    with Path(filename).open("rb") as file:
        data = file.read(MOST_BYTES)
    body, found, last_line = data.rstrip(b"\n").rpartition(b"\n")
    try:
        first, *rest = [json.loads(line) for line in body.splitlines()] if found else [{}]
        if not isinstance(first, dict) or first.get("trapline") != "recording":
            raise _bad(filename, "it does not begin like one, or is cut off")
        if first["version"] != VERSION:
            raise _bad(filename, f"it has version {first['version']}, expected {VERSION}")
        last = json.loads(last_line)
        if last.get("sum") != hashlib.sha256(body + b"\n").hexdigest():
            raise _bad(filename, "cut off or damaged: its sum is wrong")
        answers = [_answer(line) for line in rest if "input" in line]
        checks = {int(line["check"]): str(line["state"]) for line in rest if "check" in line}
        log = InputLog(bool(first["open"]), answers, int(last["questions"]))
        every, end = int(first["every"]), int(last["end"])
        if every < 1:
            raise _bad(filename, "looks that never come")
        return Recording(str(first["what"]), every, log, checks, end, str(last["reason"]))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise _bad(filename, "cut off or damaged") from None


def _answer(line: Mapping[str, Any]) -> Answer:
    data = b64decode(line["data"], validate=True)
    number, at = int(line["input"]), int(line["at"])
    return Answer(number, at, data, is_some=bool(line["some"]), is_open=bool(line["open"]))


def _bad(filename: str, reason: str) -> TraplineError:
    return TraplineError(f"not a recording that can be used: {reason}", Location(filename))
