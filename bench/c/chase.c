/* Pointer chasing over 64 MiB: one random cycle through all cache lines. */
#include "workload.h"
enum { SIZE = 64 << 20, LINE = 64, LINES = SIZE / LINE };
static u8 memory[SIZE] __attribute__((aligned(4096)));

WORKLOAD("chase") {
    u64 state = 5;
    for (u64 i = 0; i < LINES; i++) *(u64 *)(memory + i * LINE) = i;
    for (u64 i = LINES - 1; i > 0; i--) {
        u64 j = next_random(&state) % i;
        u64 t = *(u64 *)(memory + i * LINE);
        *(u64 *)(memory + i * LINE) = *(u64 *)(memory + j * LINE);
        *(u64 *)(memory + j * LINE) = t;
    }
    u64 at = 0;
    while (n--) at = *(u64 *)(memory + at * LINE);
    return at;
}
