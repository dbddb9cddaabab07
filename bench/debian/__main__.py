"""Boot Debian's kernel in every way and check each: `python -m bench.debian`, or `make linux`.

The packages come from apt. The console of the first boot is shown as it was; QEMU boots the same
images, and what its console says otherwise is shown too.
"""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench._figures import table
from bench.debian.boots import (
    OPENSBI,
    QEMU,
    Boot,
    Images,
    boot,
    differences,
    make_images,
    our_command,
    qemu_command,
)
from bench.debian.packages import PackagesError, fetch

FIRMWARE = ("--bios", str(OPENSBI))
WAYS: dict[str, tuple[str, tuple[str, ...]]] = {
    "our SBI, 1 hart": ("run", ()),
    "our SBI, 4 harts": ("run", ("--harts", "4")),
    "OpenSBI, 1 hart": ("run", FIRMWARE),
    "OpenSBI, 4 harts": ("run", (*FIRMWARE, "--harts", "4")),
    "a domain, 1 hart": ("boot", ()),
    "a domain, 4 harts": ("boot", ("--harts", "4")),
}
SAME_AS_QEMU = "OpenSBI, 1 hart"


def main(arguments: Sequence[str] | None = None) -> int:
    """Boot in every way; give 1 when one did not do what it should, 2 when nothing could be had."""
    parser = argparse.ArgumentParser(prog="bench.debian", description=__doc__)
    parser.add_argument("--append", default="", help="for the kernel's command line; see init.sh")
    options = parser.parse_args(arguments)
    try:
        packages = fetch()
    except PackagesError as error:
        print(f"Debian's packages cannot be had: {error}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        images = make_images(packages, Path(folder))
        return 0 if boot_all(images, options.append) else 1


def boot_all(images: Images, append: str) -> bool:
    """Boot in every way, and on QEMU if it is there; say whether all did what they should."""
    boots: dict[str, Boot] = {}
    for name, (verb, options) in WAYS.items():
        if OPENSBI.exists() or OPENSBI.name not in str(options):
            command = our_command(images, "--snapshot", *options, append=append, verb=verb)
            boots[name] = _booted(name, command)
    if shutil.which(QEMU) and SAME_AS_QEMU in boots:
        boots["QEMU"] = _booted("QEMU", qemu_command(images, "-snapshot", append=append))
    rows = [(name, f"{found.cpu_s:.1f}", _verdict(found)) for name, found in boots.items()]
    print("\n" + table([("boot", "CPU s", ""), *rows]))
    unlike = []
    if "QEMU" in boots:
        unlike = differences(boots[SAME_AS_QEMU].console, boots["QEMU"].console)
        print("\n".join(["", "against QEMU:", *(unlike or ["the same console"])]))
    return not unlike and all(found.has_passed for found in boots.values())


def _booted(name: str, command: Sequence[str]) -> Boot:
    print(f"== {name}", flush=True)
    found = boot(command)
    print(found.console if not found.has_passed or name == next(iter(WAYS)) else "passed")
    return found


def _verdict(found: Boot) -> str:
    return "passed" if found.has_passed else "FAILED"


if __name__ == "__main__":
    sys.exit(main())
