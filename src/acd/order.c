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

void order_insert(struct order_node *nodes, struct order_set *set, uint32_t at,
                  struct order_key key)
{
    struct order_node *node = &nodes[at];
    uint32_t *place = &set->root;

    node->key = key;
    node->weight = mix(at + 1);
    node->in = true;
    if (set->first == ORDER_NONE || before(&key, &nodes[set->first].key))
        set->first = at;
    while (*place != ORDER_NONE && nodes[*place].weight >= node->weight)
        place = before(&key, &nodes[*place].key) ? &nodes[*place].left : &nodes[*place].right;
    split(nodes, *place, &key, &node->left, &node->right);
    *place = at;
}

static uint32_t leftmost(const struct order_node *nodes, uint32_t at)
{
    while (nodes[at].left != ORDER_NONE)
        at = nodes[at].left;
    return at;
}

void order_remove(struct order_node *nodes, struct order_set *set, uint32_t at)
{
    uint32_t *place = &set->root, parent = ORDER_NONE;

    if (!nodes[at].in)
        return;
    while (*place != at) {
        parent = *place;
        place =
            before(&nodes[at].key, &nodes[parent].key) ? &nodes[parent].left : &nodes[parent].right;
    }
    if (set->first == at) /* nothing is on its left: what follows is on its right or above it */
        set->first = nodes[at].right != ORDER_NONE ? leftmost(nodes, nodes[at].right) : parent;
    *place = merge(nodes, nodes[at].left, nodes[at].right);
    nodes[at].in = false;
}

void order_put(struct order_node *nodes, struct order_set *set, uint32_t at, struct order_key key)
{
    const struct order_key *old = &nodes[at].key;

    if (nodes[at].in && !before(old, &key) && !before(&key, old))
        return;
    order_remove(nodes, set, at);
    order_insert(nodes, set, at, key);
}

static uint32_t find_below(const struct order_node *nodes, uint32_t root,
                           bool (*visit)(uint32_t at, void *arg), void *arg)
{
    uint32_t found;

    if (root == ORDER_NONE)
        return ORDER_NONE;
    found = find_below(nodes, nodes[root].left, visit, arg);
    if (found != ORDER_NONE)
        return found;
    if (visit(root, arg))
        return root;
    return find_below(nodes, nodes[root].right, visit, arg);
}

uint32_t order_find(const struct order_node *nodes, const struct order_set *set,
                    bool (*visit)(uint32_t at, void *arg), void *arg)
{
    if (set->first == ORDER_NONE || visit(set->first, arg))
        return set->first;
    return find_below(nodes, set->root, visit, arg);
}
