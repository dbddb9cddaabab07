/* Bytes: counts words, finds a pattern, computes CRC-32 by table. */
#include "workload.h"
enum { SIZE = 1 << 14 };
static u8 text[SIZE + 1];
static u32 table[256];

static u32 crc(const u8 *p, u64 n) {
    u32 c = ~0u;
    while (n--) c = table[(c ^ *p++) & 255] ^ c >> 8;
    return ~c;
}

static u64 count(const u8 *p, const char *pattern) {
    u64 found = 0;
    for (; *p; p++) {
        int i = 0;
        while (pattern[i] && p[i] == (u8)pattern[i]) i++;
        found += !pattern[i];
    }
    return found;
}

WORKLOAD("text") {
    u64 state = 3, sum = 0;
    for (u32 i = 0; i < 256; i++) {
        u32 c = i;
        for (int k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ c >> 1 : c >> 1;
        table[i] = c;
    }
    for (int i = 0; i < SIZE; i++) {
        u64 r = next_random(&state) >> 20;
        text[i] = r % 6 == 0 ? ' ' : "etaoin"[r % 5];
    }
    while (n--) {
        u64 words = 0;
        int inside = 0;
        for (const u8 *p = text; *p; p++) {
            if (*p == ' ') inside = 0;
            else if (!inside) inside = 1, words++;
        }
        text[n % SIZE] = 'x';
        sum = sum * 31 + words + count(text, "tea") + crc(text, SIZE);
    }
    return sum;
}
