/* The naive model of the ACD: it learns from commands, and says what is wrong with them. */
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

struct acd_model model;

/* --- telling the story ---------------------------------------------------------------------- */

void tell(const char *format, ...)
{
    va_list ap;
    char *line = model.story[model.told++ % STORY];
    int n = snprintf(line, 160, "%8llu ms  ", (unsigned long long)model.now);

    va_start(ap, format);
    vsnprintf(line + n, 160 - (size_t)n, format, ap);
    va_end(ap);
}

void wrong(const char *format, ...)
{
    va_list ap;

    fprintf(stderr, "HOTLINED_SEED=%llu step %llu: ", (unsigned long long)model.seed,
            (unsigned long long)model.step);
    va_start(ap, format);
    vfprintf(stderr, format, ap);
    va_end(ap);
    fprintf(stderr, "\nthe last events:\n");
    for (unsigned i = model.told > STORY ? model.told - STORY : 0; i < model.told; i++)
        fprintf(stderr, "  %s\n", model.story[i % STORY]);
    fail();
    abort();
}

uint64_t dice(uint64_t sides)
{
    model.random ^= model.random << 13;
    model.random ^= model.random >> 7;
    model.random ^= model.random << 17;
    return model.random % sides;
}

/* --- who goes first ------------------------------------------------------------------------- */

int center_of_queue(int q)
{
    return q % CENTERS;
}

int64_t effective(const struct m_caller *c)
{
    uint32_t step = model.queues[c->queue].conf.age_step_ms;

    return c->priority + (step ? (int64_t)((model.now - c->first) / step) : 0);
}

static bool barred(const struct m_caller *c, int a)
{
    return c->rest_until > model.now ||
           (c->refused_at[a] && c->refused_at[a] - 1 + ACD_REOFFER_MS > model.now);
}

static bool could_take(int a, int c)
{
    const struct m_caller *caller = &model.callers[c];

    return caller->waiting && !caller->ringing && model.agents[a].weight[caller->queue] >= 0 &&
           !barred(caller, a) && (caller->preferred < 0 || caller->preferred == a);
}

static bool goes_before(int a, int x, int y)
{
    const struct m_caller *cx = &model.callers[x], *cy = &model.callers[y];
    int wx = model.agents[a].weight[cx->queue], wy = model.agents[a].weight[cy->queue];

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

/* --- what the engine said ------------------------------------------------------------------- */

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
    struct m_agent *agent = &model.agents[a];

    tell("  -> agent %d is called", a);
    if (agent->offer || agent->state == ACD_RING || agent->state == ACD_TALK ||
        agent->state == ACD_ACW || !agent->line)
        wrong("agent %d is called in state %d", a, agent->state);
    agent->offer = command->offer;
    agent->called = true;
    agent->called_at = model.now;
}

static void over_for_one(const struct acd_command *command, int a)
{
    struct m_agent *agent = &model.agents[a];

    tell("  -> agent %d is called no more, kind %d", a, command->kind);
    if (!agent->called || agent->offer != command->offer)
        wrong("a call agent %d does not have is over", a);
    if (command->kind == ACD_REVOKE && command->revoke_reason == ACD_REVOKE_NO_ANSWER &&
        model.now < agent->called_at + CALL_RING_MS)
        wrong("agent %d was not given his time", a);
    agent->offer = 0;
    agent->called = false;
}

/* Whose turn it is does not matter, nor whether he serves the queue. */
static void take_assigned(const struct acd_command *command, int a, int c)
{
    struct m_agent *agent = &model.agents[a];

    if (model.callers[c].ringing)
        wrong("caller %d is assigned and rings elsewhere", c);
    agent->offer = command->offer;
    agent->caller = c;
    agent->assigned = true;
    model.callers[c].ringing++;
    model.assign_agent = model.assign_caller = -1;
    model.assigned++;
}

