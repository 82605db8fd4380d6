/* The voice bot: a SIP peer with a number of channels, shared by the centers the region permits.
 *
 *   a flow's node "bot"    bot_begin(): policy of the center, its share, a node with a free channel
 *   they talk              reach.c, as with anybody the flow connects
 *   it tells what is said  bot_tells(), by INFO: kept beside the call, journalled at once
 *   the bot hangs up       bot_said(): what it said decides between done and a human
 *   or refers him (RFC 3515) bot_refers(): he goes on in the flow where it says
 *
 * A caller is never lost to it: no answer, no sound or no word of it leads to the human branch. */
#include <stdlib.h>
#include <string.h>

#include <hotlined/acd.h>
#include <hotlined/directory.h>
#include <hotlined/id.h>
#include <hotlined/ivr.h>
#include <hotlined/log.h>
#include <hotlined/loop.h>
#include <hotlined/pool.h>
#include <hotlined/sip.h>
#include <hotlined/telephony.h>
#include <hotlined/text.h>

#include "telephony/bot.h"
#include "telephony/bot_dialog.h"
#include "telephony/bot_rules.h"
#include "telephony/call.h"
#include "telephony/facts.h"
#include "telephony/leg.h"
#include "telephony/menu.h"
#include "telephony/pools.h"
#include "telephony/reach.h"
#include "telephony/room.h"
#include "telephony/scene.h"
#include "telephony/talk.h"
#include "telephony/waiting.h"

#define RING_S 10

/* --- shares and channels -------------------------------------------------------------------- */

/* A node that is no more gives its place away once its last caller has left. NULL: more nodes in
 * use than there is room for. */
static struct bot_count *count_of(struct telephony *t, int32_t peer_id)
{
    struct bot_count *free_one = NULL;

    for (size_t i = 0; i < BOT_PEERS; i++) {
        if (t->bots[i].peer_id == peer_id)
            return &t->bots[i];
        if (!t->bots[i].used && !free_one)
            free_one = &t->bots[i];
    }
    if (free_one)
        *free_one = (struct bot_count){.peer_id = peer_id};
    return free_one;
}

/* NULL: the region has not permitted it. */
static const struct dir_bot_share *permitted(struct telephony *t, int32_t center_id)
{
    size_t count;
    const struct dir_bot_share *shares = directory_bot_shares(t->directory, &count);

    for (size_t i = 0; i < count; i++)
        if (shares[i].center_id == center_id)
            return &shares[i];
    return NULL;
}

/* --- when it is wanted ---------------------------------------------------------------------- */

static bool somebody_is_free(struct telephony *t, int32_t center_id)
{
    size_t count;
    const struct dir_queue *queues = directory_queues(t->directory, &count);

    for (size_t i = 0; i < count; i++) {
        struct acd_queue_view view;
        if (queues[i].acd.center_id == center_id && !queues[i].transfer_only &&
            acd_queue_view(t->acd, queues[i].acd.id, &view) && view.available)
            return true;
    }
    return false;
}

/* The same call always falls on the same side. */
static bool is_among(const struct call *call, uint32_t percent)
{
    return (call->id.bytes[14] << 8 | call->id.bytes[15]) % 100u < percent;
}

static bool is_wanted(struct telephony *t, const struct call *call,
                      const struct dir_bot_share *share)
{
    const struct calendar *calendar;

    switch (share->policy) {
    case DIR_BOT_ALWAYS:
        return true;
    case DIR_BOT_OUT_OF_HOURS:
        calendar = directory_calendar(t->directory, call->center_id, share->calendar);
        return calendar && !calendar_is_open(calendar, loop_wall_ms(t->loop));
    case DIR_BOT_BUSY:
        return !somebody_is_free(t, call->center_id);
    case DIR_BOT_KEY:
        return call->key_count > 0;
    case DIR_BOT_SHARE:
        return is_among(call, share->percent);
    case DIR_BOT_OFF:
        break;
    }
    return false;
}

/* --- a visit -------------------------------------------------------------------------------- */

static bool call_peer(struct telephony *t, struct call *call, const struct dir_bot_peer *peer)
{
    const struct dir_center *center = directory_center(t->directory, call->center_id);
    struct bot_count *count = count_of(t, peer->id);
    struct reach_target target = {.number = peer->sip_user,
                                  .shown = call->caller,
                                  .trunk_id = peer->trunk_id,
                                  .ring_s = RING_S,
                                  .record = peer->record,
                                  .tell_global = true,
                                  .may_refer = true,
                                  .may_tell = true,
                                  .header = {{"X-Hotlined-Center", center ? center->code : ""}},
                                  .header_count = 1};

    if (!count || count->used >= peer->channels || reach_begin(t, call, REACH_FLOW, 0, &target))
        return false;
    count->used++;
    call->bot = (struct bot_visit){.peer_id = peer->id};
    call->reach.bot = true;
    log_info("call", "bot", "call=%s center=%d node=%d used=%u",
             uuid_text(&call->id, (char[UUID_TEXT_SIZE]){0}), call->center_id, peer->id,
             count->used);
    return true;
}

