/* rooms: base acd */
/* with: tests/sim/acd_model.c */
/* The ACD under every interleaving: random schedules in virtual time against a naive model
 * (acd_model.h).
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

#include "acd_model.h"

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
    model.queues[q].exists = true;
    model.queues[q].conf = conf;
    if (acd_queue_set(model.acd, model.now, &conf))
        wrong("queue %d was refused", q);
}

static void remove_queue(int q)
{
    int err = acd_queue_remove(model.acd, model.now, q + 1);

    tell("queue %d removed: %d", q, err);
    if ((err == 0) != model.queues[q].exists)
        wrong("removing queue %d gave %d", q, err);
    model.queues[q].exists = false;
    for (int a = 0; a < AGENTS; a++)
        model.agents[a].weight[q] = -1;
}

/* The model learns of a membership before the engine acts on it, and of its end as well. */
static void change_member(int a, int q)
{
    int weight = (int)dice(5) * 20, err;
    bool remove = dice(3) == 0;

    if (remove) {
        bool was = model.agents[a].weight[q] >= 0;
        tell("agent %d leaves queue %d", a, q);
        model.agents[a].weight[q] = -1;
        err = acd_member_remove(model.acd, model.now, a + 1, q + 1);
        if ((err == 0) != was)
            wrong("removing a membership gave %d", err);
        return;
    }
    tell("agent %d joins queue %d, weight %d", a, q, weight);
    if (model.queues[q].exists)
        model.agents[a].weight[q] = weight;
    err = acd_member_set(model.acd, model.now, a + 1, q + 1, weight);
    if ((err == 0) != model.queues[q].exists)
        wrong("a membership gave %d", err);
}

static void caller_leaves(int c)
{
    struct m_caller *caller = &model.callers[c];
    bool was = caller->waiting;
    int err;

    tell("caller %d hangs up", c);
    caller->waiting = false; /* offered from now on would be "after leaving" */
    err = acd_leave(model.acd, model.now, caller->entry);
    if (was != (err == 0))
        wrong("leaving gave %d", err);
}

/* Mostly somebody who may be waited for. */
static int wanted_for(int q)
{
    int first = (int)dice(AGENTS);

    for (int i = 0; i < AGENTS && dice(10); i++) {
        const struct m_agent *agent = &model.agents[(first + i) % AGENTS];
        if (agent->state != ACD_SIGNED_OUT && agent->weight[q] >= 0)
            return (first + i) % AGENTS;
    }
    return first;
}

static void caller_enters_for(int c, int a, bool full)
{
    struct m_caller *caller = &model.callers[c];
    struct acd_preferred preferred = {
        .agent = a + 1, .wait_ms = (uint32_t)dice(30000), .leaves = {dice(2) == 0, dice(2) == 0}};
    bool exists = model.queues[caller->queue].exists;
    bool there = model.agents[a].state != ACD_SIGNED_OUT && exists &&
                 model.agents[a].weight[caller->queue] >= 0;
    int err;

    tell("caller %d enters queue %d for agent %d, %u ms", c, caller->queue, a, preferred.wait_ms);
    caller->waiting = there && !full;
    caller->preferred = a;
    caller->preferred_until = model.now + preferred.wait_ms;
    memcpy(caller->leaves, preferred.leaves, sizeof(caller->leaves));
    err = acd_enter_for(model.acd, model.now, caller->queue + 1, caller->priority, caller->first,
                        (uint64_t)c, &preferred, &caller->entry);
    if (err != (!exists ? -ENOENT : !there ? -ESRCH : full ? -ENOSPC : 0))
        wrong("entering for one agent gave %d", err);
}

static void caller_enters(int c)
{
    struct m_caller *caller = &model.callers[c];
    int q = (int)dice(QUEUES), err, length = 0;
    const struct m_queue *queue = &model.queues[q];
    bool full;

    if (caller->waiting) { /* nobody is in two queues: such a roll is a hang-up */
        caller_leaves(c);
        return;
    }
    for (int i = 0; i < CALLERS; i++)
        length += model.callers[i].waiting && model.callers[i].queue == q;
    full = queue->exists && queue->conf.max_length && length >= (int)queue->conf.max_length;
    *caller = (struct m_caller){.waiting = queue->exists && !full,
                                .queue = q,
                                .priority = (int)dice(3),
                                .first = model.now -
                                         dice(2) * dice(model.now < 5000 ? model.now + 1 : 5000),
                                .entered = model.now,
                                .preferred = -1,
                                .serial = ++model.serial};
    if (dice(4) == 0) {
        caller_enters_for(c, wanted_for(q), full);
        return;
    }
    tell("caller %d enters queue %d", c, q);
    err = acd_enter(model.acd, model.now, q + 1, caller->priority, caller->first, (uint64_t)c,
                    &caller->entry);
    if (err != (!queue->exists ? -ENOENT : full ? -ENOSPC : 0))
        wrong("entering gave %d", err);
}

