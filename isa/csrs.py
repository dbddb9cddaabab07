"""The CSR table, and reading and writing through it.

Most CSRs are a slot and a write mask; those whose access does more name a function in
`isa/csr_access.py`. Follows the chapter "Control and Status Registers (CSRs)" and the CSR sections
of the chapters "Machine-Level ISA" and "Supervisor-Level ISA" of the RISC-V Privileged
Architecture.
"""

from isa import csr_access as access
from isa.csr import ALL, Csr, CsrTable
from isa.pmp import PMP_ENTRIES, write_mseccfg, write_pmpaddr, write_pmpcfg
from isa.state import Slot

__all__ = ["ALL", "CSRS", "Csr", "CsrTable"]

_EXCEPTIONS = 0xB3FF  # every exception code of M/S/U that may come from below M-mode
_S_IRQS = 0x222
_ALL_IRQS = 0xAAA
_COUNTERS = 7

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
)

_S_CSRS = (
    Csr("sstatus", 0x100, "Supervisor's view of mstatus.", Slot.MSTATUS,
        read=access.read_sstatus, write=access.write_sstatus),
    Csr("sie", 0x104, "Supervisor's view of mie.", read=access.read_sie, write=access.write_sie),
    Csr("stvec", 0x105, "Base and mode of the S-mode trap vector.", Slot.STVEC, ALL & ~2),
    Csr("scounteren", 0x106, "Counters that U-mode may read.", Slot.SCOUNTEREN, _COUNTERS),
    Csr("senvcfg", 0x10A, "Configuration of U-mode's environment.", Slot.SENVCFG, 1),
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
    Csr("medeleg", 0x302, "Exceptions delegated to S-mode.", Slot.MEDELEG, _EXCEPTIONS),
    Csr("mideleg", 0x303, "Interrupts delegated to S-mode.", Slot.MIDELEG, _S_IRQS),
    Csr("mie", 0x304, "Interrupts enabled.", Slot.MIE, _ALL_IRQS),
    Csr("mtvec", 0x305, "Base and mode of the M-mode trap vector.", Slot.MTVEC, ALL & ~2),
    Csr("mcounteren", 0x306, "Counters that S-mode may read.", Slot.MCOUNTEREN, _COUNTERS),
    Csr("menvcfg", 0x30A, "Configuration of S-mode's environment.", Slot.MENVCFG, 1),
    Csr("mcountinhibit", 0x320, "Counters that stand still.", Slot.MCOUNTINHIBIT,
        write=access.write_mcountinhibit),
    Csr("mscratch", 0x340, "Scratch for M-mode trap handlers.", Slot.MSCRATCH),
    Csr("mepc", 0x341, "The pc at the last trap into M-mode.", Slot.MEPC,
        write=access.write_mepc),
    Csr("mcause", 0x342, "Cause of the last trap into M-mode.", Slot.MCAUSE),
    Csr("mtval", 0x343, "Address or instruction of the last trap into M-mode.", Slot.MTVAL),
    Csr("mip", 0x344, "Interrupts pending.", Slot.MIP, _S_IRQS),
    Csr("mcycle", 0xB00, "Cycles.", read=access.read_mcycle, write=access.write_mcycle),
    Csr("minstret", 0xB02, "Instructions retired.",
        read=access.read_minstret, write=access.write_minstret),
    *(Csr(f"mhpmcounter{i}", 0xB00 + i, "Event counter: counts nothing.", mask=0)
      for i in range(3, 32)),
    *(Csr(f"mhpmevent{i}", 0x320 + i, "Event selector: no events.", mask=0) for i in range(3, 32)),
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

CSRS = CsrTable((*_FLOAT_CSRS, *_COUNTER_CSRS, *_S_CSRS, *_M_CSRS, *_PMP_CSRS))
