"""Relaxation: shorter instructions where the distance turns out short.

Follows the RISC-V ELF psABI, chapter "Linker Relaxation", and GNU ld in what counts as near, since
later deletions and alignment may move things apart again. First instructions are shortened until
nothing changes, then the room of R_RISCV_ALIGN is cut to what alignment needs.
"""

from bisect import bisect_left

from assembler.errors import LinkError
from assembler.linking import kinds, model
from assembler.linking.context import Context
from assembler.linking.model import MASK64, OutSection, Reloc, Section, Symbol

GP = "__global_pointer$"
NOP, C_NOP = b"\x13\0\0\0", b"\x01\0"
_C_J, _C_LUI, _JAL, _JALR = 0xA001, 0x6001, 0x6F, 0x67
_ZERO, _SP = 0, 2
_SHORTENED = frozenset(
    (kinds.CALL, kinds.CALL_PLT, kinds.HI20, kinds.LO12_I, kinds.LO12_S, *kinds.TPREL)
) | {kinds.PCREL_HI20, kinds.PCREL_LO12_I, kinds.PCREL_LO12_S}


def fits_signed(value: int, bits: int, align: int = 1) -> bool:
    """Whether a 64-bit word, read as a signed number, fits in so many bits."""
    half = 1 << bits - 1
    return ((value + half) & MASK64) < 2 * half and not value & align - 1


class _High:
    """What a deleted `auipc` held, for the instructions that add to it."""

    __slots__ = ("addend", "is_weak", "section", "symbol", "target")

    def __init__(self, reloc: Reloc, target: int, section: OutSection | None) -> None:
        self.symbol = reloc.symbol
        self.addend = reloc.addend
        self.target = target
        self.section = section
        self.is_weak = section is None


