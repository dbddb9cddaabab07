"""Padding made of instructions, for alignment inside code.

Follows the chapter "RV32I Base Integer Instruction Set", section "NOP Instruction".
"""

NOP = (0x13).to_bytes(4, "little")
COMPRESSED_NOP = (0x01).to_bytes(2, "little")


def nop_fill(size: int) -> bytes:
    """Fill `size` bytes that end on a 4-byte boundary with nops, short ones first."""
    head = bytes(size % 2) + (COMPRESSED_NOP if size % 4 >= 2 else b"")
    return head + NOP * (size // 4)
