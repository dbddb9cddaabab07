/* Bits: the sieve of Eratosthenes in a bit map, and population counts. */
#include "workload.h"
enum { LIMIT = 1 << 16 };
static u64 bits[LIMIT / 64];

static u64 population(u64 x) {
    x -= x >> 1 & 0x5555555555555555;
    x = (x & 0x3333333333333333) + (x >> 2 & 0x3333333333333333);
    return ((x + (x >> 4)) & 0x0f0f0f0f0f0f0f0f) * 0x0101010101010101 >> 56;
}

WORKLOAD("sieve") {
    u64 sum = 0;
    while (n--) {
        for (int i = 0; i < LIMIT / 64; i++) bits[i] = ~0ul;
        for (u64 p = 2; p * p < LIMIT; p++)
            if (bits[p / 64] >> p % 64 & 1)
                for (u64 q = p * p; q < LIMIT; q += p) bits[q / 64] &= ~(1ul << q % 64);
        for (int i = 0; i < LIMIT / 64; i++) sum += population(bits[i]);
    }
    return sum;
}
