"""Memory virtualization by `softtlb`: what a guest sees, and what its misses are counted as."""

from isa.state import Slot
from isa.tlb import ASID_MASK
from tests.vmm.machines import POWER_OFF, make, registers
from vmm.memory.softtlb import LAST_GIVEN

PAGING = """
    .equ ROOT, 0x80300000
    .equ GIB, 0xcf                      # V R W X A D
    # Maps RAM onto itself by one leaf entry, in the root at ROOT and its copy behind it.
    li s0, ROOT
    li t0, 0x80000000 >> 2 | GIB
    sd t0, 16(s0)
    li t1, 0x1000
    add t1, t1, s0
    sd t0, 16(t1)
    li s1, 8 << 60 | ROOT >> 12
    csrw satp, s1
    sfence.vma
"""


def asids_given(machine):
    hart = machine.cpu._hosts[0]
    return hart.tlb[hart.slots[Slot.MONITOR_AT] + LAST_GIVEN]


def give_asids(machine, number):
    hart = machine.cpu._hosts[0]
    hart.tlb[hart.slots[Slot.MONITOR_AT] + LAST_GIVEN] = number


MANY_SPACES = (
    PAGING
    + """
    # Two roots that differ at virtual 0x40000000: data pages with 1 and with 2 in them.
    .equ PAGE_1, 0x80310000
    li t0, (0x80000000 >> 2) | GIB      # the gigabyte that holds both pages
    li t2, 0x80304000 >> 2 | 1          # tables below the two roots
    sd t2, 8(s0)
    li t2, 0x80305000 >> 2 | 1
    sd t2, 8(t1)
    li t2, 0x80306000 >> 2 | 1
    li t3, 0x80304000
    sd t2, 0(t3)
    li t2, 0x80307000 >> 2 | 1
    li t3, 0x80305000
    sd t2, 0(t3)
    li t2, PAGE_1 >> 2 | GIB
    li t3, 0x80306000
    sd t2, 0(t3)
    li t2, (PAGE_1 + 0x1000) >> 2 | GIB
    li t3, 0x80307000
    sd t2, 0(t3)
    li t3, PAGE_1
    li t2, 1
    sd t2, 0(t3)
    li t4, 0x1000
    add t3, t3, t4
    li t2, 2
    sd t2, 0(t3)
    # Read the page under the first root, then under the second with 40 ASIDs, then the first again.
    li s2, 0x40000000
    csrw satp, s1
    ld s3, 0(s2)
    addi s4, s1, 1
    li s5, 40
1:  li t0, 1 << 44
    add s4, s4, t0
    csrw satp, s4
    ld s6, 0(s2)
    addi s5, s5, -1
    bnez s5, 1b
    csrw satp, s1
    ld s7, 0(s2)
"""
    + POWER_OFF
)


def test_contexts_do_not_share_an_asid_after_all_have_been_used(engine):
    machine = make("domain", engine, MANY_SPACES)
    while machine.harts[0].slots[Slot.X19] == 0:
        machine.run(1)
    give_asids(machine, ASID_MASK - 7)
    machine.run(10_000)
    (hart,) = registers(machine)
    assert (hart["X19"], hart["X22"], hart["X23"]) == (1, 2, 1)
    assert asids_given(machine) > ASID_MASK + 1
