struct node { int key; struct node *next; };
static struct node pool[4];
enum color { RED, GREEN };
__attribute__((noinline)) int add(int left, int right)
{
    int sum = left + right;
    return sum;
}
static int walk(struct node *list)
{
    int total = 0;
    for (struct node *at = list; at; at = at->next)
        total = add(total, at->key);
    return total;
}
volatile enum color last;
int main(void)
{
    for (int i = 0; i < 3; i++) {
        pool[i].key = i + 1;
        pool[i].next = &pool[i + 1];
    }
    int result = walk(pool);
    last = GREEN;
    return result;
}
