"""A hart: its page of state, the memory behind it, and its TLB.

The page is host memory that Python and compiled engines share. This file gives names to what is in
it; execution is in `isa/engine/`.
"""

from collections.abc import Iterator, Mapping

from isa import hstatus as hs
from isa import mstatus as ms
from isa.causes import Priv
from isa.csr_file import read_csr, write_csr
from isa.csrs import CSRS
from isa.errors import TraplineError
from isa.extensions import BITS, DEFAULT
from isa.memory import Memory, address_of, map_lazily
from isa.pmp import ALL_ADDRESSES, OPEN_CONFIG
from isa.points import MOST_POINTS, POINT_WORDS
from isa.pte import PAGE_SIZE
from isa.state import NO_WINDOW, SLOTS, Slot
from isa.tlb import NO_PAGE, flush, words_needed
from isa.walk import ENVCFG_ADUE
from isa.words import Word

MAX_TLB_ENTRIES = 1 << 16
NO_WORDS = memoryview(b"").cast("Q")
INSTRUCTION_ALIGNMENT = 2  # bytes, the least of any ISA
MAX_FENCED_PAGES = 64  # a larger range is fenced as a whole

# For what is read on every exit: looking up a member of an enum takes longer than reading a slot.
_MHARTID, _PC = int(Slot.MHARTID), int(Slot.PC)
_INSTRET, _IDLE, _TRAPS = int(Slot.INSTRET), int(Slot.IDLE), int(Slot.TRAPS)


