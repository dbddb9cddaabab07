"""The text of an instruction as GNU objdump 2.40 prints it, by default under its shortest name.

Not here: addresses and their symbols (`disassembly.py`), what is an instruction (`isa.spec`).
"""

from typing import NamedTuple

from assembler.binutils.aliases import aliases, plain_parts
from assembler.binutils.arch import Arch
from assembler.csr_names import NEWEST, csr_name
from isa.compressed import Form
from isa.fields import UNWRITTEN, Operand
from isa.insn import Insn, Kind
from isa.registers import F_NAMES, MODES, X_NAMES
from isa.softfloat.constants import CONSTANT_TEXTS
from isa.spec import FORMS, TABLE

_FENCE = "iorw"
_HEX = ("imm20", "shamt", "shamtw", "bs", "rnum")
_HINT = "|I"  # at the end of the extension of what executes everywhere
_LUI, _AUIPC = "lui", "auipc"
_ADDIW = ("addiw",)
_POINTING = ("addi", "addiw")
# What binutils know of the base although no extension here has it.
_OTHERS = {0x00200073: "uret", 0x20200073: "hret", 0x7B200073: "dret"}
# Compressed forms whose text is not that of their syntax.
_SHORT_SYNTAX = {
    "c.addi16sp": "c.addi16sp sp, imm",
    "c.addi4spn": "c.addi4spn rdp, sp, uimm",
    "c.nop": "c.addi zero, 0",
}
_FIXED = {"zero": 0, "sp": 2}  # registers that are part of a syntax
_ZERO_SHIFTS = ("c.slli", "c.srli", "c.srai")
_ADDI16SP_0 = 0x6101  # reserved, but printed


class Text(NamedTuple):
    """What is printed, and what it says of addresses.

    `goal` is the distance of a jump's target, printed at the end. `high` is a register and what
    `lui` or `auipc` (then `is_relative`) puts into it. `low` is a base register and an offset.
    """

    text: str
    goal: int | None = None
    high: tuple[int, int] | None = None
    is_relative: bool = False
    low: tuple[int, int] | None = None
    is_wide: bool = False


