# Memory: fill and copy, a doubleword at a time when the operands allow it.
# Leaf routines of the standard calling convention; a0 is returned unchanged.

    .text

# memset(a0 = destination, a1 = byte value, a2 = bytes) -> a0. Clobbers a1 to a4.
    .globl memset
memset:
    mv a3, a0
    or a4, a0, a2
    andi a4, a4, 7
    add a2, a0, a2                      # end
    bnez a4, 2f

    # Aligned: spread the byte over a doubleword first.
    andi a1, a1, 0xff
    slli a4, a1, 8
    or a1, a1, a4
    slli a4, a1, 16
    or a1, a1, a4
    slli a4, a1, 32
    or a1, a1, a4
1:  bgeu a3, a2, 3f
    sd a1, 0(a3)
    addi a3, a3, 8
    j 1b

    # Unaligned: byte by byte.
2:  bgeu a3, a2, 3f
    sb a1, 0(a3)
    addi a3, a3, 1
    j 2b
3:  ret

# memcpy(a0 = destination, a1 = source, a2 = bytes) -> a0; no overlap. Clobbers a1 to a4.
    .globl memcpy
memcpy:
    mv a3, a0
    or a4, a0, a1
    or a4, a4, a2
    andi a4, a4, 7
    add a2, a0, a2                      # end
    bnez a4, 2f

    # Everything aligned: doublewords.
1:  bgeu a3, a2, 3f
    ld a4, 0(a1)
    sd a4, 0(a3)
    addi a1, a1, 8
    addi a3, a3, 8
    j 1b

    # Otherwise: bytes.
2:  bgeu a3, a2, 3f
    lbu a4, 0(a1)
    sb a4, 0(a3)
    addi a1, a1, 1
    addi a3, a3, 1
    j 2b
3:  ret
