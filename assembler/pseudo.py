"""Pseudo-instructions and operand variants: a table of what is written and what it stands for.

Follows the "RISC-V Assembly Programmer's Manual", chapter "Pseudoinstructions", and what GNU as
accepts beyond it. In an expansion a name of the pattern is replaced by that operand, `%f(symbol)`
asks for a relocation, and `%pcrel_lo(@)` pairs with the expansion's own first instruction.
"""

from collections.abc import Iterator

from assembler.reloc import low_part
from isa.fields import UNWRITTEN
from isa.insn import LITERALS, Insn, Kind
from isa.registers import MODES
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
    ("zext.w rd, rs", ("add.uw rd, rs, zero",)),
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
    ("hfence.vvma", ("hfence.vvma zero, zero",)),
    ("hfence.vvma rs1", ("hfence.vvma rs1, zero",)),
    ("hfence.gvma", ("hfence.gvma zero, zero",)),
    ("hfence.gvma rs1", ("hfence.gvma rs1, zero",)),
    ("frcsr rd", ("csrrs rd, fcsr, zero",)),
    ("frsr rd", ("csrrs rd, fcsr, zero",)),
    ("fscsr rs", ("csrrw zero, fcsr, rs",)),
    ("fssr rs", ("csrrw zero, fcsr, rs",)),
    ("fscsr rd, rs", ("csrrw rd, fcsr, rs",)),
    ("fssr rd, rs", ("csrrw rd, fcsr, rs",)),
    ("frrm rd", ("csrrs rd, frm, zero",)),
    ("fsrm rs", ("csrrw zero, frm, rs",)),
    ("fsrm rd, rs", ("csrrw rd, frm, rs",)),
    ("fsrmi uimm", ("csrrwi zero, frm, uimm",)),
    ("fsrmi rd, uimm", ("csrrwi rd, frm, uimm",)),
    ("frflags rd", ("csrrs rd, fflags, zero",)),
    ("fsflags rs", ("csrrw zero, fflags, rs",)),
    ("fsflags rd, rs", ("csrrw rd, fflags, rs",)),
    ("fsflagsi uimm", ("csrrwi zero, fflags, uimm",)),
    ("fsflagsi rd, uimm", ("csrrwi rd, fflags, uimm",)),
    ("fmv.x.s rd, fs", ("fmv.x.w rd, fs",)),
    ("fmv.s.x fd, rs", ("fmv.w.x fd, rs",)),
    ("add rd, rs1, rs2, tprel", ("add rd, rs1, rs2",)),
    ("li rd, constant", ("@constant",)),
    ("la rd, address", ("@la",)),
    ("lla rd, address", ("@lla",)),
    ("lga rd, address", ("@lga",)),
    ("la.tls.ie rd, symbol", ("@la.tls.ie",)),
    ("la.tls.gd rd, symbol", ("@la.tls.gd",)),
)

# For each format: what is written, and what it stands for.
_FLOAT: tuple[Expansion, ...] = (
    ("fmv.{} fd, fs", ("fsgnj.{} fd, fs, fs",)),
    ("fneg.{} fd, fs", ("fsgnjn.{} fd, fs, fs",)),
    ("fabs.{} fd, fs", ("fsgnjx.{} fd, fs, fs",)),
    ("fgt.{} rd, fs1, fs2", ("flt.{} rd, fs2, fs1",)),
    ("fge.{} rd, fs1, fs2", ("fle.{} rd, fs2, fs1",)),
)
_FORMATS = ("s", "d", "h", "q")

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
    ("ror", "rori"),
    ("rorw", "roriw"),
    ("bclr", "bclri"),
    ("bext", "bexti"),
    ("binv", "binvi"),
    ("bset", "bseti"),
)


def expansions() -> Iterator[Expansion]:
    """Give every pseudo-instruction: its pattern, and the instructions it stands for."""
    for pattern, steps in _rows():
        if all(step[0] == "@" or TABLE.find(step.partition(" ")[0]) for step in steps):
            yield pattern, steps


def rounded(syntax: str, insn: Insn) -> tuple[tuple[str, str], ...]:
    """Give the ways to write an instruction, and what is meant; a rounding mode may be left out."""
    for literal in LITERALS:
        if syntax.endswith(f", {literal}"):
            short = syntax.removesuffix(f", {literal}")
            return ((f"{short}, rm", short),)
    if not insn.rounding:
        return ((syntax, syntax),)
    short = syntax.removesuffix(f", {insn.rounding}")
    return (short, f"{short}, {MODES[UNWRITTEN[insn.rounding]]}"), (syntax, syntax)


def _rows() -> Iterator[Expansion]:
    yield from _PLAIN
    for format_name in _FORMATS:
        for pattern, steps in _FLOAT:
            yield pattern.format(format_name), tuple(step.format(format_name) for step in steps)
    for name, immediate in _IMMEDIATE_FORMS:
        source = TABLE.by_name[immediate].operands[-1].name
        yield f"{name} rd, rs1, {source}", (f"{immediate} rd, rs1, {source}",)
    yield from _far_accesses()


def _far_accesses() -> Iterator[Expansion]:
    """Give loads and stores of symbols: what is loaded makes room for the address, if it can."""
    for insn in TABLE:
        name, _, operands = insn.syntax.partition(" ")
        first, _, rest = operands.partition(", ")
        if rest != "imm(rs1)" or insn.kind not in (Kind.LOAD, Kind.STORE):
            continue
        kind = insn.pattern.operands[first].kind
        if kind == "xreg" and first == "rd":
            steps = ("auipc rd, %pcrel_hi(symbol)", f"{name} rd, %pcrel_lo(@)(rd)")
            yield f"{name} rd, symbol", steps
        elif kind in ("xreg", "freg"):
            steps = ("auipc rt, %pcrel_hi(symbol)", f"{name} {first}, %pcrel_lo(@)(rt)")
            yield f"{name} {first}, symbol, rt", steps


def load_constant(value: int) -> list[tuple[str, int]]:
    """Give the instructions that build a signed 64-bit constant, as (mnemonic, immediate).

    The first one starts from zero (`lui` from nothing), each further one from the result so far.
    """
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
    steps = [*load_constant(rest), ("slli", shift)]
    return [*steps, ("addi", low)] if low else steps
