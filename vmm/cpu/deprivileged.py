"""Deprivileged execution: the guest's M, S and U all run in the hart's U-mode.

Every privileged instruction traps and is carried out on the vCPU's own page by the code that harts
use themselves; then the hart goes on. Written in the words that every engine executes: compiled,
this is the monitor's fast path (`vmm/fastpath`); only what needs the environment comes to Python.
"""

from isa import mstatus as ms
from isa.causes import Cause, Priv
from isa.csr_access import CBZE
from isa.csrs import CSRS
from isa.exits import ExitReason
from isa.interrupts import current_mip, take_interrupt, until_timer
from isa.machine import MachinePage, engine_execute, engine_run
from isa.points import has_moved
from isa.softfloat.status import is_off, note_write
from isa.spec import TABLE
from isa.state import Slot
from isa.trap import ISA_H, pend, take
from isa.words import word
from vmm.counts import Count, count
from vmm.exit_log import TLB_MISS, log_exit
from vmm.memory.contexts import view_of
from vmm.memory.hooks import (
    answer_call,
    fence_memory,
    forget_memory,
    select_memory,
    serve_memory,
    stepped_memory,
)
from vmm.memory.stepping import interpret_one, step_vcpu

ECALL = TABLE.by_name["ecall"].pattern.match
EBREAK = TABLE.by_name["ebreak"].pattern.match
MRET = TABLE.by_name["mret"].pattern.match
SRET = TABLE.by_name["sret"].pattern.match
WFI = TABLE.by_name["wfi"].pattern.match
FENCE = TABLE.by_name["sfence.vma"].pattern.match
FENCE_MASK = TABLE.by_name["sfence.vma"].pattern.mask & ~(1 << 26)  # SINVAL.VMA is one bit apart
INVALIDATION = TABLE.by_name["sfence.w.inval"].pattern.match
INVALIDATION_END = INVALIDATION ^ TABLE.by_name["sfence.inval.ir"].pattern.match
GUEST_FENCE = TABLE.by_name["hfence.vvma"].pattern.match
GUEST_FENCE_MASK = FENCE_MASK & ~(1 << 30)  # and HFENCE.GVMA another
SYSTEM = 0x73  # the SYSTEM major opcode
FUNCT3 = 7 << 12
HYPERVISOR_ACCESS = 4 << 12  # HLV, HSV
MPV_SHIFT = 39
LOAD_FP, MADD, OP_FP = 0x07, 0x43, 0x53  # STORE-FP is LOAD-FP with one more bit, MADD has 4 kinds
COMPRESSED_FLOATS, COMPRESSED_FLOATS_MASK = 0x2000, 0x6001  # C.FLD, C.FSD, C.FLDSP, C.FSDSP
FS_CLEAN = 2 << ms.FS_SHIFT
PMP_CSRS = CSRS.by_name["pmpcfg0"].number & ~63  # pmpcfg0 to pmpaddr15 are among 64 from here
MSECCFG_CSR = CSRS.by_name["mseccfg"].number
TRIGGER_CSRS = CSRS.by_name["tselect"].number  # and the seven after it
MOST_REFILLS = 4  # what one instruction can need: its own page, two of data, and D bits


def run_vcpu(hart: MachinePage, vcpu: MachinePage, fuel: int) -> int:
    """Run a vCPU on a hart until its environment is needed or the fuel is used up."""
    vcpu[Slot.EXIT] = ExitReason.FUEL
    refills = 0
    while fuel != 0:
        if vcpu[Slot.WAITING]:
            if current_mip(vcpu) & vcpu[Slot.MIE] == 0:
                vcpu[Slot.EXIT] = ExitReason.WFI
                break
            vcpu[Slot.WAITING] = 0
        if take_interrupt(vcpu):
            count(vcpu, Count.INTERRUPT, 1)
            if vcpu[Slot.EXIT]:
                break
            fuel = fuel - 1
            if vcpu[Slot.MOVES_WATCHED] != 0 and has_moved(vcpu):
                break
            continue
        if refills > MOST_REFILLS or is_privilege_lent(vcpu):
            fuel = fuel - interpret_one(hart, vcpu)
            refills = 0
        else:
            before = hart[Slot.INSTRET]
            reason = enter(hart, vcpu, until_timer(vcpu, fuel))
            done = hart[Slot.INSTRET] - before
            vcpu[Slot.INSTRET] += done
            fuel = fuel - done
            if reason != ExitReason.FUEL:
                spent = handle_exit(hart, vcpu, reason)
                fuel = fuel - spent
                refills = refills + 1
                if done + spent != 0:
                    refills = 0
        if vcpu[Slot.EXIT]:
            break
        if vcpu[Slot.MOVES_WATCHED] != 0 and has_moved(vcpu):
            break
    return vcpu[Slot.EXIT]


