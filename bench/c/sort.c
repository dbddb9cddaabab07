/* Sorting: quicksort of pseudo-random numbers, insertion sort for what is short. */
#include "workload.h"
enum { COUNT = 4096 };
static i64 numbers[COUNT];

static void sort(i64 *low, i64 *high) {
    while (high - low > 12) {
        i64 pivot = low[(high - low) / 2], *i = low, *j = high;
        while (i <= j) {
            while (*i < pivot) i++;
            while (*j > pivot) j--;
            if (i <= j) {
                i64 t = *i;
                *i++ = *j;
                *j-- = t;
            }
        }
        if (j - low < high - i) {
            sort(low, j);
            low = i;
        } else {
            sort(i, high);
            high = j;
        }
    }
    for (i64 *p = low + 1; p <= high; p++) {
        i64 value = *p, *q = p;
        for (; q > low && q[-1] > value; q--) *q = q[-1];
        *q = value;
    }
}

WORKLOAD("sort") {
    u64 state = 42, sum = 0;
    while (n--) {
        for (int i = 0; i < COUNT; i++) numbers[i] = next_random(&state);
        sort(numbers, numbers + COUNT - 1);
        sum += numbers[COUNT / 3];
    }
    return sum;
}
