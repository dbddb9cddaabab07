"""Call frame information: what the `.cfi_` directives say, as `.eh_frame` and `.debug_frame`.

Follows the chapter "Call Frame Information" of the DWARF standard, the chapter "Exception Frames"
of the Linux Standard Base, and GNU as where these leave a choice. The directives themselves are in
`directives/cfi.py`.
"""

from dataclasses import dataclass

from assembler.attributes import sleb128, uleb128
from assembler.dwarf.procedures import OMIT, Mark, Procedure, Step
from assembler.dwarf.stream import ADDRESS, Stream
from assembler.errors import Complaint
from assembler.expr import Linear, Value
from assembler.symbols import Symbol

DATA_ALIGNMENT = -4
CODE_ALIGNMENT = 1
VERSION = 3
PC_RELATIVE = 0x10
_EH_ENCODING = 0x1B  # relative to the place, signed, four bytes
_SIZES = {0: ADDRESS, 2: 2, 3: 4, 4: 8}

ADVANCE, ADVANCE1, ADVANCE2, ADVANCE4 = 0x40, 0x02, 0x03, 0x04
_SHORT = 0x40  # registers and distances below this fit into the opcode
# Opcodes, as the standard's table "Call frame instruction encodings" names them.
OPCODES = {
    "offset": 0x80,
    "restore": 0xC0,
    "offset_extended": 0x05,
    "restore_extended": 0x06,
    "undefined": 0x07,
    "same_value": 0x08,
    "register": 0x09,
    "remember_state": 0x0A,
    "restore_state": 0x0B,
    "def_cfa": 0x0C,
    "def_cfa_register": 0x0D,
    "def_cfa_offset": 0x0E,
    "offset_extended_sf": 0x11,
    "def_cfa_sf": 0x12,
    "def_cfa_offset_sf": 0x13,
    "val_offset": 0x14,
    "val_offset_sf": 0x15,
    "val_expression": 0x16,
    "window_save": 0x2D,
}
# What a common entry may begin with; anything else belongs to one procedure.
_INITIAL = frozenset(
    "offset def_cfa val_offset register def_cfa_register restore undefined same_value"
    " def_cfa_offset".split()
)
_DW_OP_ADDR, _DW_OP_GNU_ENCODED_ADDR = 0x03, 0xF1


@dataclass(eq=False, slots=True)
class _Common:
    """A common entry as it was written."""

    procedure: Procedure
    steps: tuple[Step, ...]
    position: int
    start: Symbol


def encoding_size(encoding: int) -> int:
    """Give how many bytes a pointer in an encoding takes."""
    return 0 if encoding == OMIT else _SIZES[encoding & 7]


def advance_bytes(delta: int) -> tuple[bytes, int]:
    """Give the instruction that advances by `delta`, and the bits of its end that hold it."""
    if delta < _SHORT:
        return bytes([ADVANCE + delta]), 6
    for opcode, size in ((ADVANCE1, 1), (ADVANCE2, 2)):
        if delta < 1 << 8 * size:
            return bytes([opcode]) + delta.to_bytes(size, "little"), 8 * size
    return bytes([ADVANCE4]) + delta.to_bytes(4, "little"), 32


def _factored(name: str, register: int, offset: int) -> bytes:
    """Encode a register saved at an offset, in the shortest form that GNU as uses."""
    scaled = -offset // -DATA_ALIGNMENT
    if scaled < 0:
        long = "offset_extended_sf" if name == "offset" else "val_offset_sf"
        return bytes([OPCODES[long]]) + uleb128(register) + sleb128(scaled)
    if name == "offset" and register < _SHORT:
        return bytes([OPCODES["offset"] + register]) + uleb128(scaled)
    long = "offset_extended" if name == "offset" else "val_offset"
    return bytes([OPCODES[long]]) + uleb128(register) + uleb128(scaled)


