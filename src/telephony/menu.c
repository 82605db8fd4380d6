/* A call in its menu: events go to the pure IVR engine, its commands are carried out here. */
#include <errno.h>
#include <string.h>

#include <hotlined/log.h>

#include "telephony/calls.h"

static const struct calendar *world_calendar(const char *code, void *arg)
{
    const struct call_side *side = arg;
    const struct call *call = call_find(side->telephony, side->call);

    return call ? directory_calendar(side->telephony->directory, call->center_id, code) : NULL;
}

/* --- commands ------------------------------------------------------------------------------- */

/* Returns false when there is nothing to be heard: the flow goes on as if it had been played. */
static bool play(struct telephony *t, struct call *call, const char *code)
{
    struct leg *leg = call_leg_find(t, call->leg);
    struct media_play list = {.count = 1, .exclusive = true};
    struct media_audio *audio = prompt_for(t, call, code);

    call->play_token = ++t->next_token;
    if (!audio || !leg || !leg->media) {
        log_error("call", "prompt_missing", "call=%s center=%d prompt=%s",
                  uuid_text(&call->id, (char[UUID_TEXT_SIZE]){0}), call->center_id, code);
        return false;
    }
    list.audio[0] = audio;
    list.token = call->play_token;
    return media_play(t->media, leg->media, &list) == 0;
}

static void note_key(struct telephony *t, struct call *call, const struct ivr_command *key)
{
    fact_ivr_key(t, call, key);
    log_info("call", "key", "call=%s node=%s key=%c result=%d",
             uuid_text(&call->id, (char[UUID_TEXT_SIZE]){0}), key->node, key->key ? key->key : '-',
             key->result);
    if (call->key_count == CALL_KEYS)
        return; /* the page shows the first ones; the facts have all */
    struct call_key *kept = &call->keys[call->key_count++];
    text_copy(kept->menu, sizeof(kept->menu), key->title);
    kept->key = key->key;
    kept->result = (uint8_t)key->result;
    kept->at_ms = loop_wall_ms(t->loop);
}

static void hang_up(struct telephony *t, struct call *call, const char *reason)
{
    if (strcmp(reason, "done") == 0) {
        call->forced_outcome = "ivr_self";
        call_hangup(t, call, "done");
    } else if (strcmp(reason, "closed") == 0) {
        call->forced_outcome = "closed";
        call_hangup(t, call, "closed");
    } else {
        call_hangup(t, call,
                    call->wait_over     ? "max_wait"
                    : call->asked_human ? "no_agent"
                                        : "error");
    }
}

/* Returns the event the engine is to be told next, or -1. */
static int enqueue(struct telephony *t, struct call *call, const struct ivr_command *command)
{
    switch (waiting_enter(t, call, command->name, command->priority, command->music)) {
    case 0:
        return -1;
    case -ENOSPC:
        return IVR_EV_QUEUE_FULL;
    default:
        return IVR_EV_QUEUE_NO_AGENT;
    }
}

static int carry_out(struct telephony *t, struct call *call, const struct ivr_command *command)
{
    struct call_side *side = call_beside(t, call);
    struct leg *leg = call_leg_find(t, call->leg);

    switch (command->kind) {
    case IVR_PLAY:
        return play(t, call, command->name) ? -1 : IVR_EV_PLAY_DONE;
    case IVR_STOP_PLAY:
        call->play_token = ++t->next_token; /* a PLAY_DONE on its way is stale now */
        if (leg && leg->media)
            media_stop_play(t->media, leg->media);
        return -1;
    case IVR_TIMER:
        if (command->ms)
            loop_timer_start(&side->ivr_timer, command->ms);
        else
            loop_timer_stop(&side->ivr_timer);
        return -1;
    case IVR_KEY:
        note_key(t, call, command);
        return -1;
    case IVR_ENQUEUE:
        return enqueue(t, call, command);
    case IVR_HANGUP:
        hang_up(t, call, command->name);
        return -1;
    }
    return -1;
}

/* --- events --------------------------------------------------------------------------------- */

/* One event may be answered by a command whose outcome is the next event (a full queue, a prompt
 * without audio): told one after the other, never from inside. A call that ends on the way stops
 * it; its slot stays until call_over() has run, which is not before the commands are done only
 * when the far side is already gone, so the handle is looked up again each time. */
void menu_event(struct telephony *t, struct call *call, enum ivr_event_kind kind, char digit)
{
    struct call_side *side = call_beside(t, call);
    struct ivr_world world = {world_calendar, side};
    handle_t handle = call->handle;
    int next = (int)kind;

    while (next >= 0) {
        struct ivr_event event = {
            .kind = (enum ivr_event_kind)next, .digit = digit, .wall_ms = loop_wall_ms(t->loop)};
        struct ivr_out out;

        ivr_step(side->flow, &call->ivr, &world, &event, &out);
        next = -1;
        for (unsigned i = 0; i < out.count; i++) {
            int answer = carry_out(t, call, &out.commands[i]);
            if (answer >= 0)
                next = answer;
            if (call_find(t, handle) != call || call->state == CALL_ENDED)
                return;
        }
    }
}

void menu_timer_fired(void *arg)
{
    struct call_side *side = arg;
    struct call *call = call_find(side->telephony, side->call);

    if (call && call->state == CALL_MENU)
        menu_event(side->telephony, call, IVR_EV_TIMER, 0);
}

void menu_start(struct telephony *t, struct call *call)
{
    static const char *const sources[] = {"direct", "from_12366", "from_city"};

    call->state = CALL_MENU;
    call->ivr_visit = uuid_new(loop_wall_ms(t->loop));
    call->in_ivr_visit = true;
    (void)ivr_set_variable(&call->ivr, "caller_no", call->caller);
    (void)ivr_set_variable(&call->ivr, "caller_city", call->place_city);
    (void)ivr_set_variable(&call->ivr, "called_no", call->called);
    (void)ivr_set_variable(&call->ivr, "source", sources[call->source]);
    fact_ivr_begin(t, call);
    menu_event(t, call, IVR_EV_START, 0);
}

void menu_leave(struct telephony *t, struct call *call, const char *exit)
{
    loop_timer_stop(&call_beside(t, call)->ivr_timer);
    if (!call->in_ivr_visit)
        return;
    call->in_ivr_visit = false;
    fact_ivr_end(t, call, exit);
}
