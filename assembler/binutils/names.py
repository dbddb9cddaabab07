"""How names and relocations are printed by all of the tools.

Not here: the relocations the linker applies (`assembler.reloc`); this table has those it refuses
as well, and those that only running programs have. Follows the RISC-V ELF psABI, "Relocations".
"""

from assembler.binutils.elf_file import STT_SECTION, Relocation, Symbol

_LISTED = (
    (0, "NONE 32 64 RELATIVE COPY JUMP_SLOT TLS_DTPMOD32 TLS_DTPMOD64 TLS_DTPREL32 TLS_DTPREL64"),
    (10, "TLS_TPREL32 TLS_TPREL64 TLSDESC"),
    (16, "BRANCH JAL CALL CALL_PLT GOT_HI20 TLS_GOT_HI20 TLS_GD_HI20 PCREL_HI20 PCREL_LO12_I"),
    (25, "PCREL_LO12_S HI20 LO12_I LO12_S TPREL_HI20 TPREL_LO12_I TPREL_LO12_S TPREL_ADD"),
    (33, "ADD8 ADD16 ADD32 ADD64 SUB8 SUB16 SUB32 SUB64 GNU_VTINHERIT GNU_VTENTRY ALIGN"),
    (44, "RVC_BRANCH RVC_JUMP RVC_LUI GPREL_I GPREL_S TPREL_I TPREL_S RELAX SUB6 SET6 SET8"),
    (55, "SET16 SET32 32_PCREL IRELATIVE PLT32 SET_ULEB128 SUB_ULEB128"),
)
RELOCATION_NAMES = {
    number: f"R_RISCV_{name}"
    for first, names in _LISTED
    for number, name in enumerate(names.split(), first)
}


def printable(name: str) -> str:
    """Show control characters as ^A, ^B and so on."""
    if name.isprintable():
        return name
    return "".join(f"^{chr(ord(char) + 64)}" if char < " " else char for char in name)


def symbol_name(symbol: Symbol | None) -> str:
    """Give what to call the symbol of a relocation."""
    if symbol is None:
        return "*ABS*"
    if symbol.type == STT_SECTION and symbol.section is not None and not symbol.name:
        return symbol.section.name
    return symbol.name


def relocation_name(number: int) -> str:
    """Give the name of a relocation type."""
    return RELOCATION_NAMES.get(number, "*unknown*")


def relocation_line(entry: Relocation) -> str:
    """Give the text of a relocation in a disassembly."""
    text = f"{relocation_name(entry.type)}\t{printable(symbol_name(entry.symbol))}"
    return f"{text}{entry.addend:+#x}" if entry.addend else text
