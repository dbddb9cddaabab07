"""Taking traps and returning from them: every cause, from every privilege, delegated or not.

Programs run on all engines; expected states are built here from the manual's rules, bit by bit.
"""

import itertools

import pytest

from isa import mstatus as ms
from isa.causes import INTERRUPT, Cause, Irq, Priv
from isa.csrs import CSRS
from isa.exits import ExitReason
from isa.state import Slot
from tests.isa.bench import CODE, DATA, M_VECTOR, NOWHERE, S_VECTOR, asm, bench, run, status

BELOW_M = (Priv.U, Priv.S)
ALL_PRIVS = (Priv.U, Priv.S, Priv.M)


@pytest.mark.parametrize(
    ("word", "tval"),
    [(0xFFFFFFFF, 0xFFFFFFFF), (0x0000_0007, 7), (0x1234_4001, 0x4001), (0xABCD_0000, 0)],
)
def test_an_illegal_instruction_leaves_its_own_bits_in_tval(engine, word, tval):
    hart = bench(Priv.M, word)
    run(engine, hart)
    assert hart.csr["mcause"] == Cause.ILLEGAL
    assert hart.csr["mtval"] == tval
    assert hart.csr["mepc"] == CODE


def cause_ecall(priv: Priv) -> int:
    """Give the cause of an ecall."""
    return {Priv.U: 8, Priv.S: 9, Priv.M: 11}[priv]


# Name: instruction, x11 before it, cause (None: by privilege), tval
EXCEPTIONS = {
    "jump to a misaligned target": (asm("jalr", rd=1, rs1=11, imm=2), CODE, 0, CODE + 2),
    "fetch outside RAM": (asm("jalr", rd=0, rs1=11, imm=0), NOWHERE, 1, NOWHERE),
    "illegal instruction": (0xFFFFFFFF, 0, 2, 0xFFFFFFFF),
    "breakpoint": (asm("ebreak"), 0, 3, CODE),
    "misaligned load from a device": (asm("ld", rd=1, rs1=11, imm=0), NOWHERE + 4, 5, NOWHERE + 4),
    "misaligned store to a device": (asm("sh", rs1=11, rs2=1, imm=1), NOWHERE, 7, NOWHERE + 1),
    "environment call": (asm("ecall"), 0, None, 0),
}


@pytest.mark.parametrize("is_delegated", [False, True])
@pytest.mark.parametrize("priv", ALL_PRIVS)
@pytest.mark.parametrize("name", EXCEPTIONS)
def test_an_exception_enters_the_handler_that_delegation_chooses(engine, name, priv, is_delegated):
    word, x11, cause, tval = EXCEPTIONS[name]
    if cause is None:
        cause = cause_ecall(priv)
    hart = bench(priv, word)
    hart.x[11], hart.x[1] = x11, 77
    hart.csr["medeleg"] = (1 << cause) * is_delegated
    before = hart.csr["mstatus"]
    run(engine, hart, 2 if cause == 1 else 1)
    epc = NOWHERE if cause == 1 else CODE
    taken_by_s = is_delegated and priv != Priv.M
    prefix = "s" if taken_by_s else "m"
    assert hart.priv == (Priv.S if taken_by_s else Priv.M)
    assert hart.pc == (S_VECTOR if taken_by_s else M_VECTOR)
    assert hart.csr[f"{prefix}cause"] == cause
    assert hart.csr[f"{prefix}epc"] == epc
    assert hart.csr[f"{prefix}tval"] == tval
    assert hart.x[1] == 77
    previous = priv << ms.MPP_SHIFT
    if taken_by_s:
        previous = ms.SPP if priv == Priv.S else 0
    assert hart.csr["mstatus"] == before | previous
    other = "m" if taken_by_s else "s"
    assert hart.csr[f"{other}cause"] == hart.csr[f"{other}epc"] == hart.csr[f"{other}tval"] == 0


@pytest.mark.parametrize("enabled", [0, 1])
@pytest.mark.parametrize("to_s", [False, True])
def test_a_trap_stacks_the_interrupt_enable_and_switches_it_off(engine, to_s, enabled):
    ie, pie = (ms.SIE, ms.SPIE) if to_s else (ms.MIE, ms.MPIE)
    hart = bench(Priv.S, asm("ebreak"))
    hart.csr["medeleg"] = 8 * to_s
    hart.csr["mstatus"] = (ie if enabled else pie) | ms.MPRV | ms.SUM | ms.TVM
    run(engine, hart)
    previous = ms.SPP if to_s else Priv.S << ms.MPP_SHIFT
    kept = ms.MPRV | ms.SUM | ms.TVM
    assert status(hart) == kept | previous | (pie if enabled else 0)


