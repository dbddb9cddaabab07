"""A driver in a guest, written as small teaching kernels write theirs: here and on QEMU."""

import subprocess
from pathlib import Path

import pytest

from tests.tools import require_tool
from tests.vmm import machines
from vmm.boot import RamRange, plan_boot, read_image
from vmm.config import MachineConfig, SlotSpec
from vmm.console import Console
from vmm.disks import DiskSpec
from vmm.stop import StopReason

SOURCE = Path(__file__).with_name("disk_guest.c")
LINK = (
    "ENTRY(_start) SECTIONS { . = 0x80000000; .text : { *(.text.init) *(.text) } .data : { *(*) } }"
)
FLAGS = "-march=rv64imac_zicsr_zifencei -mabi=lp64 -mcmodel=medany -nostdlib -O1 -static"
BYTES = 16 * 1024
RAM = 4 << 20


@pytest.fixture(scope="module", params=[0, 7])
def kernel(request, tmp_path_factory):
    """Build the guest for a slot; give the slot and its file."""
    folder = tmp_path_factory.mktemp("disk")
    gcc = require_tool("riscv64-unknown-elf-gcc")
    script = folder / "link.ld"
    script.write_text(LINK)
    out = folder / "disk.elf"
    flags = [*FLAGS.split(), "-ffreestanding", f"-DSLOT={request.param}", "-T", script]
    subprocess.run([gcc, *flags, SOURCE, "-o", out], check=True)
    return request.param, out


@pytest.fixture
def image(tmp_path):
    path = tmp_path / "disk.img"
    path.write_bytes(bytes(n * n % 251 for n in range(BYTES)))
    return path


def run(mode, kernel, image, **spec):
    slot, program = kernel
    disk = SlotSpec(slot, "blk", DiskSpec(str(image), "raw", **spec))
    config = MachineConfig(ram=RAM, slots=(disk,))
    ram = RamRange(machines.RAM, RAM)
    plan = plan_boot(read_image("disk", program.read_bytes(), ram), ram, lambda _where: bytes(64))
    console = Console()
    machine = machines.MAKERS[mode](config, machines.load("interpreter"), console)
    machine.load(plan)
    stop = machine.run(10_000_000)
    machine.close()
    return stop, console.output


@pytest.mark.parametrize("mode", machines.MAKERS)
def test_it_does_what_it_does_on_qemu(mode, kernel, image, tmp_path):
    slot, program = kernel
    theirs = tmp_path / "theirs.img"
    theirs.write_bytes(image.read_bytes())
    command = [require_tool("qemu-system-riscv64"), "-M", "virt", "-m", "128M", "-nographic"]
    command += ["-bios", "none", "-kernel", str(program)]
    command += ["-global", "virtio-mmio.force-legacy=false"]
    command += ["-drive", f"file={theirs},if=none,format=raw,id=x0"]
    command += ["-device", f"virtio-blk-device,drive=x0,bus=virtio-mmio-bus.{slot}"]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, timeout=30, check=False
    )
    stop, output = run(mode, kernel, image)
    assert (stop.reason, stop.status) == (StopReason.EXIT, done.returncode), output
    assert output == done.stdout.replace(b"\r", b"")
    assert image.read_bytes() == theirs.read_bytes()


def test_a_snapshot_leaves_the_image_as_it_was(kernel, image):
    before = image.read_bytes()
    stop, output = run("bare", kernel, image, is_snapshot=True)
    assert stop.status == 0, output
    assert image.read_bytes() == before


def test_a_read_only_disk_fails_the_guests_write(kernel, image):
    stop, output = run("bare", kernel, image, is_read_only=True)
    assert (stop.status, output.splitlines()[-1]) == (1, b"failed: the status of a request")
