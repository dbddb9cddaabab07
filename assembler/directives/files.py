"""Directives that bring in other files: `.include` and `.incbin`.

Files are looked up in the working directory, on the include paths, and beside the source.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from assembler.directives.data import string_operand, unescape
from assembler.directives.table import Directive, Table
from assembler.errors import Complaint
from assembler.parse import Empty, Operands
from assembler.sections import MAX_SECTION
from assembler.source import Frame, split

if TYPE_CHECKING:
    from assembler.assembly import Assembly

MAX_SOURCE = 1 << 28


def _find(assembly: "Assembly", operands: Operands) -> Path:
    """Look a file up beside the working directory's, then the including one, then on the paths."""
    name = unescape(string_operand(operands.trees[0], operands)).decode("utf-8", "replace")
    if "\0" in name:
        raise Complaint("a file name holds a zero byte")
    beside = Path(assembly.spot.frame.filename).parent
    for folder in (Path(), *assembly.include_paths, beside):
        path = folder / name
        if path.is_file():
            return path
    raise Complaint(f"cannot find the file {name!r}")


def _read(assembly: "Assembly", path: Path, most: int) -> bytes:
    assembly.dependencies.append(str(path))
    try:
        if path.stat().st_size > most:
            raise Complaint(f"{path} is larger than {most} bytes")
        return path.read_bytes()
    except OSError as error:
        raise Complaint(f"cannot read {path}: {error.strerror}") from None


def _include(assembly: "Assembly", name: str, operands: Operands) -> None:
    if len(operands.trees) != 1:
        raise Complaint(".include takes the name of a file")
    path = _find(assembly, operands)
    frame: Frame | None = assembly.spot.frame
    while frame is not None:
        if (
            not frame.title.startswith(("macro", "."))
            and Path(frame.filename).resolve() == path.resolve()
        ):
            raise Complaint(f"{path} includes itself")
        frame = frame.parent
    text = _read(assembly, path, MAX_SOURCE).decode("utf-8", "surrogateescape")
    outer = assembly.spot.frame
    line = assembly.spot.statement.line
    assembly.run_frame(Frame(str(path), "file included", outer, line, outer.depth + 1), split(text))


def _incbin(assembly: "Assembly", name: str, operands: Operands) -> None:
    if not 1 <= len(operands.trees) <= 3:
        raise Complaint(".incbin takes the name of a file, an offset and a count")
    data = _read(assembly, _find(assembly, operands), MAX_SECTION)
    numbers = [
        None if isinstance(tree, Empty) else assembly.absolute(tree, operands.atoms, name)
        for tree in operands.trees[1:]
    ]
    skip, count = (*numbers, None, None)[:2]
    skip = skip or 0
    if count == 0:
        assembly.warn(f"{name} count zero, ignored")
    count = count or len(data) - skip
    if skip < 0 or count < 0 or skip + count > len(data):
        raise Complaint(f"the file has {len(data)} bytes, not {skip} + {count}")
    assembly.emit_bytes(data[skip : skip + count])


TABLE: Table = {
    ".include": Directive("operands", _include),
    ".incbin": Directive("operands", _incbin),
}