@pytest.mark.parametrize("mode", [0, 1])
@pytest.mark.parametrize("to_s", [False, True])
def test_vectored_mode_spreads_interrupts_and_not_exceptions(engine, to_s, mode):
    prefix, vector = ("s", S_VECTOR) if to_s else ("m", M_VECTOR)
    hart = bench(Priv.U, asm("ecall"))
    hart.csr[f"{prefix}tvec"] = vector | mode
    hart.csr["medeleg"], hart.csr["mideleg"] = (0x100, 0x222) if to_s else (0, 0)
    run(engine, hart)
    assert hart.pc == vector
    hart = bench(Priv.U, asm("ecall"))
    hart.csr[f"{prefix}tvec"] = vector | mode
    hart.csr["mideleg"] = 0x222 * to_s
    hart.csr["mie"] = hart.csr["mip"] = 1 << Irq.STI
    run(engine, hart)
    assert hart.pc == vector + 4 * Irq.STI * mode
    assert hart.csr[f"{prefix}cause"] == INTERRUPT | Irq.STI
    assert hart.csr[f"{prefix}epc"] == CODE
    assert hart.csr[f"{prefix}tval"] == 0


# Interrupts

ORDER = (Irq.MEI, Irq.MSI, Irq.MTI, Irq.SEI, Irq.SSI, Irq.STI)  # highest first


@pytest.mark.parametrize("pair", list(itertools.combinations(ORDER, 2)), ids=str)
def test_of_two_interrupts_for_m_the_manuals_order_decides(engine, pair):
    hart = bench(Priv.U, asm("ecall"))
    hart[Slot.MIP] = hart[Slot.MIE] = sum(1 << irq for irq in pair)
    run(engine, hart)
    assert hart.csr["mcause"] == INTERRUPT | pair[0]


def test_an_interrupt_for_m_comes_before_any_that_is_delegated(engine):
    hart = bench(Priv.U, asm("ecall"))
    hart[Slot.MIP] = hart[Slot.MIE] = 1 << Irq.STI | 1 << Irq.SEI
    hart.csr["mideleg"] = 1 << Irq.SEI
    run(engine, hart)
    assert (hart.csr["mcause"], hart.priv) == (INTERRUPT | Irq.STI, Priv.M)


@pytest.mark.parametrize("is_delegated", [False, True])
@pytest.mark.parametrize("mie", [0, ms.MIE])
@pytest.mark.parametrize("sie", [0, ms.SIE])
@pytest.mark.parametrize("priv", ALL_PRIVS)
@pytest.mark.parametrize("irq", ORDER, ids=lambda irq: irq.name)
def test_when_an_interrupt_is_taken(engine, irq, priv, sie, mie, is_delegated):
    hart = bench(priv, asm("addi", rd=1, rs1=0, imm=5))
    hart[Slot.MIP] = hart[Slot.MIE] = 1 << irq
    hart.csr["mstatus"] = sie | mie
    hart.csr["mideleg"] = (1 << irq) * is_delegated
    if is_delegated and irq in (Irq.SSI, Irq.STI, Irq.SEI):  # mideleg has no bits for the others
        target, is_taken = Priv.S, priv == Priv.U or (priv == Priv.S and sie)
    else:
        target, is_taken = Priv.M, priv < Priv.M or mie
    run(engine, hart)
    assert hart.x[1] == (0 if is_taken else 5)
    assert hart.priv == (target if is_taken else priv)


@pytest.mark.parametrize("missing", ["mip", "mie"])
def test_an_interrupt_needs_both_its_bits(engine, missing):
    hart = bench(Priv.U, asm("addi", rd=1, rs1=0, imm=5))
    hart[Slot.MIP] = hart[Slot.MIE] = 1 << Irq.MTI
    hart[Slot.MIP if missing == "mip" else Slot.MIE] = 0
    run(engine, hart)
    assert (hart.x[1], hart.priv) == (5, Priv.U)


