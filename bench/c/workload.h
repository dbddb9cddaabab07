/* What every workload in C declares: its iteration count and its name, see guests/bench/frame.s. */

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long u64;
typedef int i32;
typedef long i64;

#define WORKLOAD(name)                    \
    const u64 iterations = N;             \
    const char workload_name[] = name;    \
    u64 workload(u64 n)

static inline u64 next_random(u64 *state) {
    u64 x = *state;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return *state = x;
}
