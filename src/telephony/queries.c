/* A flow asks a system outside (node http). What it sends and what it takes of the answer is the
 * node's to say, whom it asks the connector's. Values are never written to the log. */
#include <errno.h>

#include <hotlined/directory.h>
#include <hotlined/id.h>
#include <hotlined/ivr.h>
#include <hotlined/log.h>
#include <hotlined/media.h>
#include <hotlined/query.h>

#include "telephony/call.h"
#include "telephony/leg.h"
#include "telephony/menu.h"
#include "telephony/queries.h"
#include "telephony/room.h"

static void wait_music(struct telephony *t, struct call *call, const char *code)
{
    struct leg *leg = call_leg_find(t, call->leg);
    struct media_play list = {.count = 1, .loop = true, .exclusive = true};

    list.audio[0] = code ? prompt_for(t, call, code) : NULL;
    call->play_token = list.token = ++t->next_token;
    if (list.audio[0] && leg && leg->media && media_play(t->media, leg->media, &list))
        log_error("call", "music_failed", "leg=%u", leg->handle);
}

static void stop_music(struct telephony *t, struct call *call)
{
    struct leg *leg = call_leg_find(t, call->leg);

    call->play_token = ++t->next_token;
    if (leg && leg->media)
        media_stop_play(t->media, leg->media);
}

/* All that the node wants, or nothing. What was given before the start is nobody's to change. */
static bool take_all(struct call *call, const struct ivr_pairs *take, const char *body)
{
    char values[IVR_PAIRS][IVR_VALUE_SIZE];

    for (unsigned i = 0; i < take->count; i++)
        if (!query_take(body, take->pair[i].field, values[i], sizeof(values[i])))
            return false;
    for (unsigned i = 0; i < take->count; i++)
        if (!ivr_variable_is_given(take->pair[i].variable))
            (void)ivr_set_variable(&call->ivr, take->pair[i].variable, values[i]);
    return true;
}

static enum ivr_answer outcome(struct call *call, const struct ivr_pairs *take,
                               const struct query_answer *answer)
{
    if (answer->end == QUERY_TIMEOUT)
        return IVR_TIMEOUT;
    if (answer->end == QUERY_FAILED)
        return IVR_FAILED;
    if (answer->status == 404)
        return IVR_NOT_FOUND;
    return answer->status / 100 == 2 && take_all(call, take, answer->body) ? IVR_NEXT : IVR_FAILED;
}

static void on_answer(const struct query_answer *answer, void *arg)
{
    struct call_side *side = arg;
    struct telephony *t = side->telephony;
    struct call *call = call_find(t, side->call);
    enum ivr_answer out;

    if (!call || !call->query)
        return; /* dropped, and the slot may be another call's */
    call->query = 0;
    out = outcome(call, side->query_take, answer);
    log_info("call", "asked", "call=%s status=%d ms=%u outcome=%s", UUID_TEXT(&call->id),
             answer->status, answer->ms, ivr_answer_name(out));
    stop_music(t, call);
    menu_answer(t, call, out);
}

bool query_begin(struct telephony *t, struct call *call, const struct ivr_command *command)
{
    const struct dir_connector *connector =
        directory_connector(t->directory, call->center_id, command->name);
    struct query_field fields[IVR_PAIRS];
    struct call_side *side = call_beside(t, call);
    int err;

    for (unsigned i = 0; i < command->send->count; i++) {
        const char *value = ivr_variable(&call->ivr, command->send->pair[i].variable);
        fields[i] = (struct query_field){command->send->pair[i].field, value ? value : ""};
    }
    err = connector
              ? query_connector_ask(t->queries, connector->document, fields, command->send->count,
                                    command->ms, on_answer, side, &call->query)
              : -ENOENT;
    if (err) {
        log_warn("call", "not_asked", "call=%s connector=%s err=%d", UUID_TEXT(&call->id),
                 log_safe(command->name), -err);
        return false;
    }
    side->query_take = command->take;
    wait_music(t, call, command->music);
    return true;
}

void query_drop(struct telephony *t, struct call *call)
{
    if (!call->query)
        return;
    query_cancel(t->queries, call->query);
    call->query = 0;
}