class Relaxer:
    """Relaxes the sections of one link; `stage` 0 shortens, 1 aligns."""

    def __init__(self, link: Context) -> None:
        self._link = link
        self.stage = 0
        self._largest = -1
        self._gp: Symbol | None = None
        self._gp_value = 0
        for file in link.files:
            for symbol in file.symbols:
                home = symbol.section
                if isinstance(home, Section) and (symbol.is_local or home.file is file):
                    home.symbols.append(symbol)

    def relax(self, section: Section) -> bool:
        """Relax a section; say whether another pass may find more."""
        if not section.relocs or section.is_aligned:
            return False
        self._gp = self._link.symbols.get(GP)
        self._gp_value = (self._gp.address() if self._gp is not None else None) or 0
        if self.stage:
            self._align(section)
            return False
        if not self._link.options.relax:
            return False
        if self._largest < 0:
            self._largest = 1 << max((out.align_power for out in self._link.outputs), default=0)
        return _Shortening(self, section).run()

    # ---- alignment

    def _align(self, section: Section) -> None:
        cuts: list[tuple[int, int]] = []
        removed = 0
        for reloc in section.relocs:
            if reloc.kind != kinds.ALIGN:
                continue
            boundary = 1
            while boundary <= reloc.addend:
                boundary *= 2
            start = section.base + reloc.offset - removed
            needed = -start & boundary - 1
            section.is_aligned = True
            if needed > reloc.addend:
                where = f"{section.file.name}({section.name}+{reloc.offset:#x})"
                message = f"{where}: {needed} bytes required for alignment to {boundary}-byte "
                raise LinkError(message + f"boundary, but only {reloc.addend} present")
            reloc.kind = kinds.NONE
            if needed == reloc.addend:
                continue
            data = _writable(section)
            fill = NOP * (needed // 4) + C_NOP * (needed % 4 // 2)
            data[reloc.offset : reloc.offset + len(fill)] = fill
            cuts.append((reloc.offset + needed, reloc.addend - needed))
            removed += reloc.addend - needed
        if cuts:
            delete(section, cuts)

    # ---- what is near

    def reach(self, section: OutSection | None) -> int:
        """Give the alignment that may still come between gp and a symbol."""
        gp = self._gp
        gp_out = gp.section.out if gp is not None and gp.section is not None else None
        if section is not None and gp_out is section and not section.is_absolute:
            return 1 << section.align_power
        return self._largest

    @property
    def largest(self) -> int:
        """The largest alignment of any output section."""
        return self._largest

    @property
    def gp(self) -> int:
        """The value of the global pointer, or 0."""
        return self._gp_value

    @property
    def max_page(self) -> int:
        """The largest page."""
        return self._link.options.max_page

    @property
    def tls_base(self) -> int | None:
        """Where thread-local data start."""
        return self._link.tls.vma if self._link.tls is not None else None


class _Target:
    """Where a relocation points."""

    __slots__ = ("address", "flags", "is_weak", "out", "room")

    def __init__(self, address: int, out: OutSection | None, flags: int, room: int) -> None:
        self.address = address
        self.out = out
        self.flags = flags
        self.room = room
        self.is_weak = out is None


class _Shortening:
    """One pass of shortening over one section."""

    def __init__(self, relaxer: Relaxer, section: Section) -> None:
        self._relaxer = relaxer
        self._section = section
        self._cuts: list[tuple[int, int]] = []
        self._highs: dict[int, _High] = {}
        self._lows: set[int] = set()

    def run(self) -> bool:
        """Shorten what can be; say whether anything was cut."""
        relocs = self._section.relocs
        for number in range(len(relocs) - 1):
            reloc = relocs[number]
            if reloc.kind not in _SHORTENED:
                continue
            following = relocs[number + 1]
            if following.kind == kinds.RELAX and following.offset == reloc.offset:
                target = self._target(reloc)
                if target is not None and reloc.offset + 4 <= self._section.size:
                    self._one(reloc, following, target)
        if self._cuts:
            delete(self._section, self._cuts)
        return bool(self._cuts)

    def _one(self, reloc: Reloc, following: Reloc, target: _Target) -> None:
        kind = reloc.kind
        if kind in (kinds.CALL, kinds.CALL_PLT):
            self._call(reloc, following, target)
        elif kind in (kinds.HI20, kinds.LO12_I, kinds.LO12_S):
            self._absolute(reloc, following, target)
        elif kind in (kinds.PCREL_HI20, kinds.PCREL_LO12_I, kinds.PCREL_LO12_S):
            self._relative(reloc, target)
        else:
            self._thread(reloc, target)

    def _target(self, reloc: Reloc) -> _Target | None:
        symbol = reloc.symbol
        if symbol is None:
            return None
        if symbol.type == model.STT_GNU_IFUNC:
            return None
        addend = reloc.addend
        room = (symbol.size - addend) & MASK64
        room = 0 if room > symbol.size else room
        if not symbol.is_local:
            is_call = reloc.kind in (kinds.CALL, kinds.CALL_PLT)
            is_tls = reloc.kind in kinds.TPREL
            if symbol.kind == model.UNDEFWEAK and not is_call and not is_tls:
                return _Target(addend & MASK64, None, 0, 0)
            if symbol.type == model.STT_FUNC:
                room = 0
        section = symbol.section
        if section is None:
            if not symbol.is_defined:
                return None
            absolute = self._relaxer._link.absolute
            return _Target((symbol.value + addend) & MASK64, absolute, 0, room)
        if section.out is None:
            return None
        value = symbol.value
        merge = section.merge if isinstance(section, Section) else None
        if merge is not None:
            is_place = symbol.type == model.STT_SECTION
            section, value = merge(max(0, value + addend) if is_place else value)
            value += 0 if is_place else addend
        else:
            value += addend
        return _Target((section.base + value) & MASK64, section.out, section.flags, room)

    # ---- calls

    def _call(self, reloc: Reloc, following: Reloc, target: _Target) -> None:
        section, relaxer = self._section, self._relaxer
        pc = section.base + reloc.offset
        distance = (target.address - pc) & MASK64
        is_low = (target.address + 0x800) & MASK64 < 0x1000
        if fits_signed(distance, 21, 2):
            align = relaxer.largest
            if target.out is section.output and target.out is not None:
                align = align if target.out.is_absolute else 1 << target.out.align_power
            distance += -align if distance >> 63 else align
        is_near = fits_signed(distance, 21, 2)
        if not is_near and not is_low:
            return
        data = _writable(section)
        if reloc.offset + 8 > len(data):
            return
        jalr = int.from_bytes(data[reloc.offset + 4 : reloc.offset + 8], "little")
        register = jalr >> 7 & 31
        if section.file.flags & 1 and register == _ZERO and fits_signed(distance, 12, 2):
            self._replace(reloc, following, (kinds.RVC_JUMP, _C_J), (2, 8))
        elif is_near:
            self._replace(reloc, following, (kinds.JAL, _JAL | register << 7), (4, 8))
        else:
            self._replace(reloc, following, (kinds.LO12_I, _JALR | register << 7), (4, 8))

    def _replace(
        self, reloc: Reloc, following: Reloc, new: tuple[int, int], sizes: tuple[int, int]
    ) -> None:
        """Put a shorter instruction; what follows notes how much was cut, for --emit-relocs."""
        data = _writable(self._section)
        (kind, insn), (size, old) = new, sizes
        data[reloc.offset : reloc.offset + size] = insn.to_bytes(size, "little")
        reloc.kind = kind
        following.kind, following.symbol = kinds.NONE, None
        following.offset, following.addend = reloc.offset + size, old - size
        self._cuts.append((reloc.offset + size, old - size))

    def _drop(self, reloc: Reloc) -> None:
        reloc.kind, reloc.symbol, reloc.addend = kinds.NONE, None, 4
        self._cuts.append((reloc.offset, 4))

    # ---- addresses

    def _is_near_base(self, target: _Target, out: OutSection | None) -> bool:
        """Whether gp or zero reaches a place, whatever alignment may still change."""
        if target.is_weak or fits_signed(target.address, 12):
            return True
        gp = self._relaxer.gp
        reach = (self._relaxer.reach(out) if gp else self._relaxer.largest) + target.room
        distance = target.address - gp
        return fits_signed(distance + (reach if target.address >= gp else -reach), 12)

    def _absolute(self, reloc: Reloc, following: Reloc, target: _Target) -> None:
        if self._is_near_base(target, target.out):
            if reloc.kind == kinds.HI20:
                self._drop(reloc)
            else:
                is_load = reloc.kind == kinds.LO12_I
                reloc.kind = kinds.GPREL_I if is_load else kinds.GPREL_S
            return
        if not self._section.file.flags & 1 or reloc.kind != kinds.HI20:
            return
        high = (target.address + 0x800) & MASK64 & ~0xFFF
        if all(_is_short_lui(value) for value in (high, high + self._relaxer.max_page)):
            data = _writable(self._section)
            lui = int.from_bytes(data[reloc.offset : reloc.offset + 4], "little")
            register = lui >> 7 & 31
            if register not in (_ZERO, _SP):
                self._replace(reloc, following, (kinds.RVC_LUI, register << 7 | _C_LUI), (2, 4))

    def _relative(self, reloc: Reloc, target: _Target) -> None:
        if reloc.kind == kinds.PCREL_HI20:
            if not target.is_weak and target.flags & (model.MERGE | model.CODE):
                return
            if reloc.offset in self._lows or not self._is_near_base(target, target.out):
                return
            self._highs[reloc.offset] = _High(reloc, target.address, target.out)
            self._drop(reloc)
            return
        label = reloc.symbol
        assert label is not None
        at = label.value
        high = self._highs.get(at) if label.section is self._section else None
        if high is None:
            self._lows.add(at)
            return
        is_load = reloc.kind == kinds.PCREL_LO12_I
        reloc.symbol = high.symbol
        if high.is_weak:
            data = _writable(self._section)
            insn = int.from_bytes(data[reloc.offset : reloc.offset + 4], "little")
            insn &= ~(31 << 15)
            data[reloc.offset : reloc.offset + 4] = insn.to_bytes(4, "little")
            reloc.kind = kinds.LO12_I if is_load else kinds.LO12_S
            reloc.addend = high.addend
        else:
            reloc.kind = kinds.GPREL_I if is_load else kinds.GPREL_S
            reloc.addend += high.addend

    def _thread(self, reloc: Reloc, target: _Target) -> None:
        base = self._relaxer.tls_base
        offset = (target.address - base) & MASK64 if base is not None else 0
        if (offset + 0x800) & MASK64 & ~0xFFF:
            return
        if reloc.kind in (kinds.TPREL_HI20, kinds.TPREL_ADD):
            self._drop(reloc)
        else:
            is_load = reloc.kind == kinds.TPREL_LO12_I
            reloc.kind = kinds.TPREL_I if is_load else kinds.TPREL_S


def _is_short_lui(value: int) -> bool:
    return value != 0 and fits_signed(value, 18) and not value & 0xFFF


def _writable(section: Section) -> bytearray:
    if not isinstance(section.data, bytearray):
        section.data = bytearray(section.data)
    return section.data


def delete(section: Section, cuts: list[tuple[int, int]]) -> None:
    """Cut ranges out of a section; move its relocations and symbols along."""
    cuts.sort()
    starts = [start for start, _ in cuts]
    totals = [0]
    for _, size in cuts:
        totals.append(totals[-1] + size)
    old = bytes(section.data)
    pieces, at = [], 0
    for start, size in cuts:
        pieces.append(old[at:start])
        at = start + size
    pieces.append(old[at:])
    section.data = bytearray(b"".join(pieces))
    end = section.size
    section.size -= totals[-1]
    for reloc in section.relocs:
        if reloc.offset < end:
            reloc.offset -= totals[bisect_left(starts, reloc.offset)]
    seen: set[int] = set()
    for symbol in section.symbols:
        if symbol.section is not section or id(symbol) in seen:
            continue
        seen.add(id(symbol))
        value, stop = symbol.value, symbol.value + symbol.size
        symbol.value -= totals[bisect_left(starts, value)]
        if stop <= end:
            symbol.size = max(0, stop - totals[bisect_left(starts, stop)] - symbol.value)