static void caller_moves(int c)
{
    struct m_caller *caller = &model.callers[c], old = *caller;
    int q = (int)dice(QUEUES), err, length = 0;

    if (!caller->waiting) {
        acd_tick(model.acd, model.now);
        return;
    }
    for (int i = 0; i < CALLERS; i++)
        length += i != c && model.callers[i].waiting && model.callers[i].queue == q;
    tell("caller %d moves from queue %d to %d", c, caller->queue, q);
    if (model.queues[q].exists && center_of_queue(q) == center_of_queue(caller->queue) &&
        q != caller->queue &&
        (!model.queues[q].conf.max_length || length < (int)model.queues[q].conf.max_length)) {
        caller->queue = q;
        caller->entered = model.now;
        caller->wait_said = false;
        caller->failed = 0;
        caller->rest_until = 0;
        caller->preferred = -1;
    }
    err = acd_move(model.acd, model.now, caller->entry, q + 1);
    if (err && (caller->queue != old.queue || caller->entered != old.entered))
        wrong("a legal move gave %d", err);
}

static void caller_to_head(int c)
{
    struct m_caller *caller = &model.callers[c];
    int32_t priority = 0, again = 0;
    int err = acd_to_head(model.acd, model.now, caller->entry, &priority);

    tell("caller %d goes to the head of queue %d: priority %d", c, caller->queue, priority);
    if (err != (caller->waiting ? 0 : -ESTALE))
        wrong("going to the head gave %d", err);
    if (!caller->waiting)
        return;
    if (priority < caller->priority)
        wrong("caller %d lost priority at the head", c);
    caller->priority = priority;
    for (int i = 0; i < CALLERS; i++)
        if (i != c && model.callers[i].waiting && model.callers[i].queue == caller->queue &&
            effective(&model.callers[i]) + 2 > effective(caller))
            wrong("caller %d is not before caller %d", c, i);
    if (acd_position(model.acd, caller->entry) != 1)
        wrong("caller %d at the head has place %u", c, acd_position(model.acd, caller->entry));
    if (acd_to_head(model.acd, model.now, caller->entry, &again) || again != priority)
        wrong("twice to the head is more than once");
}

static void caller_assigned(int c, int a)
{
    struct m_caller *caller = &model.callers[c];
    struct m_agent *agent = &model.agents[a];
    enum acd_agent_state old = agent->state;
    bool free = old == ACD_READY || old == ACD_BUSY || old == ACD_REST;
    int err, wanted = !caller->waiting        ? -ESTALE
                      : old == ACD_SIGNED_OUT ? -ENOENT
                      : free && agent->line   ? 0
                                              : -EBUSY;

    tell("caller %d is for agent %d", c, a);
    err = acd_assign(model.acd, model.now, caller->entry, a + 1);
    if (err != wanted)
        wrong("assigning gave %d", err);
    if (err)
        return;
    model.assign_agent = a;
    model.assign_caller = c;
}

static void agent_forced(int a)
{
    struct m_agent *agent = &model.agents[a];
    enum acd_agent_state old = agent->state, to = (enum acd_agent_state)(ACD_READY + dice(3));
    bool kept = old == ACD_TALK || (old == ACD_RING && to == ACD_READY);
    int err;

    tell("agent %d is made %d by force", a, to);
    err = acd_force_state(model.acd, model.now, a + 1, to, 5);
    if (err != (old == ACD_SIGNED_OUT ? -ENOENT : kept))
        wrong("forcing gave %d", err);
    agent->forced = !err && to != ACD_READY; /* who is ready may ring by the end of the step */
    agent->forced_to = to;
}

static void agent_answers(int a)
{
    struct m_agent *agent = &model.agents[a];
    acd_offer_t offer = dice(8) ? agent->offer : (acd_offer_t)dice(1000);
    bool right = offer && offer == agent->offer;
    bool answer = dice(4) != 0;
    int err;

    tell("agent %d %s", a, answer ? "answers" : "rejects");
    err = answer ? acd_answer(model.acd, model.now, a + 1, offer)
                 : acd_reject(model.acd, model.now, a + 1, offer);
    if (err != (right ? 0 : -ESTALE))
        wrong("answering gave %d", err);
}

static void agent_called(int a)
{
    struct m_agent *agent = &model.agents[a];
    enum acd_agent_state old = agent->state;
    bool line = agent->line, was_called = agent->called;
    acd_offer_t offer = agent->offer, made = 0;
    int err;

    if (old == ACD_RING && dice(2)) {
        tell("whoever called agent %d has gone", a);
        err = acd_call_cancel(model.acd, model.now, a + 1, offer);
        if (err != (was_called ? 0 : -ESTALE))
            wrong("taking back the call gave %d", err);
        return;
    }
    tell("somebody calls agent %d", a);
    err = acd_call_agent(model.acd, model.now, a + 1, (int32_t)dice(QUEUES + 2), CALL_RING_MS,
                         CALL_TAG(a), &made);
    if (err != (old == ACD_SIGNED_OUT                                              ? -ENOENT
                : (old == ACD_READY || old == ACD_BUSY || old == ACD_REST) && line ? 0
                                                                                   : -EBUSY))
        wrong("calling agent %d gave %d", a, err);
}

