"""Zicbom, Zicboz: cache-block management, and zeroing of blocks of 64 bytes.

Follows the chapter '"CMO" Extensions for Base Cache Management Operation ISA' of the RISC-V
Unprivileged ISA. Any address within a block names it. Zicbop's hints are in `hints.py`.
"""

from isa.cache_blocks import manage_block, zero_block
from isa.csr_access import CBCFE, CBIE
from isa.insn import system
from isa.machine import MachinePage
from isa.words import Word


@system("cbo.inval (rs1)", "000000000000 rs1 010 00000 0001111", ext="Zicbom")
def cbo_inval(hart: MachinePage, word: Word, rs1: Word) -> None:
    """Invalidate the cached copies of a block, or flush them; as menvcfg.CBIE allows."""
    manage_block(hart, word, rs1, CBIE)


@system("cbo.clean (rs1)", "000000000001 rs1 010 00000 0001111", ext="Zicbom")
def cbo_clean(hart: MachinePage, word: Word, rs1: Word) -> None:
    """Write a changed block back to memory, if menvcfg.CBCFE allows it."""
    manage_block(hart, word, rs1, CBCFE)


@system("cbo.flush (rs1)", "000000000010 rs1 010 00000 0001111", ext="Zicbom")
def cbo_flush(hart: MachinePage, word: Word, rs1: Word) -> None:
    """Write a changed block back to memory and invalidate its copies; as menvcfg.CBCFE allows."""
    manage_block(hart, word, rs1, CBCFE)


@system("cbo.zero (rs1)", "000000000100 rs1 010 00000 0001111", ext="Zicboz")
def cbo_zero(hart: MachinePage, word: Word, rs1: Word) -> None:
    """Store zeros to a whole block, if menvcfg.CBZE allows it."""
    zero_block(hart, word, rs1)