@pytest.mark.parametrize("enable", ["mie", "mstatus", "mret"])
def test_an_interrupt_is_taken_right_after_the_instruction_that_enables_it(engine, enable):
    enabling = {
        "mie": asm("csrrw", rd=0, csr=0x304, rs1=11),
        "mstatus": asm("csrrw", rd=0, csr=0x300, rs1=12),
        "mret": asm("mret"),
    }[enable]
    hart = bench(Priv.M, enabling, asm("addi", rd=1, rs1=0, imm=5))
    hart[Slot.MIP] = 1 << Irq.STI
    hart.csr["mie"] = 0 if enable == "mie" else 1 << Irq.STI
    hart.csr["mepc"] = CODE + 4
    hart.csr["mstatus"] = ms.MIE if enable == "mie" else ms.MPIE | ms.MPP
    hart.x[11], hart.x[12] = 1 << Irq.STI, ms.MIE
    run(engine, hart, 2)
    assert hart.csr["mcause"] == INTERRUPT | Irq.STI
    assert (hart.csr["mepc"], hart.x[1]) == (CODE + 4, 0)


# Returning


@pytest.mark.parametrize("pie", [0, 1])
@pytest.mark.parametrize("back_to", ALL_PRIVS)
def test_mret_undoes_a_trap(engine, back_to, pie):
    hart = bench(Priv.M, asm("mret"))
    hart.csr["mepc"] = DATA
    hart.csr["mstatus"] = back_to << ms.MPP_SHIFT | ms.MPIE * pie | ms.MPRV | ms.SUM | ms.SPIE
    run(engine, hart)
    assert (hart.pc, hart.priv) == (DATA, back_to)
    mprv = ms.MPRV if back_to == Priv.M else 0
    assert status(hart) == ms.MIE * pie | ms.MPIE | mprv | ms.SUM | ms.SPIE


@pytest.mark.parametrize("pie", [0, 1])
@pytest.mark.parametrize("back_to", BELOW_M)
@pytest.mark.parametrize("priv", [Priv.S, Priv.M])
def test_sret_undoes_a_trap(engine, priv, back_to, pie):
    hart = bench(priv, asm("sret"))
    hart.csr["sepc"] = DATA
    hart.csr["mstatus"] = ms.SPP * back_to | ms.SPIE * pie | ms.MPRV | ms.MXR | ms.MPIE
    run(engine, hart)
    assert (hart.pc, hart.priv) == (DATA, back_to)
    assert status(hart) == ms.SIE * pie | ms.SPIE | ms.MXR | ms.MPIE


# Name: bit of mstatus that makes it illegal in S-mode, privileges that may otherwise
GUARDED = {
    "mret": (asm("mret"), 0, (Priv.M,)),
    "sret": (asm("sret"), ms.TSR, (Priv.S, Priv.M)),
    "wfi": (asm("wfi"), ms.TW, (Priv.S, Priv.M)),
    "sfence.vma": (asm("sfence.vma", rs1=0, rs2=0), ms.TVM, (Priv.S, Priv.M)),
}


@pytest.mark.parametrize("trap_bit", [False, True])
@pytest.mark.parametrize("priv", ALL_PRIVS)
@pytest.mark.parametrize("name", GUARDED)
def test_who_may_execute_privileged_instructions(engine, name, priv, trap_bit):
    word, bit, allowed = GUARDED[name]
    hart = bench(priv, word)
    hart.csr["mstatus"] = bit if trap_bit else ms.MSTATUS_WRITABLE & ~bit & ~ms.MPP & ~ms.MIE
    hart.csr["mepc"] = hart.csr["sepc"] = DATA
    hart[Slot.MIP] = hart[Slot.MIE] = 0
    run(engine, hart)
    may = priv in allowed and not (priv == Priv.S and trap_bit and bit)
    assert (hart.csr["mcause"] == Cause.ILLEGAL) != may
    if not may:
        assert (hart.csr["mtval"], hart.csr["mepc"], hart.priv) == (word, CODE, Priv.M)


# Waiting


def test_wfi_retires_then_waits_until_something_is_pending(engine):
    hart = bench(Priv.M, asm("wfi"), asm("addi", rd=1, rs1=0, imm=5))
    hart.csr["mie"] = 1 << Irq.MTI
    assert run(engine, hart, 10).reason is ExitReason.WFI
    assert (hart.pc, hart.csr["minstret"], hart.x[1]) == (CODE + 4, 1, 0)
    assert run(engine, hart, 10).reason is ExitReason.WFI
    hart[Slot.MIP] = 1 << Irq.MTI
    assert run(engine, hart, 1).reason is ExitReason.FUEL
    assert hart.x[1] == 5  # mstatus.MIE is off: it goes on, without a trap


