"""What no module does: catch everything, import everything, keep mutable state of its own.

A module-level table is allowed as long as nobody changes it after it has been written down.
"""

import ast
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement

from tests.policy.sources import (
    PACKAGES,
    PYTHON_FOLDERS,
    ROOT,
    functions,
    imported_modules,
    python_files,
    shown,
    tree,
)

# The command's outermost frame, where whatever arrives is reported as a bug; and where a user's own
# Python file is read.
MAY_CATCH_EVERYTHING = ("trapline/cli.py", "isa/plugins.py", "vmm/extended.py")
MAY_COMPILE = ("isa/engine/",)
MUTATORS = frozenset(
    "add append appendleft clear discard extend insert pop popitem popleft remove setdefault "
    "update".split()
)
MAKERS = frozenset({"list", "dict", "set", "defaultdict", "deque", "bytearray", "Counter"})
# An import name that is not its distribution's name.
DISTRIBUTION_OF = {"elftools": "pyelftools", "riscv": "spike"}
MAY_IMPORT_ORACLES = "difftest/sides/"
# Only ever imported by pytest itself.
MAY_IMPORT_PYTEST = "trapline/pytest_plugin.py"


def test_no_module_catches_everything():
    broad = [
        shown(path, node.lineno)
        for path in python_files()
        if shown(path) not in MAY_CATCH_EVERYTHING
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ExceptHandler) and _catches_everything(node)
    ]
    assert not broad, f"name the exceptions that are meant: {broad}"


def _catches_everything(handler: ast.ExceptHandler) -> bool:
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    names = {node.id for node in caught if isinstance(node, ast.Name)}
    passes_on = isinstance(handler.body[-1], ast.Raise) and handler.body[-1].exc is None
    is_broad = handler.type is None or bool(names & {"Exception", "BaseException"})
    return is_broad and not passes_on


def test_no_module_imports_a_star():
    stars = [
        shown(path, node.lineno)
        for path in python_files()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names)
    ]
    assert not stars, f"import names: {stars}"


def test_the_compiler_is_imported_only_where_compiled_code_lives():
    strays = [
        shown(path, line)
        for path in python_files(*PACKAGES)
        if not shown(path).startswith(MAY_COMPILE)
        for name, line in imported_modules(tree(path))
        if name.partition(".")[0] == "llvmlite"
    ]
    assert not strays, f"llvmlite belongs into {MAY_COMPILE}: {strays}"


def test_the_reference_engine_is_free_of_compilers():
    path = ROOT / "isa/engine/reference.py"
    names = {name.partition(".")[0] for name, _ in imported_modules(tree(path))}
    assert not names & {"llvmlite"}


def test_no_module_has_state_that_functions_change():
    changed = [found for path in python_files(*PACKAGES) for found in _module_state(path)]
    assert not changed, f"pass these in instead: {changed}"


def _module_state(path: Path) -> Iterator[str]:
    module = tree(path)
    names = _module_names(module)
    for target, value in _module_assignments(module):
        if _is_empty_container(value):
            yield f"{shown(path, value.lineno)} {target} begins empty"
    for function in functions(module):
        local = _local_names(function)
        for node in ast.walk(function):
            if isinstance(node, ast.Global):
                yield f"{shown(path, node.lineno)} global {', '.join(node.names)}"
            name = _mutated_name(node)
            if name in names and name not in local:
                yield f"{shown(path, getattr(node, 'lineno', 0))} changes {name}"


def _module_assignments(module: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    for node in module.body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        if isinstance(node, ast.AnnAssign):
            targets = [node.target]
        value = getattr(node, "value", None)
        for target in targets:
            if isinstance(target, ast.Name) and isinstance(value, ast.expr):
                yield target.id, value


def _module_names(module: ast.Module) -> set[str]:
    return {name for name, _ in _module_assignments(module)}


def _local_names(function: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    arguments = {node.arg for node in ast.walk(function) if isinstance(node, ast.arg)}
    stored = {
        node.id
        for node in ast.walk(function)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    return arguments | stored


def _is_empty_container(value: ast.expr) -> bool:
    if isinstance(value, ast.Call):
        return isinstance(value.func, ast.Name) and value.func.id in MAKERS and not value.args
    return isinstance(value, ast.List | ast.Dict) and not ast.dump(value).count("Constant")


def _mutated_name(node: ast.AST) -> str | None:
    """Name the variable that a node changes in place: `x[i] = …`, `del x[i]`, `x.append(…)`."""
    place: ast.AST | None = None
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store | ast.Del):
        place = node.value
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        place = node.func.value if node.func.attr in MUTATORS else None
    return place.id if isinstance(place, ast.Name) else None


def test_every_foreign_import_is_a_declared_dependency():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = {Requirement(text).name for text in project["dependencies"]}
    declared |= {Requirement(text).name for text in project["optional-dependencies"]["picture"]}
    oracles = {Requirement(text).name for text in project["optional-dependencies"]["oracles"]}
    foreign = {
        name.partition(".")[0]: shown(path, line)
        for path in python_files(*PACKAGES)
        for name, line in imported_modules(tree(path))
        if name.partition(".")[0] not in {*PYTHON_FOLDERS, *sys.stdlib_module_names}
    }
    undeclared = {
        name: where
        for name, where in foreign.items()
        if (name, where.partition(":")[0]) != ("pytest", MAY_IMPORT_PYTEST)
        and DISTRIBUTION_OF.get(name, name)
        not in (declared | oracles if where.startswith(MAY_IMPORT_ORACLES) else declared)
    }
    assert not undeclared, f"not among the dependencies in pyproject.toml: {undeclared}"
