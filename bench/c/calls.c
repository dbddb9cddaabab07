/* Calls: Ackermann's function and the towers of Hanoi. */
#include "workload.h"

__attribute__((noinline)) static u64 ackermann(u64 m, u64 n) {
    if (m == 0) return n + 1;
    if (n == 0) return ackermann(m - 1, 1);
    return ackermann(m - 1, ackermann(m, n - 1));
}

__attribute__((noinline)) static u64 hanoi(int disks, int from, int to, int by) {
    if (disks == 0) return 0;
    return hanoi(disks - 1, from, by, to) * 3 + from + to + hanoi(disks - 1, by, to, from);
}

WORKLOAD("calls") {
    u64 sum = 0;
    while (n--) sum = sum * 5 + ackermann(2, 9 + (n & 3)) + hanoi(9, 1, 2, 3);
    return sum;
}
