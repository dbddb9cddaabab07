"""Zifencei: instruction-fetch fence.

Follows the chapter '"Zifencei" Extension for Instruction-Fetch Fence' of the RISC-V Unprivileged
ISA. Every engine here sees a store to code at once, so the fence has nothing left to do.
"""

from isa.insn import insn


@insn("fence.i", "------------ ----- 001 ----- 0001111", ext="Zifencei")
def fence_i() -> None:
    """Make earlier stores to instruction memory visible to later fetches of this hart."""
