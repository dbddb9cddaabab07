/* What kernels write: inline assembly, sections, aliases, weak symbols, atomics, computed jumps. */
#define CSR(name) ({ unsigned long v; __asm__ volatile("csrr %0, " #name : "=r"(v)); v; })
struct frame { unsigned long regs[32], pc, status; };
struct device { const char *name; int (*probe)(struct device *); volatile unsigned *base; } __attribute__((aligned(32)));
typedef void handler(struct frame *);
static handler timer, outside, bad;
static handler *const vectors[16] = {[1] = timer, [5] = timer, [9] = outside, [11] = bad};
static int uart_probe(struct device *d) { return d->base[5] & 0x20; }
struct device uart __attribute__((section(".devices"), used)) = {"uart", uart_probe, (unsigned *)0x10000000};
static unsigned long ticks __attribute__((section(".sdata2")));
static int lock;
unsigned char stack[4096] __attribute__((aligned(16), section(".bss.stack")));
int boot_count = 1;
extern int boot_alias __attribute__((alias("boot_count")));
void panic(const char *why) __attribute__((noreturn, weak, visibility("hidden")));
void entry(void) __attribute__((naked, section(".text.entry")));

void entry(void) { __asm__ volatile("la sp, stack + 4096\n\tli t0, 0x1234567\n\tcsrw mscratch, t0\n\ttail start"); }
static void timer(struct frame *f) { ticks += f->pc & 1; __asm__ volatile("csrc mip, %0" :: "r"(32)); }
static void outside(struct frame *f) { f->regs[10] = __atomic_fetch_add(&lock, 1, __ATOMIC_ACQ_REL); }
static void bad(struct frame *f) { panic(f->status ? "bad trap in machine mode" : "bad trap in user mode"); }
void panic(const char *why) { for (;;) __asm__ volatile("wfi" :: "r"(why)); }
void trap(struct frame *f)
{
    unsigned long cause = CSR(mcause) & 15;
    if (vectors[cause])
        vectors[cause](f);
    else
        panic("no handler");
    while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE))
        __asm__ volatile("nop" ::: "memory");
    __atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
    __asm__ volatile("fence rw, w\n\t.balign 8\n1:\tbnez %0, 1f\n\tj 1b\n1:" :: "r"(cause));
}
int threaded(const unsigned char *code)
{
    static const void *const labels[] = {&&stop, &&up, &&down, &&twice};
    int value = 0;
    goto *labels[*code & 3];
up: value++; goto *labels[*++code & 3];
down: value--; goto *labels[*++code & 3];
twice: value *= 2; goto *labels[*++code & 3];
stop: return value;
}
int swap(long *at, long old, long now) { return __atomic_compare_exchange_n(at, &old, now, 0, 5, 5); }
int start(void) { static int again = 5; return uart.probe(&uart) + again++ + boot_alias + stack[ticks & 4095]; }
