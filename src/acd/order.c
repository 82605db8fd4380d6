/* Ordered sets: a treap whose heap priorities come from a mixed counter, so that runs repeat. */
#include "acd/order.h"

static bool before(const struct order_key *x, const struct order_key *y)
{
    if (x->a != y->a)
        return x->a < y->a;
    if (x->b != y->b)
        return x->b < y->b;
    return x->c < y->c;
}

/* The node's own index, scrambled: good enough against degenerate shapes, and repeatable. */
static uint32_t mix(uint32_t x)
{
    x ^= x >> 16;
    x *= 0x7feb352du;
    x ^= x >> 15;
    x *= 0x846ca68bu;
    return x ^ x >> 16;
}

/* Splits into keys before `key` and the others. */
static void split(struct order_node *nodes, uint32_t root, const struct order_key *key,
                  uint32_t *ret_low, uint32_t *ret_high)
{
    if (root == ORDER_NONE) {
        *ret_low = *ret_high = ORDER_NONE;
    } else if (before(&nodes[root].key, key)) {
        *ret_low = root;
        split(nodes, nodes[root].right, key, &nodes[root].right, ret_high);
    } else {
        *ret_high = root;
        split(nodes, nodes[root].left, key, ret_low, &nodes[root].left);
    }
}

static uint32_t merge(struct order_node *nodes, uint32_t low, uint32_t high)
{
    if (low == ORDER_NONE)
        return high;
    if (high == ORDER_NONE)
        return low;
    if (nodes[low].weight > nodes[high].weight) {
        nodes[low].right = merge(nodes, nodes[low].right, high);
        return low;
    }
    nodes[high].left = merge(nodes, low, nodes[high].left);
    return high;
}

void order_insert(struct order_node *nodes, uint32_t *root, uint32_t at, struct order_key key)
{
    struct order_node *node = &nodes[at];
    uint32_t *place = root;

    node->key = key;
    node->weight = mix(at + 1);
    node->in = true;
    while (*place != ORDER_NONE && nodes[*place].weight >= node->weight)
        place = before(&key, &nodes[*place].key) ? &nodes[*place].left : &nodes[*place].right;
    split(nodes, *place, &key, &node->left, &node->right);
    *place = at;
}

void order_remove(struct order_node *nodes, uint32_t *root, uint32_t at)
{
    uint32_t *place = root;

    if (!nodes[at].in)
        return;
    while (*place != at)
        place =
            before(&nodes[at].key, &nodes[*place].key) ? &nodes[*place].left : &nodes[*place].right;
    *place = merge(nodes, nodes[at].left, nodes[at].right);
    nodes[at].in = false;
}

uint32_t order_first(const struct order_node *nodes, uint32_t root)
{
    if (root == ORDER_NONE)
        return ORDER_NONE;
    while (nodes[root].left != ORDER_NONE)
        root = nodes[root].left;
    return root;
}

uint32_t order_find(const struct order_node *nodes, uint32_t root,
                    bool (*visit)(uint32_t at, void *arg), void *arg)
{
    uint32_t found;

    if (root == ORDER_NONE)
        return ORDER_NONE;
    found = order_find(nodes, nodes[root].left, visit, arg);
    if (found != ORDER_NONE)
        return found;
    if (visit(root, arg))
        return root;
    return order_find(nodes, nodes[root].right, visit, arg);
}
