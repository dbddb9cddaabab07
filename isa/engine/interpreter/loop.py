"""Around the hot loop: interrupts, slow instructions, and when to stop.

Lowered and compiled, never run as Python; `hot`, `predecode` and `carry_out` are generated from the
instruction table (`codegen.py`).
"""

from isa.engine.interpreter.generated import (
    carry_out,
    expand,
    fused_op,
    hot,
    is_self_sufficient,
    predecode,
    size_of_op,
)
from isa.engine.interpreter.layout import (
    CHAIN_REACH,
    CODE_STRIDE,
    EXECUTE,
    INSN_BITS,
    INSN_SLOT,
    OP_AT,
    OP_MASK,
    OP_UNDECODED,
    PC_TO_UOP,
    UOP,
)
from isa.engine.interpreter.runtime import (
    check_epoch,
    inline_entry,
    inline_tag,
    mark_code,
    note_code,
    select_context,
    single_op,
    uop_at,
)
from isa.engine.lowering.words import load64, store64
from isa.exits import ExitReason
from isa.interrupts import current_mip, take_interrupt, until_timer
from isa.machine import MachinePage
from isa.mmu import Access, fetch_at, reach_code
from isa.points import has_moved, is_stopped
from isa.pte import PAGE_SHIFT, PAGE_SIZE
from isa.state import Slot
from isa.trap import take
from isa.triggers import is_triggered
from isa.words import divu


def run_loop(hart: MachinePage, fuel: int) -> int:
    """Run until an exit or until the fuel is used up; gives the exit reason.

    With the bit EXECUTE, `fuel` is an instruction to carry out as if fetched at pc (one entry point
    for both, since each would be compiled with all that it reaches).
    """
    hart[Slot.EXIT] = ExitReason.FUEL
    check_epoch(hart)
    select_context(hart)
    if fuel & EXECUTE:
        carry_out(hart, unpack(hart, fuel & INSN_BITS))
        settle(hart)
        return hart[Slot.EXIT]
    while fuel != 0:
        if hart[Slot.WAITING]:
            if current_mip(hart) & hart[Slot.MIE] == 0:
                hart[Slot.EXIT] = ExitReason.WFI
                break
            hart[Slot.WAITING] = 0
        if take_interrupt(hart):
            if hart[Slot.EXIT]:
                break
            fuel = fuel - 1
            if hart[Slot.MOVES_WATCHED] != 0 and has_moved(hart):
                break
            select_context(hart)
            continue
        allowed = until_timer(hart, fuel)
        left = hot(hart, allowed)
        fuel = fuel - (allowed - left)
        if fuel == 0:
            break
        if left == 0:
            continue
        fuel = fuel - step(hart)
        if hart[Slot.EXIT]:
            break
        if hart[Slot.MOVES_WATCHED] != 0 and has_moved(hart):
            break
        select_context(hart)
    return hart[Slot.EXIT]


def step(hart: MachinePage) -> int:
    """Do what the hot loop could not at pc; gives 1 when that consumed the instruction."""
    pc = hart[Slot.PC]
    if hart[Slot.POINTS] != 0 and is_stopped(hart, pc, 1, Access.FETCH):
        return 1
    entry = inline_entry(hart, pc)
    was_ready = load64(entry) == inline_tag(hart, pc)
    if was_ready:
        page = divu(load64(entry + 8) - hart[Slot.HOST_CODE], CODE_STRIDE)
        offset: int = page << PAGE_SHIFT | pc & PAGE_SIZE - 1
        hart[Slot.CODE_SPLIT] = 0
    else:
        if is_triggered(hart, pc, 2, Access.FETCH):
            return settle(hart)
        offset = reach_code(hart, pc)
        if hart[Slot.PENDING] != 0 or hart[Slot.EXIT] != 0:
            return settle(hart)
        was_ready = hart[Slot.CODE_SPLIT] != 0
        if not was_ready:
            note_code(hart, pc, offset)
    raw = fetch_at(hart, pc, offset)
    if hart[Slot.PENDING] != 0 or hart[Slot.EXIT] != 0:
        return settle(hart)
    insn = unpack(hart, raw)
    at = uop_at(hart, offset)
    uop = load64(at)
    if uop == OP_UNDECODED:
        was_ready = False
        uop = predecode(hart, insn, pc & PAGE_SIZE - 1)
        mark_code(hart, offset >> PAGE_SHIFT)
        store64(at, uop)
        fuse(hart, pc & PAGE_SIZE - 1, at)
    if is_self_sufficient(single_op(hart, uop >> OP_AT & OP_MASK)) and not was_ready:
        return 0
    carry_out(hart, insn)
    return settle(hart)


def fuse(hart: MachinePage, in_page: int, at: int) -> None:
    """Make chains of a new micro-op, what stands before it in the page and what follows."""
    first = at - (in_page << PC_TO_UOP)
    if in_page > CHAIN_REACH * INSN_SLOT:
        first = at - CHAIN_REACH * UOP
    while at >= first:
        fuse_next(hart, at)
        at = at - UOP


def fuse_next(hart: MachinePage, at: int) -> None:
    """Make a chain of a micro-op and the following ones, if there is such a chain."""
    first = load64(at)
    op = single_op(hart, first >> OP_AT & OP_MASK)
    size = size_of_op(op)
    if size != 0:
        chain = fused_op(op, load64(at + (size << PC_TO_UOP)) >> OP_AT & OP_MASK)
        if chain != 0:
            store64(at, first ^ (first >> OP_AT & OP_MASK ^ chain) << OP_AT)


def unpack(hart: MachinePage, raw: int) -> int:
    """Give the 32-bit word of an instruction as fetched (0 for none); note its end and its bits."""
    hart[Slot.RAW] = raw
    if raw & 3 == 3:
        hart[Slot.NEXT_PC] = hart[Slot.PC] + 4
        return raw
    hart[Slot.NEXT_PC] = hart[Slot.PC] + 2
    return expand(hart, raw)


def settle(hart: MachinePage) -> int:
    """Retire the instruction, or take the trap it pended."""
    if hart[Slot.PENDING]:
        take(hart)
    elif hart[Slot.EXIT] == 0:
        hart[Slot.PC] = hart[Slot.NEXT_PC]
        hart[Slot.INSTRET] += 1
    return 1
