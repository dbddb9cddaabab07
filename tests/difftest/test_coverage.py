"""The generators reach every instruction, and the coverage report says what was exercised."""

import dataclasses
import itertools
import json

import pytest

from difftest import frame
from difftest.coverage import (
    Coverage,
    all_names,
    classes,
    float_class,
    immediate_class,
    measure,
    possible_classes,
    value_class,
)
from difftest.generate import float_program, guest_program, system_program
from difftest.program import Program
from difftest.sides.ours import OurSide
from difftest.snippets import asm
from isa.csrs import CSRS
from isa.spec import FORMS, TABLE

MASK = (1 << 64) - 1
MOST_ROUNDS = 120


@pytest.fixture(scope="module")
def campaign():
    """Give the coverage of a campaign of fixed seeds, as long as it lacks an instruction."""
    coverage = Coverage()
    makers = (system_program, guest_program, float_program)
    for number in range(MOST_ROUNDS):
        coverage = measure((make(f"coverage {number}") for make in makers), 500, coverage)
        if not coverage.missing():
            break
    return coverage


def test_random_programs_reach_every_instruction_and_compressed_form(campaign):
    assert campaign.missing() == []


@pytest.mark.parametrize("privilege", ["M", "S", "U", "VS", "VU"])
def test_random_programs_retire_many_instructions_in_every_mode(campaign, privilege):
    reached = {name for name, _, outcome, priv in campaign.cells if priv == privilege}
    assert len(reached) > len(all_names()) / 4


def test_random_programs_trap_into_and_out_of_every_mode(campaign):
    assert {into for _, _, into in campaign.traps} == {"M", "S", "VS"}
    assert {out for _, out, _ in campaign.traps} == {"M", "S", "U", "VS", "VU"}
    causes = {cause for cause, _, _ in campaign.traps}
    needed = {"illegal", "virtual", "breakpoint", "ecall_u", "ecall_m"}
    needed |= {f"{a}_{b}" for a in ("load", "store", "fetch") for b in ("page", "access")}
    needed |= {"load_guest_page", "store_guest_page", "fetch_guest_page"}
    assert needed <= causes


def test_the_json_says_the_same_as_the_counts(campaign):
    told = json.loads(campaign.to_json())
    assert told["steps"] == campaign.steps
    assert told["missing"] == []
    assert sum(told["executed"].values()) == sum(campaign.executed.values())
    assert ["addi", "rs1=0"] in [cell[:2] for cell in told["cells"]]


def test_an_instruction_counts_with_its_operands_outcome_and_privilege():
    code = (asm("add", rd=10, rs1=11, rs2=12), asm("ecall"))
    program = Program(code, frame.CODE, x=(*(0,) * 11, MASK, 1 << 63, *(0,) * 19))
    coverage = measure([program], 2)
    assert coverage.cells["add", "rs1=-1", "retired", "M"] == 1
    assert coverage.cells["add", "rs2=least", "retired", "M"] == 1
    assert coverage.cells["ecall", "none", "ecall_m", "M"] == 1
    assert coverage.traps == {("ecall_m", "M", "M"): 1}
    assert len(coverage.missing()) == len(all_names()) - 2


def test_a_csr_access_counts_by_its_csr():
    word = asm("csrrs", rd=10, csr=CSRS.by_name["mscratch"].number, rs1=0)
    absent = asm("csrrs", rd=10, csr=0x8FF, rs1=0)
    coverage = measure([Program((word, absent), frame.CODE)], 2)
    assert set(coverage.csrs) == {("mscratch", "retired", "M"), ("absent", "illegal", "M")}


def test_a_compressed_form_counts_by_its_own_name_and_operands():
    parcel = FORMS.by_name["c.addi"].encode(rd=10, imm=-32)
    program = Program((parcel | 1 << 16,), frame.CODE)
    coverage = measure([program], 1)
    assert set(coverage.executed) == {"c.addi"}
    assert coverage.cells["c.addi", "imm=least", "retired", "M"] == 1


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0, "0"), (1, "1"), (MASK, "-1"), (1 << 63, "least"), ((1 << 63) - 1, "most"),
     (7, "word"), (1 << 32, "positive"), (MASK - 1, "negative")],
)  # fmt: skip
def test_values_have_classes(value, expected):
    assert value_class(value) == expected


@pytest.mark.parametrize(
    ("bits", "expected"),
    [(0, "zero"), (1 << 63, "zero"), (1, "subnormal"), (0x3FF0 << 48, "normal"),
     (0x7FF0 << 48, "infinite"), (0x7FF8 << 48, "nan"), (0xFFFF_FFFF_3F80_0000, "boxed")],
)  # fmt: skip
def test_floating_point_values_have_classes(bits, expected):
    assert float_class(bits) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0, "0"), (-2048, "least"), (2047, "most"), (-1, "negative"), (1, "positive")],
)
def test_immediates_have_classes(value, expected):
    operand = TABLE.by_name["addi"].pattern.operands["imm"]
    assert immediate_class(value, operand) == expected


def test_every_class_an_instruction_shows_is_one_it_may_have():
    side = OurSide("reference")
    side.load(dataclasses.replace(system_program("classes"), csrs={}))
    state = side.state(with_csrs=True)
    for insn, bits in itertools.product(TABLE, (0, MASK)):
        raw = insn.pattern.match | bits & ~insn.pattern.mask & 0xFFFF_FFFF
        assert set(classes(insn.name, raw, state)) <= set(possible_classes(insn.name))
