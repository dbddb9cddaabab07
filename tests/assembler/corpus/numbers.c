/* Arithmetic of all widths: wide constants, shifts, divisions, bit tricks, 128 bits, overflow. */
typedef unsigned long u64;
typedef long s64;
typedef unsigned int u32;
typedef __int128 wide;

static const u64 keys[5] = {0x9e3779b97f4a7c15, 0xbf58476d1ce4e5b9, 0x94d049bb133111eb, 0x100000001b3, 1};
u64 state[4] = {1, 0x8000000000000000, 0x7fffffff80000000, 0xfffff000};

u64 mix(u64 x)
{
    x ^= x >> 30;
    x *= 0xbf58476d1ce4e5b9;
    x ^= x >> 27;
    x *= 0x94d049bb133111eb;
    return x ^ x >> 31;
}

u64 next(void)
{
    u64 t = state[1] << 17, result = (state[1] * 5 << 7 | state[1] * 5 >> 57) * 9;
    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= t;
    state[3] = state[3] << 45 | state[3] >> 19;
    return result;
}

wide product(s64 a, s64 b) { return (wide)a * b + keys[a & 3]; }
u32 ratio(u32 a, u32 b) { return a / 10 + b % 1000003 + a / (b | 1); }
s64 remainder_of(s64 a) { return a % 7 + a / 12345 + (a >> 3) % 100; }
int saturate(int a, int b) { int r; return __builtin_add_overflow(a, b, &r) ? a < 0 ? -0x7fffffff - 1 : 0x7fffffff : r; }
int count(u64 x) { int n = 0; for (; x; x &= x - 1) n++; return n; }
int leading(u32 x) { int n = 32; while (x) x >>= 1, n--; return n; }
u64 reverse(u64 x)
{
    x = (x & 0x5555555555555555) << 1 | (x >> 1 & 0x5555555555555555);
    x = (x & 0x3333333333333333) << 2 | (x >> 2 & 0x3333333333333333);
    x = (x & 0x0f0f0f0f0f0f0f0f) << 4 | (x >> 4 & 0x0f0f0f0f0f0f0f0f);
    x = (x & 0x00ff00ff00ff00ff) << 8 | (x >> 8 & 0x00ff00ff00ff00ff);
    return x << 32 | x >> 32;
}
s64 choose(int n, s64 a, s64 b)
{
    return n == 0 ? a : n == -2048 ? b : n > 2047 ? a + 0x7ffff000 : n < -4096 ? b - 0x123456789abc : a * 3 + b / 9;
}
void matrix(int (*restrict out)[16], const int (*a)[16], const int (*b)[16])
{
    for (int i = 0; i < 16; i++)
        for (int j = 0; j < 16; j++) {
            int sum = 0;
            for (int k = 0; k < 16; k++)
                sum += a[i][k] * b[k][j];
            out[i][j] = sum;
        }
}
char *copy(char *to, const char *from, unsigned n) { for (unsigned i = 0; i < n; i++) to[i] = from[n - i]; return to; }
short narrow(signed char a, unsigned short b) { return (short)(a * b - (a << 3)) / 3; }
_Bool flags(u64 a, s64 b) { return (a > 5) == (b <= -9) && !(a & 4) || (u32)b == 77; }
