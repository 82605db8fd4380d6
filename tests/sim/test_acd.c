/* rooms: base acd */
/* The ACD under every interleaving: random schedules in virtual time against a naive model.
 *
 * The model knows nothing of the engine's inside. It keeps plain arrays of agents, queues and
 * callers, learns what the engine did only from its commands, and checks after every single command
 * that it was legal and the best choice, and after every step that all invariants of acd.h hold.
 *
 *   HOTLINED_SEED=n   replays a run       HOTLINED_STEPS=n   makes it longer
 *
 * A failure prints the seed, the step and the last events as a story. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

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

static struct {
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
} s;

/* --- telling the story ---------------------------------------------------------------------- */

static void tell(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void tell(const char *format, ...)
{
    va_list ap;
    char *line = s.story[s.told++ % STORY];
    int n = snprintf(line, 160, "%8llu ms  ", (unsigned long long)s.now);

    va_start(ap, format);
    vsnprintf(line + n, 160 - (size_t)n, format, ap);
    va_end(ap);
}

static void wrong(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

static void wrong(const char *format, ...)
{
    va_list ap;

    fprintf(stderr, "HOTLINED_SEED=%llu step %llu: ", (unsigned long long)s.seed,
            (unsigned long long)s.step);
    va_start(ap, format);
    vfprintf(stderr, format, ap);
    va_end(ap);
    fprintf(stderr, "\nthe last events:\n");
    for (unsigned i = s.told > STORY ? s.told - STORY : 0; i < s.told; i++)
        fprintf(stderr, "  %s\n", s.story[i % STORY]);
    fail();
    abort();
}

static uint64_t dice(uint64_t sides)
{
    s.random ^= s.random << 13;
    s.random ^= s.random >> 7;
    s.random ^= s.random << 17;
    return s.random % sides;
}

/* --- the naive model ------------------------------------------------------------------------ */

static int center_of_queue(int q)
{
    return q % CENTERS;
}

static int64_t effective(const struct m_caller *c)
{
    uint32_t step = s.queues[c->queue].conf.age_step_ms;

    return c->priority + (step ? (int64_t)((s.now - c->first) / step) : 0);
}

static bool barred(const struct m_caller *c, int a)
{
    return c->rest_until > s.now ||
           (c->refused_at[a] && c->refused_at[a] - 1 + ACD_REOFFER_MS > s.now);
}

static bool could_take(int a, int c)
{
    const struct m_caller *caller = &s.callers[c];

    return caller->waiting && !caller->ringing && s.agents[a].weight[caller->queue] >= 0 &&
           !barred(caller, a) && (caller->preferred < 0 || caller->preferred == a);
}

static bool goes_before(int a, int x, int y)
{
    const struct m_caller *cx = &s.callers[x], *cy = &s.callers[y];
    int wx = s.agents[a].weight[cx->queue], wy = s.agents[a].weight[cy->queue];

    if ((cx->preferred == a) != (cy->preferred == a))
        return cx->preferred == a;
    if (cx->preferred != a && wx != wy)
        return wx > wy;
    if (effective(cx) != effective(cy))
        return effective(cx) > effective(cy);
    if (cx->first != cy->first)
        return cx->first < cy->first;
    return cx->serial < cy->serial;
}

/* --- calls for one agent alone: entry 0, and tags above those of the callers */

#define CALL_TAG(a)  ((uint64_t)(CALLERS + (a)))
#define CALL_RING_MS 7000

static bool is_for_one(const struct acd_command *command, int a)
{
    if (command->entry)
        return false;
    if (command->tag != CALL_TAG(a))
        wrong("agent %d is told of a call for somebody else", a);
    return true;
}

static void offer_for_one(const struct acd_command *command, int a)
{
    struct m_agent *agent = &s.agents[a];

    tell("  -> agent %d is called", a);
    if (agent->offer || agent->state == ACD_RING || agent->state == ACD_TALK ||
        agent->state == ACD_ACW || !agent->line)
        wrong("agent %d is called in state %d", a, agent->state);
    agent->offer = command->offer;
    agent->called = true;
    agent->called_at = s.now;
}

static void over_for_one(const struct acd_command *command, int a)
{
    struct m_agent *agent = &s.agents[a];

    tell("  -> agent %d is called no more, kind %d", a, command->kind);
    if (!agent->called || agent->offer != command->offer)
        wrong("a call agent %d does not have is over", a);
    if (command->kind == ACD_REVOKE && command->revoke_reason == ACD_REVOKE_NO_ANSWER &&
        s.now < agent->called_at + CALL_RING_MS)
        wrong("agent %d was not given his time", a);
    agent->offer = 0;
    agent->called = false;
}

/* Whose turn it is does not matter, nor whether he serves the queue. */
static void take_assigned(const struct acd_command *command, int a, int c)
{
    struct m_agent *agent = &s.agents[a];

    if (s.callers[c].ringing)
        wrong("caller %d is assigned and rings elsewhere", c);
    agent->offer = command->offer;
    agent->caller = c;
    agent->assigned = true;
    s.callers[c].ringing++;
    s.assign_agent = s.assign_caller = -1;
    s.assigned++;
}

static void take_offer(const struct acd_command *command)
{
    int a = command->agent - 1, c = (int)command->tag;
    struct m_agent *agent = &s.agents[a];
    struct m_caller *caller;

    if (is_for_one(command, a)) {
        offer_for_one(command, a);
        return;
    }
    caller = &s.callers[c];
    tell("  -> offer caller %d to agent %d (%s)", c, a, command->reason);
    if (!caller->waiting || caller->entry != command->entry)
        wrong("caller %d was offered after leaving", c);
    if (agent->offer)
        wrong("agent %d got a second offer", a);
    if (a == s.assign_agent && c == s.assign_caller) {
        take_assigned(command, a, c);
        return;
    }
    if (agent->state != ACD_READY || !agent->line)
        wrong("agent %d was offered a call in state %d, line %d", a, agent->state, agent->line);
    if (agent->weight[caller->queue] < 0)
        wrong("agent %d is no member of the caller's queue %d", a, caller->queue);
    if (caller->preferred >= 0 && caller->preferred != a)
        wrong("caller %d waits for agent %d and rings at agent %d", c, caller->preferred, a);
    s.preferred += caller->preferred == a;
    if (barred(caller, a))
        wrong("caller %d rings again at agent %d who refused it", c, a);
    if (caller->ringing && s.queues[caller->queue].conf.strategy != ACD_RING_ALL)
        wrong("caller %d rings at two agents", c);
    if (!command->reason[0])
        wrong("an offer without a reason");
    for (int other = 0; other < CALLERS && !caller->ringing; other++)
        if (other != c && could_take(a, other) && goes_before(a, other, c))
            wrong("agent %d got caller %d before caller %d", a, c, other);
    agent->offer = command->offer;
    agent->caller = c;
    caller->ringing++;
    s.offers++;
}

/* Too many in vain: the engine must say so next, and the caller rings nowhere for a while. */
static void offer_failed(struct m_caller *caller, int a)
{
    uint32_t most = s.queues[caller->queue].conf.max_offers;

    caller->refused_at[a] = s.now + 1;
    if (caller->preferred == a)
        caller->preferred_until = s.now;
    if (s.agents[a].assigned || caller->preferred == a)
        return;
    caller->failed++;
    if (most && caller->failed >= most && !caller->wait_said) {
        caller->rest_until = s.now + ACD_REOFFER_MS;
        s.tired = caller;
        s.tireds++;
    }
}

static void take_revoke(const struct acd_command *command)
{
    int a = command->agent - 1, c = (int)command->tag;
    struct m_agent *agent = &s.agents[a];

    if (is_for_one(command, a)) {
        over_for_one(command, a);
        return;
    }
    tell("  -> revoke caller %d from agent %d, why %d", c, a, command->revoke_reason);
    if (!agent->offer || agent->offer != command->offer || agent->caller != c)
        wrong("an offer agent %d does not have was revoked", a);
    if (command->revoke_reason == ACD_REVOKE_NO_ANSWER && !s.callers[c].waiting)
        wrong("caller %d hung up, and agent %d is said not to have answered", c, a);
    agent->offer = 0;
    agent->caller = -1;
    s.callers[c].ringing--;
    if (command->revoke_reason == ACD_REVOKE_NO_ANSWER ||
        command->revoke_reason == ACD_REVOKE_REJECTED)
        offer_failed(&s.callers[c], a);
    s.ronas += command->revoke_reason == ACD_REVOKE_NO_ANSWER;
    agent->rona = command->revoke_reason == ACD_REVOKE_NO_ANSWER && !agent->assigned;
    agent->assigned = false;
    s.revokes++;
}

static void take_connect(const struct acd_command *command)
{
    int a = command->agent - 1, c = (int)command->tag;
    struct m_agent *agent = &s.agents[a];
    struct m_caller *caller;

    if (is_for_one(command, a)) {
        over_for_one(command, a);
        return;
    }
    agent->assigned = false;
    caller = &s.callers[c];
    tell("  -> connect caller %d and agent %d", c, a);
    if (!caller->waiting)
        wrong("caller %d was connected after leaving", c);
    if (agent->offer != command->offer || agent->caller != c)
        wrong("agent %d was connected without an offer", a);
    agent->offer = 0;
    agent->caller = -1;
    caller->ringing--;
    caller->waiting = false;
    s.connects++;
}

static void take_state(const struct acd_command *command)
{
    struct m_agent *agent = &s.agents[command->agent - 1];

    tell("  -> agent %d: state %d -> %d", command->agent - 1, command->old_state, command->state);
    if (agent->state != command->old_state)
        wrong("agent %d: a state change was missed", command->agent - 1);
    if (agent->state == command->state && agent->reason == command->reason_id)
        wrong("agent %d: a change that changes nothing", command->agent - 1);
    if (command->state == ACD_RING)
        agent->before = agent->reason;
    if (command->old_state == ACD_RING && command->state != ACD_TALK &&
        agent->before != ACD_REASON_RONA && agent->rona != (command->reason_id == ACD_REASON_RONA))
        wrong("agent %d: 久不应答 %d", command->agent - 1, agent->rona);
    agent->rona = false;
    agent->state = command->state;
    agent->reason = command->reason_id;
    s.states++;
}

static void take_wait_over(const struct acd_command *command)
{
    struct m_caller *caller = &s.callers[command->tag];
    const struct acd_queue_conf *conf = &s.queues[caller->queue].conf;

    tell("  -> caller %d waited long enough", (int)command->tag);
    if (!caller->waiting || caller->wait_said)
        wrong("the end of the wait was said twice");
    if (s.tired == caller)
        s.tired = NULL;
    else if (!conf->max_wait_ms || s.now < caller->entered + conf->max_wait_ms)
        wrong("the wait of caller %d is not over", (int)command->tag);
    caller->wait_said = true;
}

/* Said once, when it is true and not before. */
static void take_preferred_over(const struct acd_command *command)
{
    int c = (int)command->tag, a = command->agent - 1;
    struct m_caller *caller = &s.callers[c];
    const struct m_agent *agent = &s.agents[a];
    bool gone = agent->state == ACD_SIGNED_OUT || agent->weight[caller->queue] < 0;

    tell("  -> caller %d waits for agent %d no more, why %d", c, a, command->preferred_end);
    if (!caller->waiting || caller->entry != command->entry || caller->preferred != a)
        wrong("caller %d did not wait for agent %d", c, a);
    if (command->preferred_end == ACD_PREFERRED_GONE ? !gone : s.now < caller->preferred_until)
        wrong("agent %d could still take caller %d", a, c);
    if (command->leaves != caller->leaves[command->preferred_end])
        wrong("caller %d was to leave: %d", c, caller->leaves[command->preferred_end]);
    caller->preferred = -1;
    if (command->leaves)
        caller->rest_until = s.now + ACD_REOFFER_MS;
    s.given_up++;
}

static void take_commands(void)
{
    const struct acd_out *out = acd_out(s.acd);

    for (uint32_t i = 0; i < out->count; i++) {
        if (s.tired && out->commands[i].kind != ACD_WAIT_OVER)
            wrong("a caller was refused too often and nobody said so");
        switch (out->commands[i].kind) {
        case ACD_OFFER:
            take_offer(&out->commands[i]);
            break;
        case ACD_REVOKE:
            take_revoke(&out->commands[i]);
            break;
        case ACD_CONNECT:
            take_connect(&out->commands[i]);
            break;
        case ACD_AGENT_STATE:
            take_state(&out->commands[i]);
            break;
        case ACD_WAIT_OVER:
            take_wait_over(&out->commands[i]);
            break;
        case ACD_DROPPED:
            tell("  -> caller %d dropped", (int)out->commands[i].tag);
            s.callers[out->commands[i].tag].waiting = false;
            break;
        case ACD_PREFERRED_OVER:
            take_preferred_over(&out->commands[i]);
            break;
        }
    }
    if (s.tired)
        wrong("a caller was refused too often and nobody said so");
    if (s.assign_agent >= 0)
        wrong("caller %d was assigned and rings nowhere", s.assign_caller);
}

static void engine_complains(const char *what, void *arg)
{
    (void)arg;
    tell("  engine: %s", what);
}

static void check_view(int q)
{
    struct acd_queue_view view = {0};
    uint64_t oldest = UINT64_MAX;
    uint32_t waiting = 0;

    for (int c = 0; c < CALLERS; c++) {
        const struct m_caller *caller = &s.callers[c];
        if (!caller->waiting || caller->queue != q)
            continue;
        waiting++;
        oldest = caller->first < oldest ? caller->first : oldest;
    }
    if (acd_queue_view(s.acd, q + 1, &view) != s.queues[q].exists)
        wrong("queue %d: view of what does not exist, or none", q);
    if (s.queues[q].exists && (view.waiting != waiting || view.oldest_first_entry != oldest))
        wrong("queue %d: %u wait, oldest since %llu; the view says %u, %llu", q, waiting,
              (unsigned long long)oldest, view.waiting,
              (unsigned long long)view.oldest_first_entry);
}

static void check_everything(void)
{
    for (int q = 0; q < QUEUES; q++)
        check_view(q);
    for (int a = 0; a < AGENTS; a++) {
        const struct m_agent *agent = &s.agents[a];
        struct acd_agent_view view = {0};
        if ((agent->state == ACD_RING) != (agent->offer != 0))
            wrong("agent %d: state %d and offer %u do not fit", a, agent->state, agent->offer);
        if (agent->offer && !agent->line)
            wrong("agent %d rings without a line", a);
        if (agent->forced && agent->state != agent->forced_to)
            wrong("agent %d was forced and is in state %d", a, agent->state);
        s.agents[a].forced = false;
        if (acd_agent_view(s.acd, a + 1, &view) &&
            (view.state != agent->state || view.offer != agent->offer))
            wrong("agent %d: the engine's view differs from what it said", a);
        if (view.next_state != ACD_SIGNED_OUT && agent->state != ACD_RING &&
            agent->state != ACD_TALK && agent->state != ACD_ACW)
            wrong("agent %d: a request is kept for nothing", a);
        for (int c = 0; c < CALLERS; c++)
            if (agent->state == ACD_READY && agent->line && could_take(a, c))
                wrong("caller %d waits beside available agent %d", c, a);
    }
    if (acd_check(s.acd, s.now, engine_complains, NULL))
        wrong("the engine's own invariants are broken");
}

/* --- random events -------------------------------------------------------------------------- */

static void random_queue(int q)
{
    static const uint32_t rings[] = {500, 5000, 20000}, wraps[] = {0, 3000, 30000};
    static const uint32_t waits[] = {0, 8000, 60000}, ages[] = {0, 1000, 30000};
    struct acd_queue_conf conf = {.id = q + 1,
                                  .center_id = center_of_queue(q) + 1,
                                  .strategy = (enum acd_strategy)dice(5),
                                  .ring_timeout_ms = rings[dice(3)],
                                  .wrap_up_ms = wraps[dice(3)],
                                  .wrap_up_required = dice(4) == 0,
                                  .max_wait_ms = waits[dice(3)],
                                  .max_offers = (uint32_t)dice(3) * 2,
                                  .max_length = dice(3) ? 0 : 6,
                                  .age_step_ms = ages[dice(3)]};

    tell("queue %d set, strategy %d", q, conf.strategy);
    s.queues[q].exists = true;
    s.queues[q].conf = conf;
    if (acd_queue_set(s.acd, s.now, &conf))
        wrong("queue %d was refused", q);
}

static void remove_queue(int q)
{
    int err = acd_queue_remove(s.acd, s.now, q + 1);

    tell("queue %d removed: %d", q, err);
    if ((err == 0) != s.queues[q].exists)
        wrong("removing queue %d gave %d", q, err);
    s.queues[q].exists = false;
    for (int a = 0; a < AGENTS; a++)
        s.agents[a].weight[q] = -1;
}

/* The model learns of a membership before the engine acts on it, and of its end as well. */
static void change_member(int a, int q)
{
    int weight = (int)dice(5) * 20, err;
    bool remove = dice(3) == 0;

    if (remove) {
        bool was = s.agents[a].weight[q] >= 0;
        tell("agent %d leaves queue %d", a, q);
        s.agents[a].weight[q] = -1;
        err = acd_member_remove(s.acd, s.now, a + 1, q + 1);
        if ((err == 0) != was)
            wrong("removing a membership gave %d", err);
        return;
    }
    tell("agent %d joins queue %d, weight %d", a, q, weight);
    if (s.queues[q].exists)
        s.agents[a].weight[q] = weight;
    err = acd_member_set(s.acd, s.now, a + 1, q + 1, weight);
    if ((err == 0) != s.queues[q].exists)
        wrong("a membership gave %d", err);
}

static void caller_leaves(int c)
{
    struct m_caller *caller = &s.callers[c];
    bool was = caller->waiting;
    int err;

    tell("caller %d hangs up", c);
    caller->waiting = false; /* offered from now on would be "after leaving" */
    err = acd_leave(s.acd, s.now, caller->entry);
    if (was != (err == 0))
        wrong("leaving gave %d", err);
}

/* Mostly somebody who may be waited for. */
static int wanted_for(int q)
{
    int first = (int)dice(AGENTS);

    for (int i = 0; i < AGENTS && dice(10); i++) {
        const struct m_agent *agent = &s.agents[(first + i) % AGENTS];
        if (agent->state != ACD_SIGNED_OUT && agent->weight[q] >= 0)
            return (first + i) % AGENTS;
    }
    return first;
}

static void caller_enters_for(int c, int a, bool full)
{
    struct m_caller *caller = &s.callers[c];
    struct acd_preferred preferred = {
        .agent = a + 1, .wait_ms = (uint32_t)dice(30000), .leaves = {dice(2) == 0, dice(2) == 0}};
    bool exists = s.queues[caller->queue].exists;
    bool there =
        s.agents[a].state != ACD_SIGNED_OUT && exists && s.agents[a].weight[caller->queue] >= 0;
    int err;

    tell("caller %d enters queue %d for agent %d, %u ms", c, caller->queue, a, preferred.wait_ms);
    caller->waiting = there && !full;
    caller->preferred = a;
    caller->preferred_until = s.now + preferred.wait_ms;
    memcpy(caller->leaves, preferred.leaves, sizeof(caller->leaves));
    err = acd_enter_for(s.acd, s.now, caller->queue + 1, caller->priority, caller->first,
                        (uint64_t)c, &preferred, &caller->entry);
    if (err != (!exists ? -ENOENT : !there ? -ESRCH : full ? -ENOSPC : 0))
        wrong("entering for one agent gave %d", err);
}

static void caller_enters(int c)
{
    struct m_caller *caller = &s.callers[c];
    int q = (int)dice(QUEUES), err, length = 0;
    const struct m_queue *queue = &s.queues[q];
    bool full;

    if (caller->waiting) { /* nobody is in two queues: such a roll is a hang-up */
        caller_leaves(c);
        return;
    }
    for (int i = 0; i < CALLERS; i++)
        length += s.callers[i].waiting && s.callers[i].queue == q;
    full = queue->exists && queue->conf.max_length && length >= (int)queue->conf.max_length;
    *caller = (struct m_caller){.waiting = queue->exists && !full,
                                .queue = q,
                                .priority = (int)dice(3),
                                .first = s.now - dice(2) * dice(s.now < 5000 ? s.now + 1 : 5000),
                                .entered = s.now,
                                .preferred = -1,
                                .serial = ++s.serial};
    if (dice(4) == 0) {
        caller_enters_for(c, wanted_for(q), full);
        return;
    }
    tell("caller %d enters queue %d", c, q);
    err = acd_enter(s.acd, s.now, q + 1, caller->priority, caller->first, (uint64_t)c,
                    &caller->entry);
    if (err != (!queue->exists ? -ENOENT : full ? -ENOSPC : 0))
        wrong("entering gave %d", err);
}

static void caller_moves(int c)
{
    struct m_caller *caller = &s.callers[c], old = *caller;
    int q = (int)dice(QUEUES), err, length = 0;

    if (!caller->waiting) {
        acd_tick(s.acd, s.now);
        return;
    }
    for (int i = 0; i < CALLERS; i++)
        length += i != c && s.callers[i].waiting && s.callers[i].queue == q;
    tell("caller %d moves from queue %d to %d", c, caller->queue, q);
    if (s.queues[q].exists && center_of_queue(q) == center_of_queue(caller->queue) &&
        q != caller->queue &&
        (!s.queues[q].conf.max_length || length < (int)s.queues[q].conf.max_length)) {
        caller->queue = q;
        caller->entered = s.now;
        caller->wait_said = false;
        caller->failed = 0;
        caller->rest_until = 0;
        caller->preferred = -1;
    }
    err = acd_move(s.acd, s.now, caller->entry, q + 1);
    if (err && (caller->queue != old.queue || caller->entered != old.entered))
        wrong("a legal move gave %d", err);
}

static void caller_to_head(int c)
{
    struct m_caller *caller = &s.callers[c];
    int32_t priority = 0, again = 0;
    int err = acd_to_head(s.acd, s.now, caller->entry, &priority);

    tell("caller %d goes to the head of queue %d: priority %d", c, caller->queue, priority);
    if (err != (caller->waiting ? 0 : -ESTALE))
        wrong("going to the head gave %d", err);
    if (!caller->waiting)
        return;
    if (priority < caller->priority)
        wrong("caller %d lost priority at the head", c);
    caller->priority = priority;
    for (int i = 0; i < CALLERS; i++)
        if (i != c && s.callers[i].waiting && s.callers[i].queue == caller->queue &&
            effective(&s.callers[i]) + 2 > effective(caller))
            wrong("caller %d is not before caller %d", c, i);
    if (acd_position(s.acd, caller->entry) != 1)
        wrong("caller %d at the head has place %u", c, acd_position(s.acd, caller->entry));
    if (acd_to_head(s.acd, s.now, caller->entry, &again) || again != priority)
        wrong("twice to the head is more than once");
}

static void caller_assigned(int c, int a)
{
    struct m_caller *caller = &s.callers[c];
    struct m_agent *agent = &s.agents[a];
    enum acd_agent_state old = agent->state;
    bool free = old == ACD_READY || old == ACD_BUSY || old == ACD_REST;
    int err, wanted = !caller->waiting        ? -ESTALE
                      : old == ACD_SIGNED_OUT ? -ENOENT
                      : free && agent->line   ? 0
                                              : -EBUSY;

    tell("caller %d is for agent %d", c, a);
    err = acd_assign(s.acd, s.now, caller->entry, a + 1);
    if (err != wanted)
        wrong("assigning gave %d", err);
    if (err)
        return;
    s.assign_agent = a;
    s.assign_caller = c;
}

static void agent_forced(int a)
{
    struct m_agent *agent = &s.agents[a];
    enum acd_agent_state old = agent->state, to = (enum acd_agent_state)(ACD_READY + dice(3));
    bool kept = old == ACD_TALK || (old == ACD_RING && to == ACD_READY);
    int err;

    tell("agent %d is made %d by force", a, to);
    err = acd_force_state(s.acd, s.now, a + 1, to, 5);
    if (err != (old == ACD_SIGNED_OUT ? -ENOENT : kept))
        wrong("forcing gave %d", err);
    agent->forced = !err && to != ACD_READY; /* who is ready may ring by the end of the step */
    agent->forced_to = to;
}

static void agent_answers(int a)
{
    struct m_agent *agent = &s.agents[a];
    acd_offer_t offer = dice(8) ? agent->offer : (acd_offer_t)dice(1000);
    bool right = offer && offer == agent->offer;
    bool answer = dice(4) != 0;
    int err;

    tell("agent %d %s", a, answer ? "answers" : "rejects");
    err = answer ? acd_answer(s.acd, s.now, a + 1, offer) : acd_reject(s.acd, s.now, a + 1, offer);
    if (err != (right ? 0 : -ESTALE))
        wrong("answering gave %d", err);
}

static void agent_called(int a)
{
    struct m_agent *agent = &s.agents[a];
    enum acd_agent_state old = agent->state;
    bool line = agent->line, was_called = agent->called;
    acd_offer_t offer = agent->offer, made = 0;
    int err;

    if (old == ACD_RING && dice(2)) {
        tell("whoever called agent %d has gone", a);
        err = acd_call_cancel(s.acd, s.now, a + 1, offer);
        if (err != (was_called ? 0 : -ESTALE))
            wrong("taking back the call gave %d", err);
        return;
    }
    tell("somebody calls agent %d", a);
    err = acd_call_agent(s.acd, s.now, a + 1, (int32_t)dice(QUEUES + 2), CALL_RING_MS, CALL_TAG(a),
                         &made);
    if (err != (old == ACD_SIGNED_OUT                                              ? -ENOENT
                : (old == ACD_READY || old == ACD_BUSY || old == ACD_REST) && line ? 0
                                                                                   : -EBUSY))
        wrong("calling agent %d gave %d", a, err);
}

static void agent_signs(int a)
{
    struct m_agent *agent = &s.agents[a];
    enum acd_agent_state old = agent->state;
    bool forced = dice(4) == 0;
    int err;

    if (old == ACD_SIGNED_OUT) {
        tell("agent %d signs in", a);
        agent->line = false;
        err = acd_sign_in(s.acd, s.now, a + 1, (enum acd_agent_state)(ACD_READY + dice(3)), 7);
        if (err)
            wrong("signing in gave %d", err);
        return;
    }
    tell("agent %d signs out%s", a, forced ? " by force" : "");
    err = acd_sign_out(s.acd, s.now, a + 1, forced);
    if (err != (old == ACD_TALK || (old == ACD_RING && !forced) ? -EBUSY : 0))
        wrong("signing out gave %d", err);
}

static void agent_line(int a)
{
    struct m_agent *agent = &s.agents[a];
    bool up = dice(4) != 0;

    tell("agent %d line %s", a, up ? "up" : "lost");
    if (agent->state == ACD_SIGNED_OUT) {
        if (acd_line(s.acd, s.now, a + 1, up) != -ENOENT)
            wrong("a signed-out agent's line was taken");
        return;
    }
    agent->line = up;
    if (acd_line(s.acd, s.now, a + 1, up))
        wrong("line was refused");
}

static void agent_works(int a)
{
    enum acd_agent_state old = s.agents[a].state;
    int err;

    switch (dice(4)) {
    case 0:
        tell("agent %d: talk ended", a);
        err = acd_talk_ended(s.acd, s.now, a + 1, dice(4) != 0);
        if ((err == 0) != (old == ACD_TALK))
            wrong("end of talk gave %d", err);
        return;
    case 1:
        tell("agent %d: summary done", a);
        err = acd_wrap_up_done(s.acd, s.now, a + 1);
        if ((err == 0) != (old == ACD_ACW))
            wrong("end of ACW gave %d", err);
        return;
    case 2:
        tell("agent %d: dials out", a);
        err = acd_occupy(s.acd, s.now, a + 1, (int32_t)dice(QUEUES + 2)); /* 0 none, one unknown */
        if (err != (old == ACD_SIGNED_OUT                ? -ENOENT
                    : old == ACD_RING || old == ACD_TALK ? -EBUSY
                                                         : 0))
            wrong("dialling out gave %d", err);
        return;
    default:
        tell("agent %d: asks for a state", a);
        err = acd_request_state(s.acd, s.now, a + 1,
                                dice(3) ? ACD_READY : (enum acd_agent_state)(ACD_READY + dice(3)),
                                (int32_t)dice(3));
        if ((err == -ENOENT) != (old == ACD_SIGNED_OUT))
            wrong("a state gave %d", err);
    }
}

/* Mostly somebody for whom the event means something, else anybody. */
static int agent_in(enum acd_agent_state state)
{
    int first = (int)dice(AGENTS);

    for (int i = 0; i < AGENTS && dice(10); i++)
        if (s.agents[(first + i) % AGENTS].state == state)
            return (first + i) % AGENTS;
    return first;
}

static void random_event(void)
{
    uint64_t roll = dice(100);

    if (roll < 22)
        caller_enters((int)dice(CALLERS));
    else if (roll < 30)
        caller_leaves((int)dice(CALLERS));
    else if (roll < 33)
        caller_moves((int)dice(CALLERS));
    else if (roll < 34)
        caller_to_head((int)dice(CALLERS));
    else if (roll < 36)
        caller_assigned((int)dice(CALLERS), (int)dice(AGENTS));
    else if (roll < 37)
        agent_forced((int)dice(AGENTS));
    else if (roll < 55)
        agent_answers(agent_in(ACD_RING));
    else if (roll < 58)
        agent_signs((int)dice(AGENTS));
    else if (roll < 61)
        agent_called((int)dice(AGENTS));
    else if (roll < 68)
        agent_line((int)dice(AGENTS));
    else if (roll < 80)
        agent_works(agent_in(ACD_TALK));
    else if (roll < 88)
        agent_works(agent_in(ACD_ACW));
    else if (roll < 95)
        agent_works(agent_in(ACD_BUSY));
    else if (roll < 97)
        random_queue((int)dice(QUEUES));
    else if (roll < 99)
        change_member((int)dice(AGENTS), (int)dice(QUEUES));
    else if (dice(4) == 0)
        remove_queue((int)dice(QUEUES));
    else
        acd_tick(s.acd, s.now);
}

static void tick(void)
{
    acd_tick(s.acd, s.now);
    take_commands();
    check_everything();
    if (acd_next_due(s.acd) <= s.now)
        wrong("something due was not done");
}

static void one_step(void)
{
    static const uint32_t jumps[] = {0, 0, 1, 17, 120, 800};
    uint64_t later = s.now + jumps[dice(6)];

    while (acd_next_due(s.acd) <= later) { /* what is due happens at its own time */
        s.now = acd_next_due(s.acd) > s.now ? acd_next_due(s.acd) : s.now;
        tick();
    }
    s.now = later;
    random_event();
    take_commands();
    check_everything();
}

/* --- the runs ------------------------------------------------------------------------------- */

static void begin(uint64_t seed)
{
    static const struct acd_limits limits = {AGENTS, QUEUES, AGENTS * QUEUES, CALLERS};

    memset(&s, 0, sizeof(s));
    s.seed = seed;
    s.random = seed * 0x9e3779b97f4a7c15ull + 1;
    s.now = 100000;
    assert_int_equal(acd_create(&limits, &s.acd), 0);
    s.assign_agent = s.assign_caller = -1;
    for (int a = 0; a < AGENTS; a++) {
        s.agents[a].caller = -1;
        for (int q = 0; q < QUEUES; q++)
            s.agents[a].weight[q] = -1;
    }
    for (int q = 0; q < QUEUES; q++)
        random_queue(q);
    for (int a = 0; a < AGENTS; a++)
        for (int q = a % CENTERS; q < QUEUES; q += CENTERS)
            if (dice(3))
                change_member(a, q);
}

static void run(uint64_t seed, uint64_t steps)
{
    begin(seed);
    for (s.step = 0; s.step < steps; s.step++)
        one_step();
    acd_destroy(s.acd);
}

static uint64_t from_environment(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);

    return text ? strtoull(text, NULL, 10) : otherwise;
}

static uint64_t random_seed(void)
{
    uint64_t seed;

    random_bytes(&seed, sizeof(seed));
    return seed % 1000000000;
}

/* Many short runs rather than one long: each begins with another configuration. */
static void ACD_07_a_million_random_steps_keep_every_invariant(void **state)
{
    uint64_t seed = from_environment("HOTLINED_SEED", random_seed());
    uint64_t steps = from_environment("HOTLINED_STEPS", 1000000), done = 0;
    unsigned offers = 0, connects = 0, ronas = 0, revokes = 0, tireds = 0, assigned = 0;
    unsigned preferred = 0, given_up = 0;

    (void)state;
    for (; done < steps; done += 20000, seed++) {
        run(seed, 20000);
        offers += s.offers;
        connects += s.connects;
        ronas += s.ronas;
        revokes += s.revokes;
        tireds += s.tireds;
        assigned += s.assigned;
        preferred += s.preferred;
        given_up += s.given_up;
    }
    fprintf(stderr,
            "# seeds up to %llu: %llu steps, %u offers, %u connects, %u no answers, %u revokes, "
            "%u waited for, %u in vain\n",
            (unsigned long long)seed - 1, (unsigned long long)done, offers, connects, ronas,
            revokes, preferred, given_up);
    /* A run in which nothing happens would prove nothing. */
    assert_true(connects > done / 100);
    assert_true(ronas > done / 1000);
    assert_true(revokes > done / 100);
    assert_true(tireds > done / 10000);
    assert_true(assigned > done / 2000);
    assert_true(preferred > done / 2000);
    assert_true(given_up > done / 2000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ACD_07_a_million_random_steps_keep_every_invariant),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
