/* A kernel that reads and writes a disk as small teaching kernels do: version 2 of virtio-mmio, a
 * queue of eight, three descriptors a request, completion by interrupt. Begins in M-mode and goes
 * down to S-mode. Prints what it saw, then ends with its own status. */

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long u64;

#define NUM 8
#define SECTORS_PER_BLOCK 2
#define BLOCK (512 * SECTORS_PER_BLOCK)
#define UART ((volatile u8 *)0x10000000)
#define PLIC(at) (*(volatile u32 *)(0xc000000UL + (at)))
#define R(at) (*(volatile u32 *)(0x10001000UL + SLOT * 0x1000 + (at)))
#define IRQ (SLOT + 1)

struct descriptor { u64 addr; u32 len; u16 flags, next; };
struct available { u16 flags, idx, ring[NUM], unused; };
struct used { u16 flags, idx; struct { u32 id, len; } ring[NUM]; };
struct header { u32 type, reserved; u64 sector; };

static struct descriptor desc[NUM] __attribute__((aligned(4096)));
static struct available avail __attribute__((aligned(4096)));
static struct used used __attribute__((aligned(4096)));
static struct header headers[NUM];
static volatile u8 status[NUM];
static volatile int done[NUM];
static u16 used_idx;
static u8 buffer[2][BLOCK] __attribute__((aligned(16)));
__attribute__((aligned(16))) u8 stack[8192], trap_stack[4096];

static void put(char c)
{
    while (!(UART[5] & 0x20)) { }
    UART[0] = c;
}

static void puts(const char *text)
{
    while (*text)
        put(*text++);
}

static void number(u64 value)
{
    if (value > 9)
        number(value / 10);
    put('0' + value % 10);
}

static void say(const char *text, u64 value)
{
    puts(text);
    put(' ');
    number(value);
    put('\n');
}

static void leave(u32 code)
{
    *(volatile u32 *)0x100000 = code ? code << 16 | 0x3333 : 0x5555;
    for (;;) { }
}

static void check(int ok, const char *what)
{
    if (!ok) {
        puts("failed: ");
        puts(what);
        put('\n');
        leave(1);
    }
}

void trap(void)
{
    u64 cause;
    __asm__ volatile("csrr %0, scause" : "=r"(cause));
    check(cause == (1UL << 63 | 9), "an unexpected trap");
    u32 irq = PLIC(0x201004);
    if (irq == IRQ) {
        R(0x64) = R(0x60) & 3;
        __sync_synchronize();
        while (used_idx != *(volatile u16 *)&used.idx) {
            u32 id = used.ring[used_idx % NUM].id;
            check(status[id] == 0, "the status of a request");
            done[id] = 1;
            used_idx++;
        }
    }
    if (irq)
        PLIC(0x201004) = irq;
}

static void transfer(int write, u64 block, void *data)
{
    static int turn;
    int first = turn % 2 * 3;
    turn++;
    headers[first] = (struct header){ write ? 1 : 0, 0, block * SECTORS_PER_BLOCK };
    desc[first] = (struct descriptor){ (u64)&headers[first], 16, 1, first + 1 };
    desc[first + 1] = (struct descriptor){ (u64)data, BLOCK, write ? 1 : 3, first + 2 };
    desc[first + 2] = (struct descriptor){ (u64)&status[first], 1, 2, 0 };
    status[first] = 0xff;
    done[first] = 0;
    avail.ring[avail.idx % NUM] = first;
    __sync_synchronize();
    avail.idx++;
    __sync_synchronize();
    R(0x50) = 0;
    for (;;) {
        __asm__ volatile("csrc sstatus, 2" ::: "memory");
        if (done[first])
            break;
        __asm__ volatile("wfi\ncsrs sstatus, 2" ::: "memory");
    }
    __asm__ volatile("csrs sstatus, 2" ::: "memory");
}