def enter(hart: MachinePage, vcpu: MachinePage, fuel: int) -> int:
    """Run the hart with the vCPU's registers and translations, then take the registers back."""
    copy_registers(hart, vcpu)
    if vcpu[Slot.FLOATS_LENT]:
        lend_floats(hart, vcpu)
    hart[Slot.SENVCFG] = block_rights(vcpu)
    select_memory(hart, vcpu)
    missed = hart[Slot.TLB_MISSES]
    walked = hart[Slot.WALK_REFS]
    reason = engine_run(hart, fuel)
    copy_registers(vcpu, hart)
    if hart[Slot.TLB_MISSES] != missed:
        count(vcpu, Count.HART_MISSES + view_of(vcpu), hart[Slot.TLB_MISSES] - missed)
    if hart[Slot.WALK_REFS] != walked:
        count(vcpu, Count.WALK_REFERENCES, hart[Slot.WALK_REFS] - walked)
    if vcpu[Slot.FLOATS_LENT]:
        take_floats_back(hart, vcpu)
    return reason


def copy_registers(to: MachinePage, source: MachinePage) -> None:
    """Copy x0 to x31 and the pc."""
    slot = 0
    while slot <= Slot.PC:
        to[slot] = source[slot]
        slot = slot + 1


def block_rights(vcpu: MachinePage) -> int:
    """Give the senvcfg that lets the hart zero blocks if the vCPU may: kernels do it by pages."""
    if vcpu[Slot.PRIV] == Priv.M:
        return CBZE
    allowed = vcpu[Slot.MENVCFG]
    if vcpu[Slot.V]:
        allowed = allowed & vcpu[Slot.HENVCFG]
    if vcpu[Slot.PRIV] == Priv.U:
        allowed = allowed & vcpu[Slot.SENVCFG]
    return allowed & CBZE


def wants_floats(vcpu: MachinePage, insn: int) -> bool:
    """Say whether an illegal instruction asks for floating-point state that the hart was not lent.

    Not all kinds are known here: what is left is carried out on the vCPU.
    """
    if vcpu[Slot.FLOATS_LENT] != 0 or is_off(vcpu):
        return False
    if insn & 3 != 3:
        return insn & COMPRESSED_FLOATS_MASK == COMPRESSED_FLOATS
    opcode = insn & 0x7F
    return opcode == OP_FP or opcode & ~0x20 == LOAD_FP or opcode & ~0x0C == MADD


def lend_floats(hart: MachinePage, vcpu: MachinePage) -> None:
    """Give the hart the guest's floating-point state, as clean: so that writes are seen."""
    if is_off(vcpu):
        vcpu[Slot.FLOATS_LENT] = 0
        return
    copy_floats(hart, vcpu)
    hart[Slot.MSTATUS] = hart[Slot.MSTATUS] & ~ms.FS | FS_CLEAN


def take_floats_back(hart: MachinePage, vcpu: MachinePage) -> None:
    """Take the floating-point state back; a guest that wrote none of it is not lent it again."""
    if hart[Slot.MSTATUS] & ms.FS == ms.FS:
        note_write(vcpu)
        copy_floats(vcpu, hart)
    else:
        vcpu[Slot.FLOATS_LENT] = 0
    hart[Slot.MSTATUS] = hart[Slot.MSTATUS] & ~ms.FS


def copy_floats(to: MachinePage, source: MachinePage) -> None:
    """Copy f0 to f31, flags and rounding mode."""
    slot = word(Slot.F0)
    while slot <= Slot.FRM:
        to[slot] = source[slot]
        slot = slot + 1


def is_privilege_lent(vcpu: MachinePage) -> bool:
    """Say whether accesses need a view of memory that the hart has not: MPRV lends another."""
    status = vcpu[Slot.MSTATUS]
    if status & ms.MPRV == 0:
        return False
    if (status & ms.MPV) >> MPV_SHIFT != vcpu[Slot.V]:
        return True
    return (status & ms.MPP) >> ms.MPP_SHIFT != vcpu[Slot.PRIV]