bool bot_begin(struct telephony *t, struct call *call)
{
    const struct dir_bot_share *share = permitted(t, call->center_id);
    size_t count;
    const struct dir_bot_peer *peers = directory_bot_peers(t->directory, &count);

    if (!share || !is_wanted(t, call, share) || !pools_take_bot(t, call->center_id))
        return false;
    for (size_t i = 0; i < count; i++)
        if (call_peer(t, call, &peers[i]))
            return true;
    pool_give(&t->bot_pool, call->center_id); /* no node has one after all */
    return false;
}

/* kpi E16: he has left the queues for it, unless a human is wanted after all. */
void bot_answered(struct telephony *t, struct call *call)
{
    waiting_taken(t, call, "flow_bot");
    if (!call->asked_human)
        return;
    call->left_for = "flow_bot";
    call->left_at = loop_now_ms(t->loop);
}

static bool note_report(struct call *call, const char *told)
{
    struct bot_report report;

    bot_report_read(told, &report);
    call->bot.rounds = report.rounds;
    if (report.intent[0]) /* else what it told before stands */
        text_copy(call->bot.intent, sizeof(call->bot.intent), report.intent);
    text_copy(call->bot.summary, sizeof(call->bot.summary), report.summary);
    return report.done;
}

/* It hung up, or was hung up on. */
void bot_said(struct call *call, const struct sip_ended *ended)
{
    if (call->reach.bot)
        call->bot.result =
            note_report(call, ended->end == SIP_END_REMOTE ? ended->told : "") ? "done" : "human";
}

/* --- what is said there ---------------------------------------------------------------------- */

static struct bot_dialog *dialog_of(struct telephony *t, const struct call *call)
{
    struct call_side *side = call_beside(t, call);

    if (!side->dialog)
        side->dialog = calloc(1, sizeof(*side->dialog));
    return side->dialog;
}

/* When it was said, by our clock: what the bot counts from its answer lies between that and now. */
static int64_t moment_of(struct telephony *t, const struct call *call, int64_t at_ms)
{
    int64_t now = loop_wall_ms(t->loop), at = call->reach.answered_ms + at_ms;

    return at_ms < 0 || at > now ? now : at;
}

static void keep_dialog(struct telephony *t, struct call *call, const struct bot_message *message)
{
    struct bot_dialog *dialog = dialog_of(t, call);

    if (!dialog) {
        log_error("call", "no_memory", "what=dialog");
        return;
    }
    if (message->has_intent)
        text_copy(call->bot.intent, sizeof(call->bot.intent), message->intent);
    for (unsigned i = 0; i < message->slot_count; i++)
        if (bot_dialog_set(dialog, &message->slots[i]))
            fact_bot_slot(t, call, &message->slots[i]);
    for (unsigned i = 0; i < message->turn_count; i++) {
        bool by_bot = message->turns[i].by_bot;
        int64_t at_ms = moment_of(t, call, message->turns[i].at_ms);
        if (bot_dialog_say(dialog, by_bot, at_ms, message->turns[i].text))
            fact_bot_turn(t, call, by_bot, at_ms, message->turns[i].text);
    }
}

const char *bot_tells(struct telephony *t, const struct leg *leg, const struct sip_body *body)
{
    struct call *call = call_find(t, leg->call);
    struct bot_message message;
    const char *wrong = bot_message_read(body->data, body->length, &message);

    if (!wrong && call && call->reach.bot && call->reach.leg == leg->handle && call->reach.answered)
        keep_dialog(t, call, &message);
    return wrong;
}

/* --- where it sends him ------------------------------------------------------------------------
 */

/* Where in his flow the caller is to go on; IVR_NO_NODE = the flow has no such place. */
static uint16_t place_of(struct telephony *t, const struct call *call, enum bot_place place,
                         const char *code)
{
    const struct ivr_flow *flow = call_beside(t, call)->flow;

    return place == BOT_QUEUE ? ivr_flow_queue(flow, code) : ivr_flow_find(flow, code);
}

/* Nothing can fail any more: the bot is told so, and sent away. */
static void take_back(struct telephony *t, struct call *call, const struct sip_refer *refer,
                      uint16_t node)
{
    log_info("call", "bot_refers", "call=%s to=%s", uuid_text(&call->id, (char[UUID_TEXT_SIZE]){0}),
             log_safe(refer->user));
    (void)sip_leg_refer_answer(t->sip, refer->leg, 202, NULL);
    (void)sip_leg_refer_done(t->sip, refer->leg, 200);
    (void)note_report(call, refer->told);
    call->bot.result = "human";
    call->left_for = NULL;
    talk_stop_recording(t, call);
    scene_close(t, call);
    reach_drop(t, call, "outside");
    call->state = CALL_MENU;
    menu_enter(t, call, node);
}

