/* A hash table with open addressing: insertions, look-ups, deletions. */
#include "workload.h"
enum { SLOTS = 1 << 14 };
static u64 keys[SLOTS], values[SLOTS];

static u64 slot_of(u64 key) {
    u64 at = key * 0x9e3779b97f4a7c15 >> 50;
    while (keys[at] != 0 && keys[at] != key) at = (at + 1) % SLOTS;
    return at;
}

WORKLOAD("hash") {
    u64 state = 7, sum = 0;
    while (n--) {
        for (int i = 0; i < SLOTS; i++) keys[i] = 0;
        for (int i = 0; i < SLOTS / 2; i++) {
            u64 key = next_random(&state) % 9973 + 1, at = slot_of(key);
            keys[at] = key;
            values[at] += i;
        }
        for (u64 key = 1; key < 9973; key += 3) {
            u64 at = slot_of(key);
            if (keys[at]) sum += values[at];
        }
    }
    return sum;
}
