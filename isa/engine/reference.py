"""The reference engine: calls the meanings on wrapping integers, one instruction at a time.

No compiler anywhere: it is the oracle the compiled engines are held against, so it shares the
instruction table and the meanings with them and nothing of how they are lowered.
"""

from typing import Any

from isa.atomics import is_held_up
from isa.compressed import FormTable
from isa.engine.contract import read_exit
from isa.exits import Exit, ExitReason
from isa.extensions import needs
from isa.hart import Hart
from isa.insn import Insn, Kind
from isa.interrupts import current_mip, take_interrupt
from isa.mmu import Access, fetch, load, store
from isa.points import has_moved, is_stopped
from isa.softfloat.status import LAST_MODE, is_off, note_write, rounding
from isa.spec import FORMS, TABLE, InstructionTable
from isa.state import Slot
from isa.trap import pend, pend_illegal, take
from isa.words import Word, word

Decoded = tuple[Insn | None, dict[str, Any], tuple[int, ...]]
"""An instruction, its operand values, and masks of extensions of each of which one is needed."""

FETCH_MISALIGNED = 0
MOST_DECODED = 1 << 16
REGISTERS_READ = (("rs1", "rs1_index"), ("rs2", "rs2_index"))
FLOATS_READ = ("fs1", "fs2", "fs3")


