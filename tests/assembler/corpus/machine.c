/* A small interpreter and a formatter: switches that become tables, variable arguments, unions. */
#include <stdarg.h>
#include <stdint.h>

enum code { HALT, PUSH, ADD, SUB, MUL, DIV, MOD, AND, OR, XOR, SHL, SHR, JUMP, BRANCH, LOAD, STORE, PRINT };
union value { int64_t whole; uint32_t halves[2]; uint8_t bytes[8]; };
struct machine { union value stack[256]; int top; uint64_t memory[1024]; int (*put)(int); };

static char digits[] = "0123456789abcdef";
__thread int failures;
static __thread long last[4] = {1, 2, 3, 4};
extern __thread int shared;
int volatile device __attribute__((section(".device"), aligned(64)));

static void put_number(struct machine *machine, uint64_t value, unsigned base, int width)
{
    char text[65];
    int at = 64;
    text[at] = 0;
    do
        text[--at] = digits[value % base];
    while (value /= base);
    while (64 - at < width)
        text[--at] = '0';
    while (text[at])
        machine->put(text[at++]);
}

int print(struct machine *machine, const char *format, ...)
{
    va_list arguments;
    int count = 0;
    va_start(arguments, format);
    for (; *format; format++, count++) {
        if (*format != '%') {
            machine->put(*format);
            continue;
        }
        switch (*++format) {
        case 'd': {
            long value = va_arg(arguments, long);
            if (value < 0)
                machine->put('-'), value = -value;
            put_number(machine, value, 10, 0);
            break;
        }
        case 'x': put_number(machine, va_arg(arguments, unsigned), 16, 8); break;
        case 'p': put_number(machine, (uintptr_t)va_arg(arguments, void *), 16, 16); break;
        case 'c': machine->put(va_arg(arguments, int)); break;
        case 's':
            for (const char *text = va_arg(arguments, const char *); *text; text++)
                machine->put(*text);
            break;
        default: machine->put('%'); machine->put(*format);
        }
    }
    va_end(arguments);
    return count;
}

int64_t run(struct machine *machine, const int32_t *program)
{
    union value *stack = machine->stack;
    int pc = 0, top = machine->top;
    for (;;) {
        int64_t a = stack[top].whole, b = top ? stack[top - 1].whole : 0;
        switch ((enum code)program[pc++]) {
        case HALT: machine->top = top; return a;
        case PUSH: stack[++top].whole = program[pc++]; break;
        case ADD: stack[--top].whole = b + a; break;
        case SUB: stack[--top].whole = b - a; break;
        case MUL: stack[--top].whole = b * a; break;
        case DIV: if (!a) { failures++; return -1; } stack[--top].whole = b / a; break;
        case MOD: if (!a) { shared--; return -1; } stack[--top].whole = b % a; break;
        case AND: stack[--top].whole = b & a; break;
        case OR: stack[--top].whole = b | a; break;
        case XOR: stack[--top].whole = b ^ a; break;
        case SHL: stack[--top].whole = b << (a & 63); break;
        case SHR: stack[--top].whole = (uint64_t)b >> (a & 63); break;
        case JUMP: pc = program[pc]; break;
        case BRANCH: top--; pc = a ? program[pc] : pc + 1; break;
        case LOAD: stack[top].whole = machine->memory[a & 1023]; break;
        case STORE: machine->memory[a & 1023] = b; top -= 2; break;
        case PRINT: print(machine, "%d %x %s %c%p\n", a, stack[top].halves[1], digits, 'x', stack); break;
        }
        last[pc & 3] += top;
        device = pc;
    }
}
