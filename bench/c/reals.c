/* Double precision: gravity among a few bodies, with multiplications, divisions and square roots. */
#include "workload.h"
enum { BODIES = 5 };
typedef struct { double at[3], speed[3], mass; } body;
static body bodies[BODIES];

static void attract(body *a, body *b, double step) {
    double away[3], squared = 0.01;
    for (int i = 0; i < 3; i++) {
        away[i] = a->at[i] - b->at[i];
        squared += away[i] * away[i];
    }
    double force = step / (squared * __builtin_sqrt(squared));
    for (int i = 0; i < 3; i++) {
        a->speed[i] -= away[i] * b->mass * force;
        b->speed[i] += away[i] * a->mass * force;
    }
}

WORKLOAD("reals") {
    u64 state = 1;
    for (int i = 0; i < BODIES; i++) {
        bodies[i].mass = (double)(next_random(&state) >> 40) * 0x1p-24;
        for (int j = 0; j < 3; j++)
            bodies[i].at[j] = (double)(next_random(&state) >> 40) * 0x1p-20;
    }
    while (n--) {
        for (int i = 0; i < BODIES; i++)
            for (int j = i + 1; j < BODIES; j++) attract(&bodies[i], &bodies[j], 0x1p-8);
        for (int i = 0; i < BODIES; i++)
            for (int j = 0; j < 3; j++) bodies[i].at[j] += bodies[i].speed[j] * 0x1p-8;
    }
    return (u64)(bodies[0].at[0] * 0x1p20);
}