class ReferenceEngine:
    """Executes instructions as their specification reads."""

    name = "reference"

    def __init__(self, table: InstructionTable = TABLE) -> None:
        self._table = table
        self._forms = FormTable(FORMS, table)
        self._decoded: dict[int, Decoded] = {}

    def attach(self, hart: Hart) -> None:
        """Do nothing: this engine keeps nothing of its own beside a hart."""

    def run(self, hart: Hart, fuel: int) -> Exit:
        """Run until an exit, or until `fuel` instructions or interrupts have been taken."""
        hart[Slot.EXIT] = ExitReason.FUEL
        while fuel > 0:
            if hart[Slot.WAITING]:
                if current_mip(hart) & hart[Slot.MIE] == 0:
                    hart[Slot.EXIT] = ExitReason.WFI
                    break
                hart[Slot.WAITING] = 0
            if take_interrupt(hart):
                if hart[Slot.EXIT]:
                    break
                fuel -= 1
            else:
                self._step(hart)
                if hart[Slot.EXIT]:
                    break
                fuel -= 1
            if hart[Slot.MOVES_WATCHED] and has_moved(hart):
                break
        return read_exit(hart)

    def execute(self, hart: Hart, insn_word: int) -> Exit:
        """Carry out one instruction word as if fetched at pc."""
        hart[Slot.EXIT] = ExitReason.FUEL
        self._carry_out(hart, Word(insn_word))
        self._settle(hart)
        return read_exit(hart)

    def _step(self, hart: Hart) -> None:
        if hart[Slot.POINTS] and is_stopped(hart, hart[Slot.PC], 1, Access.FETCH):
            return
        raw = fetch(hart, hart[Slot.PC])
        if not hart[Slot.PENDING] and not hart[Slot.EXIT]:
            self._carry_out(hart, Word(raw))
        self._settle(hart)

    def _settle(self, hart: Hart) -> None:
        """Retire the instruction, or take the trap it pended."""
        if hart[Slot.PENDING]:
            take(hart)
        elif not hart[Slot.EXIT]:
            hart[Slot.PC] = hart[Slot.NEXT_PC]
            hart[Slot.INSTRET] += 1

    def _carry_out(self, hart: Hart, raw: Word) -> None:
        insn, values, wanted = self._decode(raw)
        if insn is not None and insn.refines and not _has(hart, wanted):
            insn, values, wanted = self._decode_anew(raw, is_plain=True)
        if insn is None or not _has(hart, wanted):
            pend_illegal(hart, raw)
            return
        pc = hart[Slot.PC]
        if insn.is_float:
            if not may_float(hart, insn, values):
                pend_illegal(hart, raw)
                return
            values = values | {"rm": rounding(hart, values.get(insn.rounding, Word(0)))}
        hart[Slot.EXIT_INSN] = values["word"]
        hart[Slot.NEXT_PC] = pc + (4 if raw & 3 == 3 else 2)
        values = self._operands(hart, values, pc)
        if insn.kind is Kind.LOAD:
            values["value"] = Word(load(hart, values["rs1"] + values["imm"], insn.size))
        if hart[Slot.PENDING] or hart[Slot.EXIT]:
            return
        result = insn.meaning(*(values[name] for name in insn.params))
        self._finish(hart, insn, values, result)

    def _decode(self, raw: Word) -> Decoded:
        """Find the instruction of a word or parcel, and what the bits alone decide."""
        known = self._decoded.get(raw)
        if known is None:
            known = self._decode_anew(raw)
            if len(self._decoded) >= MOST_DECODED:
                self._decoded.clear()
            self._decoded[raw] = known
        return known

    def _decode_anew(self, raw: Word, *, is_plain: bool = False) -> Decoded:
        """Decode bits; `is_plain` for the instruction of which another names some encodings."""
        wanted: tuple[int, ...] = ()
        insn_word = int(raw)
        if raw & 3 != 3:
            found = self._forms.expand(int(raw))
            if found is None:
                return None, {}, ()
            form, insn_word = found
            wanted = needs(form.ext)
        insn = self._table.decode(insn_word)
        if insn is None:
            return None, {}, ()
        if is_plain and insn.refines:
            insn = self._table.by_name[insn.refines]
        values = {name: word(v) for name, v in insn.extract(insn_word).items()}
        values |= {name: word(v) for name, v in insn.fixed} | {"word": Word(insn_word)}
        return insn, values, wanted + needs(insn.ext)

    def _operands(self, hart: Hart, values: dict[str, Any], pc: Word) -> dict[str, Any]:
        """Add what the hart's state decides: registers read, pc, the hart itself."""
        values = values | {"pc": pc, "hart": hart}
        for name, index in REGISTERS_READ:
            if name in values:
                values[index] = values[name]
                values[name] = hart[values[name]]
        for name in FLOATS_READ:
            if name in values:
                values[name] = hart[Slot.F0 + values[name]]
        return values

    def _finish(self, hart: Hart, insn: Insn, values: dict[str, Any], result: int | None) -> None:
        """Do what the instruction's kind says with its result."""
        if insn.kind is Kind.STORE:
            store(hart, values["rs1"] + values["imm"], insn.size, word(result or 0))
        elif insn.kind is Kind.BRANCH:
            if result:
                self._jump(hart, values["pc"] + values["offset"])
        elif insn.kind is Kind.JUMP:
            link = hart[Slot.NEXT_PC]
            self._jump(hart, word(result or 0))
            self._write_rd(hart, values, link)
        else:
            self._write_rd(hart, values, result)

    def _jump(self, hart: Hart, target: Word) -> None:
        if target & hart[Slot.UNALIGNED]:
            pend(hart, FETCH_MISALIGNED, target)
        hart[Slot.NEXT_PC] = target

    def _write_rd(self, hart: Hart, values: dict[str, Any], result: int | None) -> None:
        if result is None or is_held_up(hart):
            return
        if "fd" in values:
            hart[Slot.F0 + values["fd"]] = word(result)
            note_write(hart)
        elif values.get("rd"):
            hart[values["rd"]] = word(result)


def may_float(hart: Hart, insn: Insn, values: dict[str, Any]) -> bool:
    """Say whether floating-point state is on and the rounding mode, if there is one, exists."""
    if is_off(hart):
        return False
    return not insn.rounding or rounding(hart, values[insn.rounding]) <= LAST_MODE


def _has(hart: Hart, wanted: tuple[int, ...]) -> bool:
    """Say whether a hart has the extensions that an instruction needs."""
    return all(hart[Slot.ISA] & mask for mask in wanted)
