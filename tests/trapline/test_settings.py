"""The words that describe a run: sizes as QEMU reads them, geometries, and what is refused."""

import pytest

from isa.errors import TraplineError
from trapline.settings import (
    BARE,
    MODES,
    SOFTTLB,
    Options,
    check_bound,
    check_mode,
    machine_config,
    parse_size,
    parse_tlb,
)
from vmm import memory
from vmm.config import R10000_TLB, SECOND_LEVEL_TLB, TlbShape


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("128M", 128 << 20),
        ("128", 128 << 20),
        ("2G", 2 << 30),
        ("512k", 512 << 10),
        ("65536b", 65536),
        (4096, 4096),
    ],
)
def test_a_size_is_read_as_qemu_reads_it(text, size):
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "M", "-1", "1.5G", "12Q", "0x1000", "9" * 30, "1 2"])
def test_what_is_no_size_is_refused(text):
    with pytest.raises(TraplineError, match="is not a size"):
        parse_size(text)


@pytest.mark.parametrize("mem", ["0", "1k", "100b", "65537b", "65G", "999999999T"])
def test_an_absurd_memory_is_refused(mem):
    with pytest.raises(TraplineError, match="memory of"):
        machine_config(Options(mem=mem), BARE)


@pytest.mark.parametrize(("text", "shape"), [("16x4", TlbShape(16, 4)), ("64", TlbShape(1, 64))])
def test_a_geometry_is_sets_by_ways(text, shape):
    assert parse_tlb(text) == shape


@pytest.mark.parametrize("tlb", ["3x4", "0x4", "4x0", "x", "4x", "65536x65536", "-1x4", "slow"])
def test_an_impossible_tlb_is_refused(tlb):
    with pytest.raises(TraplineError, match="TLB"):
        machine_config(Options(tlb=tlb), BARE)


def test_run_is_fast_and_boot_exact_by_default():
    assert machine_config(Options(), BARE).tlb is None
    assert machine_config(Options(), SOFTTLB).tlb == R10000_TLB
    assert machine_config(Options(tlb="exact"), BARE).tlb == R10000_TLB


def test_softtlb_without_a_modelled_tlb_is_refused():
    with pytest.raises(TraplineError, match="consists of a modelled TLB"):
        machine_config(Options(tlb="fast"), SOFTTLB)


def test_the_second_level_may_be_left_out():
    assert machine_config(Options(), SOFTTLB).second == SECOND_LEVEL_TLB
    assert machine_config(Options(second_tlb="1x0"), SOFTTLB).second.ways == 0


@pytest.mark.parametrize("isa", ["rv64gcv", "rv32i", "", "nonsense"])
def test_an_isa_that_is_not_implemented_is_refused(isa):
    with pytest.raises(TraplineError, match="ISA string"):
        machine_config(Options(isa=isa), BARE)


@pytest.mark.parametrize("harts", [0, -1, 9, 1 << 40])
def test_an_absurd_number_of_harts_is_refused(harts):
    with pytest.raises(TraplineError, match="harts"):
        machine_config(Options(harts=harts), BARE)


@pytest.mark.parametrize("bound", [0, -5, 1 << 63])
def test_an_absurd_bound_is_refused(bound):
    with pytest.raises(TraplineError, match="a bound of"):
        check_bound(bound)


def test_a_mode_that_is_to_come_is_told_from_one_that_is_none():
    with pytest.raises(TraplineError, match="mode direct is not there yet; there are softtlb"):
        check_mode("direct")
    with pytest.raises(TraplineError, match="no memory mode 'softlb'"):
        check_mode("softlb")


def test_the_modes_are_the_monitors_own():
    assert list(MODES) == list(memory.MODES)


def test_a_command_line_with_a_nul_is_refused():
    with pytest.raises(TraplineError, match="NUL"):
        machine_config(Options(append="a\0b"), BARE)
