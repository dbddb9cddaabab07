"""Zihintpause, Zihintntl, Zicbop: encodings of other instructions that do nothing, with names.

Follows the chapters '"Zihintpause" Extension for Pause Hint', '"Zihintntl" Extension for
Non-Temporal Locality Hints' and '"CMO" Extensions for Base Cache Management Operation ISA' of the
RISC-V Unprivileged ISA. A hart without these extensions executes what the hints refine, to the same
effect: nothing.
"""

from isa.insn import insn


@insn("pause", "0000 0001 0000 00000 000 00000 0001111", ext="Zihintpause|I", refines="fence")
def pause() -> None:
    """Let others use the hart's resources for a while."""


@insn("ntl.p1", "0000000 00010 00000 000 00000 0110011", ext="Zihintntl|I", refines="add")
def ntl_p1() -> None:
    """Say that the next access has no locality within the innermost private cache."""


@insn("ntl.pall", "0000000 00011 00000 000 00000 0110011", ext="Zihintntl|I", refines="add")
def ntl_pall() -> None:
    """Say that the next access has no locality within any private cache."""


@insn("ntl.s1", "0000000 00100 00000 000 00000 0110011", ext="Zihintntl|I", refines="add")
def ntl_s1() -> None:
    """Say that the next access has no locality within the innermost shared cache."""


@insn("ntl.all", "0000000 00101 00000 000 00000 0110011", ext="Zihintntl|I", refines="add")
def ntl_all() -> None:
    """Say that the next access has no locality within any cache."""


@insn("prefetch.i imm(rs1)", "imm[11:5] 00000 rs1 110 00000 0010011", ext="Zicbop|I", refines="ori")
def prefetch_i() -> None:
    """Say that a block is likely to be executed soon."""


@insn("prefetch.r imm(rs1)", "imm[11:5] 00001 rs1 110 00000 0010011", ext="Zicbop|I", refines="ori")
def prefetch_r() -> None:
    """Say that a block is likely to be read soon."""


@insn("prefetch.w imm(rs1)", "imm[11:5] 00011 rs1 110 00000 0010011", ext="Zicbop|I", refines="ori")
def prefetch_w() -> None:
    """Say that a block is likely to be written soon."""
