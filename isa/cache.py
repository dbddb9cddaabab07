"""Where what was made once is kept between runs: a folder that nobody else can write.

Not here: what is kept under which name (`engine/lowering/build.py` keeps machine code, the
assembler its parse tables).
"""

import os
import tempfile
from pathlib import Path


def cache_folder() -> Path:
    """Give the first cache folder that can be written: configured, the user's, or a private one."""
    configured = os.environ.get("TRAPLINE_CACHE_DIR")
    base = os.environ.get("XDG_CACHE_HOME")
    candidates = [Path(configured)] if configured else []
    if base or os.environ.get("HOME"):
        candidates.append((Path(base) if base else Path.home() / ".cache") / "trapline")
    candidates.append(Path(tempfile.gettempdir()) / f"trapline-{os.getuid()}")
    for folder in candidates:
        if _is_usable(folder):
            return folder
    return _throwaway_folder()


def _is_usable(folder: Path) -> bool:
    """Say whether a folder can be written and nobody else can put code into it."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        info = folder.stat()
    except OSError:
        return False
    is_private = info.st_uid == os.getuid() and not info.st_mode & 0o022
    return is_private and os.access(folder, os.W_OK | os.X_OK) and _can_write(folder)


def _can_write(folder: Path) -> bool:
    """Try it: a read-only mount is not seen in permissions."""
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _throwaway_folder() -> Path:
    import atexit
    import shutil

    folder = Path(tempfile.mkdtemp(prefix="trapline-"))
    os.environ["TRAPLINE_CACHE_DIR"] = str(folder)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def write_whole(path: Path, data: bytes) -> None:
    """Write a file that is there as a whole or not at all."""
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(data)
    Path(file.name).replace(path)