def handle_exit(hart: MachinePage, vcpu: MachinePage, reason: int) -> int:
    """Handle the hart's exit; gives 1 when the instruction at pc is done with."""
    if reason == ExitReason.TLB_MISS:
        log_exit(vcpu, TLB_MISS, vcpu[Slot.PC], hart[Slot.TVAL])
        return serve_memory(hart, vcpu, hart[Slot.TVAL], hart[Slot.EXIT_ACCESS])
    if reason == ExitReason.DEBUG:
        pass_on(hart, vcpu)
        return 0
    cause = hart[Slot.CAUSE]
    if is_page_fault(cause):
        log_exit(vcpu, cause, vcpu[Slot.PC], hart[Slot.TVAL])
        return serve_memory(hart, vcpu, hart[Slot.TVAL], cause - Cause.FETCH_PAGE)
    if cause == Cause.ILLEGAL and wants_floats(vcpu, hart[Slot.TVAL]):
        vcpu[Slot.FLOATS_LENT] = 1
        return 0
    log_exit(vcpu, cause, vcpu[Slot.PC], hart[Slot.TVAL])
    if cause == Cause.ILLEGAL:
        emulate(hart, vcpu, hart[Slot.TVAL])
    elif cause == Cause.ECALL_U:
        if vcpu[Slot.PRIV] == Priv.S and vcpu[Slot.V] == 0 and vcpu[Slot.HOSTED] != 0:
            if answer_call(vcpu):
                return 1
            count(vcpu, Count.SBI, 1)
        else:
            count(vcpu, Count.SYSTEM_CALL, 1)
        engine_execute(vcpu, ECALL)
    else:
        count(vcpu, Count.EXCEPTION, 1)
        if cause == Cause.BREAKPOINT:
            engine_execute(vcpu, EBREAK)
        elif vcpu[Slot.ISA] & ISA_H:
            return step_vcpu(hart, vcpu)
        else:
            pend(vcpu, cause, hart[Slot.TVAL])
            take(vcpu)
    return 1


def is_page_fault(cause: int) -> bool:
    """Say whether a hart with a walker of its own has found no translation."""
    return cause >= Cause.FETCH_PAGE and cause <= Cause.STORE_PAGE


def pass_on(hart: MachinePage, vcpu: MachinePage) -> None:
    """Make the hart's exit to a debugger the vCPU's own."""
    vcpu[Slot.EXIT] = hart[Slot.EXIT]
    vcpu[Slot.EXIT_ACCESS] = hart[Slot.EXIT_ACCESS]
    vcpu[Slot.EXIT_SIZE] = hart[Slot.EXIT_SIZE]
    vcpu[Slot.TVAL] = hart[Slot.TVAL]


def emulate(hart: MachinePage, vcpu: MachinePage, insn: int) -> None:
    """Carry out a privileged instruction on the vCPU, and on the hart's TLB what it asks there."""
    rs1 = insn >> 15 & 31
    rs2 = insn >> 20 & 31
    va = vcpu[rs1]
    asid = vcpu[rs2]
    traps = vcpu[Slot.TRAPS]
    engine_execute(vcpu, insn)
    if vcpu[Slot.TRAPS] != traps or vcpu[Slot.EXIT] == ExitReason.TRAP:
        count(vcpu, Count.EXCEPTION, 1)
    elif insn & FENCE_MASK == FENCE:
        count(vcpu, Count.FENCE, 1)
        fence_memory(hart, vcpu, rs1 != 0, va, rs2 != 0, asid)
    elif insn & GUEST_FENCE_MASK == GUEST_FENCE:
        count(vcpu, Count.FENCE, 1)
        forget_memory(hart, vcpu)
    elif insn & 0x7F == SYSTEM and insn & FUNCT3 == HYPERVISOR_ACCESS:
        count(vcpu, Count.EXCEPTION, 1)
        stepped_memory(hart, vcpu)
    else:
        count(vcpu, classify(insn), 1)
        if insn & 0x7F != SYSTEM:
            stepped_memory(hart, vcpu)
        if changes_protection(insn):
            forget_memory(hart, vcpu)


def changes_protection(insn: int) -> bool:
    """Say whether an instruction is an access to a CSR of memory protection, or of triggers."""
    number = insn >> 20
    is_csr = insn & 0x7F == SYSTEM and insn & FUNCT3 != 0
    is_protection = number >> 6 == PMP_CSRS >> 6 or number == MSECCFG_CSR
    return is_csr and (is_protection or number & ~7 == TRIGGER_CSRS)


def classify(insn: int) -> int:
    """Give the counter of a privileged instruction."""
    if insn == SRET:
        return Count.XRET
    if insn == MRET:
        return Count.XRET
    if insn == WFI:
        return Count.WFI
    if insn & 0x7F == SYSTEM and insn & FUNCT3 != 0:
        return Count.CSR
    if insn & ~INVALIDATION_END == INVALIDATION:
        return Count.FENCE
    return Count.EXCEPTION