def test_wfi_does_not_wait_for_what_is_pending_and_enabled_in_mie(engine):
    hart = bench(Priv.S, asm("wfi"), asm("addi", rd=1, rs1=0, imm=5))
    hart.csr["mideleg"] = hart.csr["mie"] = hart[Slot.MIP] = 1 << Irq.SSI
    assert run(engine, hart, 2).reason is ExitReason.FUEL
    assert hart.x[1] == 5


def test_a_wait_ends_in_a_trap_when_interrupts_are_enabled(engine):
    hart = bench(Priv.M, asm("wfi"))
    hart.csr["mstatus"], hart.csr["mie"] = ms.MIE, 1 << Irq.MTI
    assert run(engine, hart, 5).reason is ExitReason.WFI
    hart[Slot.MIP] = 1 << Irq.MTI
    run(engine, hart, 1)
    assert (hart.csr["mepc"], hart.csr["mcause"]) == (CODE + 4, INTERRUPT | Irq.MTI)


# A hart whose M-mode is the environment


@pytest.mark.parametrize("priv", ALL_PRIVS)
def test_a_hosted_hart_exits_where_it_would_enter_m_mode(engine, priv):
    hart = bench(priv, asm("ecall"))
    hart[Slot.HOSTED] = 1
    found = run(engine, hart)
    assert (found.reason, found.cause) == (ExitReason.TRAP, cause_ecall(priv))
    assert (found.pc, hart.pc, hart.priv) == (CODE, CODE, priv)
    assert hart.csr["mepc"] == hart.csr["mcause"] == 0


def test_a_hosted_hart_takes_delegated_traps_itself(engine):
    hart = bench(Priv.U, asm("ecall"))
    hart[Slot.HOSTED] = 1
    hart.csr["medeleg"] = 1 << Cause.ECALL_U
    assert run(engine, hart).reason is ExitReason.FUEL
    assert (hart.pc, hart.priv) == (S_VECTOR, Priv.S)


def test_a_hosted_hart_exits_for_an_interrupt(engine):
    hart = bench(Priv.U, asm("ecall"))
    hart[Slot.HOSTED] = 1
    hart[Slot.MIP] = hart[Slot.MIE] = 1 << Irq.MTI
    found = run(engine, hart, 5)
    assert (found.reason, found.cause) == (ExitReason.TRAP, INTERRUPT | Irq.MTI)
    assert hart.pc == CODE


def test_the_line_and_the_written_bit_of_an_external_interrupt_are_apart(engine):
    seip = 1 << Irq.SEI
    mip = CSRS.by_name["mip"].number
    number = {name: asm(f"csrr{name}", rd=10, csr=mip, rs1=11) for name in "swc"}
    hart = bench(Priv.M, *(number[name] for name in "sscsw"), asm("csrrs", rd=10, csr=mip, rs1=0))
    hart[Slot.LINES] = seip
    hart.x[11] = 1 << Irq.SSI
    run(engine, hart)  # sets another bit: the line is read, and not written back
    assert (hart.x[10], hart[Slot.MIP]) == (seip, 1 << Irq.SSI)
    hart.x[11] = seip
    run(engine, hart)
    assert hart[Slot.MIP] == seip | 1 << Irq.SSI
    run(engine, hart)  # clears what was written: the line goes on
    assert (hart[Slot.MIP], hart.csr["mip"]) == (1 << Irq.SSI, seip | 1 << Irq.SSI)
    hart[Slot.LINES] = 0
    assert hart.csr["mip"] == 1 << Irq.SSI
    run(engine, hart, 3)
    assert (hart.x[10], hart[Slot.MIP]) == (seip, seip)


def test_a_line_interrupts_without_a_written_bit(engine):
    hart = bench(Priv.U, asm("addi", rd=0, rs1=0, imm=0))
    hart[Slot.LINES] = hart[Slot.MIE] = 1 << Irq.MEI
    run(engine, hart)
    assert hart.csr["mcause"] == INTERRUPT | Irq.MEI