static void take_offer(const struct acd_command *command)
{
    int a = command->agent - 1, c = (int)command->tag;
    struct m_agent *agent = &model.agents[a];
    struct m_caller *caller;

    if (is_for_one(command, a)) {
        offer_for_one(command, a);
        return;
    }
    caller = &model.callers[c];
    tell("  -> offer caller %d to agent %d (%s)", c, a, command->reason);
    if (!caller->waiting || caller->entry != command->entry)
        wrong("caller %d was offered after leaving", c);
    if (agent->offer)
        wrong("agent %d got a second offer", a);
    if (a == model.assign_agent && c == model.assign_caller) {
        take_assigned(command, a, c);
        return;
    }
    if (agent->state != ACD_READY || !agent->line)
        wrong("agent %d was offered a call in state %d, line %d", a, agent->state, agent->line);
    if (agent->weight[caller->queue] < 0)
        wrong("agent %d is no member of the caller's queue %d", a, caller->queue);
    if (caller->preferred >= 0 && caller->preferred != a)
        wrong("caller %d waits for agent %d and rings at agent %d", c, caller->preferred, a);
    model.preferred += caller->preferred == a;
    if (barred(caller, a))
        wrong("caller %d rings again at agent %d who refused it", c, a);
    if (caller->ringing && model.queues[caller->queue].conf.strategy != ACD_RING_ALL)
        wrong("caller %d rings at two agents", c);
    if (!command->reason[0])
        wrong("an offer without a reason");
    for (int other = 0; other < CALLERS && !caller->ringing; other++)
        if (other != c && could_take(a, other) && goes_before(a, other, c))
            wrong("agent %d got caller %d before caller %d", a, c, other);
    agent->offer = command->offer;
    agent->caller = c;
    caller->ringing++;
    model.offers++;
}

/* Too many in vain: the engine must say so next, and the caller rings nowhere for a while. */
static void offer_failed(struct m_caller *caller, int a)
{
    uint32_t most = model.queues[caller->queue].conf.max_offers;

    caller->refused_at[a] = model.now + 1;
    if (caller->preferred == a)
        caller->preferred_until = model.now;
    if (model.agents[a].assigned || caller->preferred == a)
        return;
    caller->failed++;
    if (most && caller->failed >= most && !caller->wait_said) {
        caller->rest_until = model.now + ACD_REOFFER_MS;
        model.tired = caller;
        model.tireds++;
    }
}

static void take_revoke(const struct acd_command *command)
{
    int a = command->agent - 1, c = (int)command->tag;
    struct m_agent *agent = &model.agents[a];

    if (is_for_one(command, a)) {
        over_for_one(command, a);
        return;
    }
    tell("  -> revoke caller %d from agent %d, why %d", c, a, command->revoke_reason);
    if (!agent->offer || agent->offer != command->offer || agent->caller != c)
        wrong("an offer agent %d does not have was revoked", a);
    if (command->revoke_reason == ACD_REVOKE_NO_ANSWER && !model.callers[c].waiting)
        wrong("caller %d hung up, and agent %d is said not to have answered", c, a);
    agent->offer = 0;
    agent->caller = -1;
    model.callers[c].ringing--;
    if (command->revoke_reason == ACD_REVOKE_NO_ANSWER ||
        command->revoke_reason == ACD_REVOKE_REJECTED)
        offer_failed(&model.callers[c], a);
    model.ronas += command->revoke_reason == ACD_REVOKE_NO_ANSWER;
    agent->rona = command->revoke_reason == ACD_REVOKE_NO_ANSWER && !agent->assigned;
    agent->assigned = false;
    model.revokes++;
}

static void take_connect(const struct acd_command *command)
{
    int a = command->agent - 1, c = (int)command->tag;
    struct m_agent *agent = &model.agents[a];
    struct m_caller *caller;

    if (is_for_one(command, a)) {
        over_for_one(command, a);
        return;
    }
    agent->assigned = false;
    caller = &model.callers[c];
    tell("  -> connect caller %d and agent %d", c, a);
    if (!caller->waiting)
        wrong("caller %d was connected after leaving", c);
    if (agent->offer != command->offer || agent->caller != c)
        wrong("agent %d was connected without an offer", a);
    agent->offer = 0;
    agent->caller = -1;
    caller->ringing--;
    caller->waiting = false;
    model.connects++;
}

static void take_state(const struct acd_command *command)
{
    struct m_agent *agent = &model.agents[command->agent - 1];

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
    model.states++;
}

static void take_wait_over(const struct acd_command *command)
{
    struct m_caller *caller = &model.callers[command->tag];
    const struct acd_queue_conf *conf = &model.queues[caller->queue].conf;

    tell("  -> caller %d waited long enough", (int)command->tag);
    if (!caller->waiting || caller->wait_said)
        wrong("the end of the wait was said twice");
    if (model.tired == caller)
        model.tired = NULL;
    else if (!conf->max_wait_ms || model.now < caller->entered + conf->max_wait_ms)
        wrong("the wait of caller %d is not over", (int)command->tag);
    caller->wait_said = true;
}