def _cfa(name: str, *operands: int) -> bytes:
    """Encode a new rule for the frame address; negative offsets are scaled."""
    *registers, offset = operands
    head = b"".join(uleb128(register) for register in registers)
    if offset < 0:
        opcode = OPCODES[name + "_sf"]
        return bytes([opcode]) + head + sleb128(-offset // -DATA_ALIGNMENT)
    return bytes([OPCODES[name]]) + head + uleb128(offset)


def step_bytes(step: Step) -> bytes:
    """Encode an instruction whose bytes depend on no place."""
    name, operands = step.name, step.operands
    match name:
        case "offset" | "val_offset":
            return _factored(name, *operands)
        case "def_cfa" | "def_cfa_offset":
            return _cfa(name, *operands)
        case "restore" if operands[0] < _SHORT:
            return bytes([OPCODES["restore"] + operands[0]])
        case "restore":
            return bytes([OPCODES["restore_extended"]]) + uleb128(operands[0])
    return bytes([OPCODES[name]]) + b"".join(uleb128(number) for number in operands)


class FrameWriter:
    """Writes the procedures into one section; `is_eh` chooses between its two formats."""

    def __init__(self, stream: Stream, is_eh: bool) -> None:
        self._out = stream
        self._is_eh = is_eh
        self._commons: list[_Common] = []

    def write(self, procedures: list[Procedure], last: Procedure) -> None:
        """Write all procedures; the very last one pads its entry to the section's alignment."""
        for procedure in procedures:
            self._out.spot = procedure.spot
            common, rest = self._common_for(procedure)
            alignment = 4 if self._is_eh and procedure is not last else ADDRESS
            self._entry(procedure, common, rest, alignment)

    def _routine(self, procedure: Procedure) -> tuple[int, Value]:
        return procedure.personality if self._is_eh else (OMIT, 0)

    def _data_encoding(self, procedure: Procedure) -> int:
        return procedure.data[0] if self._is_eh else OMIT

    def _common_for(self, procedure: Procedure) -> tuple[_Common, list[Step]]:
        """Find or write the common entry; give what instructions are left for the procedure."""
        for common in reversed(self._commons):
            count = len(common.steps)
            if self._agree(common.procedure, procedure) and (
                tuple(procedure.steps[:count]) == common.steps
            ):
                return common, procedure.steps[count:]
        count = 0
        while count < len(procedure.steps) and procedure.steps[count].name in _INITIAL:
            count += 1
        steps = tuple(procedure.steps[:count])
        common = _Common(procedure, steps, self._out.position, self._out.here())
        self._commons.append(common)
        self._write_common(common)
        return common, procedure.steps[count:]

    def _agree(self, one: Procedure, other: Procedure) -> bool:
        return (
            one.return_column == other.return_column
            and one.is_signal_frame == other.is_signal_frame
            and self._routine(one) == self._routine(other)
            and self._data_encoding(one) == self._data_encoding(other)
        )

    def _write_common(self, common: _Common) -> None:
        out, procedure = self._out, common.procedure
        (encoding, routine), data = self._routine(procedure), self._data_encoding(procedure)
        out.open_length()
        out.number(0 if self._is_eh else -1, 4)
        out.byte(VERSION)
        letters = ""
        if self._is_eh:
            letters = "z" + "P" * (encoding != OMIT) + "L" * (data != OMIT) + "R"
        out.raw((letters + "S" * procedure.is_signal_frame).encode() + b"\0")
        out.unsigned(CODE_ALIGNMENT)
        out.signed(DATA_ALIGNMENT)
        out.unsigned(procedure.return_column)
        if self._is_eh:
            size = 1 + (data != OMIT)
            out.unsigned(size + (1 + encoding_size(encoding) if encoding != OMIT else 0))
            if encoding != OMIT:
                out.byte(encoding)
                self._pointer(encoding, routine)
            if data != OMIT:
                out.byte(data)
            out.byte(_EH_ENCODING)
        for step in common.steps:
            self._step(step)
        out.align(4 if self._is_eh else ADDRESS)
        out.close_length()

    def _entry(
        self, procedure: Procedure, common: _Common, steps: list[Step], alignment: int
    ) -> None:
        out, start, end = self._out, procedure.start.symbol, procedure.end
        assert end is not None
        out.open_length()
        if self._is_eh:
            out.number(out.position - common.position, 4)
            out.relative(start)
            out.distance(end.symbol, start, 4)
            encoding, value = procedure.data
            out.unsigned(encoding_size(encoding))
            self._pointer(encoding, value)
        else:
            out.address(common.start, 4)
            out.address(start)
            out.distance(end.symbol, start, ADDRESS)
        for step in steps:
            self._step(step)
        out.align(alignment)
        out.close_length()

    def _pointer(self, encoding: int, value: Value) -> None:
        """Write a pointer in an encoding, relative to its own place if that asks for it."""
        size = encoding_size(encoding)
        if not size:
            return
        if encoding & 0x70 != PC_RELATIVE or isinstance(value, int):
            self._out.value(value, size)
        elif not isinstance(value, Linear) or value.plus is None or value.minus is not None:
            raise Complaint("a pointer in frame information is a symbol or a number")
        elif size == 4 and self._is_eh:
            self._out.relative(value.plus, value.constant)
        else:
            here = self._out.here()
            self._out.value(Linear(value.plus, here, value.constant), size)

    def _step(self, step: Step) -> None:
        match step.name:
            case "advance":
                self._advance(*step.marks)
            case "escape":
                for value in step.values:
                    self._out.value(value, 1)
            case "label":
                assert step.label is not None
                step.label.place = self._out.place()
            case "val_encoded_addr":
                self._encoded_address(step)
            case _:
                self._out.raw(step_bytes(step))

    def _advance(self, start: Mark, end: Mark) -> None:
        """Advance to a later place; across what a linker may relax, the linker fills it in."""
        assert start.symbol.place is not None
        assert end.symbol.place is not None
        delta = end.symbol.place.final() - start.symbol.place.final()
        if not delta:
            return
        data, bits = advance_bytes(delta)
        if start.stretch == end.stretch or not end.symbol.place.section.is_code:
            self._out.raw(data)
            return
        if bits != 6:
            self._out.raw(data[:1])
            data = data[1:]
        self._out.replaced(data, bits, end.symbol, start.symbol)

    def _encoded_address(self, step: Step) -> None:
        register, encoding = step.operands
        if encoding == OMIT:
            return
        size = encoding_size(encoding)
        self._out.byte(OPCODES["val_expression"])
        self._out.unsigned(register)
        if encoding:
            self._out.unsigned(2 + size)
            self._out.byte(_DW_OP_GNU_ENCODED_ADDR, encoding)
        else:
            self._out.unsigned(1 + size)
            self._out.byte(_DW_OP_ADDR)
        self._pointer(encoding, step.values[0])
