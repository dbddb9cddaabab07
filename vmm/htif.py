"""The host-target interface: two words of guest memory through which programs talk to their host.

After the front-end server that Spike is built on: `tohost` holds a device number (bits 63 to 56), a
command (55 to 48) and a payload; the host clears it and answers through `fromhost`. Device 0 takes
system calls and exit codes, device 1 is a console. The words are plain memory, so the host looks at
them now and then: often while something happens, ever more rarely while nothing does.
"""

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from vmm.console import Console
from vmm.contracts import StateError, StopKind, StopRequest

MASK = (1 << 64) - 1
PAYLOAD = (1 << 48) - 1
SOURCE = "htif"
SOONEST, LATEST = 1 << 10, 1 << 16  # instructions between looks
SETTLING = 16  # instructions that a word stored in two halves may need
MOST_ANSWERS = 64
MOST_BYTES = 1 << 20  # written by one call
IDENTITY_BYTES = 64
SYSCALLS, CONSOLE = 0, 1
READ_CHARACTER, WRITE_CHARACTER, IDENTIFY = 0, 1, 255
EBADF, EFAULT, ENOSYS = -9, -14, -38
IDENTITIES = {
    SYSCALLS: ("syscall_proxy", {0: "syscall"}),
    CONSOLE: ("bcd", {READ_CHARACTER: "read", WRITE_CHARACTER: "write"}),
}


class HtifMemory(Protocol):
    """Guest-physical memory, where the mailbox and the blocks of system calls are."""

    def contains(self, gpa: int, size: int) -> bool: ...

    def read(self, gpa: int, size: int) -> bytes: ...

    def write(self, gpa: int, data: bytes) -> None: ...


def mailbox_places(state: Mapping[str, Any]) -> tuple[int, int | None]:
    """Give where a saved mailbox was; raise StateError when that cannot be."""
    tohost, fromhost = state.get("tohost"), state.get("fromhost")
    if not isinstance(tohost, int) or not isinstance(fromhost, int | None):
        raise StateError("the saved mailbox is nowhere")
    return tohost, fromhost