static void start_disk(void)
{
    check(R(0) == 0x74726976 && R(4) == 2 && R(8) == 2 && R(12) == 0x554d4551, "the disk");
    R(0x70) = 0;
    R(0x70) = 1;
    R(0x70) = 3;
    u32 features = R(0x10);
    features &= ~(1u << 5 | 1u << 7 | 1u << 11 | 1u << 12 | 1u << 27 | 1u << 28 | 1u << 29);
    R(0x20) = features;
    R(0x70) = 11;
    check(R(0x70) & 8, "the agreement on features");
    R(0x30) = 0;
    check(!R(0x44) && R(0x34) >= NUM, "the queue");
    R(0x38) = NUM;
    R(0x80) = (u64)desc;
    R(0x84) = (u64)desc >> 32;
    R(0x90) = (u64)&avail;
    R(0x94) = (u64)&avail >> 32;
    R(0xa0) = (u64)&used;
    R(0xa4) = (u64)&used >> 32;
    R(0x44) = 1;
    R(0x70) = 15;
}

static u64 checksum(const u8 *data)
{
    u64 sum = 0;
    for (int i = 0; i < BLOCK; i++)
        sum = sum * 31 + data[i];
    return sum;
}

int main(void)
{
    u64 sum = 0;
    PLIC(4 * IRQ) = 1;
    PLIC(0x2080) = 1 << IRQ;
    PLIC(0x201000) = 0;
    start_disk();
    u64 capacity = *(volatile u32 *)(0x10001100UL + SLOT * 0x1000);
    say("sectors", capacity);
    for (u64 block = 0; block < capacity / SECTORS_PER_BLOCK; block++) {
        transfer(0, block, buffer[0]);
        sum += checksum(buffer[0]) * (block + 1);
    }
    say("sum", sum);
    for (int i = 0; i < BLOCK; i++)
        buffer[0][i] = i * 7;
    transfer(1, 3, buffer[0]);
    transfer(0, 3, buffer[1]);
    check(checksum(buffer[0]) == checksum(buffer[1]), "what was written");
    say("requests", used.idx);
    leave(0);
}

__asm__(".section .text.init\n.globl _start\n_start:\n"
        "csrr t0, mhartid\nbnez t0, park\n"
        "li t0, -1\ncsrw pmpaddr0, t0\nli t0, 15\ncsrw pmpcfg0, t0\n"
        "li t0, 0xffff\ncsrw medeleg, t0\ncsrw mideleg, t0\n"
        "li t0, 1 << 9\ncsrw sie, t0\n"
        "la t0, enter\ncsrw stvec, t0\n"
        "la t0, main\ncsrw mepc, t0\n"
        "li t0, 0x802\ncsrw mstatus, t0\n" /* S-mode next, its interrupts on */
        "la sp, stack + 8192\nla t0, trap_stack + 4096\ncsrw sscratch, t0\nmret\n"
        "park: wfi\nj park\n"
        ".align 2\nenter:\n"
        "csrrw sp, sscratch, sp\naddi sp, sp, -128\n"
        "sd ra, 0(sp)\nsd t0, 8(sp)\nsd t1, 16(sp)\nsd t2, 24(sp)\nsd a0, 32(sp)\nsd a1, 40(sp)\n"
        "sd a2, 48(sp)\nsd a3, 56(sp)\nsd a4, 64(sp)\nsd a5, 72(sp)\nsd a6, 80(sp)\n"
        "sd a7, 88(sp)\nsd t3, 96(sp)\nsd t4, 104(sp)\nsd t5, 112(sp)\nsd t6, 120(sp)\n"
        "call trap\n"
        "ld ra, 0(sp)\nld t0, 8(sp)\nld t1, 16(sp)\nld t2, 24(sp)\nld a0, 32(sp)\nld a1, 40(sp)\n"
        "ld a2, 48(sp)\nld a3, 56(sp)\nld a4, 64(sp)\nld a5, 72(sp)\nld a6, 80(sp)\n"
        "ld a7, 88(sp)\nld t3, 96(sp)\nld t4, 104(sp)\nld t5, 112(sp)\nld t6, 120(sp)\n"
        "addi sp, sp, 128\ncsrrw sp, sscratch, sp\nsret\n.text\n");