static void agent_signs(int a)
{
    struct m_agent *agent = &model.agents[a];
    enum acd_agent_state old = agent->state;
    bool forced = dice(4) == 0;
    int err;

    if (old == ACD_SIGNED_OUT) {
        tell("agent %d signs in", a);
        agent->line = false;
        err = acd_sign_in(model.acd, model.now, a + 1, (enum acd_agent_state)(ACD_READY + dice(3)),
                          7);
        if (err)
            wrong("signing in gave %d", err);
        return;
    }
    tell("agent %d signs out%s", a, forced ? " by force" : "");
    err = acd_sign_out(model.acd, model.now, a + 1, forced);
    if (err != (old == ACD_TALK || (old == ACD_RING && !forced) ? -EBUSY : 0))
        wrong("signing out gave %d", err);
}

static void agent_line(int a)
{
    struct m_agent *agent = &model.agents[a];
    bool up = dice(4) != 0;

    tell("agent %d line %s", a, up ? "up" : "lost");
    if (agent->state == ACD_SIGNED_OUT) {
        if (acd_line(model.acd, model.now, a + 1, up) != -ENOENT)
            wrong("a signed-out agent's line was taken");
        return;
    }
    agent->line = up;
    if (acd_line(model.acd, model.now, a + 1, up))
        wrong("line was refused");
}

static void agent_works(int a)
{
    enum acd_agent_state old = model.agents[a].state;
    int err;

    switch (dice(4)) {
    case 0:
        tell("agent %d: talk ended", a);
        err = acd_talk_ended(model.acd, model.now, a + 1, dice(4) != 0);
        if ((err == 0) != (old == ACD_TALK))
            wrong("end of talk gave %d", err);
        return;
    case 1:
        tell("agent %d: summary done", a);
        err = acd_wrap_up_done(model.acd, model.now, a + 1);
        if ((err == 0) != (old == ACD_ACW))
            wrong("end of ACW gave %d", err);
        return;
    case 2:
        tell("agent %d: dials out", a);
        err = acd_occupy(model.acd, model.now, a + 1,
                         (int32_t)dice(QUEUES + 2)); /* 0 none, one unknown */
        if (err != (old == ACD_SIGNED_OUT                ? -ENOENT
                    : old == ACD_RING || old == ACD_TALK ? -EBUSY
                                                         : 0))
            wrong("dialling out gave %d", err);
        return;
    default:
        tell("agent %d: asks for a state", a);
        err = acd_request_state(model.acd, model.now, a + 1,
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
        if (model.agents[(first + i) % AGENTS].state == state)
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
        acd_tick(model.acd, model.now);
}

static void tick(void)
{
    acd_tick(model.acd, model.now);
    take_commands();
    check_everything();
    if (acd_next_due(model.acd) <= model.now)
        wrong("something due was not done");
}

static void one_step(void)
{
    static const uint32_t jumps[] = {0, 0, 1, 17, 120, 800};
    uint64_t later = model.now + jumps[dice(6)];

    while (acd_next_due(model.acd) <= later) { /* what is due happens at its own time */
        model.now = acd_next_due(model.acd) > model.now ? acd_next_due(model.acd) : model.now;
        tick();
    }
    model.now = later;
    random_event();
    take_commands();
    check_everything();
}

/* --- the runs ------------------------------------------------------------------------------- */

static void begin(uint64_t seed)
{
    static const struct acd_limits limits = {AGENTS, QUEUES, AGENTS * QUEUES, CALLERS};

    memset(&model, 0, sizeof(model));
    model.seed = seed;
    model.random = seed * 0x9e3779b97f4a7c15ull + 1;
    model.now = 100000;
    assert_int_equal(acd_create(&limits, &model.acd), 0);
    model.assign_agent = model.assign_caller = -1;
    for (int a = 0; a < AGENTS; a++) {
        model.agents[a].caller = -1;
        for (int q = 0; q < QUEUES; q++)
            model.agents[a].weight[q] = -1;
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
    for (model.step = 0; model.step < steps; model.step++)
        one_step();
    acd_destroy(model.acd);
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
        offers += model.offers;
        connects += model.connects;
        ronas += model.ronas;
        revokes += model.revokes;
        tireds += model.tireds;
        assigned += model.assigned;
        preferred += model.preferred;
        given_up += model.given_up;
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
