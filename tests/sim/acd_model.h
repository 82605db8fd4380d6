/* A naive model of the ACD, for test_acd.c.
 *
 * It knows nothing of the engine's inside. It keeps plain arrays of agents, queues and callers,
 * learns what the engine did only from its commands, and checks after every single command that it
 * was legal and the best choice, and after every step that all invariants of acd.h hold. */
#ifndef ACD_MODEL_H
#define ACD_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include <hotlined/acd.h>
#include <hotlined/id.h>

#define AGENTS  24
#define QUEUES  10
#define CALLERS 64
#define CENTERS 3
#define STORY   40

struct m_agent {
    enum acd_agent_state state;
    int32_t reason;
    bool line;
    acd_offer_t offer;
    int caller;  /* ringing with, -1 */
    bool forced; /* in this step, and must be: */
    enum acd_agent_state forced_to;
    int32_t before; /* his reason when it began to ring */
    bool rona;      /* did not answer: busy next */
    bool assigned;  /* rings because somebody said so */
    bool called;    /* rings with a call for him alone; since when: */
    uint64_t called_at;
    int weight[QUEUES]; /* -1 = no member */
};

struct m_queue {
    bool exists;
    struct acd_queue_conf conf;
};

struct m_caller {
    bool waiting; /* in a queue */
    int queue;
    int priority;
    uint64_t first;
    acd_entry_t entry;
    uint64_t serial;
    int ringing; /* offers open */
    bool wait_said;
    uint64_t entered;
    uint32_t failed;             /* offers refused or not answered in this queue */
    uint64_t rest_until;         /* rings nowhere until then */
    uint64_t refused_at[AGENTS]; /* 0 = never; time + 1 */
    int preferred;               /* agent it waits for alone, -1 */
    uint64_t preferred_until;
    bool leaves[ACD_PREFERRED_ENDS];
};

extern struct acd_model {
    uint64_t seed, random, now, step, serial;
    struct acd *acd;
    struct m_agent agents[AGENTS];
    struct m_queue queues[QUEUES];
    struct m_caller callers[CALLERS];
    char story[STORY][160];
    unsigned told;
    unsigned offers, connects, ronas, revokes, states, tireds;
    struct m_caller *tired;          /* whose WAIT_OVER must come next */
    int assign_agent, assign_caller; /* what the next OFFER may be, -1 */
    unsigned assigned, preferred, given_up;
} model;

/* Calls for one agent alone have entry 0, and tags above those of the callers. */
#define CALL_TAG(a)  ((uint64_t)(CALLERS + (a)))
#define CALL_RING_MS 7000

/* One more event of the story that is told when something is wrong. */
void tell(const char *format, ...) __attribute__((format(printf, 1, 2)));
void wrong(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
uint64_t dice(uint64_t sides);
int center_of_queue(int q);
int64_t effective(const struct m_caller *c);
void check_everything(void);
void take_commands(void);

#endif