class Htif:
    """The host's end; `stop` is told when and how the program ends its run."""

    def __init__(
        self,
        memory: HtifMemory,
        console: Console,
        stop: Callable[[StopRequest], None],
        tohost: int,
        fromhost: int | None,
    ) -> None:
        self._memory = memory
        self._console = console
        self._stop = stop
        self.acts = 0
        self._tohost = tohost
        self._fromhost = fromhost
        self._answers: deque[int] = deque()
        self._readers = 0  # characters asked for that have not come yet
        self._seen = 0
        self._pause = SOONEST

    def save(self) -> dict[str, object]:
        """Give where the mailbox is, and what is under way."""
        return {
            "tohost": self._tohost,
            "fromhost": self._fromhost,
            "answers": list(self._answers),
            "numbers": [self._readers, self._seen, self._pause],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take a saved state of the same mailbox; raise StateError when it is not one."""
        answers, numbers = state.get("answers", ()), state.get("numbers", ())
        for values, most in ((answers, MOST_ANSWERS), (numbers, 3)):
            is_right = isinstance(values, list) and len(values) <= most
            if not is_right or not all(isinstance(v, int) and 0 <= v <= MASK for v in values):
                raise StateError("the saved mailbox is impossible")
        if len(numbers) != 3 or not SOONEST // 2 <= numbers[2] <= LATEST:
            raise StateError("the saved mailbox is impossible")
        self._answers = deque(answers)
        self._readers, self._seen, self._pause = numbers

    def poll(self) -> int:
        """Look at the mailbox; give the number of instructions after which to look again."""
        word = self._word(self._tohost)
        if word != self._seen:
            # Half a word may have been stored: act on what stands there a little later.
            self._seen = word
            if word:
                return SETTLING
        elif word:
            self._put(self._tohost, 0)
            self._seen = 0
            self.acts += 1
            self._command(word >> 56, word >> 48 & 0xFF, word & PAYLOAD)
            self._pause = SOONEST // 2
        self._read_characters()
        self._answer()
        self._pause = min(self._pause * 2, LATEST)
        return self._pause

    def _word(self, at: int) -> int:
        return int.from_bytes(self._memory.read(at, 8), "little")

    def _put(self, at: int, value: int) -> None:
        self._memory.write(at, (value & MASK).to_bytes(8, "little"))

    def _command(self, device: int, command: int, payload: int) -> None:
        if command == IDENTIFY and device in IDENTITIES:
            self._identify(device, payload)
            self._respond(device, command, 1)
        elif device == SYSCALLS and command == 0:
            if payload & 1:
                self._stop(StopRequest(StopKind.SHUTDOWN, payload >> 1, SOURCE))
            else:
                self._call(payload)
                self._respond(device, command, 1)
        elif device == CONSOLE and command == READ_CHARACTER:
            self._readers = min(self._readers + 1, MOST_ANSWERS)
        elif device == CONSOLE and command == WRITE_CHARACTER:
            self._console.write(bytes((payload & 0xFF,)))

    def _identify(self, device: int, payload: int) -> None:
        """Write a device's name, or one of its commands', where the program wants it."""
        name, commands = IDENTITIES[device]
        what, at = payload & 0xFF, payload >> 8
        text = name if what == 0xFF else commands.get(what, "")
        if self._memory.contains(at, IDENTITY_BYTES):
            self._memory.write(at, text.encode().ljust(IDENTITY_BYTES, b"\0"))

    # -------------------------------------------------------------------------- system calls

    def _call(self, block: int) -> None:
        """Carry out the system call in a block of eight words; its first one takes the result."""
        if not self._memory.contains(block, 64):
            return
        words = [self._word(block + 8 * index) for index in range(4)]
        self._put(block, self._result(*words))

    def _result(self, number: int, first: int, second: int, third: int) -> int:
        match number:
            case 64:  # SYS_WRITE
                return self._write(first, second, third)
            case 63:  # SYS_READ
                return self._read(first, second, third)
            case 57:  # SYS_CLOSE
                return 0 if first <= 2 else EBADF
            case 93:  # SYS_EXIT
                self._stop(StopRequest(StopKind.SHUTDOWN, first, SOURCE))
                return 0
            case 2011:  # SYS_MAIN_VARIABLES: no arguments, no environment
                return self._fill(first, bytes(second if second <= 4096 else 0))
            case _:
                return ENOSYS

    def _write(self, descriptor: int, at: int, size: int) -> int:
        if descriptor not in (1, 2):
            return EBADF
        size = min(size, MOST_BYTES)
        if not self._memory.contains(at, size):
            return EFAULT
        return self._console.write(self._memory.read(at, size)) if size else 0

    def _read(self, descriptor: int, at: int, size: int) -> int:
        if descriptor != 0:
            return EBADF
        size = min(size, MOST_BYTES)
        if not self._memory.contains(at, size):
            return EFAULT
        data = self._console.read(size)
        self._fill(at, data)
        return len(data)

    def _fill(self, at: int, data: bytes) -> int:
        if not self._memory.contains(at, len(data)):
            return EFAULT
        self._memory.write(at, data)
        return 0

    # ------------------------------------------------------------------------------- answers

    def _respond(self, device: int, command: int, payload: int) -> None:
        if len(self._answers) < MOST_ANSWERS:
            self._answers.append(device << 56 | command << 48 | payload)

    def _read_characters(self) -> None:
        while self._readers and (data := self._console.read(1)):
            self._readers -= 1
            self._respond(CONSOLE, READ_CHARACTER, 0x100 | data[0])

    def _answer(self) -> None:
        """Pass on an answer as soon as the program has taken the one before."""
        if self._answers and self._fromhost is not None and not self._word(self._fromhost):
            self._put(self._fromhost, self._answers.popleft())
            self.acts += 1
            self._pause = SOONEST // 2