class Hart:
    """One hart (or a virtual one: `frames` then maps its page frames to machine frames).

    `tlb` is the modelled TLB's (sets, ways), or None for no modelled TLB; `is_soft` says that it is
    refilled by the environment. `frames` is a memoryview of unsigned 64-bit machine frame numbers.
    `isa` has the bits of the extensions that exist (`isa.isa_string.parse_isa` gives them).
    `monitor_words` words behind the TLB are the monitor's, at `Slot.MONITOR_AT`. `choices` are
    slots of configuration that are not to be 0.
    """

    def __init__(
        self,
        memory: Memory,
        hart_id: int = 0,
        *,
        tlb: tuple[int, int] | None = None,
        is_soft: bool = False,
        tick: int = 100,
        isa: int = DEFAULT,
        ram: tuple[int, int] | None = None,
        frames: memoryview | None = None,
        monitor_words: int = 0,
        choices: Mapping[int, int] = {},
    ) -> None:
        self._map = map_lazily(SLOTS * 8)
        self.address = address_of(self._map)
        self.slots = memoryview(self._map).cast("Q")
        self.memory = memory
        self.ram = memory.view
        self.frames = frames
        self.window = NO_WORDS  # to a device (isa/window.py)
        self.engine: object = None  # the engine that runs it
        self.mode: object = None  # how a monitor virtualizes the memory of the guest on it
        self.calls: object = None  # what of a guest's calls its monitor answers by itself
        self.attachments: list[object] = []  # host memory that engines keep alive with the hart
        sets, ways = tlb or (1, 0)
        if sets <= 0 or sets & (sets - 1) or ways < 0 or sets * ways > MAX_TLB_ENTRIES:
            raise TraplineError(
                f"a TLB of {sets} sets and {ways} ways: sets must be a power of two, "
                f"entries at most {MAX_TLB_ENTRIES}"
            )
        tlb_words = words_needed(sets, ways)
        self._tlb_map = map_lazily((tlb_words + monitor_words + MOST_POINTS * POINT_WORDS) * 8)
        self.tlb = memoryview(self._tlb_map).cast("Q")
        base, size = ram or (memory.base, memory.size)
        settings = {
            Slot.MHARTID: hart_id,
            Slot.RAM_BASE: base,
            Slot.RAM_SIZE: size,
            Slot.TICK: tick,
            Slot.ISA: isa,
            Slot.UNALIGNED: 1 if isa & BITS["C"] else 3,
            Slot.TLB_SETS: sets,
            Slot.TLB_WAYS: ways,
            Slot.TLB_SOFT: int(is_soft),
            Slot.HOST_RAM: memory.address,
            Slot.HOST_FRAMES: 0 if frames is None else address_of_view(frames),
            Slot.HOST_TLB: address_of(self._tlb_map),
            Slot.WINDOW_AT: NO_WINDOW,
            Slot.INLINE_STALE: 1,
            Slot.MONITOR_AT: tlb_words,
            **choices,
            Slot.POINTS_AT: tlb_words + monitor_words,
        }
        for slot, value in settings.items():
            self.slots[slot] = value
        self.reset()

    def __getitem__(self, slot: int) -> Word:
        return Word(self.slots[slot])

    def __setitem__(self, slot: int, value: int) -> None:
        self.slots[slot] = value & 0xFFFFFFFFFFFFFFFF

    def reset(self, pc: int = 0) -> None:
        """Put the hart in its reset state: M-mode, translation and interrupts off, PMP open."""
        assert pc % INSTRUCTION_ALIGNMENT == 0, f"no instruction can be at {pc:#x}"
        for slot in range(Slot.ARCH_END):
            if slot != Slot.MHARTID:
                self.slots[slot] = 0
        self.slots[Slot.PRIV] = Priv.M
        self.slots[Slot.SUPER_FIRST], self.slots[Slot.SUPER_LAST] = NO_PAGE, 0
        self.slots[Slot.MSTATUS] = ms.MSTATUS_FIXED
        isa = self.slots[Slot.ISA]
        if isa & BITS["Sstc"]:
            self.slots[Slot.STIMECMP] = (1 << 64) - 1  # never
        if isa & BITS["H"]:
            self.slots[Slot.HSTATUS] = hs.VSXL_64
            self.slots[Slot.VSSTATUS] = ms.UXL_64
        if isa & BITS["Svadu"] and not isa & BITS["Svade"]:
            self.slots[Slot.MENVCFG] = ENVCFG_ADUE
        self.slots[Slot.PMPCFG0] = OPEN_CONFIG
        self.slots[Slot.PMPADDR0] = ALL_ADDRESSES
        self.slots[Slot.PC] = pc
        self.slots[Slot.INLINE_STALE] = 1

    def fence(
        self, va: int | None = None, asid: int | None = None, *, size: int = PAGE_SIZE
    ) -> None:
        """Do what SFENCE.VMA does: for a range of addresses or all, for an ASID or all."""
        pages = 0 if va is None else (size + (va & PAGE_SIZE - 1) + PAGE_SIZE - 1) // PAGE_SIZE
        by_va = va is not None and pages <= MAX_FENCED_PAGES
        for page in range(pages if by_va else 1):
            at = Word((va or 0) + page * PAGE_SIZE & 0xFFFFFFFFFFFFFFFF)
            flush(self, by_va, at, asid is not None, Word(asid or 0))
        self.slots[Slot.INLINE_STALE] = 1

    @property
    def id(self) -> int:
        """The hart's number."""
        return self.slots[_MHARTID]

    @property
    def pc(self) -> int:
        """Address of the next instruction."""
        return self.slots[_PC]

    @pc.setter
    def pc(self, value: int) -> None:
        self.slots[_PC] = value

    @property
    def priv(self) -> Priv:
        """The current privilege level."""
        return Priv(self.slots[Slot.PRIV])

    @property
    def x(self) -> memoryview:
        """The integer registers; x[0] must stay 0."""
        return self.slots[:32]

    @property
    def clock(self) -> int:
        """Instructions retired and the worth of time spent waiting."""
        return self.slots[_INSTRET] + self.slots[_IDLE]

    @property
    def progress(self) -> int:
        """Instructions retired, and exceptions and interrupts taken: what fuel pays for."""
        return self.slots[_INSTRET] + self.slots[_TRAPS]

    @property
    def csr(self) -> "CsrView":
        """The CSRs by name, with their masks but without privilege checks."""
        return CsrView(self)


class CsrView:
    """Reads and writes a hart's CSRs by name: `hart.csr["satp"]`."""

    def __init__(self, hart: Hart) -> None:
        self._hart = hart

    def __getitem__(self, name: str) -> int:
        return int(read_csr(self._hart, CSRS.by_name[name].number))

    def __setitem__(self, name: str, value: int) -> None:
        write_csr(self._hart, CSRS.by_name[name].number, Word(value & 0xFFFFFFFFFFFFFFFF))

    def __iter__(self) -> Iterator[str]:
        return iter(CSRS.by_name)


def address_of_view(view: memoryview) -> int:
    """Give the host address of a writable memoryview."""
    import ctypes

    return ctypes.addressof((ctypes.c_char * 1).from_buffer(view.cast("B")))
