"""Small links kept as text: sources and scripts, and the command lines to link them with.

A case begins with `== name`. `-- file [options]` begins a file: sources are assembled or compiled,
with these options if there are any. `-- ar: ...` runs GNU ar; `-- ld: ...` is a link to compare,
where `{o}` stands for the output when a later link wants it.
"""

import shlex
from dataclasses import dataclass, field
from pathlib import Path

from tests.assembler.linking.compare import run

FOLDER = Path(__file__).parent / "cases"
MACHINE = ("-march=rv64imac", "-mabi=lp64")
SOFT_C = (*MACHINE, "-O2", "-mcmodel=medany")


@dataclass
class Case:
    """One case: its files with the options of each, and its commands in order."""

    name: str
    files: list[tuple[str, list[str], list[str]]] = field(default_factory=list)
    commands: list[tuple[str, list[str]]] = field(default_factory=list)

    def prepare(self, folder: Path) -> None:
        """Write all files, and make objects of the sources."""
        for name, options, lines in self.files:
            path = folder / name
            path.write_text("\n".join(lines) + "\n")
            if path.suffix == ".s":
                run("as", *(options or MACHINE), path, "-o", path.with_suffix(".o"))
            elif path.suffix == ".c":
                run("gcc", "-c", *(options or SOFT_C), path, "-o", path.with_suffix(".o"))


def read_cases(name: str) -> list[Case]:
    """Read all cases of a file."""
    cases: list[Case] = []
    lines: list[str] = []
    for line in (FOLDER / name).read_text().splitlines():
        if line.startswith("== "):
            cases.append(Case(line[3:].strip()))
        elif line.startswith("-- "):
            head, *rest = shlex.split(line[3:])
            lines = []
            if head in ("ar:", "ld:"):
                cases[-1].commands.append((head[:-1], rest))
            else:
                cases[-1].files.append((head, rest, lines))
        else:
            lines.append(line)
    return cases
