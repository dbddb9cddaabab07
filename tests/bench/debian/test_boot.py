"""Debian's kernel, unmodified, boots as it does on QEMU; `make linux` boots it in more ways."""

import json

import pytest

from bench.debian.boots import (
    HALF_DISK,
    OPENSBI,
    boot,
    comparable,
    differences,
    make_images,
    our_command,
    qemu_command,
)
from tests.tools import require_debian, require_file, require_tool

WRITTEN = 8 << 16  # bytes that the guest copies to the disk's second half


@pytest.fixture
def images(tmp_path):
    return make_images(require_debian(), tmp_path)


def account(images):
    return json.loads(images.account.read_text())


def test_the_kernel_boots_on_our_sbi_checks_its_machine_and_powers_off(images):
    content = images.disk.read_bytes()
    found = boot(our_command(images, append="programs=some"))
    assert (found.complaints, found.errors) == ([], "")
    assert found.has_passed
    assert "programs: 300\n" in found.console
    changed = images.disk.read_bytes()
    assert changed[:HALF_DISK] == content[:HALF_DISK]
    assert changed[HALF_DISK + WRITTEN : HALF_DISK + 2 * WRITTEN] == content[:WRITTEN]


def test_its_console_is_the_same_as_on_qemu(images):
    require_tool("qemu-system-riscv64")
    firmware = str(require_file(OPENSBI, "opensbi"))
    ours = boot(our_command(images, "--bios", firmware, "--snapshot", append="programs=some"))
    theirs = boot(qemu_command(images, "-snapshot", append="programs=some"))
    assert ours.has_passed
    assert theirs.has_passed
    assert differences(ours.console, theirs.console) == []


def test_four_harts_do_the_same_in_every_run(images):
    command = our_command(images, "--snapshot", "--harts", "4", append="programs=only")
    first, account_of_first = boot(command), account(images)
    assert first.complaints == []
    assert "smp: Brought up 1 node, 4 CPUs" in first.console
    assert "programs: 300\n" in first.console
    second = boot(command)
    assert second.console == first.console
    assert account(images)["state_sha256"] == account_of_first["state_sha256"]
    assert account(images)["instructions"] == account_of_first["instructions"]


def test_a_domain_prints_what_the_bare_board_prints(images):
    bare = boot(our_command(images, "--snapshot", append="programs=only"))
    domain = boot(our_command(images, "--snapshot", append="programs=only", verb="boot"))
    assert domain.complaints == []
    assert "programs: 300\n" in domain.console
    assert comparable(domain.console) == comparable(bare.console)


def test_what_is_typed_reaches_a_shell(images):
    found = boot(our_command(images, "--snapshot", append="shell"), "echo $((6 * 7))\nexit\n")
    assert "\n42\n" in found.console
    assert "reboot: Power down" in found.console
