"""Bit patterns: what is refused, how operands are cut out and put back."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isa.errors import OperandError, SpecError
from isa.fields import UNWRITTEN, parse_pattern
from isa.insn import InstructionTable, insn
from isa.spec import EXTENSIONS, TABLE, load_table
from isa.words import Word
from tests.isa.samples import draw, operand_sets

INSNS = list(TABLE)


@pytest.mark.parametrize(
    ("bits", "message"),
    [
        ("0000000 rs2 rs1 000 rd 011001", "31 bits, expected 16 or 32"),
        ("0000000 rs2 rs1 000 rd 01100111", "33 bits, expected 16 or 32"),
        ("0000000 rs2 rs1 0x0 rd 0110011", "cannot read '0x0'"),
        ("0000000 rs9 rs1 000 rd 0110011", "no operand kind is called 'rs9'"),
        ("imm rs1 000 rd 0010011", "'imm' needs its bits"),
        ("imm[11:6|4:0|0] rs1 000 rd 0010011", "bits [0] of imm stand twice"),
        ("imm[12:6|4:0] rs1 000 rd 0010011", "bits [5] of imm are missing"),
    ],
)
def test_a_bad_pattern_is_refused_with_the_reason(bits, message):
    with pytest.raises(SpecError) as caught:
        parse_pattern(bits)
    assert message in str(caught.value)


def make(syntax: str, bits: str, **more: str):
    """Describe an instruction whose meaning does not matter."""

    @insn(syntax, bits, ext="Test", **more)
    def meaning(rs1: Word, rs2: Word) -> int:
        """Do nothing of interest."""
        return rs1 + rs2

    return meaning


def test_overlapping_bits_are_refused_naming_both_instructions_and_places():
    first = make("one rd, rs1, rs2", "0000000 rs2 rs1 000 rd 0001011")
    second = make("two rd, rs1, rs2", "000000- rs2 rs1 000 rd 0001011")
    with pytest.raises(SpecError) as caught:
        InstructionTable([first, second])
    text = str(caught.value)
    assert "bits of two" in text
    assert "those of one" in text
    assert first.where() in text
    assert second.where() in text


def test_a_refinement_may_overlap_and_is_decoded_first():
    general = make("one rd, rs1, rs2", "0000000 rs2 rs1 000 rd 0001011")

    @insn("special rd", "0000000 00000 00000 000 rd 0001011", ext="Test", refines="one")
    def special() -> int:
        """Stand for some encodings of one."""
        return 0

    table = InstructionTable([general, special])
    assert table.decode(0x0000008B) is special
    assert table.decode(0x0010808B) is general


def test_a_name_defined_twice_is_refused_naming_both_places():
    first = make("one rd, rs1, rs2", "0000000 rs2 rs1 000 rd 0001011")
    second = make("one rd, rs1, rs2", "0000001 rs2 rs1 000 rd 0001011")
    with pytest.raises(SpecError) as caught:
        InstructionTable([first, second])
    assert first.where() in str(caught.value)
    assert second.where() in str(caught.value)


@pytest.mark.parametrize(
    ("syntax", "bits", "odd"),
    [
        ("odd rd, rs1", "0000000 rs2 rs1 000 rd 0001011", "rs2 is not in both"),
        ("odd rd, rs1, rs2", "0000000 00000 rs1 000 rd 0001011", "rs2 is not in both"),
        ("odd rd, rs1, rs2", "0000000 rs2 rs1 000 rd 00010--", "must fix its opcode bits"),
    ],
)
def test_text_and_bits_must_have_the_same_operands(syntax, bits, odd):
    with pytest.raises(SpecError) as caught:
        InstructionTable([make(syntax, bits)])
    assert odd in str(caught.value)
    assert __file__ in str(caught.value)


def test_an_instruction_without_a_docstring_is_refused():
    @insn("bare rd, rs1, rs2", "0000000 rs2 rs1 000 rd 0001011", ext="Test")
    def bare(rs1: Word, rs2: Word) -> int:
        return rs1 + rs2

    with pytest.raises(SpecError, match="no docstring"):
        InstructionTable([bare])


def test_the_table_is_the_same_when_it_is_built_again():
    again = load_table(EXTENSIONS)
    assert [i.name for i in again] == [i.name for i in TABLE]
    assert len(TABLE) == len(INSNS) >= 70


@pytest.mark.parametrize("described", INSNS, ids=lambda i: i.name)
def test_encoding_then_decoding_gives_the_operands_back(described):
    for values in operand_sets(described, random.Random(described.name), 200):
        word = described.encode(**values)
        found = TABLE.decode(word)
        assert found is described or (found and found.refines == described.name)
        assert described.extract(word) == values


@given(st.sampled_from(INSNS), st.randoms(use_true_random=False))
def test_bits_outside_the_operands_are_the_patterns_own(described, rng):
    word = described.encode(
        **{name: draw(operand, rng) for name, operand in described.pattern.operands.items()}
    )
    assert word & described.pattern.mask == described.pattern.match
    assert word < 1 << 8 * described.length


@given(st.integers(0, (1 << 32) - 1))
def test_any_word_decodes_to_an_instruction_that_encodes_it_or_to_none(word):
    found = TABLE.decode(word)
    if found is not None:
        again = found.encode(**found.extract(word))
        ignored = ~found.pattern.mask
        for operand in found.pattern.operands.values():
            ignored &= ~sum(((1 << s.width) - 1) << s.at for s in operand.slices)
        assert (again ^ word) & ~ignored & 0xFFFFFFFF == 0


@pytest.mark.parametrize("described", INSNS, ids=lambda i: i.name)
def test_operands_out_of_range_or_unaligned_are_refused_by_name(described):
    good = operand_sets(described, random.Random(1), 1)[-1]
    for name, operand in described.pattern.operands.items():
        bad = [operand.lo - operand.align, operand.hi + operand.align]
        bad += [operand.lo + 1] if operand.align > 1 else []
        for value in bad:
            with pytest.raises(OperandError, match=f"{name} {value} is"):
                described.encode(**(good | {name: value}))
        if name == described.suffixed or name in UNWRITTEN:
            continue  # it has a default
        with pytest.raises(OperandError, match=f"no value for {name}"):
            described.encode(**{k: v for k, v in good.items() if k != name})
