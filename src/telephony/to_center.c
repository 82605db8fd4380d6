/* A call goes to another center: its access code is dialed, by this daemon to itself or over the
 * trunk that leads there, and what is known of the call travels along. From there it is somebody
 * outside who is called (reach.c): passed on or asked, not taken and back again. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <hotlined/directory.h>
#include <hotlined/ivr.h>
#include <hotlined/loop.h>
#include <hotlined/sip.h>
#include <hotlined/slots.h>
#include <hotlined/telephony.h>
#include <hotlined/text.h>

#include "telephony/agent.h"
#include "telephony/along.h"
#include "telephony/call.h"
#include "telephony/centers.h"
#include "telephony/leg.h"
#include "telephony/reach.h"
#include "telephony/room.h"
#include "telephony/talk.h"
#include "telephony/told.h"

#define RING_S 150 /* it may wait in a queue there (RFC 3261 Timer C: less than 180) */

static const struct dir_number *code_of(struct telephony *t, const struct dir_center *from,
                                        int32_t center_id)
{
    return directory_access_code(t->directory, center_id,
                                 from->regional ? DIR_SOURCE_FROM_12366 : DIR_SOURCE_FROM_CITY);
}

/* --- whether it would be taken ---------------------------------------------------------------- */

static bool is_open(struct telephony *t, int32_t center_id)
{
    const struct calendar *calendar = directory_calendar(t->directory, center_id, "default");

    return !calendar || calendar_is_open(calendar, loop_wall_ms(t->loop));
}

static uint32_t signed_in_at(struct telephony *t, int32_t center_id)
{
    uint32_t count = 0;
    handle_t handle;

    for (struct agent *a = NULL; (a = slots_next(&t->agents, a, &handle));)
        count += a->signed_in && a->center_id == center_id;
    return count;
}

static uint32_t waiting_at(struct telephony *t, int32_t center_id)
{
    struct center_state *center = center_find(t, center_id);
    struct call *call = center ? call_find(t, center->waiting_head) : NULL;
    uint32_t count = 0;

    for (; call; call = call_find(t, call->waiting_next))
        count++;
    return count;
}

void centers_figures(struct telephony *t, int32_t center_id, struct center_figures *ret_figures)
{
    *ret_figures = (struct center_figures){.known = true,
                                           .open = is_open(t, center_id),
                                           .takes = true,
                                           .waiting = waiting_at(t, center_id),
                                           .agents = signed_in_at(t, center_id)};
}

/* Of a center here, or as its daemon told last. */
static void figures_of(struct telephony *t, const struct dir_center *from,
                       const struct dir_center *center, const struct dir_number *code,
                       struct center_figures *ret_figures)
{
    if (code && code->via_trunk_id)
        centers_told(t, from->code, center->code, code->via_trunk_id, ret_figures);
    else
        centers_figures(t, center->id, ret_figures);
}

static const char *refuse(struct telephony *t, const struct dir_center *from,
                          const struct dir_center *to, const struct dir_number *code,
                          const struct center_figures *figures)
{
    const char *why = centers_refuse(t, from, to);

    if (why)
        return why;
    if (!code)
        return "该中心没有内部接入码";
    if (code->via_trunk_id && (sip_trunk_state(t->sip, code->via_trunk_id) == SIP_TRUNK_DOWN ||
                               sip_trunk_state(t->sip, code->via_trunk_id) == SIP_TRUNK_DISABLED))
        return "通往该中心的中继不通";
    if (!figures->known)
        return NULL; /* it will say so itself */
    if (!figures->takes)
        return from->regional ? "该中心没有开通12366转入" : "自治区没有开通本中心转12366的权限";
    if (!figures->open)
        return "该中心已下班";
    return figures->agents ? NULL : "该中心没有坐席签入";
}

/* --- what travels along ----------------------------------------------------------------------- */

static void fill_keys(const struct call *call, const struct along *before, struct along *along)
{
    unsigned first = call->key_count > ALONG_KEYS ? call->key_count - ALONG_KEYS : 0;

    if (before) { /* it came from a center itself: those keys are the taxpayer's */
        memcpy(along->keys, before->keys, sizeof(along->keys));
        along->key_count = before->key_count;
    }
    for (unsigned i = first; i < call->key_count && along->key_count < ALONG_KEYS; i++) {
        struct along_key *key = &along->keys[along->key_count++];
        text_copy(key->menu, sizeof(key->menu), call->keys[i].menu);
        key->key = call->keys[i].key;
    }
}

static int print_along(struct telephony *t, const struct call *call, int32_t user_id,
                       const struct telephony_to_center *to, const char *queue,
                       char out[ALONG_WIRE + 1])
{
    const struct dir_center *center = directory_center(t->directory, call->center_id);
    const struct dir_agent *person = directory_agent(t->directory, user_id);
    struct along *along = calloc(1, sizeof(*along));
    int err;

    if (!along)
        return -ENOMEM;
    text_copy(along->center, sizeof(along->center), center->code);
    text_copy(along->agent_no, sizeof(along->agent_no), person ? person->agent_no : "");
    text_copy(along->agent_name, sizeof(along->agent_name), person ? person->name : "");
    text_copy(along->caller, sizeof(along->caller), call_party(call));
    text_copy(along->queue, sizeof(along->queue), queue);
    text_copy(along->note, sizeof(along->note), to->note ? to->note : "");
    fill_keys(call, call_beside(t, call)->along, along);
    along_draft(to->draft, to->draft ? strlen(to->draft) : 0, along->draft);
    err = along_print(along, out, ALONG_WIRE + 1);
    free(along);
    return err;
}

