/* A call in its menu: events go to the pure IVR engine, its commands are carried out here. */
#include <errno.h>
#include <string.h>

#include <hotlined/acd.h>
#include <hotlined/directory.h>
#include <hotlined/id.h>
#include <hotlined/ivr.h>
#include <hotlined/log.h>
#include <hotlined/loop.h>
#include <hotlined/media.h>
#include <hotlined/sip.h>
#include <hotlined/slots.h>
#include <hotlined/telephony.h>
#include <hotlined/text.h>

#include "telephony/agent.h"
#include "telephony/bot.h"
#include "telephony/call.h"
#include "telephony/dialed.h"
#include "telephony/errand.h"
#include "telephony/facts.h"
#include "telephony/inbound.h"
#include "telephony/leg.h"
#include "telephony/menu.h"
#include "telephony/queries.h"
#include "telephony/reach.h"
#include "telephony/room.h"
#include "telephony/route.h"
#include "telephony/voicemail.h"
#include "telephony/waiting.h"

static const struct calendar *world_calendar(const char *code, void *arg)
{
    struct call_side *side = arg;
    const struct call *call = call_find(side->telephony, side->call);

    text_copy(side->calendar, sizeof(side->calendar), code);
    return call ? directory_calendar(side->telephony->directory, call->center_id, code) : NULL;
}

/* --- commands ------------------------------------------------------------------------------- */

static void add_prompt(struct telephony *t, const struct call *call, const char *code,
                       struct media_play *list)
{
    struct media_audio *audio = prompt_for(t, call, code);

    if (audio && list->count < MEDIA_PLAY_MAX)
        list->audio[list->count++] = audio;
    else
        log_error("call", "prompt_missing", "call=%s center=%d prompt=%s", UUID_TEXT(&call->id),
                  call->center_id, code);
}

/* Returns false when there is nothing to be heard: the flow goes on as if it had been played. */
bool menu_play(struct telephony *t, struct call *call, const char *const *codes, unsigned count)
{
    struct leg *leg = call_leg_find(t, call->leg);
    struct media_play list = {.exclusive = true};

    call->play_token = list.token = ++t->next_token;
    for (unsigned i = 0; i < count; i++)
        add_prompt(t, call, codes[i], &list);
    return list.count && leg && leg->media && media_play(t->media, leg->media, &list) == 0;
}

