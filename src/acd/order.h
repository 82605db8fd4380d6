/* Private to acd: ordered sets over preallocated nodes (a treap; every operation O(log n), no
 * malloc). A set knows its first node, because that is what almost every decision asks for and a
 * walk down a large tree is a cache miss a step. A node is in one set of its array at most. */
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

struct order_set {
    uint32_t root, first; /* ORDER_NONE when empty */
};
#define ORDER_EMPTY ((struct order_set){ORDER_NONE, ORDER_NONE})

void order_insert(struct order_node *nodes, struct order_set *set, uint32_t at,
                  struct order_key key);
/* Does nothing when the node is in no set. */
void order_remove(struct order_node *nodes, struct order_set *set, uint32_t at);
/* Inserts, or moves a node of this set when its key is another one. */
void order_put(struct order_node *nodes, struct order_set *set, uint32_t at, struct order_key key);
/* In order until visit says true; returns that node or ORDER_NONE. The set must not change; the
 * first node may be visited twice. */
uint32_t order_find(const struct order_node *nodes, const struct order_set *set,
                    bool (*visit)(uint32_t at, void *arg), void *arg);

#endif
