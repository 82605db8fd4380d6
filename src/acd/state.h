/* Private to acd: the engine's tables. Everything is found by index; ids are looked up once, where
 * an event comes in. */
#ifndef ACD_STATE_H
#define ACD_STATE_H

#include <hotlined/acd.h>

#include "acd/order.h"

#define NONE        UINT32_MAX
#define REFUSALS    16 /* remembered per entry; the oldest is forgotten */
#define TIMER_NEVER UINT64_MAX

#define ENTRY_INDEX_BITS 20 /* of a handle; above them the generation */
#define ENTRY_INDEX_MASK ((1u << ENTRY_INDEX_BITS) - 1)

struct refusal {
    uint32_t agent; /* index */
    uint64_t at;
};

struct entry {
    /* What decisions compare comes first, in one line of the cache. */
    int64_t effective; /* priority with ageing */
    uint64_t first_entry;
    uint64_t rest_until; /* rings nowhere until then: too many offers failed */
    uint32_t id;         /* counts up: the last word in every order */
    uint32_t queue;      /* index */
    uint32_t offers;     /* open ones; 0 = waiting */
    uint32_t ringing;    /* list of the agents it rings at */
    int32_t priority;
    uint32_t failed;    /* offers refused or not answered */
    uint32_t preferred; /* agent it waits for alone, NONE = for everybody */
    uint64_t preferred_until;
    bool leaves[ACD_PREFERRED_ENDS];
    uint8_t refusal_count;
    bool used, wait_said;
    uint16_t generation;
    uint64_t entered;
    uint64_t tag;
    struct refusal refusals[REFUSALS];
    uint32_t queue_prev, queue_next; /* all entries of the queue */
    uint32_t free_link;
};

struct member {
    bool used;
    uint32_t agent, queue;
    int32_t weight;
    uint64_t offered_seq; /* round robin: when last offered here */
    uint32_t agent_next, queue_next, free_link;
};

struct agent {
    int32_t id;
    bool used;
    enum acd_agent_state state;
    int32_t reason_id;
    uint64_t since;
    enum acd_agent_state next_state; /* ACD_SIGNED_OUT = nothing kept */
    int32_t next_reason;
    enum acd_agent_state base_state; /* where RING and TALK return to */
    int32_t base_reason;
    bool line_up;
    bool listed; /* in the sets of available members */
    uint64_t idle_since;
    uint32_t answered;
    acd_offer_t offer;
    uint32_t entry;   /* ringing with, NONE; with an offer: it is for him alone */
    bool assigned;    /* the entry rings here because somebody said so: acd_assign() */
    uint64_t own_tag; /* of that one */
    int32_t own_queue;
    uint32_t ring_prev, ring_next; /* the others the same entry rings at */
    uint32_t talk_queue; /* index of the queue whose rules hold for the talk, NONE = none */
    int32_t talk_queue_id;
    bool wrap_required; /* a compulsory summary is missing */
    uint64_t deadline;  /* ring time-out or end of ACW, TIMER_NEVER */
    uint32_t members;   /* list */
    uint8_t member_count;
    struct order_set own; /* entries that wait for him alone and ring nowhere, in their order */
};

struct queue {
    bool used;
    struct acd_queue_conf conf;
    struct order_set waiting; /* entries with no open offer, but those of one agent alone */
    struct order_set by_age;  /* set of all entries, the oldest first */
    struct order_set
        available;  /* set of members whose agent is available, in the strategy's order */
    uint32_t count; /* entries, ringing ones included */
    uint32_t members, entries; /* lists */
    uint32_t signed_in, available_count;
};

struct id_map { /* id -> index, open addressing; ids are never removed, only their item is unused */
    int32_t *ids;
    uint32_t *indexes;
    uint32_t size;
};

struct acd {
    struct acd_limits limits;
    struct agent *agents;
    struct queue *queues;
    struct member *members;
    struct entry *entries;
    struct order_node *member_nodes, *entry_nodes, *age_nodes;
    struct order_node *timer_nodes; /* agents first, then entries */
    struct order_set timers;
    struct order_node *ageing_nodes; /* entries by the time of their next step of priority */
    struct order_set ageing;
    struct id_map agent_map, queue_map;
    uint32_t agent_count, queue_count;
    uint32_t member_free, entry_free;
    uint32_t next_entry_id;
    acd_offer_t next_offer;
    uint64_t next_seq;
    struct acd_out out;
};

/* Lists of free slots. A slot's link is relative to the one behind it, so that memory never touched
 * (zeros) is a list in order: a table costs memory only as far as it was ever used. */
