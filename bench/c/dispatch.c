/* Indirect jumps: an interpreter of a small stack machine. */
#include "workload.h"
enum { PUSH, ADD, MUL, DUP, SWAP, DEC, XOR, JNZ, OVER, DROP, HALT };
static const i32 program[] = {
    PUSH, 1, PUSH, 200, SWAP, DUP, PUSH, 31, MUL, XOR, PUSH, 7, ADD, OVER, ADD, SWAP, DEC,
    DUP, JNZ, 4, DROP, ADD, HALT,
};

__attribute__((noinline)) static i64 interpret(i64 seed) {
    i64 stack[16], *top = stack;
    const i32 *pc = program;
    *++top = seed;
    for (;;) {
        switch (*pc++) {
        case PUSH: *++top = *pc++; break;
        case ADD: top--; *top += top[1]; break;
        case MUL: top--; *top *= top[1]; break;
        case DUP: top++; *top = top[-1]; break;
        case SWAP: { i64 t = *top; *top = top[-1]; top[-1] = t; break; }
        case DEC: --*top; break;
        case XOR: top--; *top ^= top[1]; break;
        case JNZ: { i32 to = *pc++; if (*top-- != 0) pc = program + to; break; }
        case OVER: top++; *top = top[-2]; break;
        case DROP: top--; break;
        default: return *top;
        }
    }
}

WORKLOAD("dispatch") {
    u64 sum = 0;
    while (n--) sum = sum * 3 + interpret(n);
    return sum;
}
