"""What the tests of run, boot and compare share: guests, small sources, the command."""

import subprocess
import sys
from pathlib import Path

import pytest

from guests import catalog
from guests.catalog import Ending, Guest, Kind

BOUND = 2_000_000
STUCK_STATUS, BOUND_STATUS = 125, 124
JSON_KEYS = frozenset(
    "guest mode engine preset bare_refill tlb exit_status stop_reason instructions cycles cpu_s"
    " wall_s mips exits tlb_misses buckets console_sha256 state_sha256 notes".split()
)

# Prints the first byte of the console's input, and ends with status 0.
READER = """
    .globl _start
_start:
    li a7, 2
    ecall
    li a7, 1
    ecall
    li a0, 0
    li a1, 0
    li a6, 0
    li a7, 0x53525354
    ecall
"""

# Powers off through the sifive_test device with the status 42.
FAILING = """
    .globl _start
_start:
    li t0, 0x100000
    li t1, 42 << 16 | 0x3333
    sw t1, 0(t0)
1:  j 1b
"""


def by_kind(*kinds: Kind) -> list[Guest]:
    """List the bundled guests of some kinds."""
    return [guest for guest in catalog() if guest.kind in kinds]


def status_of(guest: Guest, *, is_domain: bool) -> int:
    """Give the exit status that the manifest promises for a run of at most BOUND instructions."""
    if guest.ends is Ending.STUCK and is_domain:
        return STUCK_STATUS
    return guest.exit_status if guest.ends is Ending.EXIT else BOUND_STATUS


def reason_of(guest: Guest, *, is_domain: bool) -> set[str]:
    """Give the stop reasons that fit the manifest."""
    if guest.ends is Ending.EXIT:
        return {"exit"}
    if guest.ends is Ending.STUCK and is_domain:
        return {"stuck"}
    return {"bound", "idle"} if guest.ends is Ending.STUCK else {"bound"}


def write(folder: Path, name: str, text: str) -> str:
    """Write a source file; give its path."""
    path = folder / name
    path.write_text(text)
    return str(path)


def trapline(*arguments: str, stdin: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    """Run the command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "trapline", *arguments],
        input=b"" if stdin is None else stdin,
        capture_output=True,
        timeout=300,
        check=False,
    )


def skip_long_on_reference(guest: Guest, engine_name: str) -> None:
    """Skip what takes the reference engine more than some seconds."""
    if engine_name == "reference" and guest.name != "hello" and guest.kind is not Kind.HOSTILE:
        pytest.skip("hundreds of thousands of instructions")
