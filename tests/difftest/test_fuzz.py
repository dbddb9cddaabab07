"""Arbitrary bytes as code, page tables and CSRs: no crash, no exception, no disagreement.

The suite gives Hypothesis a few hundred cases; `make soak` goes on to a thousand million
instructions.
"""

import os
import random
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import isa.engine
from difftest.fuzz import (
    ISAS,
    PAGES,
    SIZE,
    Source,
    advance,
    case,
    fuzz_one,
    make_hart,
    random_bytes,
    state_of,
)
from difftest.program import RAM_BASE
from isa.state import Slot

SOAK_SECONDS = float(os.environ.get("TRAPLINE_SOAK_SECONDS", "0"))
SOAK_INSTRUCTIONS = 1_000_000_000
WHOLE_SOAK = 600  # seconds: a shorter one need not get that far


@settings(max_examples=150)
@example(b"")
@example(bytes(4096))
@example(b"\xff" * 4096)
@given(st.binary(max_size=2048))
def test_any_bytes_run_the_same_on_both_engines_and_in_slices(data):
    fuzz_one(data, long=2_000)


def test_random_bytes_run_the_same_on_both_engines_and_in_slices():
    done = sum(fuzz_one(random_bytes(f"suite {i}"), long=20_000) for i in range(100))
    assert done > 1_000_000


def test_cases_reach_all_modes_and_trap():
    engine = isa.engine.load("interpreter")
    modes, traps = set(), 0
    for number in range(150):
        hart = make_hart(case(random_bytes(f"modes {number}")))
        for _ in range(30):
            advance(hart, engine, 1)
            modes.add((hart.slots[Slot.PRIV], hart.slots[Slot.V]))
        traps += hart.slots[Slot.TRAPS]
    assert modes == {(3, 0), (1, 0), (0, 0), (1, 1), (0, 1)}
    assert traps > 1000


def test_a_case_depends_on_its_bytes_alone():
    data = random_bytes("same")
    assert case(data) == case(data)
    assert state_of(make_hart(case(data))) == state_of(make_hart(case(data)))
    assert case(data) != case(random_bytes("other"))


@pytest.mark.parametrize("data", [b"", b"\x01", bytes(range(256)) * 100], ids=len)
def test_a_case_lies_in_ram_and_has_an_isa_that_exists(data):
    chosen = case(data)
    assert chosen.program.isa in ISAS
    for at, raw in chosen.program.segments().items():
        assert RAM_BASE <= at < RAM_BASE + PAGES * 4096
        assert len(raw) <= SIZE


def test_bytes_that_are_used_up_give_zeros():
    source = Source(b"\x05")
    assert (source.choose(4), source.is_empty, source.bits(64)) == (1, True, 0)


@pytest.mark.soak
def test_soak_of_arbitrary_bytes():
    seed, end = random.SystemRandom().getrandbits(32), time.monotonic() + SOAK_SECONDS
    done = cases = 0
    while done < SOAK_INSTRUCTIONS or time.monotonic() < end:
        if SOAK_SECONDS < WHOLE_SOAK and time.monotonic() > end:
            break
        done += fuzz_one(random_bytes(f"{seed} {cases}"), long=300_000)
        cases += 1
    print(f"seed {seed}: {cases} cases, {done} instructions")
