/* Nested loops: the product of two matrices of 32-bit integers. */
#include "workload.h"
enum { SIDE = 48 };
static i32 a[SIDE][SIDE], b[SIDE][SIDE], c[SIDE][SIDE];

WORKLOAD("loops") {
    u64 state = 1, sum = 0;
    for (int i = 0; i < SIDE; i++)
        for (int j = 0; j < SIDE; j++) {
            a[i][j] = next_random(&state);
            b[i][j] = next_random(&state);
        }
    while (n--) {
        for (int i = 0; i < SIDE; i++)
            for (int j = 0; j < SIDE; j++) {
                u32 dot = 0;
                for (int k = 0; k < SIDE; k++) dot += (u32)a[i][k] * (u32)b[k][j];
                c[i][j] = dot;
            }
        sum += c[n % SIDE][5];
        a[n % SIDE][7]++;
    }
    return sum;
}
