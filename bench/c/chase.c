/* Pointers through 64 MiB: one random cycle over all its cache lines, followed N times 64 Ki steps.
   Compiled for the host with NATIVE it is the same loop over the same memory. */
#include "workload.h"
enum { LINES = 1 << 20, WORDS = 8, STEPS = 1 << 16 };

#ifdef NATIVE
#include <stdio.h>
static u64 memory[LINES * WORDS];
static u64 *region(void) { return memory; }
#else
/* Free memory of the board, mapped onto itself: 32 leaf tables below it. */
#define FIRST 0x81000000ul
#define TABLES 0x80c00000ul
static u64 *region(void) {
    u64 satp;
    __asm__ volatile("csrrw %0, satp, zero\n sfence.vma" : "=r"(satp) :: "memory");
    u64 *root = (u64 *)(satp << 20 >> 8);
    u64 *middle = (u64 *)(root[FIRST >> 30] >> 10 << 12);
    u64 *leaves = (u64 *)TABLES;
    for (u64 page = 0; page < 64 << 8; page++)
        leaves[page] = (FIRST + (page << 12)) >> 2 | 0xc7;
    for (u64 table = 0; table < 32; table++)
        middle[(FIRST >> 21 & 511) + table] = (TABLES + (table << 12)) >> 2 | 1;
    __asm__ volatile("csrw satp, %0\n sfence.vma" :: "r"(satp) : "memory");
    return (u64 *)FIRST;
}
#endif

WORKLOAD("chase") {
    u64 *lines = region(), state = 7, at = 0;
    for (u64 i = 0; i < LINES; i++) lines[i * WORDS] = i;
    for (u64 i = LINES - 1; i > 0; i--) { /* Sattolo: one cycle */
        u64 j = (next_random(&state) >> 20) % i, kept = lines[i * WORDS];
        lines[i * WORDS] = lines[j * WORDS];
        lines[j * WORDS] = kept;
    }
    for (u64 i = 0; i < LINES; i++) lines[i * WORDS] = (u64)(lines + lines[i * WORDS] * WORDS);
    u64 *here = lines;
    while (n--)
        for (u64 i = 0; i < STEPS; i++) here = (u64 *)*here;
    at = here - lines;
    return at;
}

#ifdef NATIVE
int main(void) { printf("%lx\n", workload(iterations)); }
#endif