static inline uint32_t free_next(uint32_t at, uint32_t link, uint32_t limit)
{
    uint32_t next = at + 1 + link;

    return next < limit ? next : NONE;
}
static inline uint32_t free_link(uint32_t at, uint32_t next)
{
    return next - at - 1;
}

/* acd.c */
struct acd_command *say(struct acd *acd, enum acd_command_kind kind);
void timer_set(struct acd *acd, uint32_t node, uint64_t due);
void step_begin(struct acd *acd, uint64_t now); /* of every event */

/* ids.c: NONE = there is none */
int map_init(struct id_map *map, uint32_t items);
uint32_t map_find(const struct id_map *map, int32_t id);
void map_add(struct id_map *map, int32_t id, uint32_t index);
uint32_t agent_index(const struct acd *acd, int32_t id);
uint32_t member_index(const struct acd *acd, uint32_t agent, uint32_t queue);
uint32_t agent_present(const struct acd *acd, int32_t id); /* signed in */
uint32_t agent_enrol(struct acd *acd, int32_t id);         /* makes it; NONE = no room */
uint32_t queue_index(const struct acd *acd, int32_t id);
uint32_t entry_handle_index(const struct acd *acd, acd_entry_t handle); /* NONE = stale */
acd_entry_t entry_handle(const struct acd *acd, uint32_t index);

/* agents.c */
bool agent_available(const struct agent *agent);
void agent_set_state(struct acd *acd, uint64_t now, uint32_t at, enum acd_agent_state state,
                     int32_t reason);
/* To the kept request, or where RING or TALK began. */
void agent_settle(struct acd *acd, uint64_t now, uint32_t at);
/* Puts an agent into, or takes it out of, its queues' sets of available members. */
void agent_list(struct acd *acd, uint32_t at);
void agent_unlist(struct acd *acd, uint32_t at);
void member_list(struct acd *acd, uint32_t member);
void member_unlist(struct acd *acd, uint32_t member);
void agent_due(struct acd *acd, uint64_t now, uint32_t at);

/* entries.c */
void entry_wait(struct acd *acd, uint64_t now, uint32_t at); /* into the waiting set, timer set */
void entry_unwait(struct acd *acd, uint32_t at);
void entry_free(struct acd *acd, uint32_t at);
void entry_timer(struct acd *acd, uint64_t now, uint32_t at);
void entry_age(struct acd *acd, uint64_t now, uint32_t at);
/* Begins every event, so that no decision is made with yesterday's priorities. */
void entries_age(struct acd *acd, uint64_t now);
/* When this agent may be offered the entry again; 0 = now, never refused. */
uint64_t entry_refused_until(const struct entry *entry, uint32_t agent); /* 0 = never refused */
uint64_t entry_barred_until(const struct entry *entry, uint32_t agent);
/* Says WAIT_OVER, once. */
void entry_wait_over(struct acd *acd, uint32_t at);
void entry_due(struct acd *acd, uint64_t now, uint32_t at);
void entry_refused(struct acd *acd, uint64_t now, uint32_t at, uint32_t agent);
/* Without counting as a failed offer. */
void entry_remember_refusal(struct entry *entry, uint64_t now, uint32_t agent);

/* preferred.c */
/* It waits for everybody from now on, or rests because it is to leave; says so. */
void preferred_over(struct acd *acd, uint64_t now, uint32_t entry, enum acd_preferred_end end);
/* True: the time is over, or he is no longer somebody it may wait for. */
bool preferred_is_over(const struct acd *acd, uint64_t now, uint32_t entry,
                       enum acd_preferred_end *ret_end);
/* The agent has signed out, or serves one of his queues no more. */
void preferred_gone(struct acd *acd, uint64_t now, uint32_t agent);

/* offers.c */
void match_agent(struct acd *acd, uint64_t now, uint32_t agent);
void match_entry(struct acd *acd, uint64_t now, uint32_t entry);
/* Ends one agent's offer: REVOKE; then the agent's new state; the entry waits again when it was
 * its last offer and still_waits. */
void offer_revoke(struct acd *acd, uint64_t now, uint32_t agent, enum acd_revoke_reason reason,
                  bool entry_still_waits);
/* The agent no longer rings with its entry; says nothing. */
void offer_unlink(struct acd *acd, uint32_t agent);
/* In two halves: first all offers of an entry are revoked, then (when the entry has its new place)
 * the agents who rang look for callers again. The list of them goes from one half to the other. */
uint32_t entry_withdraw(struct acd *acd, uint32_t entry, enum acd_revoke_reason reason);
void settle_withdrawn(struct acd *acd, uint64_t now, uint32_t agents);
void entry_revoke_all(struct acd *acd, uint64_t now, uint32_t entry, uint32_t but_agent,
                      enum acd_revoke_reason reason);

#endif
