"""Every CSR number from every privilege level, beside Spike; with parts of the ISA too."""

import pytest

from difftest.csr_sweep import NUMBERS, program, sweep
from difftest.pair import MODES, OurMachine, SpikeMachine
from isa.csrs import CSRS
from tests.tools import require_module

WHOLE = (
    "rv64imafdch_zicsr_zifencei_zicntr_zihpm_zfh_zicbom_zicboz"
    "_smepmp_smstateen_sscofpmf_sstc_svadu_svinval_svnapot_svpbmt"
)
PARTS = (
    "rv64i_zicsr",
    "rv64imac_zicsr_zifencei",
    "rv64gc",
    "rv64gc_zicntr",
    "rv64gc_zihpm",
    "rv64gch_zicntr",
    "rv64imach_zicsr_sstc_zicntr",
    "rv64gc_sstc_zicntr",
    "rv64gc_smstateen",
    "rv64gch_smstateen_zicntr",
    "rv64gc_sscofpmf_zihpm",
    "rv64gc_smepmp",
    "rv64gc_svadu_zicbom",
    "rv64gc_svade_zicboz",
    "rv64gc_svpbmt_svnapot_svinval",
    "rv64gch_sscofpmf_zihpm_svadu_svpbmt",
)
"""ISA strings for Spike; it has Sv57 without being told. (Sstc without Zicntr crashes it.)"""


def findings(isa, engine, **limits):
    """Sweep a machine of ours and Spike; give what differs."""
    require_module("riscv")
    ours, theirs = OurMachine(f"{isa}_sv57", engine), SpikeMachine(isa)
    for machine in (ours, theirs):
        machine.load(program())
    letters = isa.split("_")[0][4:]
    modes = [mode for mode in MODES if "h" in letters or mode[0] != "V"]
    return [str(finding) for finding in sweep(ours, theirs, modes, **limits)]


def test_every_csr_is_what_spike_has(engine):
    assert findings(WHOLE, engine.name, numbers=CSRS.by_number) == []


def test_no_other_number_is_a_csr(engine):
    others = [number for number in range(NUMBERS) if number not in CSRS.by_number]
    assert findings(WHOLE, engine.name, numbers=others, settings=["open"]) == []


@pytest.mark.parametrize("isa", PARTS)
def test_what_is_not_chosen_is_absent(isa):
    limits = {"numbers": CSRS.by_number, "settings": ["open"]}
    assert findings(isa, "interpreter", **limits) == []


def test_a_difference_is_found():
    require_module("riscv")
    ours, theirs = OurMachine("rv64gc_sv57", "reference"), SpikeMachine("rv64gc_sstc_zicntr")
    for machine in (ours, theirs):
        machine.load(program())
    found = sweep(ours, theirs, ["M", "S"], ["open"], [CSRS.by_name["stimecmp"].number])
    assert [(finding.mode, finding.step) for finding in found] == [("M", 0), ("S", 0)]


@pytest.mark.soak
@pytest.mark.parametrize("isa", [WHOLE, *PARTS])
def test_every_number_in_every_setting(isa, engine):
    assert findings(isa, engine.name) == []
