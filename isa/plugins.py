"""Instructions from outside: files that the user names, and entry points of installed packages.

A plugin is a Python module with decorated meanings like those under `isa/insns/`. It becomes part
of the one table as that is built, so assembler, disassembler, engines and random tests have it.
A meaning is checked here as far as its text tells; the rest is found when it is compiled.
"""

import ast
import builtins
import importlib.util
import inspect
import os
import sys
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from isa.errors import Location, SpecError, TraplineError
from isa.family import insns_of
from isa.insn import Insn, Kind

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

ENVIRONMENT = "TRAPLINE_ISA_PLUGIN"
"""Environment variable with the plugin files' paths, separated as in PATH."""
GROUP = "trapline.isa"
"""Entry-point group; each entry point is a module."""

SPECIAL = ("hart", "pc", "word", "value")
"""What a meaning may take beside its operands, and `NAME_index` for a register's number."""
MAY_TRAP = frozenset(
    "pend pend_illegal load store fetch translate page_fault access_fault device_exit".split()
)


def plugin_modules() -> tuple[ModuleType, ...]:
    """Import all plugins: the files named in the environment, then installed packages'."""
    paths = os.environ.get(ENVIRONMENT, "").split(os.pathsep)
    files = [_from_file(Path(path), i) for i, path in enumerate(path for path in paths if path)]
    installed = [_from_package(point.name, point.load) for point in entry_points_of(GROUP)]
    return (*files, *installed)


def entry_points_of(group: str) -> "Iterable[EntryPoint]":
    """Find the entry points of a group among the installed packages.

    Asking the library takes 25 ms, so it is asked only if some package mentions the group at all.
    """
    wanted = f"[{group}]".encode()
    if not any(wanted in text for text in _declarations()):
        return ()
    from importlib.metadata import entry_points

    return entry_points(group=group)


def _declarations() -> Iterator[bytes]:
    """Give the texts in which installed packages declare their entry points."""
    for folder in dict.fromkeys(sys.path):
        for info in Path(folder or ".").glob("*-info"):
            try:
                yield (info / "entry_points.txt").read_bytes()
            except OSError:
                continue


def plugin_files() -> tuple[Path, ...]:
    """Give the files that plugins come from: what compiled code depends on besides ours."""
    modules = plugin_modules() if ENVIRONMENT in os.environ or entry_points_of(GROUP) else ()
    return tuple(Path(str(module.__file__)) for module in modules)


def _from_file(path: Path, index: int) -> ModuleType:
    return _checked(read_module(path, f"trapline_isa_plugin_{index}", "instructions"), path)


def read_module(path: Path, name: str, content: str) -> ModuleType:
    """Import a user's Python file; raise SpecError, with a place, for whatever goes wrong."""
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise SpecError(f"cannot be read as a Python file with {content}", Location(str(path)))
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except TraplineError as error:
        if error.location is not None:
            raise
        raise SpecError(error.message, _place_of(error, path)) from None
    except SyntaxError as error:
        place = Location(str(path), error.lineno, error.offset)
        raise SpecError(f"not Python: {error.msg}", place) from None
    except Exception as error:  # noqa: BLE001 - whatever a user's file may raise while it is read
        raise SpecError(f"{type(error).__name__}: {error}", _place_of(error, path)) from None
    return module


def _from_package(name: str, load: object) -> ModuleType:
    assert callable(load), "an entry point can be loaded"
    try:
        module = load()
    except (ImportError, AttributeError) as error:
        raise SpecError(f"entry point {name} of {GROUP}: {error}") from None
    if not isinstance(module, ModuleType):
        raise SpecError(f"entry point {name} of {GROUP}: expected a module")
    return _checked(module, Path(str(module.__file__)))


def _place_of(error: Exception, path: Path) -> Location:
    """Give the last line of the plugin that an exception came through."""
    lines = []
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path.absolute()):
            lines.append(trace.tb_lineno)
        trace = trace.tb_next
    return Location(str(path), lines[-1] if lines else None)


def _checked(module: ModuleType, path: Path) -> ModuleType:
    found = [insn for value in vars(module).values() for insn in insns_of(value)]
    if not found:
        raise SpecError("describes no instruction", Location(str(path)))
    for insn in found:
        check_meaning(insn)
    return module


def check_meaning(insn: Insn) -> None:
    """Refuse a meaning that takes what is no operand, uses unknown words, or writes too early."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(insn.meaning))).body[0]
    assert isinstance(tree, ast.FunctionDef), f"{insn.name}: a meaning is a function"
    taken = {*insn.pattern.operands, *SPECIAL, *(name for name, _ in insn.fixed)}
    taken |= {"rm"} if insn.rounding else set()
    for name in insn.params:
        if name.removesuffix("_index") not in taken:
            raise _refusal(insn, tree, f"takes {name}, which is no operand of it")
    local = {node.id for node in _names(tree) if isinstance(node.ctx, ast.Store)} | {*insn.params}
    known = local | insn.meaning.__globals__.keys()
    body = ast.Module(tree.body, [])
    for node in _names(body):
        if node.id not in known:
            kind = "Python's own" if hasattr(builtins, node.id) else "unknown"
            raise _refusal(insn, node, f"{node.id} is no word or constant ({kind})")
    if insn.kind is Kind.SYSTEM:
        _check_order(insn, tree.body, is_written=False)


def _names(tree: ast.AST) -> Iterator[ast.Name]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Name))


def _check_order(insn: Insn, body: list[ast.stmt], *, is_written: bool) -> bool:
    """Refuse a call that may trap after a write to the hart; says whether one was written."""
    for statement in body:
        if isinstance(statement, ast.If | ast.While):
            arms = (statement.body, statement.orelse)
            found = [_check_order(insn, arm, is_written=is_written) for arm in arms]
            is_written |= any(found)
            continue
        call = next((name for name in _names(statement) if name.id in MAY_TRAP), None)
        if is_written and call is not None:
            raise _refusal(insn, call, f"writes the hart before {call.id}, which may trap")
        is_written |= isinstance(statement, ast.Assign | ast.AugAssign) and any(
            isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store)
            for node in ast.walk(statement)
        )
    return is_written


def _refusal(insn: Insn, node: ast.stmt | ast.expr, why: str) -> SpecError:
    code = insn.meaning.__code__
    line = code.co_firstlineno + node.lineno - 1
    return SpecError(f"{insn.name}: {why}", Location(code.co_filename, line))
