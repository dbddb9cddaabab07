"""How many lines a second we assemble, beside GNU as: `python -m bench.assembler`.

Two sources: what GCC makes of `asm/sample.c` at -O2, and `asm/macros.s`, written by hand and heavy
on macros (a written line becomes some four statements); each as often as the size needs, the names
of each copy its own; with short encodings and relaxation. CPU time from text to the bytes of an ELF
object, start-up of GNU as subtracted, medians. All of it only informs.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import assembler
from bench._figures import Figure, child_cpu, conclude, median, own_cpu, table
from bench._workloads import FOLDER

GCC, GNU_AS = "riscv64-unknown-elf-gcc", "riscv64-unknown-elf-as"
MARCH = "rv64imac_zicsr_zifencei"
GCC_OPTIONS = f"-O2 -S -march={MARCH} -mabi=lp64 -mcmodel=medany -ffreestanding -o -".split()
OWN_NAMES = re.compile(r"sample_\w+|\.L\w+")
ONLY_FIRST = re.compile(r"^\t\.(attribute|file|option nopic).*\n", re.MULTILINE)
LINES, ROUNDS = 50_000, 3


def compiler_output(lines: int) -> str | None:
    """Give copies of what GCC writes; None where there is no GCC."""
    if not shutil.which(GCC):
        return None
    run = subprocess.run(
        [GCC, *GCC_OPTIONS, FOLDER / "sample.c"], capture_output=True, text=True, check=True
    )
    text = ONLY_FIRST.sub("", run.stdout)
    copies = range(-(-lines // text.count("\n")))
    return "".join(OWN_NAMES.sub(rf"\g<0>_{copy}", text) for copy in copies)


def macro_source(lines: int) -> str:
    """Give copies of the source that is heavy on macros."""
    text = (FOLDER / "macros.s").read_text(encoding="utf-8")
    copies = range(-(-lines // text.count("\n")))
    return "".join(text.replace("COPY", str(copy)) for copy in copies)


def our_rate(text: str) -> float:
    """Give the lines a second of our assembler."""
    seconds = own_cpu(lambda: assembler.assemble(text, filename="bench.s", march=MARCH).to_bytes())
    return text.count("\n") / seconds


def gnu_rate(text: str, folder: Path) -> float:
    """Give the lines a second of GNU as, less its start-up."""
    source, empty = folder / "bench.s", folder / "empty.s"
    source.write_text(text, encoding="utf-8")
    empty.write_text("", encoding="utf-8")
    command = [GNU_AS, f"-march={MARCH}", "-o", str(folder / "bench.o")]
    start_up, _ = child_cpu([*command, str(empty)])
    seconds, _ = child_cpu([*command, str(source)])
    return text.count("\n") / (seconds - start_up)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and give the exit status."""
    parser = argparse.ArgumentParser(prog="bench.assembler", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--lines", type=int, default=LINES)
    options = parser.parse_args(arguments)
    sources = {
        "compiler output": compiler_output(options.lines),
        "macros": macro_source(options.lines),
    }
    our_rate("nop\n")  # loads the grammar
    rows = [("lines a second", "lines", "trapline", "GNU as")]
    figures = []
    for name, text in sources.items():
        if text is None:
            rows.append((name, "", "", "no GCC"))
            continue
        ours = median(our_rate(text) for _ in range(options.rounds))
        rows.append((name, f"{text.count(chr(10)):,}", f"{ours:,.0f}", _gnu(text, options.rounds)))
        figures.append(Figure(f"{name}, lines", ours, "/s"))
    print(table(rows) + "\n")
    return conclude(figures)


def _gnu(text: str, rounds: int) -> str:
    if not shutil.which(GNU_AS):
        return "not installed"
    with tempfile.TemporaryDirectory() as folder:
        return f"{median(gnu_rate(text, Path(folder)) for _ in range(rounds)):,.0f}"


if __name__ == "__main__":
    sys.exit(main())
