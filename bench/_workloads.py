"""The guests that are measured: the bundled benchmarks, and ours in `bench/asm/` and `bench/c/`.

Each is a workload in the frame of the bundled benchmarks: an S-mode kernel above an SBI, with Sv39
on, that repeats something N times and prints a checksum.
"""

import functools
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import assembler
from guests.builder import include_paths
from guests.catalog import Guest, catalog, find

FOLDER = Path(__file__).with_name("asm")
C_FOLDER = Path(__file__).with_name("c")
GCC = "riscv64-unknown-elf-gcc"
BUNDLED = "nullcall"  # any: what our own workloads have in common with the bundled ones
MARCH, MABI = "rv64imac_zicsr", "lp64"
WITH_REALS = ("reals",)  # workloads that compute in double precision
SHIM = FOLDER / "shim.s"
SHIM_ENTRY = "shim_start"
SHIM_SECTIONS = """SECTIONS
{
    . = 0x80000000;
    .shim : { *(.shim) }
    . = ALIGN(4096);
    .shim_data : { *(.shim_data) }
"""


def workload(name: str) -> Guest:
    """Find a workload: a bundled guest, or one of `bench/asm/`."""
    if name in (guest.name for guest in catalog()):
        return find(name)
    frame = find(BUNDLED)
    compiled = C_FOLDER / f"{name}.c"
    own = compiled if compiled.exists() else FOLDER / f"{name}.s"
    theirs = [source for source in frame.sources if source.stem != BUNDLED]
    return replace(frame, name=name, sources=(*theirs, own))


@functools.cache
def elf(name: str, n: int) -> bytes:
    """Give a workload's executable for N iterations."""
    guest = workload(name)
    return _link(guest.sources, n, guest.script.read_text(encoding="utf-8"), guest.entry)


@functools.cache
def shim_elf(name: str, n: int, two_stages: bool = False) -> bytes:
    """Give a workload's executable with the shim below it: for simulators that have no SBI.

    Behind two stages of translation it runs in VS-mode.
    """
    guest = workload(name)
    script = guest.script.read_text(encoding="utf-8").replace("SECTIONS\n{\n", SHIM_SECTIONS, 1)
    defines = {"TWO_STAGE": 1} if two_stages else {}
    return _link((*guest.sources, SHIM), n, script, SHIM_ENTRY, defines)


def _link(
    sources: Sequence[Path], n: int, script: str, entry: str, defines: dict[str, int] | None = None
) -> bytes:
    frame = workload(BUNDLED).sources[0].parent
    objects = [
        _compile(source, n)
        if source.suffix == ".c"
        else assembler.assemble(
            source.read_text(encoding="utf-8"),
            filename=str(source),
            include_paths=(*include_paths(source), frame),
            defines={"N": n} | (defines or {}),
            relax=False,
        )
        for source in sources
    ]
    return assembler.link(objects, script=script, entry=entry).to_bytes()


def _compile(source: Path, n: int) -> assembler.Object:
    """Compile a workload in C, as a user of GCC would."""
    out = Path(_folder().name) / f"{source.stem}-{n}.o"
    march = "rv64gc" if source.stem in WITH_REALS else MARCH
    command = [GCC, "-O2", f"-march={march}", f"-mabi={MABI}", "-fno-math-errno"]
    command += ["-mcmodel=medany", "-ffreestanding"]
    command += [f"-DN={n}", "-mno-relax", "-c", "-o", str(out), str(source)]
    subprocess.run(command, check=True)
    return assembler.read_object(out.read_bytes(), str(out))


@functools.cache
def shim_file(name: str, n: int) -> Path:
    """Give the path of that executable, in a folder that lives as long as this process."""
    path = Path(_folder().name) / f"{name}-{n}.elf"
    path.write_bytes(shim_elf(name, n))
    return path


@functools.cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory()
