/* Pointers: a binary search tree of nodes in an array, built and walked. */
#include "workload.h"
enum { NODES = 4096 };
typedef struct node { struct node *left, *right; u64 key; } node;
static node nodes[NODES];

static node *insert(node *root, node *fresh) {
    if (!root) return fresh;
    node *at = root;
    for (;;) {
        node **next = fresh->key < at->key ? &at->left : &at->right;
        if (!*next) { *next = fresh; return root; }
        at = *next;
    }
}

static u64 walk(const node *at, u64 depth) {
    return at ? walk(at->left, depth + 1) + (at->key ^ depth) + walk(at->right, depth + 1) : 0;
}

WORKLOAD("tree") {
    u64 state = 11, sum = 0;
    while (n--) {
        node *root = 0;
        for (int i = 0; i < NODES; i++) {
            nodes[i] = (node){0, 0, next_random(&state)};
            root = insert(root, &nodes[i]);
        }
        sum += walk(root, 0);
    }
    return sum;
}
