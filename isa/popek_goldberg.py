"""Which instructions are sensitive, and whether they trap in deprivileged mode: by execution.

After Popek and Goldberg, "Formal Requirements for Virtualizable Third Generation Architectures"
(1974): an instruction is *control sensitive* if without trapping it changes the processor's mode or
resources, *behaviour sensitive* if its effect depends on them. Each instruction, and each read and
write of a CSR, is executed by the reference engine in states that differ only in privilege, control
registers and relocation of memory; and in U-mode as a monitor sets it up. Encodings and CSRs are
exhaustive, operands sampled.
"""

import random
from array import array
from collections.abc import Iterator
from dataclasses import dataclass

from isa import mstatus as ms
from isa.causes import Priv
from isa.csrs import CSRS
from isa.engine.reference import ReferenceEngine
from isa.extensions import mask
from isa.hart import Hart
from isa.insn import Insn
from isa.memory import Memory
from isa.spec import TABLE
from isa.state import Slot
from isa.tlb import ENTRY, GUEST_SPACE, VMID_AT

RAM, PAGES = 0x8000_0000, 4
CODE, DATA = RAM, RAM + 0x2000
PAGE = 0x1000
STATES = 4
"""Settings of the control registers that are tried at each privilege."""
OPERANDS = 3
"""Samples of an instruction's operands; the first has x0 for every register."""
BASE = 11
"""The register that holds an address when a memory operand is wanted."""
SPACES = (0, 5, GUEST_SPACE, GUEST_SPACE | 3 << VMID_AT)
"""Whose translations the modelled TLB holds beforehand: what a fence drops."""
TRANSLATION = 12
"""The register that holds what satp and its kin take: any other mode would be ignored."""
STILL = ("satp", "hgatp", "vsatp", "fflags", "frm", "fcsr", "mseccfg", "pmp", "tdata", "tselect")
"""CSRs that stay: no translation, protection open, no triggers, and what user code owns."""
USER_FLOATS = getattr(ms, "FS", 0) | getattr(ms, "SD", 0)
"""Floating-point state is dirty in all states: user code has it."""
_FLOATS = Slot["F0"] if "F0" in Slot.__members__ else None
_OWN = {Slot.PC, Slot.SINK, Slot.RESERVED, Slot.INSTRET, Slot.PRIV}
_USER = {name: Slot[name] for name in ("FFLAGS", "FRM") if name in Slot.__members__}


@dataclass(frozen=True)
class Verdict:
    """What was found of one instruction or CSR access."""

    name: str
    is_control_sensitive: bool
    is_behaviour_sensitive: bool
    traps: str  # in deprivileged mode: "always", "never" or "sometimes"

    @property
    def is_sensitive(self) -> bool:
        """Whether a monitor must see it."""
        return self.is_control_sensitive or self.is_behaviour_sensitive

    @property
    def is_exception(self) -> bool:
        """Whether it keeps the architecture from being classically virtualizable."""
        return self.is_sensitive and self.traps != "always"


@dataclass(frozen=True)
class _Effect:
    """What an execution did that a program can see, and whether it changed controls."""

    has_trapped: bool
    seen: tuple[object, ...] = ()
    has_changed_controls: bool = False


def judge(isa: int) -> Iterator[Verdict]:
    """Judge every instruction of an ISA, and every CSR access, one after the other."""
    lab = _Lab(isa)
    for insn in TABLE:
        if mask(insn.ext) & isa and "csr" not in insn.pattern.operands:
            yield lab.judge(insn.name, lab.samples(insn))
    for csr in CSRS.by_number.values():
        if csr.ext and not mask(csr.ext) & isa:
            continue
        read = TABLE.by_name["csrrs"].encode(rd=10, csr=csr.number, rs1=0)
        yield lab.judge(f"read {csr.name}", [read])
        if not csr.is_read_only:
            write = TABLE.by_name["csrrw"]
            words = [write.encode(rd=0, csr=csr.number, rs1=rs1) for rs1 in (10, TRANSLATION)]
            yield lab.judge(f"write {csr.name}", words)