void bot_refers(struct telephony *t, const struct leg *leg, const struct sip_refer *refer)
{
    struct call *call = call_find(t, leg->call);
    bool mine = call && call->reach.bot && call->reach.leg == leg->handle;
    const char *code;
    enum bot_place place = bot_place_read(refer->user, &code);
    uint16_t node = mine && place ? place_of(t, call, place, code) : IVR_NO_NODE;

    if (!mine)
        (void)sip_leg_refer_answer(t->sip, refer->leg, 403, "Only A Voice Bot May Refer");
    else if (!place)
        (void)sip_leg_refer_answer(t->sip, refer->leg, 400, "Refer-To Is queue-CODE Or node-ID");
    else if (node == IVR_NO_NODE)
        (void)sip_leg_refer_answer(t->sip, refer->leg, 488, "Flow Of The Call Has No Such Place");
    else
        take_back(t, call, refer, node);
}

/* The leg is no more, whoever ended it: the channel is another caller's. */
void bot_left(struct telephony *t, struct call *call, const struct reach *reach)
{
    struct bot_count *count = count_of(t, call->bot.peer_id);

    if (!reach->answered)
        call->bot.result = "failed";
    else if (reach->why)
        call->bot.result = "silent";
    else if (!call->bot.result)
        call->bot.result = "abandoned";
    pool_give(&t->bot_pool, call->center_id);
    if (count && count->used)
        count->used--;
}

/* What the flow is to be told. */
enum ivr_answer bot_over(struct call *call, bool answered)
{
    bool done = answered && strcmp(call->bot.result, "done") == 0;

    if (!done)
        call->left_for = NULL;
    else if (!call->asked_human)
        call->forced_outcome = "ivr_self";
    return !answered ? IVR_OFF : done ? IVR_DONE : IVR_NEXT;
}

/* --- for pages ------------------------------------------------------------------------------ */

static void add_slots(struct text *out, const struct bot_dialog *dialog)
{
    bool more = false;

    for (unsigned i = 0; i < dialog->slot_count; i++) {
        const struct bot_slot *slot = &dialog->slots[i];
        if (!slot->value[0])
            continue;
        text_add(out, more ? "," : "");
        text_add_json(out, slot->name);
        text_add(out, ":");
        text_add_json(out, slot->value);
        more = true;
    }
}

static void add_turns(struct text *out, const struct bot_dialog *dialog)
{
    for (unsigned i = 0; i < dialog->turn_count; i++) {
        const struct bot_turn *turn = &dialog->turns[i];
        text_addf(out, "%s{\"who\":\"%s\",\"text\":", i ? "," : "",
                  turn->by_bot ? "bot" : "caller");
        text_add_json(out, dialog->texts + turn->text);
        text_add_name(out, ',', "at_ms");
        text_add_int(out, turn->at_ms);
        text_add(out, "}");
    }
}

void bot_call_json(struct telephony *t, const struct call *call, struct text *out)
{
    static const struct bot_dialog nothing_told;
    const struct bot_dialog *dialog = call_beside(t, call)->dialog;
    const struct bot_visit *bot = &call->bot;

    if (!bot->result) {
        text_add(out, "null");
        return;
    }
    dialog = dialog ? dialog : &nothing_told;
    text_addf(out, "{\"rounds\":%u,\"result\":\"%s\",\"intent\":", bot->rounds, bot->result);
    text_add_json(out, bot->intent);
    text_add_name(out, ',', "summary");
    text_add_json(out, bot->summary);
    text_add(out, ",\"slots\":{");
    add_slots(out, dialog);
    text_add(out, "},\"turns\":[");
    add_turns(out, dialog);
    text_addf(out, "],\"left_out\":%s}", dialog->left_out ? "true" : "false");
}

void telephony_bots_json(struct telephony *t, int32_t center_id, struct text *out)
{
    size_t count;
    const struct dir_bot_peer *peers = directory_bot_peers(t->directory, &count);

    text_add(out, "{\"nodes\":[");
    for (size_t i = 0; !center_id && i < count; i++) {
        const struct bot_count *use = count_of(t, peers[i].id);
        text_addf(out, "%s{\"id\":%d,\"channels\":%u,\"used\":%u}", i ? "," : "", peers[i].id,
                  peers[i].channels, use ? use->used : 0);
    }
    text_add(out, "],\"centers\":[");
    for (size_t i = 0, shown = 0; i < t->center_count; i++)
        if (!center_id || t->centers[i].id == center_id)
            text_addf(out, "%s{\"center_id\":%d,\"used\":%u}", shown++ ? "," : "", t->centers[i].id,
                      pool_used(&t->bot_pool, t->centers[i].id));
    text_add(out, "]}");
}
