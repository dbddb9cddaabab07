"""Compiled programs are linked to the same executable as by GNU ld."""

from pathlib import Path

import pytest

from tests.assembler.linking.compare import SCRIPTS, check, compiled
from tests.tools import require_file

SETS = ("-ffunction-sections", "-fdata-sections")
BUILDS = [
    (march, level, model, options)
    for march in (("-march=rv64imac", "-mabi=lp64"), ("-march=rv64gc", "-mabi=lp64d"))
    for level in ("-O0", "-O2", "-Os")
    for model in ("medlow", "medany")
    for options in ((), SETS)
]
SOFT = ("-march=rv64imac", "-mabi=lp64", "-Os", "-mcmodel=medany")
PICOLIBC = Path("/usr/lib/picolibc/riscv64-unknown-elf/lib")


@pytest.mark.parametrize(("march", "level", "model", "options"), BUILDS)
def test_compiled_programs_become_the_same_executable(
    march, level, model, options, objects: Path, libgcc: str, tmp_path: Path
):
    flags = (*march, level, f"-mcmodel={model}", *options)
    inputs = [compiled(objects, name, *flags) for name in ("main.c", "other.c")]
    inputs += [] if "rv64gc" in march[0] else [libgcc]
    ways = [[], ["--no-relax"], ["--gc-sections"]]
    ways += [["-Ttext=0x80000000"]] if model == "medany" else []
    for way in ways:
        check([*way, *inputs], tmp_path)


OPTIONS = (
    *(["-s"], ["-S"], ["-x"], ["-n"], ["-N"], ["-z", "noexecstack"], ["-e", "fib"]),
    ["-z", "max-page-size=0x10000"],
    ["-Ttext-segment=0x400000"],
    ["--section-start=.rodata=0x30000"],
    ["--defsym", "foo=main+4", "-u", "foo"],
    ["--sort-section=name"],
    ["--sort-common"],
    ["--discard-none"],
    ["--wrap=helper", "--defsym=__wrap_helper=fib"],
    ["--orphan-handling=discard"],
    ["--build-id=0x1234abcd"],
)


@pytest.mark.parametrize("options", OPTIONS, ids=" ".join)
def test_options_change_the_executable_alike(options, objects: Path, libgcc: str, tmp_path: Path):
    inputs = [compiled(objects, name, *SOFT) for name in ("main.c", "other.c", "sections.s")]
    check([*options, *inputs, libgcc], tmp_path)


@pytest.mark.parametrize("way", [[], ["--no-relax"]], ids=["relaxed", "unrelaxed"])
@pytest.mark.parametrize(
    "script", ["teaching_kernel", "firmware", "large_kernel", "rom_and_ram", "insertion"]
)
def test_scripts_of_real_shapes_are_obeyed_alike(
    script, way, objects: Path, libgcc: str, tmp_path: Path
):
    inputs = [compiled(objects, name, *SOFT, *SETS) for name in ("main.c", "other.c")]
    inputs.append(compiled(objects, "sections.s", *SOFT))
    check([*way, "-T", str(SCRIPTS / f"{script}.ld"), *inputs, libgcc], tmp_path)


@pytest.mark.parametrize("way", [[], ["--gc-sections"], ["--no-relax", "--gc-sections"]])
def test_a_program_with_a_whole_c_library_is_the_same(
    way, objects: Path, libgcc: str, tmp_path: Path
):
    require_file(PICOLIBC / "picolibc.ld", "picolibc-riscv64-unknown-elf")
    library = PICOLIBC / "rv64imac" / "lp64"
    main = compiled(objects, "library.c", *SOFT, "-isystem", str(PICOLIBC.parent / "include"))
    inputs = [str(library / "crt0.o"), main, "--start-group", "-lm", "-lc", "-lsemihost"]
    folders = [f"-L{library}", f"-L{PICOLIBC}"]
    check([*folders, "-Tpicolibc.ld", *way, *inputs, libgcc, "--end-group"], tmp_path)
