"""`softtlb`: a software-refilled hart TLB behind a large second-level TLB.

After "Disco: Running Commodity Operating Systems on Scalable Multiprocessors" (SOSP 1997), section
"Virtual Physical Memory". The hart has no walker: a miss exits, the second-level TLB (the vCPU's
own modelled TLB, guest-virtual to guest-physical) or the guest's tables translate, and the frame
map gives the machine frame. Written in the words that every engine executes.
"""

from isa.hart import Hart
from isa.machine import MachinePage, tlb_get
from isa.mmu import NOT_RAM, is_protected, ram_offset, translate
from isa.pmp import is_split, page_rights
from isa.pte import ASID_MASK, ASID_SHIFT, PAGE_SHIFT, PTE_A, PTE_D, PTE_PPN_SHIFT, PTE_U, PTE_V
from isa.state import Slot
from isa.tlb import flush, insert
from vmm.config import MachineConfig
from vmm.costs import Refill
from vmm.counts import Count, count
from vmm.memory.contexts import (
    ASID_AT,
    HART_WORDS,
    SATP_PAGED,
    fence_contexts,
    find_context,
    is_looked_at,
    rights,
    view_of,
)
from vmm.memory.contract import CpuKind, MemorySite, MemoryWords
from vmm.memory.stepping import deliver_fault, interpret_one, reach_device


def select_soft(hart: MachinePage, vcpu: MachinePage) -> None:
    """Give the hart the ASID that stands for all that now decides the vCPU's translations."""
    given = tlb_get(vcpu, find_context(hart, vcpu) + ASID_AT)
    hart[Slot.SATP] = SATP_PAGED | (given & ASID_MASK) << ASID_SHIFT


def refill_soft(hart: MachinePage, vcpu: MachinePage, va: int, access: int) -> int:
    """Handle a TLB miss of the hart; gives 1 when the guest's instruction is done with."""
    view = view_of(vcpu)
    walked = vcpu[Slot.WALK_REFS]
    missed = vcpu[Slot.TLB_MISSES]
    count(vcpu, Count.HART_MISSES + view, 1)
    if is_looked_at(vcpu, va, access):
        return interpret_one(hart, vcpu)
    gpa = translate(vcpu, va, access)
    missed = vcpu[Slot.TLB_MISSES] - missed
    if vcpu[Slot.TLB_WAYS] == 0 and vcpu[Slot.WALK_REFS] != walked:
        missed = 1  # where there is no second-level TLB, nothing is found in it
    count(vcpu, Count.SECOND_MISSES + view, missed)
    count(vcpu, Count.FILL_REFERENCES + view, vcpu[Slot.WALK_REFS] - walked)
    if vcpu[Slot.PENDING]:
        count(vcpu, Count.PAGE_FAULT, 1)
        return deliver_fault(hart, vcpu)
    if is_split(vcpu, gpa):
        return interpret_one(hart, vcpu)
    if is_protected(vcpu, va, gpa, 1, access):
        count(vcpu, Count.EXCEPTION, 1)
        return deliver_fault(hart, vcpu)
    offset = ram_offset(vcpu, gpa)
    if offset == NOT_RAM:
        return reach_device(hart, vcpu, va, access)
    count(vcpu, Count.TLB_MISS, 1)
    pte = offset >> PAGE_SHIFT << PTE_PPN_SHIFT | PTE_V | PTE_U | PTE_A
    pte = pte | rights(vcpu, va) & (page_rights(vcpu, gpa, vcpu[Slot.PRIV]) << 1 | PTE_D)
    asid = hart[Slot.SATP] >> ASID_SHIFT & ASID_MASK
    pte = pte + (hart[Slot.RAM_BASE] >> PAGE_SHIFT << PTE_PPN_SHIFT)
    insert(hart, va >> PAGE_SHIFT, asid, pte, vcpu[Slot.WALK_SPAN])
    return 0


def forget_soft(hart: MachinePage, vcpu: MachinePage) -> None:
    """Drop the hart's TLB."""
    flush(hart, False, vcpu[Slot.X0], False, vcpu[Slot.X0])


def stepped_soft(hart: MachinePage, vcpu: MachinePage) -> None:
    """Do nothing: no entry depends on what memory holds until a fence says so."""


class SoftTlb:
    """Mode `softtlb`."""

    name = "softtlb"
    title = "a software-refilled TLB behind a large second-level one, after Disco"
    cpu = CpuKind.DEPRIVILEGED
    refill = Refill.SOFTWARE
    words = MemoryWords(select_soft, refill_soft, fence_contexts, forget_soft, stepped_soft)
    hart_words = HART_WORDS
    has_second_level = True

    def reserve(self, config: MachineConfig) -> int:
        """Need no machine memory."""
        return 0

    def prepare(self, site: MemorySite) -> None:
        """Start with empty TLBs, as harts do."""

    def remote_fence(self, host: Hart, vcpu: Hart) -> None:
        """Drop the hart's TLB; the second level has executed the fence itself."""
        host.fence()

    def written(self, host: Hart, offset: int, size: int) -> None:
        """Do nothing: stores are seen by the guest's own fences."""
