"""Generated modules: written once to a cache folder under the hash of all they come from.

The hash covers the generated text (so every meaning and table), the compiled words, and the
versions of Python, Numba, llvmlite and the CPU; so compiled code is never stale. Numba keeps its
machine code beside the module. Processes share the folder; where none can be written, nothing is
kept.
"""

import fcntl
import hashlib
import importlib.util
import inspect
import logging
import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import llvmlite
import llvmlite.binding as llvm
import numba

from isa.engine.lowering import words
from isa.engine.lowering.subset import Lowering, constant_name

_LOG = logging.getLogger(__name__)

HEADER = '''"""Generated from {origin}. Do not edit: nothing reads changes."""

import numpy as np
from numba import cfunc, njit

from isa.engine.lowering.words import (
    asr, call2, divs, divu, get, get_byte, load8, load16, load32, load64, mulhs, mulhsu, mulhu,
    put, put_byte, rems, remu, s, sext, store8, store16, store32, store64, word, zext,
)

compiled = njit(no_cpython_wrapper=True, no_cfunc_wrapper=True)  # called from compiled code only
'''


def module_text(lowering: Lowering, origin: str, extra: str) -> str:
    """Put together a generated module: constants, lowered functions, and `extra` after them."""
    constants = "\n".join(
        f"{constant_name(value)} = np.uint64({value:#x})" for value in sorted(lowering.constants)
    )
    functions = "\n\n".join(f"@compiled\n{text}" for text in lowering.functions.values())
    return f"{HEADER.format(origin=origin)}{constants}\n\n\n{functions}\n\n\n{extra}\n"


def load_module(name: str, text: str) -> ModuleType:
    """Import generated text; compiles it, or takes the machine code kept from an earlier run."""
    digest = _digest(text)
    folder = cache_folder() / f"{name}-{digest}"
    qualified = f"trapline_generated_{name}_{digest}"
    if qualified in sys.modules:
        return sys.modules[qualified]
    path = folder / f"{name}.py"
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder, name):
        if not path.exists():
            _write_once(path, text)
        if not _has_code(folder):
            _LOG.info("compiling the %s (once; kept in %s)...", name, folder.parent)
        return _import(qualified, path)


def is_compiled(name: str, text: str) -> bool:
    """Say whether machine code for a generated text is kept from an earlier run."""
    return _has_code(cache_folder() / f"{name}-{_digest(text)}")


def _has_code(folder: Path) -> bool:
    return any((folder / "__pycache__").glob("*.nbi"))


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


def _digest(text: str) -> str:
    cpu = f"{llvm.get_host_cpu_name()} {llvm.get_host_cpu_features().flatten()}"
    versions = f"{sys.version} {numba.__version__} {llvmlite.__version__} {platform.machine()}"
    everything = "\0".join((text, inspect.getsource(words), versions, cpu))
    return hashlib.sha256(everything.encode()).hexdigest()[:20]


@contextmanager
def _locked(folder: Path, name: str) -> Iterator[None]:
    """Let one process compile a module while others wait for its machine code."""
    with (folder / f"{name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not _has_code(folder):
                _LOG.info("waiting for another process that compiles the %s...", name)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _write_once(path: Path, text: str) -> None:
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as file:
        file.write(text)
    Path(file.name).replace(path)


def _import(qualified: str, path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(qualified, path)
    assert spec is not None, f"cannot import {path}"
    assert spec.loader is not None, f"cannot import {path}"
    module = importlib.util.module_from_spec(spec)
    sys.modules[qualified] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[qualified]
        raise
    return module
