"""Writing a file so that whatever happens either the old one or all of the new one is there.

Once writing has come back, the file survives a crash of the host.
"""

import contextlib
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from isa.errors import Location, TraplineError


def replace_file(filename: str, parts: Iterable[bytes]) -> None:
    """Write a file beside the old one, make it last, and put it in its place."""
    target = Path(filename)
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            mask = os.umask(0)
            os.umask(mask)
            os.fchmod(file.fileno(), 0o666 & ~mask)
            file.writelines(parts)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def check_place(filename: str) -> None:
    """Raise TraplineError now, rather than after a long run, when a file cannot be written."""
    folder = Path(filename).absolute().parent
    if not os.access(folder, os.W_OK):
        raise TraplineError("its folder cannot be written to", Location(filename))
