/* Bench: what a compiler is given. Ordinary C: lists, strings, hashing, sorting, a matrix, an
   interpreter's switch, and data with addresses in it. No library, no floating point. Every global
   name begins with sample_, so that copies of the output can be told apart. */

typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long u64;

struct sample_node {
    struct sample_node *left, *right;
    u64 key;
    u32 count;
    u8 name[12];
};

static struct sample_node sample_pool[64];
static u32 sample_used;
static u32 sample_crcs[256];
static const char *const sample_words[] = {"fetch", "decode", "execute", "retire", "trap", "exit"};

u64 sample_length(const char *text)
{
    u64 n = 0;
    while (text[n])
        n++;
    return n;
}

int sample_compare(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return (u8)*a - (u8)*b;
}

u64 sample_hash(const char *text)
{
    u64 h = 14695981039346656037ul;
    for (; *text; text++)
        h = (h ^ (u8)*text) * 1099511628211ul;
    return h;
}

static void sample_crc_init(void)
{
    for (u32 i = 0; i < 256; i++) {
        u32 c = i;
        for (int k = 0; k < 8; k++)
            c = c & 1 ? 0xedb88320u ^ (c >> 1) : c >> 1;
        sample_crcs[i] = c;
    }
}

u32 sample_crc(const u8 *data, u64 n)
{
    if (!sample_crcs[1])
        sample_crc_init();
    u32 c = ~0u;
    while (n--)
        c = sample_crcs[(c ^ *data++) & 0xff] ^ (c >> 8);
    return ~c;
}

struct sample_node *sample_insert(struct sample_node *root, u64 key)
{
    struct sample_node **at = &root;
    while (*at) {
        if ((*at)->key == key) {
            (*at)->count++;
            return root;
        }
        at = key < (*at)->key ? &(*at)->left : &(*at)->right;
    }
    if (sample_used == sizeof sample_pool / sizeof *sample_pool)
        return root;
    struct sample_node *new = &sample_pool[sample_used++];
    new->key = key;
    new->count = 1;
    for (u32 i = 0; i < sizeof new->name; i++)
        new->name[i] = "0123456789abcdef"[key >> 4 * i & 15];
    *at = new;
    return root;
}

u64 sample_sum(const struct sample_node *node)
{
    return node ? sample_sum(node->left) + node->key * node->count + sample_sum(node->right) : 0;
}

void sample_sort(u64 *a, long n)
{
    for (long gap = n / 2; gap; gap /= 2)
        for (long i = gap; i < n; i++) {
            u64 v = a[i];
            long j = i;
            for (; j >= gap && a[j - gap] > v; j -= gap)
                a[j] = a[j - gap];
            a[j] = v;
        }
}

void sample_multiply(int n, const int *a, const int *b, long *c)
{
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            long sum = 0;
            for (int k = 0; k < n; k++)
                sum += (long)a[i * n + k] * b[k * n + j];
            c[i * n + j] = sum;
        }
}

long sample_run(const u8 *code, long a, long b)
{
    for (;;)
        switch (*code++) {
        case 0: return a;
        case 1: a += b; break;
        case 2: a -= b; break;
        case 3: a *= b; break;
        case 4: a = b ? a / b : -1; break;
        case 5: a <<= b & 63; break;
        case 6: a ^= b; break;
        case 7: a = ~a; break;
        case 8: { long t = a; a = b; b = t; break; }
        case 9: if (a < 0) code += *code; else code++; break;
        case 10: b = *code++; break;
        case 11: a = sample_hash(sample_words[(u64)a % 6]); break;
        default: return -1;
        }
}

u64 sample_all(void)
{
    struct sample_node *root = 0;
    u64 keys[24];
    for (u32 i = 0; i < 24; i++) {
        const char *word = sample_words[i % 6];
        keys[i] = sample_hash(word) >> i | sample_crc((const u8 *)word, sample_length(word));
        root = sample_insert(root, keys[i]);
        if (sample_compare(word, sample_words[(i + 1) % 6]) < 0)
            sample_sort(keys, i);
    }
    return sample_sum(root);
}