class _Lab:
    """Two harts, one with its memory in other frames, and the states they are put in."""

    def __init__(self, isa: int) -> None:
        self._engine = ReferenceEngine()
        self._harts = [self._make(isa, range(PAGES)), self._make(isa, range(PAGES)[::-1])]
        self._states = [self._state(setting) for setting in range(STATES)]
        self._user = _user_slots()
        self._controls = [slot for slot in range(Slot.ARCH_END) if slot not in self._user]
        self._fill()

    def _make(self, isa: int, frames: range) -> Hart:
        table = memoryview(array("Q", frames))
        memory = Memory(RAM, PAGES * PAGE)
        return Hart(memory, isa=isa, frames=table, ram=(RAM, PAGES * PAGE), tlb=(2, 2))

    def _state(self, setting: int) -> list[int]:
        """Give all slots with the control registers set somehow."""
        hart = self._harts[0]
        hart.reset(CODE)
        _shuffle(hart, random.Random(setting), setting)
        return list(hart.slots)

    def _fill(self) -> None:
        for hart in self._harts:
            for page in range(PAGES):
                self._write_page(hart, page, bytes((page * 7 + i) & 0xFF for i in range(PAGE)))

    def _write_page(self, hart: Hart, page: int, data: bytes) -> None:
        assert hart.frames is not None, "made with a frame map"
        hart.memory.write(RAM + hart.frames[page] * PAGE, data)

    def samples(self, insn: Insn) -> list[int]:
        """Give encodings with different operands; addresses are in a register of their own."""
        rng = random.Random(insn.name)
        found = []
        for sample in range(OPERANDS):
            registers = (8, 9, 10, 12, 13) if sample else (0,)
            values = {}
            for name, operand in insn.pattern.operands.items():
                low, high = max(operand.lo, -256), min(operand.hi, 255)
                values[name] = rng.randrange(low, high + 1) // operand.align * operand.align
                if name in ("rd", "rs1", "rs2", "rs3"):
                    values[name] = rng.choice(registers)
            if "rs1" in values and (insn.size or "(rs1)" in insn.syntax):
                values["rs1"] = BASE
                values |= {"imm": 32 * rng.randrange(2)} if "imm" in values else {}
            if "rm" in values:
                values["rm"] = 0
            found.append(insn.encode(**values))
        return found

    def judge(self, name: str, words: list[int]) -> Verdict:
        """Execute encodings everywhere, and compare."""
        is_control = is_behaviour = False
        trapped = []
        for word in words:
            effects = [
                self._execute(word, priv, setting, hart)
                for priv in Priv
                for setting in range(STATES)
                for hart in self._harts
            ]
            completed = [effect for effect in effects if not effect.has_trapped]
            is_control |= any(effect.has_changed_controls for effect in completed)
            is_behaviour |= len({effect.seen for effect in completed}) > 1
            trapped.append(self._execute(word, Priv.U, None, self._harts[0]).has_trapped)
        traps = "always" if all(trapped) else "sometimes" if any(trapped) else "never"
        return Verdict(name, is_control, is_behaviour, traps)

    def _execute(self, word: int, priv: int, setting: int | None, hart: Hart) -> _Effect:
        """Execute one word; setting None is how a monitor sets U-mode up for a guest."""
        slots = hart.slots
        self._prepare(word, priv, setting, hart)
        before, tlb, memory = list(slots), bytes(hart.tlb), bytes(hart.memory.view)
        self._engine.run(hart, 1)
        if slots[Slot.EXIT] or slots[Slot.TRAPS] != before[Slot.TRAPS]:
            return _Effect(has_trapped=True)
        changed = any(slots[s] != before[s] for s in self._controls if s not in _OWN)
        changed |= slots[Slot.PRIV] != before[Slot.PRIV] or bytes(hart.tlb) != tlb
        stored: tuple[bytes, ...] = ()
        if bytes(hart.memory.view) != memory:
            stored = tuple(self._pages(hart))
            hart.memory.write(RAM, memory)
        user = tuple(slots[slot] for slot in self._user)
        return _Effect(False, (user, slots[Slot.PC] - before[Slot.PC], stored), changed)

    def _prepare(self, word: int, priv: int, setting: int | None, hart: Hart) -> None:
        slots = hart.slots
        if setting is None:
            hart.reset(CODE)
        else:
            for slot in range(Slot.ARCH_END):
                slots[slot] = self._states[setting][slot]
        slots[Slot.MSTATUS] |= USER_FLOATS
        slots[Slot.PRIV] = priv
        if priv != Priv.M:
            slots[Slot.SATP] = 0
        rng = random.Random(word)
        for slot in self._user[1:]:
            slots[slot] = rng.getrandbits(64)
        for slot in _USER.values():
            slots[slot] = 0
        slots[BASE] = DATA
        slots[TRANSLATION] = 8 << 60 | 0x80155
        slots[Slot.EXIT] = slots[Slot.PENDING] = 0
        for number, space in enumerate(SPACES):
            entry = [number << 1 | 1, space, 0, 0]
            for word_of_entry, value in enumerate(entry):
                hart.tlb[number * ENTRY + word_of_entry] = value
        self._write_page(hart, 0, word.to_bytes(4, "little") * (PAGE // 4))

    def _pages(self, hart: Hart) -> Iterator[bytes]:
        """Give memory as the guest sees it, without its code."""
        assert hart.frames is not None, "made with a frame map"
        for frame in list(hart.frames)[1:]:
            yield hart.memory.read(RAM + frame * PAGE, PAGE)


def _user_slots() -> list[int]:
    """Give the slots that user code owns: registers, and floating-point state."""
    floats = [] if _FLOATS is None else [*range(_FLOATS, _FLOATS + 32)]
    return [*range(32), *floats, *_USER.values()]


def _shuffle(hart: Hart, rng: random.Random, setting: int) -> None:
    """Give the control registers other values, legal ones; no interrupt is both raised and on."""
    for csr in CSRS.by_number.values():
        has = not csr.ext or mask(csr.ext) & hart.slots[Slot.ISA]
        if has and not csr.is_read_only and not csr.name.startswith(STILL):
            hart.csr[csr.name] = rng.getrandbits(64)
    for slot in ("MIP", "HVIP") if setting % 2 else ("MIE", "HIE"):
        if slot in Slot.__members__:
            hart.slots[Slot[slot]] = 0
    hart.slots[Slot.SATP] = 8 << 60 | rng.getrandbits(40)  # for M-mode, which does not use it
    hart.slots[Slot.MHARTID] = setting
    hart.slots[Slot.INSTRET] = rng.getrandbits(20)
    hart.slots[Slot.MSTATUS] &= ~ms.MPRV
