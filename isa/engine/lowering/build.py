"""Generated modules: written once to a cache folder under the hash of all they come from.

The hash covers the generated text (so every meaning and table), the compiled words, and the
versions of Python and LLVM and the CPU; so compiled code is never stale. Machine code is kept as an
object file beside the text. Processes share the folder; where none can be written, nothing is kept.
"""

import ctypes
import fcntl
import hashlib
import inspect
import logging
import platform
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, cast

import llvmlite
import llvmlite.binding as llvm

from isa.cache import cache_folder, write_whole
from isa.engine.lowering import emit, host_floats, words
from isa.engine.lowering.emit import emit_module
from isa.engine.lowering.subset import Lowering

_LOG = logging.getLogger(__name__)

HEADER = '''"""Generated from {origin}. Do not edit: nothing reads changes.

A name such as _0xff is that number as a word.
"""
'''


def module_text(lowering: Lowering, origin: str, extra: str) -> str:
    """Put together a generated module: lowered functions, and `extra` after them."""
    functions = "\n\n".join(f"@compiled\n{text}" for text in lowering.functions.values())
    return f"{HEADER.format(origin=origin)}\n\n{functions}\n\n\n{extra}\n"


class MachineCode:
    """A generated module's machine code in memory, for as long as the process lives."""

    def __init__(self, object_code: bytes) -> None:
        target = _target_machine()
        self._engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), target)
        self._engine.add_object_file(llvm.ObjectFileRef.from_data(object_code))
        self._engine.finalize_object()

    def address(self, name: str) -> int:
        """Give the host address of an exported function."""
        address: int = self._engine.get_function_address(name)
        assert address, f"{name} is not exported"
        return address

    def function(self, name: str, arity: int) -> Callable[..., int]:
        """Give an exported function of `arity` words."""
        words = [ctypes.c_uint64] * arity
        entry = ctypes.CFUNCTYPE(ctypes.c_uint64, *words)(self.address(name))
        entry.code = self  # type: ignore[attr-defined]  # lives as long as its functions
        return entry


def load_module(name: str, text: str) -> MachineCode:
    """Give a generated text's machine code: kept from an earlier run, or compiled now."""
    return _load(name, text, _digest(text))


def load_made(
    name: str,
    packages: tuple[str, ...],
    make_text: Callable[[], str],
    files: Iterable[Path] = (),
) -> MachineCode:
    """Give the machine code of a text that is made from packages' sources and `files` alone.

    As long as none of them has changed, the text need not be made again to know its hash.
    """
    stamp = cache_folder() / f"{name}-made-from-{_digest(_sources(packages, files))}"
    if stamp.exists():
        digest = stamp.read_text()
        kept = cache_folder() / f"{name}-{digest}" / f"{name}.o"
        if kept.exists():
            return _load(name, None, digest)
    text = make_text()
    code = load_module(name, text)
    write_whole(stamp, _digest(text).encode())
    return code


def _sources(packages: tuple[str, ...], more: Iterable[Path]) -> str:
    roots = [Path(str(sys.modules[package].__file__)).parent for package in packages]
    files = [*sorted(path for root in roots for path in root.rglob("*.py")), *more]
    return "\0".join(f"{path}\0{path.read_text(encoding='utf-8')}" for path in files)


@cache
def _load(name: str, text: str | None, digest: str) -> MachineCode:
    folder = cache_folder() / f"{name}-{digest}"
    kept = folder / f"{name}.o"
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder, name):
        if text is not None and not kept.exists():
            _LOG.info("compiling the %s (once; kept in %s)...", name, folder.parent)
            write_whole(folder / f"{name}.py", text.encode())
            write_whole(kept, compile_module(name, text))
        return MachineCode(kept.read_bytes())


def compile_module(name: str, text: str) -> bytes:
    """Compile a generated text to an object file."""
    target = _target_machine()
    module = llvm.parse_assembly(str(emit_module(name, text)))
    module.triple, module.data_layout = target.triple, str(target.target_data)
    builder = llvm.create_pass_builder(target, llvm.create_pipeline_tuning_options(speed_level=2))
    builder.getModulePassManager().run(module, builder)
    return cast(bytes, target.emit_object(module))


def _target_machine() -> Any:
    """Give LLVM for this very machine; all code of a module is near its constants."""
    _start_llvm()
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(),
        features=llvm.get_host_cpu_features().flatten(),
        opt=2, reloc="pic", codemodel="small", jit=True,
    )  # fmt: skip


@cache
def _start_llvm() -> None:
    """Make LLVM ready; jumps of handlers are not merged, so that each is predicted by itself."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    llvm.set_option("trapline", "-enable-tail-merge=false")


def is_compiled(name: str, text: str) -> bool:
    """Say whether machine code for a generated text is kept from an earlier run."""
    return (cache_folder() / f"{name}-{_digest(text)}" / f"{name}.o").exists()


def _digest(text: str) -> str:
    cpu = f"{llvm.get_host_cpu_name()} {llvm.get_host_cpu_features().flatten()}"
    versions = f"{sys.version} {llvmlite.__version__} {platform.machine()}"
    modules = (words, host_floats, emit, sys.modules[__name__])
    compiler = "".join(inspect.getsource(module) for module in modules)
    everything = f"{text}\0{compiler}\0{versions}\0{cpu}"
    return hashlib.sha256(everything.encode()).hexdigest()[:20]


@contextmanager
def _locked(folder: Path, name: str) -> Iterator[None]:
    """Let one process compile a module while others wait for its machine code."""
    with (folder / f"{name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not (folder / f"{name}.o").exists():
                _LOG.info("waiting for another process that compiles the %s...", name)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