/* Said once, when it is true and not before. */
static void take_preferred_over(const struct acd_command *command)
{
    int c = (int)command->tag, a = command->agent - 1;
    struct m_caller *caller = &model.callers[c];
    const struct m_agent *agent = &model.agents[a];
    bool gone = agent->state == ACD_SIGNED_OUT || agent->weight[caller->queue] < 0;

    tell("  -> caller %d waits for agent %d no more, why %d", c, a, command->preferred_end);
    if (!caller->waiting || caller->entry != command->entry || caller->preferred != a)
        wrong("caller %d did not wait for agent %d", c, a);
    if (command->preferred_end == ACD_PREFERRED_GONE ? !gone : model.now < caller->preferred_until)
        wrong("agent %d could still take caller %d", a, c);
    if (command->leaves != caller->leaves[command->preferred_end])
        wrong("caller %d was to leave: %d", c, caller->leaves[command->preferred_end]);
    caller->preferred = -1;
    if (command->leaves)
        caller->rest_until = model.now + ACD_REOFFER_MS;
    model.given_up++;
}

void take_commands(void)
{
    const struct acd_out *out = acd_out(model.acd);

    for (uint32_t i = 0; i < out->count; i++) {
        if (model.tired && out->commands[i].kind != ACD_WAIT_OVER)
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
            model.callers[out->commands[i].tag].waiting = false;
            break;
        case ACD_PREFERRED_OVER:
            take_preferred_over(&out->commands[i]);
            break;
        }
    }
    if (model.tired)
        wrong("a caller was refused too often and nobody said so");
    if (model.assign_agent >= 0)
        wrong("caller %d was assigned and rings nowhere", model.assign_caller);
}

static void engine_complains(const char *what, void *arg)
{
    (void)arg;
    tell("  engine: %s", what);
}

/* --- what must hold ------------------------------------------------------------------------- */

static void check_view(int q)
{
    struct acd_queue_view view = {0};
    uint64_t oldest = UINT64_MAX;
    uint32_t waiting = 0;

    for (int c = 0; c < CALLERS; c++) {
        const struct m_caller *caller = &model.callers[c];
        if (!caller->waiting || caller->queue != q)
            continue;
        waiting++;
        oldest = caller->first < oldest ? caller->first : oldest;
    }
    if (acd_queue_view(model.acd, q + 1, &view) != model.queues[q].exists)
        wrong("queue %d: view of what does not exist, or none", q);
    if (model.queues[q].exists && (view.waiting != waiting || view.oldest_first_entry != oldest))
        wrong("queue %d: %u wait, oldest since %llu; the view says %u, %llu", q, waiting,
              (unsigned long long)oldest, view.waiting,
              (unsigned long long)view.oldest_first_entry);
}

void check_everything(void)
{
    for (int q = 0; q < QUEUES; q++)
        check_view(q);
    for (int a = 0; a < AGENTS; a++) {
        const struct m_agent *agent = &model.agents[a];
        struct acd_agent_view view = {0};
        if ((agent->state == ACD_RING) != (agent->offer != 0))
            wrong("agent %d: state %d and offer %u do not fit", a, agent->state, agent->offer);
        if (agent->offer && !agent->line)
            wrong("agent %d rings without a line", a);
        if (agent->forced && agent->state != agent->forced_to)
            wrong("agent %d was forced and is in state %d", a, agent->state);
        model.agents[a].forced = false;
        if (acd_agent_view(model.acd, a + 1, &view) &&
            (view.state != agent->state || view.offer != agent->offer))
            wrong("agent %d: the engine's view differs from what it said", a);
        if (view.next_state != ACD_SIGNED_OUT && agent->state != ACD_RING &&
            agent->state != ACD_TALK && agent->state != ACD_ACW)
            wrong("agent %d: a request is kept for nothing", a);
        for (int c = 0; c < CALLERS; c++)
            if (agent->state == ACD_READY && agent->line && could_take(a, c))
                wrong("caller %d waits beside available agent %d", c, a);
    }
    if (acd_check(model.acd, model.now, engine_complains, NULL))
        wrong("the engine's own invariants are broken");
}