/* --- what the agent does ---------------------------------------------------------------------- */

static enum telephony_result to_center(struct telephony *t, int32_t user_id,
                                       const struct uuid *call_id,
                                       const struct telephony_to_center *to, outside_begin_h *begin,
                                       const char **ret_why)
{
    struct call *call = talk_of(t, user_id, call_id);
    const struct dir_center *from = call ? directory_center(t->directory, call->center_id) : NULL;
    const struct dir_center *center = directory_center(t->directory, to->center_id);
    const struct dir_number *code = from && center ? code_of(t, from, center->id) : NULL;
    struct center_figures figures = {0};
    char along[ALONG_WIRE + 1];
    struct reach_target target = {.ring_s = RING_S, .tell_global = true, .along = along};

    if (!from)
        return TELEPHONY_STALE;
    if (!center)
        return TELEPHONY_NO_CENTER;
    figures_of(t, from, center, code, &figures);
    *ret_why = refuse(t, from, center, code, &figures);
    if (*ret_why)
        return TELEPHONY_CENTER_CLOSED;
    if (print_along(t, call, user_id, to, "", along))
        return TELEPHONY_NOT_NOW;
    target.number = code->called_no;
    target.shown = call_party(call);
    target.trunk_id = code->via_trunk_id ? code->via_trunk_id : SIP_TRUNK_SELF;
    target.to_center = center->id;
    target.help = to->help;
    target.joined = to->help && to->three;
    return begin(t, call, user_id, &target);
}

enum telephony_result telephony_pass_to_center(struct telephony *t, int32_t user_id,
                                               const struct uuid *call_id,
                                               const struct telephony_to_center *to,
                                               const char **ret_why)
{
    return to_center(t, user_id, call_id, to, pass_to_outside, ret_why);
}

enum telephony_result telephony_consult_center(struct telephony *t, int32_t user_id,
                                               const struct uuid *call_id,
                                               const struct telephony_to_center *to,
                                               const char **ret_why)
{
    return to_center(t, user_id, call_id, to, ask_outside, ret_why);
}

const char *centers_send(struct telephony *t, struct call *call, int32_t center_id,
                         const char *queue)
{
    static const struct telephony_to_center nothing;
    const struct dir_center *from = directory_center(t->directory, call->center_id);
    const struct dir_center *center = directory_center(t->directory, center_id);
    const struct dir_number *code = from && center ? code_of(t, from, center_id) : NULL;
    struct center_figures figures = {0};
    char along[ALONG_WIRE + 1];
    struct reach_target target = {.ring_s = RING_S, .tell_global = true, .along = along};
    const char *why;

    if (!from || !center)
        return "没有这个中心";
    figures_of(t, from, center, code, &figures);
    why = refuse(t, from, center, code, &figures);
    if (why)
        return why;
    target.number = code->called_no;
    target.shown = call->caller;
    target.trunk_id = code->via_trunk_id ? code->via_trunk_id : SIP_TRUNK_SELF;
    target.to_center = center_id;
    if (print_along(t, call, 0, &nothing, queue, along) ||
        reach_begin(t, call, REACH_FLOW, 0, &target))
        return "现在转不出去";
    return NULL;
}

/* --- what pages see --------------------------------------------------------------------------- */

static void add_center(struct telephony *t, const struct dir_center *from,
                       const struct dir_center *center, struct text *out)
{
    const struct dir_number *code = code_of(t, from, center->id);
    struct center_figures figures = {0};
    const char *why;

    figures_of(t, from, center, code, &figures);
    why = refuse(t, from, center, code, &figures);
    text_addf(out, "{\"center_id\":%d,\"kind\":\"%s\",\"remote\":%s,\"known\":%s,\"open\":%s,",
              center->id, center->regional ? "regional" : "city",
              code && code->via_trunk_id ? "true" : "false", figures.known ? "true" : "false",
              figures.open ? "true" : "false");
    text_addf(out, "\"waiting\":%u,\"signed_in\":%u,\"allowed\":%s,\"why\":", figures.waiting,
              figures.agents, why ? "false" : "true");
    text_add_json(out, why ? why : "");
    text_add(out, ",\"name\":");
    text_add_json(out, center->name);
    text_add(out, "}");
}

void telephony_centers_json(struct telephony *t, int32_t center_id, struct text *out)
{
    const struct dir_center *from = directory_center(t->directory, center_id);
    size_t count, shown = 0;
    const struct dir_center *centers = directory_centers(t->directory, &count);

    text_add(out, "[");
    for (size_t i = 0; from && i < count; i++) {
        if (centers[i].id == center_id || !centers[i].enabled)
            continue;
        if (shown++)
            text_add(out, ",");
        add_center(t, from, &centers[i], out);
    }
    text_add(out, "]");
}

const char *centers_outside_name(struct telephony *t, const struct leg *leg)
{
    const struct dir_number *number =
        leg ? directory_number(t->directory, SIP_TRUNK_SELF, leg->dialed.number) : NULL;
    const struct dir_center *center = number && number->access_code && leg->dialed.along
                                          ? directory_center(t->directory, number->center_id)
                                          : NULL;

    return center ? center->name : "";
}
