"""The CSR table, and reading and writing through it.

Most CSRs are a slot and a write mask; those whose access does more name a function in
`isa/csr_access.py`. Follows the chapter "Control and Status Registers (CSRs)" and the CSR sections
of the chapters "Machine-Level ISA" and "Supervisor-Level ISA" of the RISC-V Privileged
Architecture.
"""

from isa import csr_access as access
from isa import csr_hyper as hyper
from isa.counters import read_hpmcounter, read_scountovf, write_hpmcounter, write_hpmevent
from isa.csr import ALL, Csr, CsrTable
from isa.interrupts import current_mip
from isa.pmp import PMP_ENTRIES, write_mseccfg, write_pmpaddr, write_pmpcfg
from isa.state import Slot
from isa.triggers import (
    TRIGGER_INFO,
    read_tdata1,
    read_tdata2,
    write_tdata1,
    write_tdata2,
    write_tselect,
)

__all__ = ["ALL", "CSRS", "Csr", "CsrTable"]

_GUEST_EXCEPTIONS = 0xCB1FF  # what a hypervisor may pass on to its guest
_GUEST_IRQS = 0x444

_FLOAT_CSRS = (
    Csr("fflags", 0x001, "Accrued floating-point exceptions.", Slot.FFLAGS,
        write=access.write_fflags, ext="F"),
    Csr("frm", 0x002, "Dynamic rounding mode.", Slot.FRM, write=access.write_frm, ext="F"),
    Csr("fcsr", 0x003, "Rounding mode and exceptions.",
        read=access.read_fcsr, write=access.write_fcsr, ext="F"),
)  # fmt: skip

_COUNTER_CSRS = (
    Csr("cycle", 0xC00, "Cycles, for user code.", read=access.read_mcycle, ext="Zicntr"),
    Csr("time", 0xC01, "Wall-clock time in timebase ticks.", read=access.read_time, ext="Zicntr"),
    Csr("instret", 0xC02, "Instructions retired.", read=access.read_minstret, ext="Zicntr"),
    *(Csr(f"hpmcounter{i}", 0xC00 + i, "Event counter, for user code.",
          read=read_hpmcounter, index=i, ext="Zihpm") for i in range(3, 32)),
    Csr("scountovf", 0xDA0, "Event counters that have overflowed.",
        read=read_scountovf, ext="Sscofpmf"),
)  # fmt: skip

_S_CSRS = (
    Csr("sstatus", 0x100, "Supervisor's view of mstatus.", Slot.MSTATUS,
        read=access.read_sstatus, write=access.write_sstatus),
    Csr("sie", 0x104, "Supervisor's view of mie.", read=access.read_sie, write=access.write_sie),
    Csr("stvec", 0x105, "Base and mode of the S-mode trap vector.", Slot.STVEC, ALL & ~2),
    Csr("scounteren", 0x106, "Counters that U-mode may read.", Slot.SCOUNTEREN,
        write=access.write_scounteren),
    Csr("senvcfg", 0x10A, "Configuration of U-mode's environment.", Slot.SENVCFG,
        write=access.write_senvcfg),
    *(Csr(f"sstateen{i}", 0x10C + i, "State that U-mode may use: none is guarded.",
          Slot.SSTATEEN0 + i, mask=0, ext="Smstateen") for i in range(4)),
    Csr("sscratch", 0x140, "Scratch for S-mode trap handlers.", Slot.SSCRATCH),
    Csr(
        "sepc",
        0x141,
        "The pc at the last trap into S-mode.",
        Slot.SEPC,
        write=access.write_sepc,
    ),
    Csr("scause", 0x142, "Cause of the last trap into S-mode.", Slot.SCAUSE),
    Csr("stval", 0x143, "Address or instruction of the last trap into S-mode.", Slot.STVAL),
    Csr("sip", 0x144, "Supervisor's view of mip.", read=access.read_sip, write=access.write_sip),
    Csr("stimecmp", 0x14D, "Time of the supervisor timer interrupt.", Slot.STIMECMP, ext="Sstc"),
    Csr("satp", 0x180, "Root, ASID and mode of address translation.", Slot.SATP,
        write=access.write_satp),
)  # fmt: skip

