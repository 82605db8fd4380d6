/* Private to acd: ordered sets over preallocated nodes (a treap; every operation O(log n), no
 * malloc). A set is one root index; a node is in one set of its array at most. */
#ifndef ACD_ORDER_H
#define ACD_ORDER_H

#include <stdbool.h>
#include <stdint.h>

#define ORDER_NONE UINT32_MAX

struct order_key { /* compared in this order; smaller goes first */
    uint64_t a, b, c;
};

struct order_node {
    struct order_key key;
    uint32_t left, right;
    uint32_t weight; /* heap priority */
    bool in;
};

void order_insert(struct order_node *nodes, uint32_t *root, uint32_t at, struct order_key key);
/* Does nothing when the node is in no set. */
void order_remove(struct order_node *nodes, uint32_t *root, uint32_t at);
uint32_t order_first(const struct order_node *nodes, uint32_t root); /* ORDER_NONE = empty */
/* In order until visit says true; returns that node or ORDER_NONE. The set must not change. */
uint32_t order_find(const struct order_node *nodes, uint32_t root,
                    bool (*visit)(uint32_t at, void *arg), void *arg);

#endif
