"""The files that the policy tests look at, and small helpers over their syntax trees.

Files are found on disk, not asked of git, so that a rule holds before a commit too.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("isa", "assembler", "vmm", "guests", "trapline", "difftest")
PYTHON_FOLDERS = (*PACKAGES, "tests", "bench")
TEXT_SUFFIXES = (".py", ".md", ".toml", ".s", ".S", ".inc", ".ld", ".lark", ".lock", "")
SKIPPED_FOLDERS = ("build", "dist", "out")


def python_files(*folders: str) -> list[Path]:
    """List the Python files under `folders`, by default under all that have any."""
    chosen = folders or PYTHON_FOLDERS
    return sorted(path for folder in chosen for path in (ROOT / folder).rglob("*.py"))


def text_files() -> list[Path]:
    """List the files of the project that a person wrote."""
    return sorted(_walk(ROOT))


def _walk(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        hidden = path.name.startswith(".") and path.name != ".ci"
        if hidden or path.is_symlink():
            continue
        if path.is_dir():
            if not _is_generated(path):
                yield from _walk(path)
        elif path.suffix in TEXT_SUFFIXES:
            yield path


def _is_generated(folder: Path) -> bool:
    name = folder.name
    at_root = folder.parent == ROOT and name in SKIPPED_FOLDERS
    return at_root or name == "__pycache__" or name.endswith(".egg-info")


def is_test(path: Path) -> bool:
    """Tell whether the file belongs to the suite."""
    return path.relative_to(ROOT).parts[0] == "tests"


def shown(path: Path, line: int | None = None) -> str:
    """Name a place as file or file:line, from the root of the project."""
    name = path.relative_to(ROOT).as_posix()
    return name if line is None else f"{name}:{line}"


def tree(path: Path) -> ast.Module:
    """Parse a Python file."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def functions(module: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield every function and method of a module, nested ones too."""
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def imported_modules(module: ast.Module) -> Iterator[tuple[str, int]]:
    """Yield every imported module's full name with its line, imports inside functions too."""
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module, node.lineno
