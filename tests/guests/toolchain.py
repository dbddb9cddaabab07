"""Guests by other people's tools: GNU as and ld build them, QEMU runs them."""

import subprocess
import threading
from pathlib import Path

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from guests.builder import include_paths
from guests.catalog import Guest
from tests.tools import require_tool

TIMEOUT = 20
"""Seconds in which a guest must have powered off QEMU."""

PROMPT = b"\n$ "
"""What a guest's shell says when it is ready for the first line."""

LAST_WORD_OF_FIRMWARE = "Boot HART MEDELEG"


def gnu_build(guest: Guest, folder: Path, **symbols: int) -> Path:
    """Assemble and link a guest in the folder; give the path of the executable."""
    objects = [gnu_assemble(source, folder, **symbols) for source in guest.sources]
    program = folder / f"{guest.name}.elf"
    linker = require_tool("riscv64-unknown-elf-ld")
    options = ["--no-relax", "-z", "max-page-size=4096", "-e", guest.entry]
    options += ["-T", str(guest.script)]
    subprocess.run([linker, *options, "-o", program, *objects], check=True)
    return program


def gnu_assemble(source: Path, folder: Path, **symbols: int) -> Path:
    """Assemble a source in the folder; give the path of the object."""
    target = folder / f"{source.parent.name}-{source.stem}.o"
    assembler = require_tool("riscv64-unknown-elf-as")
    options = ["-march=rv64im_zicsr_zifencei", "-mno-relax", "--fatal-warnings"]
    for path in include_paths(source):
        options += ["-I", str(path)]
    for name, value in symbols.items():
        options += ["--defsym", f"{name}={value}"]
    subprocess.run([assembler, *options, "-o", target, source], check=True)
    return target


def gnu_programs(guest: Guest, folder: Path) -> dict[str, Path]:
    """Assemble and link the programs on a guest's disk; give the executables by their paths there.

    The symbols are left out, as nothing loads them.
    """
    library = [gnu_assemble(source, folder) for source in guest.program_library]
    linker = require_tool("riscv64-unknown-elf-ld")
    options = ["--no-relax", "-z", "max-page-size=4096", "-T", str(guest.program_script)]
    programs = {}
    for source in guest.programs:
        program = folder / f"{source.stem}.elf"
        objects = [gnu_assemble(source, folder), *library]
        subprocess.run([linker, *options, "-o", program, *objects], check=True)
        programs[f"/bin/{source.stem}"] = program
    return programs


def disk_options(image: Path) -> list[str]:
    """Give QEMU's options for a disk behind virtio-mmio as it is since the standard."""
    drive = f"file={image},if=none,format=raw,snapshot=on,id=disk"
    device = "virtio-blk-device,drive=disk"
    return ["-global", "virtio-mmio.force-legacy=false", "-drive", drive, "-device", device]


def qemu_console(
    program: Path, image: Path | None = None, typed: str = "", append: str = ""
) -> str:
    """Run an executable on QEMU's `virt` and give what it printed after the firmware's banner."""
    qemu = require_tool("qemu-system-riscv64")
    machine = ["-M", "virt", "-m", "128M", "-bios", "default", "-nographic"]
    if image is not None:
        machine += disk_options(image)
    if append:
        machine += ["-append", append]
    with subprocess.Popen(
        [qemu, *machine, "-kernel", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as run:
        assert run.stdin is not None
        assert run.stdout is not None
        watchdog = threading.Timer(TIMEOUT, run.kill)
        watchdog.start()
        heard = b""
        # What is typed before the firmware has set the serial port up is lost.
        while typed and not heard.endswith(PROMPT) and (byte := run.stdout.read(1)):
            heard += byte
        run.stdin.write(typed.encode())
        run.stdin.close()
        heard += run.stdout.read()
        watchdog.cancel()
    assert run.returncode == 0
    text = heard.decode().replace("\r", "")
    _, found, rest = text.rpartition(LAST_WORD_OF_FIRMWARE)
    assert found, f"no firmware banner in {text!r}"
    return rest.partition("\n")[2]


def loaded_bytes(program: Path) -> dict[int, int]:
    """Give what a loader puts into memory, address by address, but for zeros.

    How the contents are cut into segments, and which zeros the file spells out, is left to a
    linker.
    """
    memory: dict[int, int] = {}
    with program.open("rb") as file:
        for segment in ELFFile(file).iter_segments("PT_LOAD"):
            contents = enumerate(segment.data(), segment["p_paddr"])
            memory.update((address, byte) for address, byte in contents if byte)
    return memory


def symbol(program: Path, name: str) -> int:
    """Give the value of a symbol of an executable."""
    with program.open("rb") as file:
        table = ELFFile(file).get_section_by_name(".symtab")
        assert isinstance(table, SymbolTableSection)
        found = table.get_symbol_by_name(name)
        assert found, f"{program} has no symbol {name}"
        return int(found[0]["st_value"])
