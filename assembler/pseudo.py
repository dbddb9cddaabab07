"""Pseudo-instructions and operand variants: a table of what is written and what it stands for.

Follows the "RISC-V Assembly Programmer's Manual", chapter "Pseudoinstructions", and what GNU as
accepts beyond it. In an expansion a name of the pattern is replaced by that operand, `%f(symbol)`
asks for a relocation, and `%pcrel_lo(@)` pairs with the expansion's own first instruction.
"""

from collections.abc import Iterator

from assembler.reloc import low_part
from isa.insn import Kind
from isa.spec import TABLE

Expansion = tuple[str, tuple[str, ...]]

_PLAIN: tuple[Expansion, ...] = (
    ("nop", ("addi zero, zero, 0",)),
    ("mv rd, rs", ("addi rd, rs, 0",)),
    ("move rd, rs", ("addi rd, rs, 0",)),
    ("not rd, rs", ("xori rd, rs, -1",)),
    ("neg rd, rs", ("sub rd, zero, rs",)),
    ("negw rd, rs", ("subw rd, zero, rs",)),
    ("sext.w rd, rs", ("addiw rd, rs, 0",)),
    ("sext.b rd, rs", ("slli rd, rs, 56", "srai rd, rd, 56")),
    ("sext.h rd, rs", ("slli rd, rs, 48", "srai rd, rd, 48")),
    ("zext.b rd, rs", ("andi rd, rs, 255",)),
    ("zext.h rd, rs", ("slli rd, rs, 48", "srli rd, rd, 48")),
    ("zext.w rd, rs", ("slli rd, rs, 32", "srli rd, rd, 32")),
    ("seqz rd, rs", ("sltiu rd, rs, 1",)),
    ("snez rd, rs", ("sltu rd, zero, rs",)),
    ("sltz rd, rs", ("slt rd, rs, zero",)),
    ("sgtz rd, rs", ("slt rd, zero, rs",)),
    ("sgt rd, rs1, rs2", ("slt rd, rs2, rs1",)),
    ("sgtu rd, rs1, rs2", ("sltu rd, rs2, rs1",)),
    ("beqz rs, offset", ("beq rs, zero, offset",)),
    ("bnez rs, offset", ("bne rs, zero, offset",)),
    ("blez rs, offset", ("bge zero, rs, offset",)),
    ("bgez rs, offset", ("bge rs, zero, offset",)),
    ("bltz rs, offset", ("blt rs, zero, offset",)),
    ("bgtz rs, offset", ("blt zero, rs, offset",)),
    ("bgt rs1, rs2, offset", ("blt rs2, rs1, offset",)),
    ("ble rs1, rs2, offset", ("bge rs2, rs1, offset",)),
    ("bgtu rs1, rs2, offset", ("bltu rs2, rs1, offset",)),
    ("bleu rs1, rs2, offset", ("bgeu rs2, rs1, offset",)),
    ("j offset", ("jal zero, offset",)),
    ("jal offset", ("jal ra, offset",)),
    ("jr rs", ("jalr zero, 0(rs)",)),
    ("jr imm(rs)", ("jalr zero, imm(rs)",)),
    ("jr rs, imm", ("jalr zero, imm(rs)",)),
    ("jalr rs", ("jalr ra, 0(rs)",)),
    ("jalr imm(rs)", ("jalr ra, imm(rs)",)),
    ("jalr rd, rs", ("jalr rd, 0(rs)",)),
    ("jalr rd, rs, imm", ("jalr rd, imm(rs)",)),
    ("ret", ("jalr zero, 0(ra)",)),
    ("call symbol", ("auipc ra, %call(symbol)", "jalr ra, 0(ra)")),
    ("call rd, symbol", ("auipc t1, %call(symbol)", "jalr rd, 0(t1)")),
    ("tail symbol", ("auipc t1, %call(symbol)", "jalr zero, 0(t1)")),
    ("jump symbol, rt", ("auipc rt, %call(symbol)", "jalr zero, 0(rt)")),
    ("fence", ("fence iorw, iorw",)),
    ("ecall", ("ecall",)),
    ("scall", ("ecall",)),
    ("sbreak", ("ebreak",)),
    ("unimp", ("csrrw zero, cycle, zero",)),
    ("rdcycle rd", ("csrrs rd, cycle, zero",)),
    ("rdtime rd", ("csrrs rd, time, zero",)),
    ("rdinstret rd", ("csrrs rd, instret, zero",)),
    ("csrr rd, csr", ("csrrs rd, csr, zero",)),
    ("csrw csr, rs", ("csrrw zero, csr, rs",)),
    ("csrs csr, rs", ("csrrs zero, csr, rs",)),
    ("csrc csr, rs", ("csrrc zero, csr, rs",)),
    ("csrw csr, uimm", ("csrrwi zero, csr, uimm",)),
    ("csrs csr, uimm", ("csrrsi zero, csr, uimm",)),
    ("csrc csr, uimm", ("csrrci zero, csr, uimm",)),
    ("csrwi csr, uimm", ("csrrwi zero, csr, uimm",)),
    ("csrsi csr, uimm", ("csrrsi zero, csr, uimm",)),
    ("csrci csr, uimm", ("csrrci zero, csr, uimm",)),
    ("csrrw rd, csr, uimm", ("csrrwi rd, csr, uimm",)),
    ("csrrs rd, csr, uimm", ("csrrsi rd, csr, uimm",)),
    ("csrrc rd, csr, uimm", ("csrrci rd, csr, uimm",)),
    ("sfence.vma", ("sfence.vma zero, zero",)),
    ("sfence.vma rs1", ("sfence.vma rs1, zero",)),
    ("li rd, constant", ("@constant",)),
    ("la rd, address", ("@address",)),
    ("lla rd, address", ("@address",)),
)

