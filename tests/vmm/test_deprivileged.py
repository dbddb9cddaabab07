"""Deprivileged execution: every privileged instruction does what it does on a hart of its own."""

import pytest

from isa.csrs import CSRS
from isa.state import Slot
from tests.vmm import soup
from tests.vmm.machines import PASS, POWER_OFF, RAM, load, make, registers, run_everywhere
from vmm.config import TlbShape
from vmm.counts import Count
from vmm.schema import EXIT_NAMES
from vmm.stop import StopReason
from vmm.vcpu import VirtualCpu

# M-mode sets {mstatus} and goes to {mode}; each trap is recorded and steps over its instruction.
PRIVILEGES = {"machine": 3, "supervisor": 1, "user": 0}
FRAME = """
    la t0, handler
    csrw mtvec, t0
    la t0, table
    csrw mscratch, t0
    li t0, {mpp} << 11 | {mstatus}
    csrs mstatus, t0
    la t0, body
    csrw mepc, t0
    li s0, 0x1234
    li s1, 0x80301000
    mret
    .balign 4
handler:
    csrr t5, mcause
    li t6, 11
    beq t5, t6, over
    li t6, 8
    beq t5, t6, over
    li t6, 9
    beq t5, t6, over
    addi s11, s11, 1
    mv s10, t5
    csrr s9, mtval
    csrr t6, mepc
    addi t6, t6, 4
    csrw mepc, t6
    mret
over:
    mv s8, t5
    csrr s7, mstatus
"""
BODY = """
    .balign 4
body:
    {insn}
    ecall
table:
"""


def execute(insn, mode, engine, mstatus="0"):
    """Execute one instruction in a mode, everywhere; give the registers after the ecall behind."""
    frame = FRAME.format(mpp=PRIVILEGES[mode], mstatus=mstatus)
    text = frame + PASS + BODY.format(insn=insn)
    machine = run_everywhere(text, engines=[engine], entry=RAM, ram=4 << 20)
    assert machine.stop is not None
    assert machine.stop.reason is StopReason.EXIT
    return registers(machine)[0], machine


FAMILIES = ("mhpmcounter", "mhpmevent", "pmpcfg", "pmpaddr")
DULL = tuple(  # of a family the first and the last but few are enough
    csr for csr in CSRS.by_name if csr.startswith(FAMILIES) and csr[-1] not in "03"
)
NAMES = [csr for csr in CSRS.by_name if csr not in DULL]


def accesses(name):
    """Give every kind of access to a CSR, as far as the frame around survives it."""
    if name in ("mtvec", "mepc", "mstatus", "mcause", "mseccfg") or name.startswith("pmpcfg"):
        return [f"csrr a0, {name}"]
    if name == "satp":
        return ["csrr a0, satp", "csrrw a1, satp, zero", "csrrs a2, satp, s0", "csrr a3, satp"]
    kinds = ("csrr a0, {}", "csrrw a1, {}, s1", "csrrs a2, {}, s0", "csrrc a3, {}, s0")
    more = ("csrrwi a4, {}, 0", "csrrsi a5, {}, 21", "csrrci a6, {}, 5", "csrrwi a7, {}, 0")
    return [kind.format(name) for kind in kinds + more]


@pytest.mark.parametrize("mode", PRIVILEGES)
def test_every_csr_is_read_and_written_as_on_a_bare_hart(mode):
    """All that is read goes to memory, which is compared."""
    level = PRIVILEGES[mode]
    lines = ["li s3, 0x80310000"]
    illegal = 0
    for name in NAMES:
        for access in accesses(name):
            register = access.split()[1].rstrip(",")
            lines += [access, f"sd {register}, 0(s3)", "addi s3, s3, 8"]
        illegal += len(accesses(name)) if CSRS.by_name[name].priv > level else 0
    hart, _ = execute("\n    ".join(lines), mode, load())
    assert hart["X27"] >= illegal


@pytest.mark.parametrize(
    ("insn", "mode", "mstatus", "is_illegal"),
    [
        ("mret", "supervisor", "0", True),
        ("mret", "user", "0", True),
        ("sret", "user", "0", True),
        ("sret", "supervisor", "1 << 22", True),
        ("wfi", "user", "0", True),
        ("wfi", "supervisor", "1 << 21", True),
        ("wfi", "machine", "1 << 21 | 8", False),
        ("sfence.vma", "user", "0", True),
        ("sfence.vma", "supervisor", "1 << 20", True),
        ("sfence.vma s0, s1", "supervisor", "0", False),
        ("sfence.vma", "machine", "1 << 20", False),
        ("csrr a0, satp", "supervisor", "1 << 20", True),
        ("csrr a0, satp", "machine", "1 << 20", False),
        ("csrw cycle, zero", "machine", "0", True),
        (".word 0", "machine", "0", True),
        (".word 0xffffffff", "supervisor", "0", True),
        (".word 0x7ff0f073", "machine", "0", True),
        ("fence.i", "user", "0", False),
    ],
)
def test_an_instruction_is_illegal_where_the_manual_says(engine, insn, mode, mstatus, is_illegal):
    if insn == "wfi" and not is_illegal:
        insn = "li t0, 2\n    csrw mip, t0\n    csrw mie, t0\n    csrw mstatus, zero\n    wfi"
    hart, machine = execute(insn, mode, engine, mstatus)
    assert hart["X27"] == int(is_illegal)
    assert hart["X26"] == (2 if is_illegal else 0)
    if is_illegal:
        assert dict(machine.cpu.counters())["exit.exception"] >= 1


