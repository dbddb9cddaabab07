"""Where a guest's console input comes from: a pipe or file, or a terminal that somebody sits at.

A terminal is put into raw mode when the guest first looks for input, so that all keys are its own;
Ctrl-A is the way back, in the manner of QEMU: Ctrl-A x leaves, Ctrl-A c talks to the monitor.
"""

import os
import select
import sys
import termios
from collections.abc import Callable
from typing import Any, TextIO

ESCAPE = 0x01  # Ctrl-A
END_OF_LINE = b"\r\n"
ERASE = b"\x7f\x08"
PROMPT = "(trapline) "
HELP = """
Ctrl-A x  leave
Ctrl-A c  the monitor: `help` lists its commands, Ctrl-A c goes back
Ctrl-A h  this help
Ctrl-A Ctrl-A  sends Ctrl-A
"""
INPUT_FLAGS = (
    termios.IGNBRK
    | termios.BRKINT
    | termios.PARMRK
    | termios.ISTRIP
    | termios.INLCR
    | termios.IGNCR
    | termios.ICRNL
    | termios.IXON
)
LOCAL_FLAGS = termios.ECHO | termios.ECHONL | termios.ICANON | termios.IEXTEN | termios.ISIG

Monitor = Callable[[str], str | None]
"""Takes a command line; gives what to print, None to go on with the guest."""


class LeftError(Exception):
    """The user has left the guest; nothing is wrong."""


class PipedInput:
    """What is piped in, or stands in a file; `otherwise` comes instead of nothing at all."""

    def __init__(self, descriptor: int, otherwise: bytes = b"") -> None:
        self._descriptor = descriptor
        self._otherwise = otherwise
        self.is_open = True

    def fileno(self) -> int:
        """Give what can be waited on."""
        return self._descriptor

    def __call__(self, limit: int) -> bytes:
        """Give what has arrived."""
        if not self.is_open:
            return b""
        try:
            if not select.select([self._descriptor], [], [], 0)[0]:
                return b""
            data = os.read(self._descriptor, limit)
        except (OSError, ValueError):
            data = b""
        data, self._otherwise = data or self._otherwise, b""
        self.is_open = bool(data)
        return data

    def wait(self, seconds: float | None) -> bool:
        """Wait for more or for the end when there is nothing else to wait for."""
        if seconds is not None:
            return False
        try:
            select.select([self._descriptor], [], [])
        except (OSError, ValueError):
            self.is_open = False
        return self.is_open


class TerminalInput:
    """The keys of a terminal, in raw mode."""

    def __init__(self, descriptor: int, monitor: Monitor) -> None:
        self._descriptor = descriptor
        self._monitor = monitor
        self._before: list[Any] | None = None
        self.is_open = True
        self._is_escaped = False
        self._line: bytearray | None = None  # of a monitor command that is being typed

    def fileno(self) -> int:
        """Give what can be waited on."""
        return self._descriptor

    def __call__(self, limit: int) -> bytes:
        """Give the keys pressed, but for those that are not the guest's."""
        self._make_raw()
        if not self.wait(0):
            return b""
        typed = bytearray()
        self._read(limit, typed)
        while self._line is not None and self.is_open:  # the guest stands still meanwhile
            self._read(1, typed)
        return bytes(typed)

    def _read(self, limit: int, typed: bytearray) -> None:
        try:
            keys = os.read(self._descriptor, limit)
        except OSError:  # the terminal is gone
            keys = b""
        self.is_open = bool(keys)
        for key in keys:
            self._press(key, typed)

    def wait(self, seconds: float | None) -> bool:
        """Wait for a key: who sits at a terminal lives in real time."""
        return bool(select.select([self._descriptor], [], [], seconds)[0])

    def close(self) -> None:
        """Give the terminal back as it was."""
        if self._before is not None:
            termios.tcsetattr(self._descriptor, termios.TCSAFLUSH, self._before)
            self._before = None

    def _make_raw(self) -> None:
        if self._before is not None:
            return
        self._before = termios.tcgetattr(self._descriptor)
        flags = termios.tcgetattr(self._descriptor)
        flags[0] &= ~INPUT_FLAGS
        flags[3] &= ~LOCAL_FLAGS
        termios.tcsetattr(self._descriptor, termios.TCSANOW, flags)

    def _press(self, key: int, typed: bytearray) -> None:
        if self._is_escaped:
            self._is_escaped = False
            self._command(key, typed)
        elif key == ESCAPE:
            self._is_escaped = True
        elif self._line is not None:
            self._edit(key, self._line)
        else:
            typed.append(key)

    def _command(self, key: int, typed: bytearray) -> None:
        match chr(key):
            case "x":
                raise LeftError
            case "c":
                self._line = bytearray() if self._line is None else None
                self._print(f"\n{PROMPT}" if self._line is not None else "\n")
            case "h" | "?":
                self._print(HELP)
            case "\x01":
                typed.append(key)
            case _:
                pass

    def _edit(self, key: int, line: bytearray) -> None:
        """Take a key of a monitor command."""
        if key in END_OF_LINE:
            self._print("\n")
            answer = self._monitor(line.decode("utf-8", "replace"))
            self._line = None if answer is None else bytearray()
            self._print("" if answer is None else f"{answer}{PROMPT}")
        elif key in ERASE:
            if line:
                line.pop()
                self._print("\b \b")
        elif key >= 0x20:
            line.append(key)
            self._print(chr(key))

    @staticmethod
    def _print(text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()


def open_input(
    stdin: TextIO | None, monitor: Monitor, otherwise: bytes = b""
) -> PipedInput | TerminalInput | None:
    """Give the input that standard input stands for; None when it is closed or no file at all.

    `otherwise` is what comes from an empty file.
    """
    try:
        if stdin is None:
            return None
        if stdin.isatty():
            return TerminalInput(stdin.fileno(), monitor)
        return PipedInput(stdin.fileno(), otherwise)
    except (OSError, ValueError):
        return None
