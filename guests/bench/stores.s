# Benchmark: stores. Each of N iterations fills a buffer of 1 MiB, copies it to a second one,
# overwrites one page of the copy by bytes, halfwords and words, and sums up samples of it.

    .include "macros.inc"
    .include "isa.inc"
    .include "workload.inc"

.equ BYTES,      1 << 20
.equ SAMPLE,     520                    # bytes between the doublewords that are summed up

    default_iterations 1
    workload_named "stores"

    .bss
    .balign 4096
source:
    .zero BYTES
copy:
    .zero BYTES

    .text
    .globl workload
workload:
    enter
    mv s0, a0
    li s1, 0                            # checksum
1:  add a1, s1, s0                      # value to fill with
    call fill
    call copy_all
    call narrow
    call sample
    addi s0, s0, -1
    bnez s0, 1b
    mv a0, s1
    leave

# fill(a1 = first value): source[i] = first value + i / 8 by doublewords, eight to a turn.
fill:
    la a0, source
    li a2, BYTES
    add a2, a2, a0                      # end
1:  sd a1, 0(a0)
    sd a1, 8(a0)
    sd a1, 16(a0)
    sd a1, 24(a0)
    sd a1, 32(a0)
    sd a1, 40(a0)
    sd a1, 48(a0)
    sd a1, 56(a0)
    addi a1, a1, 1
    addi a0, a0, 64
    bltu a0, a2, 1b
    ret

# copy_all(): source to copy, four doublewords to a turn.
copy_all:
    la a0, copy
    la a1, source
    mv a2, a0                           # the copy starts where the source ends
1:  ld a3, 0(a1)
    ld a4, 8(a1)
    ld a5, 16(a1)
    ld a6, 24(a1)
    sd a3, 0(a0)
    sd a4, 8(a0)
    sd a5, 16(a0)
    sd a6, 24(a0)
    addi a0, a0, 32
    addi a1, a1, 32
    bltu a1, a2, 1b
    ret

# narrow(): the first page of the copy by narrower stores of the offset, 24 bytes to a turn.
narrow:
    la a0, copy
    li a1, 0                            # offset
    li a2, PAGE_SIZE - 24
1:  sb a1, 0(a0)
    sb a1, 3(a0)
    sb a1, 5(a0)
    sh a1, 6(a0)
    sh a1, 10(a0)
    sw a1, 12(a0)
    sw a1, 16(a0)
    addi a0, a0, 24
    addi a1, a1, 24
    bleu a1, a2, 1b
    ret

# sample(): add one doubleword in SAMPLE bytes of the copy to the checksum in s1, times 31.
sample:
    la a0, copy
    li a1, BYTES
    add a1, a1, a0                      # end
1:  ld a2, 0(a0)
    slli a3, s1, 5
    sub s1, a3, s1
    add s1, s1, a2
    addi a0, a0, SAMPLE
    bltu a0, a1, 1b
    ret
