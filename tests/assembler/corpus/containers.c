/* Lists, a hash table, a heap and a tree: pointers, structures, calls through pointers. */
typedef unsigned long word;

struct node { struct node *next, *previous; int key; char tag; short weight; };
struct table { struct node *slots[64]; unsigned count; int (*compare)(const void *, const void *); };
struct tree { struct tree *left, *right; long key; double scale; unsigned char color : 1, mark : 3; };

static struct node pool[128];
static int used;
struct table symbols;
extern void *allocate(word size);
extern void release(void *memory) __attribute__((weak));
const char *const names[] = {"alpha", "beta", "gamma", "delta", 0};

static int by_key(const void *a, const void *b)
{
    const struct node *first = a, *second = b;
    return first->key < second->key ? -1 : first->key > second->key;
}

static unsigned hash(const char *text)
{
    unsigned value = 2166136261u;
    while (*text)
        value = (value ^ (unsigned char)*text++) * 16777619u;
    return value;
}

struct node *insert(struct table *table, const char *name, int key)
{
    unsigned slot = hash(name) % 64;
    struct node *made = used < 128 ? &pool[used++] : allocate(sizeof *made);
    made->key = key;
    made->tag = name[0];
    made->weight = -key;
    made->next = table->slots[slot];
    made->previous = 0;
    if (made->next)
        made->next->previous = made;
    table->slots[slot] = made;
    table->count++;
    table->compare = by_key;
    return made;
}

int find(struct table *table, int key)
{
    for (unsigned slot = 0; slot < 64; slot++)
        for (struct node *at = table->slots[slot]; at; at = at->next) {
            struct node wanted = {.key = key};
            if (!table->compare(at, &wanted))
                return (int)slot;
        }
    return -1;
}

void sift(long *heap, int count)
{
    for (int root = count / 2; root >= 0; root--) {
        int at = root, child;
        long value = heap[root];
        while ((child = 2 * at + 1) < count) {
            if (child + 1 < count && heap[child + 1] > heap[child])
                child++;
            if (heap[child] <= value)
                break;
            heap[at] = heap[child];
            at = child;
        }
        heap[at] = value;
    }
}

long depth(const struct tree *tree)
{
    if (!tree)
        return 0;
    long left = depth(tree->left), right = depth(tree->right);
    return 1 + (left > right ? left : right) + tree->mark;
}

void drop(struct tree *tree)
{
    if (!tree)
        return;
    drop(tree->left);
    drop(tree->right);
    if (release)
        release(tree);
}

int main(void)
{
    for (int i = 0; names[i]; i++)
        insert(&symbols, names[i], i * 17 - 3);
    return find(&symbols, 31) + (int)depth(0);
}
