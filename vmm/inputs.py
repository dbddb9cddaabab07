"""What came into a machine from outside, and when: so that a run can be had again.

All input is asked for by the guest's own course, so that the number of a question says when it was
asked. The answers that brought something are logged; in a replay they are given again, and that
each comes at the same instruction is checked.
"""

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field

from isa.errors import TraplineError
from vmm.console import InputSource


@dataclass(frozen=True)
class Answer:
    """An answer from outside: to the question of which number, asked after which instruction."""

    number: int
    at: int
    data: bytes
    is_some: bool
    """Whether a wait ended because something may have come."""
    is_open: bool
    """Whether more may come."""


@dataclass
class InputLog:
    """All answers so far; `count` is the number of questions."""

    begins_open: bool = True
    answers: list[Answer] = field(default_factory=list)
    count: int = 0


class LoggedInput:
    """Gives what is in a log, then what a live source gives, and logs that."""

    def __init__(self, log: InputLog, live: InputSource | None) -> None:
        self.log = log
        self.position = 0
        """The number of the next question."""
        self.now: Callable[[], int] = int
        self._live = live
        self._left = bytearray()  # what has come in a future that was given up

    @property
    def is_open(self) -> bool:
        """Whether more may come."""
        before = bisect_left(self.log.answers, self.position, key=lambda answer: answer.number)
        if before:
            return self.log.answers[before - 1].is_open
        return self.log.begins_open

    def __call__(self, limit: int) -> bytes:
        """Give what comes next."""
        if self.position < self.log.count or self._live is None:
            return self._again().data
        data = bytes(self._left[:limit]) or self._live(limit)
        del self._left[:limit]
        self._note(data, is_some=bool(data))
        return data

    def wait(self, seconds: float | None) -> bool:
        """Wait as the source did, or does."""
        if self.position < self.log.count or self._live is None:
            return self._again().is_some
        is_some = bool(self._left) or self._live.wait(seconds)
        self._note(b"", is_some=is_some)
        return is_some

    def cut(self) -> None:
        """Forget when what is logged beyond the present came: the run goes another way from here.

        It is still to come, at other times.
        """
        self.log.count = min(self.log.count, self.position)
        while self.log.answers and self.log.answers[-1].number >= self.position:
            self._left[:0] = self.log.answers.pop().data

    def _note(self, data: bytes, *, is_some: bool) -> None:
        assert self._live is not None, "something answered"
        is_open = bool(self._left) or self._live.is_open
        if is_some or is_open is not self.is_open:
            self.log.answers.append(Answer(self.position, self.now(), data, is_some, is_open))
        self.position += 1
        self.log.count = self.position

    def _again(self) -> Answer:
        """Give the logged answer to the next question."""
        number, is_open = self.position, self.is_open
        self.position += 1
        at = bisect_left(self.log.answers, number, key=lambda answer: answer.number)
        if at == len(self.log.answers) or self.log.answers[at].number != number:
            return Answer(number, 0, b"", is_some=False, is_open=is_open)
        answer = self.log.answers[at]
        if answer.at != self.now():
            raise TraplineError(
                f"the replay went another way: input that came after {answer.at} instructions is"
                f" asked for after {self.now()}"
            )
        return answer
