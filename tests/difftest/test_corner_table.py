"""Every cause from every privilege level, delegated or not, beside Spike."""

from difftest.corner_table import cases, is_legitimate, memory, outcome
from difftest.pair import OurMachine, SpikeMachine
from isa.causes import INTERRUPT, Cause, Irq
from tests.tools import require_module

ISA = "rv64imafdh_zicsr_zifencei_zicntr_zihpm_smepmp_sscofpmf_sstc_svadu_svinval"
"""Without C: jumps can be misaligned. Without Zicclsm: so can loads and stores."""
BOARDS_OWN = {Irq.MSI, Irq.MTI, Irq.MEI, Irq.SGEI}
"""No program requests them."""


def test_all_corners_are_as_spike_has_them(engine):
    require_module("riscv")
    ours, theirs = OurMachine(f"{ISA}_sv57", engine.name), SpikeMachine(ISA)
    for machine in (ours, theirs):
        machine.load(memory())
    found = []
    for case in cases():
        a, b = outcome(ours, case), outcome(theirs, case)
        apart = {name: (hex(a[name]), hex(b[name])) for name in a if a[name] != b.get(name)}
        found += [f"{case}: {apart}"] if apart and not is_legitimate(case) else []
    assert found == []


def test_the_table_has_every_cause():
    ours = OurMachine(f"{ISA}_sv57", "reference")
    ours.load(memory())
    causes = set()
    for case in cases():
        result = outcome(ours, case)
        causes |= {result.get(name, 0) for name in ("mcause", "scause", "vscause")}
    interrupts = {INTERRUPT | irq for irq in set(Irq) - BOARDS_OWN}
    assert causes >= set(Cause) | interrupts
