/* Streaming copies: 1 MiB by doublewords there and by bytes back. */
#include "workload.h"
enum { SIZE = 1 << 20 };
static u64 from[SIZE / 8], to[SIZE / 8];

__attribute__((noinline)) static void copy_words(u64 *restrict d, const u64 *restrict s, u64 n) {
    for (u64 i = 0; i < n; i += 4) {
        u64 a = s[i], b = s[i + 1], c = s[i + 2], e = s[i + 3];
        d[i] = a, d[i + 1] = b, d[i + 2] = c, d[i + 3] = e;
    }
}

__attribute__((noinline)) static void copy_bytes(u8 *d, const u8 *s, u64 n) {
    while (n--) *d++ = *s++;
}

WORKLOAD("copy") {
    for (u64 i = 0; i < SIZE / 8; i++) from[i] = i * 0x9e3779b97f4a7c15;
    for (u64 i = 0; i < n; i++) {
        copy_words(to, from, SIZE / 8);
        to[i % 1000]++;
        copy_bytes((u8 *)from, (u8 *)to, SIZE / 4);
    }
    return from[0] + from[999] + to[SIZE / 8 - 1];
}
