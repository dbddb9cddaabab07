"""The hart page: all state of a hart as one flat page of unsigned 64-bit slots.

Python and the compiled engines see the same memory. Slots up to `Slot.ARCH_END` are architectural
(they are what a snapshot or a state hash holds); those after it are configuration, what an exit
says, and host addresses that no guest can reach.
"""

from enum import IntEnum, auto


class _From0(IntEnum):
    @staticmethod
    def _generate_next_value_(name: str, start: int, count: int, last: list[int]) -> int:
        return count


class Slot(_From0):
    """Index of a slot in the hart page."""

    (X0, X1, X2, X3, X4, X5, X6, X7, X8, X9) = range(10)
    (X10, X11, X12, X13, X14, X15, X16, X17, X18, X19) = range(10, 20)
    (X20, X21, X22, X23, X24, X25, X26, X27, X28, X29, X30, X31) = range(20, 32)
    SINK = auto()  # where compiled code writes results for x0
    PC = auto()
    PRIV = auto()
    MHARTID = auto()
    MSTATUS = auto()
    MTVEC = auto()
    MEDELEG = auto()
    MIDELEG = auto()
    MIE = auto()
    MIP = auto()
    LINES = auto()  # MEIP and SEIP as the interrupt controller drives them; MIP has what is written
    MEPC = auto()
    MCAUSE = auto()
    MTVAL = auto()
    MSCRATCH = auto()
    MCOUNTEREN = auto()
    MCOUNTINHIBIT = auto()
    MENVCFG = auto()
    STVEC = auto()
    SEPC = auto()
    SCAUSE = auto()
    STVAL = auto()
    SSCRATCH = auto()
    SCOUNTEREN = auto()
    SENVCFG = auto()
    SATP = auto()
    MSECCFG = auto()
    (PMPCFG0, PMPCFG2) = (auto() for _ in range(2))
    (PMPADDR0, PMPADDR1, PMPADDR2, PMPADDR3) = (auto() for _ in range(4))
    (PMPADDR4, PMPADDR5, PMPADDR6, PMPADDR7) = (auto() for _ in range(4))
    (PMPADDR8, PMPADDR9, PMPADDR10, PMPADDR11) = (auto() for _ in range(4))
    (PMPADDR12, PMPADDR13, PMPADDR14, PMPADDR15) = (auto() for _ in range(4))
    (HPMCOUNTER3, HPMCOUNTER4, HPMCOUNTER5, HPMCOUNTER6, HPMCOUNTER7) = (auto() for _ in range(5))
    (HPMCOUNTER8, HPMCOUNTER9, HPMCOUNTER10, HPMCOUNTER11) = (auto() for _ in range(4))
    (HPMCOUNTER12, HPMCOUNTER13, HPMCOUNTER14, HPMCOUNTER15) = (auto() for _ in range(4))
    (HPMCOUNTER16, HPMCOUNTER17, HPMCOUNTER18, HPMCOUNTER19) = (auto() for _ in range(4))
    (HPMCOUNTER20, HPMCOUNTER21, HPMCOUNTER22, HPMCOUNTER23) = (auto() for _ in range(4))
    (HPMCOUNTER24, HPMCOUNTER25, HPMCOUNTER26, HPMCOUNTER27) = (auto() for _ in range(4))
    (HPMCOUNTER28, HPMCOUNTER29, HPMCOUNTER30, HPMCOUNTER31) = (auto() for _ in range(4))
    (HPMEVENT3, HPMEVENT4, HPMEVENT5, HPMEVENT6, HPMEVENT7) = (auto() for _ in range(5))
    (HPMEVENT8, HPMEVENT9, HPMEVENT10, HPMEVENT11) = (auto() for _ in range(4))
    (HPMEVENT12, HPMEVENT13, HPMEVENT14, HPMEVENT15) = (auto() for _ in range(4))
    (HPMEVENT16, HPMEVENT17, HPMEVENT18, HPMEVENT19) = (auto() for _ in range(4))
    (HPMEVENT20, HPMEVENT21, HPMEVENT22, HPMEVENT23) = (auto() for _ in range(4))
    (HPMEVENT24, HPMEVENT25, HPMEVENT26, HPMEVENT27) = (auto() for _ in range(4))
    (HPMEVENT28, HPMEVENT29, HPMEVENT30, HPMEVENT31) = (auto() for _ in range(4))
    HPM_SINCE = auto()  # INSTRET when the event counters were last brought up to date
    HPM_RUNNING = auto()  # bits of the event counters that count in the current mode
    HPM_CHOSEN = auto()  # bits of the event counters that have an event
    STIMECMP = auto()
    TSELECT = auto()
    (TDATA1, TDATA1_1, TDATA1_2, TDATA1_3) = (auto() for _ in range(4))  # 0: disabled
    (TDATA2, TDATA2_1, TDATA2_2, TDATA2_3) = (auto() for _ in range(4))
    ARMED = auto()  # a bit for each kind of access that triggers look at (isa.mmu.Access)
    (MSTATEEN0, MSTATEEN1, MSTATEEN2, MSTATEEN3) = (auto() for _ in range(4))
    (HSTATEEN0, HSTATEEN1, HSTATEEN2, HSTATEEN3) = (auto() for _ in range(4))
    (SSTATEEN0, SSTATEEN1, SSTATEEN2, SSTATEEN3) = (auto() for _ in range(4))
    V = auto()  # 1 in VS and VU-mode
    (HSTATUS, HEDELEG, HIDELEG, HVIP, HCOUNTEREN, HENVCFG) = (auto() for _ in range(6))
    (HGATP, HTIMEDELTA, HTVAL, HTINST, MTVAL2, MTINST) = (auto() for _ in range(6))
    (VSSTATUS, VSTVEC, VSSCRATCH, VSEPC, VSCAUSE, VSTVAL) = (auto() for _ in range(6))
    (VSATP, VSTIMECMP) = (auto() for _ in range(2))
    INSTRET = auto()  # instructions retired since reset
    IDLE = auto()  # instructions' worth of time passed in WFI
    MCYCLE = auto()  # mcycle less INSTRET; mcycle itself while inhibited
    MINSTRET = auto()  # minstret less INSTRET; minstret itself while inhibited
    WAITING = auto()  # 1 while stalled in WFI
    TIME_OFFSET = auto()  # ticks that the guest has set its time ahead
    RESERVED = auto()  # 1 + machine RAM offset that LR has reserved, or 0
    (F0, F1, F2, F3, F4, F5, F6, F7, F8, F9) = (auto() for _ in range(10))
    (F10, F11, F12, F13, F14, F15, F16, F17, F18, F19) = (auto() for _ in range(10))
    (F20, F21, F22, F23, F24, F25, F26, F27, F28, F29) = (auto() for _ in range(10))
    (F30, F31) = (auto() for _ in range(2))
    FFLAGS = auto()  # accrued floating-point exception flags
    FRM = auto()  # dynamic rounding mode
    ARCH_END = auto()

    # Configuration, set by the board or the monitor
    RAM_BASE = auto()  # first physical address of RAM
    RAM_SIZE = auto()  # bytes
    TICK = auto()  # instructions per timebase tick
    ISA = auto()  # the extensions that exist (isa/extensions.py)
    UNALIGNED = auto()  # bits that are zero in the address of any instruction: 3, or 1 with C
    SEMIHOSTED = auto()  # 1: ebreak exits to the environment, which may take it for a call
    FLOATS_LENT = auto()  # of a vCPU, 1: the hart that runs it has its floating-point state
    HOSTED = auto()  # 1: a trap to M-mode exits to the environment instead
    TRAP_DETAIL = auto()  # what traps tell hypervisors: isa.trap.Detail
    ALIGNED_ONLY = auto()  # 1: misaligned loads and stores trap; 0: they are performed
    TLB_SETS = auto()  # modelled TLB; a power of two
    TLB_WAYS = auto()  # 0: no modelled TLB
    TLB_SOFT = auto()  # 1: no hardware walker, a TLB miss exits
    POINTS = auto()  # how many points stop this hart (isa/points.py)
    WINDOW_AT = auto()  # physical address of the window to a device, NO_WINDOW for none
    MOVES_WATCHED = auto()  # 1: traps and changes of privilege exit
    MOVES_SEEN = auto()  # what they were compared with last

    # Counts
    TRAPS = auto()  # traps taken
    CLOCK_READS = auto()  # of time, cycle and instret: what makes a loop's rounds differ
    TLB_MISSES = auto()  # of the modelled TLB
    TLB_KERNEL_MISSES = auto()  # of them, taken with privilege S or M
    WALK_REFS = auto()  # page-table entries read or written by walks for those misses

    # An instruction that cannot complete says why here
    PENDING = auto()  # 1: a trap is to be taken
    CAUSE = auto()
    TVAL = auto()
    EXIT = auto()  # isa.engine.contract.ExitReason
    EXIT_PA = auto()
    EXIT_SIZE = auto()
    EXIT_ACCESS = auto()  # isa.mmu.Access
    EXIT_VALUE = auto()  # of a store
    EXIT_INSN = auto()  # the instruction that made a device access
    TVAL2 = auto()  # of the pending trap, for htval or mtval2
    TINST = auto()  # of the pending trap, for htinst or mtinst
    TVAL_IN_GUEST = auto()  # 1: its TVAL is an address in a guest
    NEXT_PC = auto()  # where execution goes on after the current instruction
    RAW = auto()  # the current instruction's bits as fetched, before a compressed one is expanded
    ATOMIC_AT = auto()  # machine RAM offset of the atomic operation under way
    ACCESS_VA = auto()  # address of the load or store under way
    CODE_SPLIT = auto()  # 1: PMP may decide differently on bytes of the current page of code
    HYPER_ACCESS = auto()  # an HLV, HLVX or HSV is under way: isa.walk.BY_HLV, BY_HLVX
    WALK_PTE = auto()  # the leaf entry that the last walk found
    WALK_SPAN = auto()  # and how many bits of the page number it leaves open
    WALK_AT = auto()  # and its physical address
    WALK_GUEST_AT = auto()  # and its guest-physical one
    GUEST_RIGHTS = auto()  # R, W and X that the G-stage gave

    (SUPER_FIRST, SUPER_LAST) = (auto() for _ in range(2))  # pages among which superpages are known

    # Host addresses and engine-private state; never in a snapshot
    HOST_RAM = auto()
    HOST_FRAMES = auto()  # frame map, 0 when physical addresses are machine addresses
    HOST_CODE = auto()  # predecoded instructions
    HOST_CODE_PAGES = auto()  # a byte per RAM page: holds predecoded instructions
    HOST_TLB = auto()  # modelled TLB
    HOST_WINDOW = auto()  # the words of the window (isa/window.py)
    HOST_INLINE = auto()  # the interpreter's inline TLB
    INLINE_STALE = auto()  # 1: the inline TLB must be dropped before use
    CODE_EPOCH = auto()  # of the memory's predecoded code, when the write TLB was last dropped
    CONTEXT = auto()  # current context number in the inline TLB
    CONTEXT_NEXT = auto()
    CONTEXT_KEY = auto()  # the translation state that CONTEXT stands for
    CONTEXT_SATP = auto()
    CONTEXT_HGATP = auto()
    HOST_RUN = auto()  # the engine's compiled entry point
    HOST_SINGLES = auto()  # the first operation of each chain of micro-ops
    MONITOR_AT = auto()  # where the monitor's words start behind the modelled TLB
    POINTS_AT = auto()  # and the points behind those
    END = auto()


SLOTS = 512
"""Size of a hart page in slots: a whole 4 KiB page."""

assert SLOTS >= Slot.END

NO_WINDOW = 1 << 63
"""Slot.WINDOW_AT when there is none: further from any address than a window is long."""

NO_FRAME = (1 << 64) - 1
"""Frame map entry of a page that has no machine frame."""