class Printer:
    """Prints instructions of an architecture; what it cannot have is printed as a number."""

    def __init__(self, arch: Arch, has_aliases: bool = True, is_numeric: bool = False) -> None:
        self._arch = arch
        self._has_aliases = has_aliases
        self._is_numeric = is_numeric
        self._x = tuple(f"x{i}" for i in range(32)) if is_numeric else X_NAMES
        self._f = tuple(f"f{i}" for i in range(32)) if is_numeric else F_NAMES
        self._kept: dict[int, Text | None] = {}

    def print(self, word: int) -> Text | None:
        """Give the text of a 16- or 32-bit instruction, or None when it is none."""
        if word in self._kept:
            return self._kept[word]
        made = self._short(word) if word & 3 != 3 else self._long(word)
        self._kept[word] = made
        return made

    def _long(self, word: int) -> Text | None:
        insn = TABLE.decode(word)
        if insn is not None and self._is_unknown_hint(insn):
            insn = TABLE.by_name[insn.refines]
        if insn is None or not self._arch.has(insn.ext):
            return Text(_OTHERS[word]) if word in _OTHERS else None
        values = insn.extract(word)
        if insn.encode(**values) != word or values.get("rmx"):  # bits ignored, but reserved
            return None
        return self._insn(insn, values)

    def _is_unknown_hint(self, insn: Insn) -> bool:
        """Say whether a name is that of a hint which the architecture does not have."""
        return insn.ext.endswith(_HINT) and not self._arch.has(insn.ext.removesuffix(_HINT))

    def _insn(self, insn: Insn, values: dict[str, int]) -> Text:
        name, parts = insn.name, plain_parts(insn.syntax)
        if self._has_aliases:
            for alias in aliases().get(insn.name, ()):
                if alias.fits(values) and self._arch.has(alias.ext):
                    name, parts = alias.name, alias.parts
                    break
        if insn.rounding and values[insn.rounding] == UNWRITTEN[insn.rounding]:
            parts = (*parts[:-3], "")  # without comma and mode
        name += insn.suffix(values)
        return self._addressed(insn, values, name, parts)

    def _addressed(
        self, insn: Insn, values: dict[str, int], name: str, parts: tuple[str, ...]
    ) -> Text:
        """Add what an instruction says of addresses to its text."""
        text = self._fill(name, parts, insn.pattern.operands, values)
        if "offset" in parts[1::2]:
            return Text(text, goal=values["offset"])
        if insn.name in (_LUI, _AUIPC):
            high = (values["imm20"] ^ 0x80000) - 0x80000 << 12
            return Text(text, high=(values["rd"], high), is_relative=insn.name == _AUIPC)
        is_shown = "imm" in parts[1::2] or (insn.name == "jalr" and "rs1" in parts[1::2])
        if is_shown and _may_point(insn, values["rs1"]):
            low = values["rs1"], values["imm"]
            return Text(text, low=low, is_wide=insn.name in _ADDIW)
        return Text(text)

    def _short(self, word: int) -> Text | None:
        if not word and self._arch.has("C"):
            return Text("unimp" if self._has_aliases else "c.unimp")
        found = FORMS.decode(word)
        if found is not None and self._is_unknown_hint(TABLE.by_name[found[0].target]):
            found = FORMS.decode(word, but=found[0])
        if found is None and word == _ADDI16SP_0:
            return Text(f"{'add' if self._has_aliases else 'c.addi16sp'}\t{self._sp(2)}0")
        if found is None or not self._arch.has(found[0].ext):
            return None
        form, values = found
        if form.name in _ZERO_SHIFTS and not values["shamt"]:
            register = values["rd" if "rd" in values else "rdp"]
            return Text(f"{form.name}64\t{self._x[register]}")
        if not self._has_aliases:
            return self._form(form, values)
        if form.is_hint(values) and not values.get("rd", 1):
            return self._hint(form, values)
        return self._expanded(form, values)

    def _hint(self, form: Form, values: dict[str, int]) -> Text:
        if form.name == "c.addi":
            return Text(f"c.nop\t{values['imm']}")
        return Text(self._form(form, values).text)

    def _sp(self, count: int) -> str:
        return f"{self._x[2]}," * (count if self._has_aliases else 1)

    def _form(self, form: Form, values: dict[str, int]) -> Text:
        """Print a compressed form under its own name."""
        syntax = _SHORT_SYNTAX.get(form.name, form.syntax)
        name, parts = syntax.partition(" ")[0], plain_parts(syntax)
        shown = dict(values)
        if form.name == "c.lui":
            shown["imm"] &= 0xFFFFF
        text = self._fill(name, parts, form.pattern.operands, shown)
        if form.name == "c.lui":
            head, _, last = text.rpartition(",")
            text = f"{head},{int(last):#x}"
        return self._with_addresses(form, values, text)

    def _expanded(self, form: Form, values: dict[str, int]) -> Text:
        """Print a compressed form as the instruction it stands for."""
        insn = TABLE.by_name[form.target]
        meant = form.expand(values, insn)
        if form.name == "c.mv":
            text = f"mv\t{self._x[meant['rd']]},{self._x[meant['rs2']]}"
        elif form.name == "c.addi" and not values["imm"]:
            text = f"add\t{self._x[values['rd']]},{self._x[values['rd']]},0"
        elif form.name == "c.nop":
            text = "nop"
        elif form.name.startswith("c.mop."):
            text = form.name
        else:
            text = self._insn(insn, meant).text
        return self._with_addresses(form, values, text)

    def _with_addresses(self, form: Form, values: dict[str, int], text: str) -> Text:
        """Of compressed forms only jumps, c.lui, c.addi and c.addiw say something of addresses."""
        if "offset" in values:
            return Text(text, goal=values["offset"])
        if form.name == "c.lui":
            return Text(text, high=(values["rd"], values["imm"] << 12))
        is_word = form.name == "c.addiw" and (values["imm"] or not self._has_aliases)
        is_sum = form.name == "c.addi" or is_word
        if is_sum and values["rd"]:
            return Text(text, low=(values["rd"], values["imm"]), is_wide=form.name == "c.addiw")
        return Text(text)

    def _fill(
        self,
        name: str,
        parts: tuple[str, ...],
        operands: dict[str, Operand],
        values: dict[str, int],
    ) -> str:
        """Put operands into the text; the target of a jump is left to the end of the line."""
        if parts == ("",):
            return name
        shown = [
            self._operand(operands[part], values[part])
            if index % 2 and part in operands
            else self._x[_FIXED[part]]
            if part in _FIXED
            else part
            for index, part in enumerate(parts)
        ]
        return f"{name}\t{''.join(shown)}"

    def _operand(self, operand: Operand, value: int) -> str:
        match operand.kind:
            case "xreg":
                return self._x[value]
            case "freg":
                return self._f[value]
            case "rm":
                return MODES.get(value, "unknown")
            case "fli":
                return CONSTANT_TEXTS[value]
            case "offset":
                return ""
            case "csr":
                return csr_name(value, self._arch.priv or NEWEST) or f"{value:#x}"
            case "fence":
                return "".join(c for i, c in enumerate(_FENCE) if value >> (3 - i) & 1) or "unknown"
        return f"{value:#x}" if operand.name in _HEX else str(value)


def _may_point(insn: Insn, base: int) -> bool:
    if insn.kind in (Kind.LOAD, Kind.STORE) or insn.name == "jalr":
        return True
    return insn.name in _POINTING and base != 0