# A register form that also takes an immediate, and the immediate form meant.
_IMMEDIATE_FORMS = (
    ("add", "addi"),
    ("addw", "addiw"),
    ("and", "andi"),
    ("or", "ori"),
    ("xor", "xori"),
    ("slt", "slti"),
    ("sltu", "sltiu"),
    ("sll", "slli"),
    ("srl", "srli"),
    ("sra", "srai"),
    ("sllw", "slliw"),
    ("srlw", "srliw"),
    ("sraw", "sraiw"),
)


def expansions() -> Iterator[Expansion]:
    """Give every pseudo-instruction: its pattern, and the instructions it stands for."""
    yield from _PLAIN
    for name, immediate in _IMMEDIATE_FORMS:
        source = TABLE.by_name[immediate].operands[-1].name
        yield f"{name} rd, rs1, {source}", (f"{immediate} rd, rs1, {source}",)
    for insn in TABLE:
        if insn.kind is Kind.LOAD and insn.syntax == f"{insn.name} rd, imm(rs1)":
            address = "auipc rd, %pcrel_hi(symbol)"
            yield f"{insn.name} rd, symbol", (address, f"{insn.name} rd, %pcrel_lo(@)(rd)")
        if insn.kind is Kind.STORE and insn.syntax == f"{insn.name} rs2, imm(rs1)":
            address = "auipc rt, %pcrel_hi(symbol)"
            yield f"{insn.name} rs2, symbol, rt", (address, f"{insn.name} rs2, %pcrel_lo(@)(rt)")


def load_constant(value: int, is_address: bool = False) -> list[tuple[str, int]]:
    """Give the instructions that build a signed 64-bit constant, as (mnemonic, immediate).

    The first one starts from zero (`lui` from nothing), each further one from the result so far.
    `la` builds a small number with `addiw`, where `li` has `addi`.
    """
    if -0x800 <= value < 0x800 and not is_address:
        return [("addi", value)]
    return _build_constant(value)


def _build_constant(value: int) -> list[tuple[str, int]]:
    low = low_part(value)
    if -(1 << 31) <= value < 1 << 31:
        upper = ((value - low) >> 12) & 0xFFFFF
        steps = [("lui", upper)] if upper else []
        return [*steps, ("addiw", low)] if low or not steps else steps
    rest, shift = (value - low) >> 12, 12
    # An upper part that reaches 2**63 has wrapped around to the most negative number.
    rest = rest - (1 << 52) if rest >= 1 << 51 else rest
    while not rest & 1:
        rest >>= 1
        shift += 1
    steps = [*_build_constant(rest), ("slli", shift)]
    return [*steps, ("addi", low)] if low else steps
