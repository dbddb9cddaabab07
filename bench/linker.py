"""How long a link takes, beside GNU ld: `python -m bench.linker`.

10,000 global symbols in 1,000 sections of 100 objects, each function calling another and reading
a datum, everything relaxed: CPU time from the objects' bytes to the executable's, median.
"""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import assembler
from assembler.linking.driver import Link
from assembler.linking.options import Input, LinkOptions, Loaded
from bench._figures import Figure, child_cpu, conclude, median, own_cpu, table

GNU_LD = "riscv64-unknown-elf-ld"
OBJECTS, SECTIONS, SYMBOLS = 100, 10, 10
MUST_SECONDS, ROUNDS = 2.0, 3


def source(number: int) -> str:
    """Write one object's source: half of its sections are code, half are data."""
    lines = [" .globl _start", "_start: ret"] if number == 0 else []
    for section in range(SECTIONS):
        is_code = section % 2 == 0
        name, flag = ("text", "x") if is_code else ("data", "w")
        lines.append(f' .section .{name}.s{section},"a{flag}"')
        for symbol in range(SYMBOLS):
            name = f"f{number}_{section}_{symbol}"
            other = f"f{(number * 7 + 1) % OBJECTS}_{section}_{symbol}"
            datum = f"f{number}_{section | 1}_{symbol}"
            body = f" call {other}\n la a0, {datum}\n ret" if is_code else f" .dword {other}"
            lines.append(f" .globl {name}\n{name}:\n{body}")
    return "\n".join([*lines, ""])


def link_all(inputs: Sequence[Input]) -> None:
    """Link everything once."""
    Link(LinkOptions()).run(inputs, None)


def gnu_seconds(objects: Sequence[bytes]) -> float:
    """Measure GNU ld on the same objects."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{number}.o" for number in range(len(objects))]
        for path, data in zip(paths, objects, strict=True):
            path.write_bytes(data)
        seconds, _ = child_cpu([GNU_LD, "-o", f"{folder}/out", *map(str, paths)])
    return seconds


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and give the exit status."""
    parser = argparse.ArgumentParser(prog="bench.linker", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args(arguments)
    objects = [assembler.assemble(source(n), march="rv64imac").to_bytes() for n in range(OBJECTS)]
    inputs: list[Input] = [Loaded(f"{n}.o", data=data) for n, data in enumerate(objects)]
    ours = median(own_cpu(lambda: link_all(inputs)) for _ in range(options.rounds))
    theirs = f"{gnu_seconds(objects):.3f}" if shutil.which(GNU_LD) else "not installed"
    rows = [("link", "symbols", "sections", "trapline, s", "GNU ld, s")]
    counts = f"{OBJECTS * SECTIONS * SYMBOLS:,}", f"{OBJECTS * SECTIONS:,}"
    rows.append(("relaxed", *counts, f"{ours:.3f}", theirs))
    print(table(rows) + "\n")
    return conclude([Figure("link of 10,000 symbols", ours, "s", at_most=MUST_SECONDS)])


if __name__ == "__main__":
    sys.exit(main())