_M_CSRS = (
    Csr("mvendorid", 0xF11, "Vendor: not implemented."),
    Csr("marchid", 0xF12, "Architecture: not implemented."),
    Csr("mimpid", 0xF13, "Implementation: not implemented."),
    Csr("mhartid", 0xF14, "Number of this hart.", Slot.MHARTID),
    Csr("mconfigptr", 0xF15, "Configuration structure: none."),
    Csr("mstatus", 0x300, "Status of the hart.", Slot.MSTATUS, write=access.write_mstatus),
    Csr("misa", 0x301, "Base and extensions; writes are ignored.", read=access.read_misa),
    Csr("medeleg", 0x302, "Exceptions delegated to S-mode.", Slot.MEDELEG,
        write=access.write_medeleg),
    Csr("mideleg", 0x303, "Interrupts delegated to S-mode.", Slot.MIDELEG,
        read=access.read_mideleg, write=access.write_mideleg),
    Csr("mie", 0x304, "Interrupts enabled.", Slot.MIE, write=access.write_mie),
    Csr("mtvec", 0x305, "Base and mode of the M-mode trap vector.", Slot.MTVEC, ALL & ~2),
    Csr("mcounteren", 0x306, "Counters that S-mode may read.", Slot.MCOUNTEREN,
        write=access.write_mcounteren),
    Csr("menvcfg", 0x30A, "Configuration of S-mode's environment.", Slot.MENVCFG,
        write=access.write_menvcfg),
    *(Csr(f"mstateen{i}", 0x30C + i, "State that lower modes may use.", Slot.MSTATEEN0 + i,
          write=access.write_stateen, index=i, ext="Smstateen") for i in range(4)),
    Csr("mcountinhibit", 0x320, "Counters that stand still.", Slot.MCOUNTINHIBIT,
        write=access.write_mcountinhibit),
    Csr("mscratch", 0x340, "Scratch for M-mode trap handlers.", Slot.MSCRATCH),
    Csr("mepc", 0x341, "The pc at the last trap into M-mode.", Slot.MEPC,
        write=access.write_mepc),
    Csr("mcause", 0x342, "Cause of the last trap into M-mode.", Slot.MCAUSE),
    Csr("mtval", 0x343, "Address or instruction of the last trap into M-mode.", Slot.MTVAL),
    Csr("mip", 0x344, "Interrupts pending.",
        read=current_mip, write=access.write_mip),
    Csr("mcycle", 0xB00, "Cycles.", read=access.read_mcycle, write=access.write_mcycle),
    Csr("minstret", 0xB02, "Instructions retired.",
        read=access.read_minstret, write=access.write_minstret),
    *(Csr(f"mhpmcounter{i}", 0xB00 + i, "Event counter.",
          read=read_hpmcounter, write=write_hpmcounter, index=i) for i in range(3, 32)),
    *(Csr(f"mhpmevent{i}", 0x320 + i, "What the event counter counts: 1 cycles, 2 instructions.",
          Slot.HPMEVENT3 + i - 3, write=write_hpmevent, index=i) for i in range(3, 32)),
)  # fmt: skip