@pytest.mark.parametrize("mpp", [0, 1, 3])
@pytest.mark.parametrize("bits", [0xC7, 0xD7, 0xD3, 0xDB, 0xD9, 0x17])
def test_mprv_lends_the_view_of_mpp_to_loads_and_stores(mpp, bits):
    widths = ("lb", "ld", "sb", "sd")
    guest = f"""
    la t0, handler
    csrw mtvec, t0
    li s0, 0x80300000
    li t0, 0x80000000 >> 2 | {bits}
    sd t0, 0(s0)                        # virtual 0 is the start of RAM
    li t0, 8 << 60 | 0x80300
    csrw satp, t0
    li s1, 0x310000
    li t0, {mpp} << 11 | 1 << 17
    csrs mstatus, t0
    {"; ".join(f"{width} a1, 0(s1)" for width in widths)}
    li t0, 1 << 18 | 1 << 19            # SUM, MXR
    csrs mstatus, t0
    {"; ".join(f"{width} a2, 8(s1)" for width in widths)}
    li t0, 1 << 17
    csrc mstatus, t0
    {PASS}
    .balign 4
handler:
    addi s11, s11, 1
    csrr s10, mcause
    csrr s9, mtval
    csrr t0, mepc
    addi t0, t0, 4
    csrw mepc, t0
    li t0, {mpp} << 11 | 1 << 17
    csrs mstatus, t0
    jr t1
"""
    guest = guest.replace("    jr t1\n", "    csrr t1, mepc\n    jr t1\n")
    run_everywhere(guest, engines=[load()], entry=RAM)


@pytest.mark.parametrize("tlb", [TlbShape(1, 1), TlbShape(1, 2), TlbShape(2, 1)], ids=str)
@pytest.mark.parametrize("seed", range(6))
def test_random_privileged_programs_run_the_same_with_the_smallest_tlbs(seed, tlb):
    data, tables = soup.program(1000 + seed)
    run_everywhere(
        data,
        engines=[load()],
        limit=2000,
        tlb=tlb,
        entry=RAM,
        more=tables,
        tick=10,
        second=TlbShape(4, 1),
    )


def test_vectored_interrupts_go_to_their_own_entries(engine):
    guest = (
        """
    la t0, vectors
    addi t0, t0, 1
    csrw mtvec, t0
    li t0, 0x2000000
    li t1, 1
    sw t1, 0(t0)                        # msip
    li t1, 8
    csrw mie, t1
    csrsi mstatus, 8
    ebreak
    .balign 256
vectors:
    li s0, 1                            # exceptions
    j pass
    nop
    j software
    .zero 64
software:
    li s0, 2
    csrr s1, mcause
"""
        + PASS
    )
    (hart,) = registers(run_everywhere(guest, engines=[engine], entry=RAM))
    assert (hart["X8"], hart["X9"]) == (2, 1 << 63 | 3)


def test_a_supervisor_counts_each_exit_under_one_cause(engine):
    guest = (
        """
    la t0, handler
    csrw stvec, t0
    csrr t1, sscratch
    csrr t1, sepc
    sfence.vma
    ebreak
    .word 0
    li t2, 0x10000000
    lbu t3, 5(t2)
    lbu t3, 0(zero)
    j power_off
    .balign 4
handler:
    csrr t6, sepc
    addi t6, t6, 4
    csrw sepc, t6
    sret
"""
        + POWER_OFF
    )
    machine = make("softtlb", engine, guest)
    assert machine.run(1000).reason is StopReason.EXIT
    counts = {name: dict(machine.cpu.counters())[f"exit.{name}"] for name in EXIT_NAMES}
    expected = {"tlb_miss": 2, "csr": 3 + 3 * 2, "xret": 3, "fence": 1, "exception": 2, "sbi": 1}
    # One TLB miss at the start, one behind the fence.
    assert {name: n for name, n in counts.items() if n} == expected | {"mmio": 2}


def test_the_counters_are_in_the_order_of_the_schema():
    assert [Count[name.upper()] for name in EXIT_NAMES] == list(range(len(EXIT_NAMES)))


def test_the_hart_below_never_leaves_user_mode(engine):
    data, tables = soup.program(7)
    machine = make("softtlb", engine, data, entry=RAM, more=tables, tick=10)
    assert isinstance(machine.cpu, VirtualCpu)
    for _ in range(40):
        machine.run(10)
        for host in machine.cpu.hosts:
            assert host.slots[Slot.PRIV] == 0
            assert host.slots[Slot.HOSTED] == 1
            assert host.slots[Slot.X0] == 0