static void note_key(struct telephony *t, struct call *call, const struct ivr_command *key)
{
    fact_ivr_key(t, call, key);
    log_info("call", "key", "call=%s node=%s key=%c result=%d", UUID_TEXT(&call->id), key->node,
             key->key ? key->key : '-', key->result);
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
        if (!call->forced_outcome)
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

/* What the engine is to be told next, if anything. */
struct told {
    bool any;
    struct ivr_event event;
};

static void tell(struct told *told, enum ivr_event_kind kind)
{
    *told = (struct told){.any = true, .event.kind = kind};
}

static void tell_answer(struct told *told, enum ivr_answer answer)
{
    *told = (struct told){.any = true, .event = {.kind = IVR_EV_ANSWER, .answer = answer}};
}

#define LISTED_PRIORITY_MAX (RETURN_PRIORITY - 1) /* who is given back goes first all the same */

static int32_t raised(const struct call *call, int32_t priority)
{
    if (call->listed.action != DIR_LIST_PRIORITY)
        return priority;
    priority += call->listed.priority;
    return priority < LISTED_PRIORITY_MAX ? priority : LISTED_PRIORITY_MAX;
}

/* The center's signed-in agent with this number; 0 = nobody. */
static int32_t agent_with_number(struct telephony *t, const struct call *call, const char *number)
{
    handle_t handle;

    for (struct agent *a = NULL; (a = slots_next(&t->agents, a, &handle));) {
        const struct dir_agent *person = directory_agent(t->directory, a->user_id);
        if (a->signed_in && a->center_id == call->center_id && person &&
            strcmp(person->agent_no, number) == 0)
            return a->user_id;
    }
    return 0;
}

static int enter_queue(struct telephony *t, struct call *call, const struct ivr_command *command,
                       const struct acd_preferred *preferred)
{
    return waiting_enter(t, call, command->name, raised(call, command->priority), command->music,
                         preferred);
}

/* 指定坐席. -ESRCH: he is not there, and the flow wants to know. */
static int enter_for_agent(struct telephony *t, struct call *call,
                           const struct ivr_command *command)
{
    struct acd_preferred preferred = {
        .agent = agent_with_number(t, call, command->data),
        .wait_ms = command->ms,
        .leaves = {[ACD_PREFERRED_GONE] = command->off_leaves,
                   [ACD_PREFERRED_NO_ANSWER] = command->no_answer_leaves}};
    int err = preferred.agent ? enter_queue(t, call, command, &preferred) : -ESRCH;

    log_info("call", "for_agent", "call=%s number=%s agent=%d err=%d", UUID_TEXT(&call->id),
             log_safe(command->data), preferred.agent, -err);
    return err == -ESRCH && !command->off_leaves ? enter_queue(t, call, command, NULL) : err;
}

static void enqueue(struct telephony *t, struct call *call, const struct ivr_command *command,
                    struct told *told)
{
    int err =
        command->data ? enter_for_agent(t, call, command) : enter_queue(t, call, command, NULL);

    if (err == -ESRCH)
        tell_answer(told, IVR_OFF);
    else if (err == -EXDEV)
        *told =
            (struct told){.any = true, .event = {.kind = IVR_EV_ENTER, .node = call->rules_node}};
    else if (err)
        tell(told, err == -ENOSPC ? IVR_EV_QUEUE_FULL : IVR_EV_QUEUE_NO_AGENT);
}

/* A number outside. It may come from what the caller has typed. */
static bool reach(struct telephony *t, struct call *call, const struct ivr_command *command)
{
    char number[SIP_NUMBER_SIZE];
    struct reach_target target = {.number = number, .record = true};

    if (*command->data)
        target.header[target.header_count++] =
            (struct reach_header){"X-Hotlined-Data", command->data};
    return dialed_number(t, call->center_id, command->name, number) == TELEPHONY_OK &&
           reach_begin(t, call, REACH_FLOW, 0, &target) == 0;
}

/* Of a caller whose agent waits for him: wherever the flow would leave him, there he is. */
static bool leads_away(enum ivr_command_kind kind)
{
    return kind == IVR_HANGUP || kind == IVR_ENQUEUE || kind == IVR_EXTERNAL ||
           kind == IVR_VOICEMAIL || kind == IVR_CALLBACK || kind == IVR_BOT;
}

static void carry_out(struct telephony *t, struct call *call, const struct ivr_out *out,
                      const struct ivr_command *command, struct told *told)
{
    struct call_side *side = call_beside(t, call);
    struct leg *leg = call_leg_find(t, call->leg);

    if (errand_is_out(call) && leads_away(command->kind)) {
        errand_return(t, call, "agent");
        return;
    }
    switch (command->kind) {
    case IVR_PLAY:
        if (!menu_play(t, call, &command->name, 1))
            tell(told, IVR_EV_PLAY_DONE);
        return;
    case IVR_SAY:
        if (!menu_play(t, call, out->prompts, out->prompt_count))
            tell(told, IVR_EV_PLAY_DONE);
        return;
    case IVR_STOP_PLAY:
        call->play_token = ++t->next_token; /* a PLAY_DONE on its way is stale now */
        if (leg && leg->media)
            media_stop_play(t->media, leg->media);
        return;
    case IVR_TIMER:
        if (command->ms)
            inbound_taken(t, call); /* keys come over a call that is answered */
        if (command->ms)
            loop_timer_start(&side->ivr_timer, command->ms);
        else
            loop_timer_stop(&side->ivr_timer);
        return;
    case IVR_KEY:
        note_key(t, call, command);
        return;
    case IVR_SURVEY:
        if (!call->surveyed.asked_ms)
            call->surveyed.asked_ms = loop_wall_ms(t->loop);
        call->surveyed.level = command->level;
        return;
    case IVR_ENQUEUE:
        enqueue(t, call, command, told);
        return;
    case IVR_VOICEMAIL: {
        int answer = voicemail_begin(t, call, command->name, command->ms);
        if (answer >= 0)
            tell_answer(told, (enum ivr_answer)answer);
        return;
    }
    case IVR_BOT:
        if (!bot_begin(t, call))
            tell_answer(told, IVR_OFF);
        return;
    case IVR_EXTERNAL:
        if (!reach(t, call, command))
            tell_answer(told, IVR_FAILED);
        return;
    case IVR_CALLBACK:
        tell_answer(told, callback_asked(t, call, command->name));
        return;
    case IVR_QUERY:
        if (!query_begin(t, call, command))
            tell_answer(told, IVR_FAILED);
        return;
    case IVR_HANGUP:
        hang_up(t, call, command->name);
        return;
    }
}

/* --- events --------------------------------------------------------------------------------- */

static void open_visit(struct telephony *t, struct call *call)
{
    if (call->in_ivr_visit)
        return;
    call->ivr_visit = uuid_new(loop_wall_ms(t->loop));
    call->in_ivr_visit = true;
    call->surveyed = (struct surveyed){0};
    fact_ivr_begin(t, call);
}

/* One event may be answered by a command whose outcome is the next event (a full queue, a prompt
 * without audio): told one after the other, never from inside. A call that ends on the way stops
 * it; its slot stays until call_over() has run, which is not before the commands are done only
 * when the far side is already gone, so the handle is looked up again each time. */
static void run(struct telephony *t, struct call *call, struct ivr_event event)
{
    struct call_side *side = call_beside(t, call);
    struct ivr_world world = {.calendar = world_calendar, .arg = side};
    struct ivr_flow *flow = ivr_flow_ref(side->flow); /* commands name what is in it */
    handle_t handle = call->handle;
    struct told told = {.any = true, .event = event};

    open_visit(t, call);
    while (told.any) {
        struct ivr_out out;

        told.any = false;
        told.event.wall_ms = loop_wall_ms(t->loop);
        ivr_step(flow, &call->ivr, &world, &told.event, &out);
        for (unsigned i = 0; i < out.count; i++) {
            carry_out(t, call, &out, &out.commands[i], &told);
            if (call_find(t, handle) != call || call->state == CALL_ENDED || side->flow != flow) {
                told.any = false;
                break;
            }
        }
    }
    ivr_flow_unref(flow);
}

void menu_event(struct telephony *t, struct call *call, enum ivr_event_kind kind, char digit)
{
    if (kind != IVR_EV_START && call->ivr.state == IVR_IDLE)
        menu_start(t, call); /* came into a queue without a menu */
    else
        run(t, call, (struct ivr_event){.kind = kind, .digit = digit});
}

void menu_answer(struct telephony *t, struct call *call, enum ivr_answer answer)
{
    run(t, call, (struct ivr_event){.kind = IVR_EV_ANSWER, .answer = answer});
}

void menu_timer_fired(void *arg)
{
    struct call_side *side = arg;
    struct call *call = call_find(side->telephony, side->call);

    if (call && call->routing == ROUTING_ASKS)
        route_time_over(side->telephony, call);
    else if (call && voicemail_has(call))
        voicemail_time_over(side->telephony, call);
    else if (call && menu_has(call))
        menu_event(side->telephony, call, IVR_EV_TIMER, 0);
}

static void set_given(struct call *call)
{
    static const char *const sources[] = {"direct", "from_12366", "from_city"};

    (void)ivr_set_variable(&call->ivr, "caller_no", call->caller);
    (void)ivr_set_variable(&call->ivr, "caller_city", call->place_city);
    (void)ivr_set_variable(&call->ivr, "called_no", call->called);
    (void)ivr_set_variable(&call->ivr, "source", sources[call->source]);
}

void menu_start(struct telephony *t, struct call *call)
{
    call->state = CALL_MENU;
    set_given(call);
    menu_event(t, call, IVR_EV_START, 0);
}

void menu_reach_ended(struct telephony *t, struct call *call, const struct reach *reach,
                      const char *reason)
{
    log_info("call", "reach_over", "call=%s answered=%d why=%s", UUID_TEXT(&call->id),
             reach->answered, reason);
    if (reach->bot) {
        menu_answer(t, call, bot_over(call, reach->answered));
        return;
    }
    if (reach->answered)
        call->forced_outcome = "flow_ext";
    if (call->routing == ROUTING_CALLS) {
        route_over(t, call, reach->answered);
        return;
    }
    menu_answer(t, call, reach->answered ? IVR_NEXT : IVR_FAILED);
}

void menu_enter(struct telephony *t, struct call *call, uint16_t node)
{
    set_given(call); /* it may have come into its queue without a flow */
    run(t, call, (struct ivr_event){.kind = IVR_EV_ENTER, .node = node});
}

void menu_leave(struct telephony *t, struct call *call, const char *exit)
{
    loop_timer_stop(&call_beside(t, call)->ivr_timer);
    voicemail_drop(t, call);
    query_drop(t, call);
    if (!call->in_ivr_visit)
        return;
    call->in_ivr_visit = false;
    fact_ivr_end(t, call, exit);
    if (!errand_is_out(call)) /* it is over with the visit it made */
        call->errand.mode = ERRAND_NONE;
}