_PMP_CSRS = (
    Csr("mseccfg", 0x747, "Security configuration: Smepmp.", Slot.MSECCFG,
        write=write_mseccfg, ext="Smepmp"),
    *(Csr(f"pmpcfg{i * 2}", 0x3A0 + i * 2, f"PMP entries {i * 8} to {i * 8 + 7}: rights and modes.",
          Slot.PMPCFG0 + i, write=write_pmpcfg, index=i) for i in range(PMP_ENTRIES // 8)),
    *(Csr(f"pmpcfg{i * 2}", 0x3A0 + i * 2, "PMP entries that are not there.", mask=0)
      for i in range(PMP_ENTRIES // 8, 8)),
    *(Csr(f"pmpaddr{i}", 0x3B0 + i, f"Address of PMP entry {i}.",
          Slot.PMPADDR0 + i, write=write_pmpaddr, index=i) for i in range(PMP_ENTRIES)),
    *(Csr(f"pmpaddr{i}", 0x3B0 + i, "Address of a PMP entry that is not there.", mask=0)
      for i in range(PMP_ENTRIES, 64)),
)  # fmt: skip

_TRIGGER_CSRS = (
    Csr("tselect", 0x7A0, "The trigger that the others are about.", Slot.TSELECT,
        write=write_tselect),
    Csr("tdata1", 0x7A1, "A trigger's type and control bits.",
        read=read_tdata1, write=write_tdata1),
    Csr("tdata2", 0x7A2, "The address that a trigger compares with.",
        read=read_tdata2, write=write_tdata2),
    Csr("tdata3", 0x7A3, "Contexts that a trigger is limited to: none."),
    Csr("tinfo", 0x7A4, "The types of trigger that there are.", fixed=TRIGGER_INFO),
)  # fmt: skip

_H_CSRS = (
    Csr("hstatus", 0x600, "Status of the guest.", Slot.HSTATUS, write=hyper.write_hstatus, ext="H"),
    Csr("hedeleg", 0x602, "Exceptions passed on to the guest.",
        Slot.HEDELEG, _GUEST_EXCEPTIONS, ext="H"),
    Csr("hideleg", 0x603, "Interrupts passed on to the guest.",
        Slot.HIDELEG, _GUEST_IRQS, ext="H"),
    Csr("hie", 0x604, "Enables of the guest's interrupts.",
        read=hyper.read_hie, write=hyper.write_hie, ext="H"),
    Csr("hcounteren", 0x606, "Counters that the guest may read.",
        Slot.HCOUNTEREN, write=access.write_hcounteren, ext="H"),
    Csr("hgeie", 0x607, "Guest external interrupts enabled: there are none.", ext="H"),
    Csr("htval", 0x643, "Guest-physical address of the last trap, shifted.", Slot.HTVAL, ext="H"),
    Csr("hip", 0x644, "The guest's interrupts pending.",
        read=hyper.read_hip, write=hyper.write_hip, ext="H"),
    Csr("hvip", 0x645, "Interrupts that the hypervisor makes pending.",
        Slot.HVIP, _GUEST_IRQS, ext="H"),
    Csr("htinst", 0x64A, "Transformed instruction of the last trap.", Slot.HTINST, ext="H"),
    Csr("hgeip", 0xE12, "Guest external interrupts pending: there are none.", ext="H"),
    Csr("henvcfg", 0x60A, "Configuration of the guest's environment.",
        read=hyper.read_henvcfg, write=hyper.write_henvcfg, ext="H"),
    *(Csr(f"hstateen{i}", 0x60C + i, "State that the guest may use.", read=access.read_hstateen,
          write=access.write_hstateen, index=i, ext="H&Smstateen") for i in range(4)),
    Csr("hgatp", 0x680, "Root, VMID and mode of the second stage of translation.",
        Slot.HGATP, write=hyper.write_hgatp, ext="H"),
    Csr("htimedelta", 0x605, "What the guest's time is ahead.", Slot.HTIMEDELTA, ext="H"),
    Csr("mtinst", 0x34A, "Transformed instruction of the last trap into M-mode.",
        Slot.MTINST, ext="H"),
    Csr("mtval2", 0x34B, "Guest-physical address of the last trap into M-mode, shifted.",
        Slot.MTVAL2, ext="H"),
    Csr("vsstatus", 0x200, "The guest's sstatus.",
        Slot.VSSTATUS, write=hyper.write_vsstatus, ext="H"),
    Csr("vsie", 0x204, "The guest's sie.",
        read=hyper.read_vsie, write=hyper.write_vsie, ext="H"),
    Csr("vstvec", 0x205, "The guest's stvec.", Slot.VSTVEC, ALL & ~2, ext="H"),
    Csr("vsscratch", 0x240, "The guest's sscratch.", Slot.VSSCRATCH, ext="H"),
    Csr("vsepc", 0x241, "The guest's sepc.", Slot.VSEPC, write=hyper.write_vsepc, ext="H"),
    Csr("vscause", 0x242, "The guest's scause.", Slot.VSCAUSE, ext="H"),
    Csr("vstval", 0x243, "The guest's stval.", Slot.VSTVAL, ext="H"),
    Csr("vsip", 0x244, "The guest's sip.",
        read=hyper.read_vsip, write=hyper.write_vsip, ext="H"),
    Csr("vstimecmp", 0x24D, "Time of the guest's timer interrupt.",
        Slot.VSTIMECMP, ext="H&Sstc"),
    Csr("vsatp", 0x280, "The guest's satp.", Slot.VSATP, write=hyper.write_vsatp, ext="H"),
)  # fmt: skip

CSRS = CsrTable(
    (*_FLOAT_CSRS, *_COUNTER_CSRS, *_S_CSRS, *_M_CSRS, *_PMP_CSRS, *_TRIGGER_CSRS, *_H_CSRS)
)
