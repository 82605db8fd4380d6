/* Events: who is told when an agent, a queue or a trunk changed, and how often. */
#include <hotlined/directory.h>
#include <hotlined/log.h>
#include <hotlined/loop.h>
#include <hotlined/telephony.h>
#include <hotlined/text.h>

#include "telephony/agent.h"
#include "telephony/room.h"
#include "telephony/views.h"

#define VIEWS_EVERY_MS 200 /* queue figures are said at most this often per center */

static bool is_heard(struct telephony *t, const char *type, int32_t center_id, int32_t user_id)
{
    return !t->handlers.is_heard || t->handlers.is_heard(type, center_id, user_id, t->arg);
}

/* Says what json holds, and empties it for the next one; nothing printed = nobody listens. */
static void say(struct telephony *t, const char *type, int32_t center_id, int32_t user_id,
                struct text *json)
{
    struct telephony_event event = {type, center_id, user_id, json->length ? json->data : NULL};

    if (json->failed)
        log_error("telephony", "no_memory", "event=%s", type);
    else if (t->handlers.on_event)
        t->handlers.on_event(&event, t->arg);
    text_clear(json);
}

static void say_agent(struct telephony *t, const struct agent *agent, struct text *json)
{
    if (is_heard(t, "agent", agent->center_id, agent->user_id))
        telephony_agent_json(t, agent->user_id, json);
    say(t, "agent", agent->center_id, agent->user_id, json);
    if (is_heard(t, "seat", agent->center_id, 0))
        view_add_seat(t, json, agent);
    say(t, "seat", agent->center_id, 0, json);
}

void view_agent_changed(struct telephony *t, struct agent *agent)
{
    if (agent->view_due)
        return;
    agent->view_due = true;
    if (!t->changed_agent_count)
        loop_timer_start(&t->agent_views_timer, 0);
    t->changed_agents[t->changed_agent_count++] = agent;
}

void agent_views_timer_fired(void *arg)
{
    struct telephony *t = arg;
    struct text json = {0};

    for (uint32_t i = 0; i < t->changed_agent_count; i++) {
        t->changed_agents[i]->view_due = false;
        say_agent(t, t->changed_agents[i], &json);
    }
    t->changed_agent_count = 0;
    text_done(&json);
}

void view_trunk_changed(struct telephony *t, int32_t trunk_id)
{
    struct text json = {0};

    view_add_trunks(t, &json, trunk_id);
    if (json.length)
        say(t, "trunk", 0, 0, &json);
    text_done(&json);
}

void view_queue_changed(struct telephony *t, int32_t center_id)
{
    struct center_state *center = center_find(t, center_id);

    if (!center)
        return;
    center->dirty = true;
    if (t->views_due)
        return;
    t->views_due = true;
    loop_timer_start(&t->views_timer, VIEWS_EVERY_MS);
}

static void say_center(struct telephony *t, const struct center_state *center)
{
    size_t count;
    const struct dir_queue *queues = directory_queues(t->directory, &count);
    struct text json = {0};

    for (size_t i = 0; i < count; i++)
        if (queues[i].acd.center_id == center->id) {
            if (is_heard(t, "queue", center->id, 0))
                view_add_queue(t, &json, &queues[i]);
            say(t, "queue", center->id, 0, &json);
        }
    if (is_heard(t, "waiting", center->id, 0)) {
        text_addf(&json, "{\"center_id\":%d,\"calls\":", center->id);
        view_add_waiting(t, &json, center);
        text_add(&json, "}");
    }
    say(t, "waiting", center->id, 0, &json);
    text_done(&json);
}

void views_timer_fired(void *arg)
{
    struct telephony *t = arg;

    t->views_due = false;
    for (size_t i = 0; i < t->center_count; i++)
        if (t->centers[i].dirty) {
            t->centers[i].dirty = false;
            say_center(t, &t->centers[i]);
        }
}
