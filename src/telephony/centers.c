/* Calls that move between centers: what is allowed, and a call that comes in under an access code.
 *
 * An access code is dialed by a daemon and by nobody else: by this one (SIP_TRUNK_SELF), or over a
 * trunk that leads to a center of another one. The code says from where the call is meant to come
 * (12366 or a city), the header says who exactly sent it. Which city may do what is the region's
 * to say, and is asked at every call, so that a change acts at once. */
#include <stdlib.h>
#include <string.h>

#include <hotlined/directory.h>
#include <hotlined/id.h>
#include <hotlined/ivr.h>
#include <hotlined/log.h>
#include <hotlined/loop.h>
#include <hotlined/sip.h>
#include <hotlined/text.h>

#include "telephony/along.h"
#include "telephony/call.h"
#include "telephony/centers.h"
#include "telephony/json.h"
#include "telephony/room.h"

/* --- what is allowed ------------------------------------------------------------------------ */

static bool is_open(struct telephony *t, const struct calendar *hours)
{
    return !hours || calendar_is_open(hours, loop_wall_ms(t->loop));
}

static const char *refuse_12366(struct telephony *t, const struct dir_transfers *city, bool to)
{
    if (!city)
        return NULL;
    if (!(to ? city->to_12366 : city->from_12366))
        return to ? "自治区没有开通本中心转12366的权限" : "没有开通12366转该分中心的权限";
    if (!is_open(t, to ? city->to_hours : city->from_hours))
        return to ? "现在不在允许转12366的时段内" : "现在不在允许转该分中心的时段内";
    return NULL;
}

static const char *refuse_cities(const struct dir_transfers *from, const struct dir_transfers *to)
{
    if (from && !from->between_cities)
        return "自治区没有开通本中心与其他分中心互转的权限";
    return to && !to->between_cities ? "该分中心没有开通与其他分中心互转" : NULL;
}

const char *centers_refuse(struct telephony *t, const struct dir_center *from,
                           const struct dir_center *to)
{
    const struct dir_transfers *sends = directory_transfers(t->directory, from->id);
    const struct dir_transfers *takes = directory_transfers(t->directory, to->id);

    if (from->id == to->id || (from->regional && to->regional))
        return "不能转到本中心";
    if (!to->enabled)
        return "该中心已停用";
    if (to->regional)
        return refuse_12366(t, sends, true);
    return from->regional ? refuse_12366(t, takes, false) : refuse_cities(sends, takes);
}

/* --- a call comes in ------------------------------------------------------------------------ */

bool centers_may_dial(struct telephony *t, const struct sip_invite *invite,
                      const struct dir_number *number)
{
    if (!number->access_code)
        return invite->trunk_id != SIP_TRUNK_SELF;
    if (number->via_trunk_id) /* we are not on the way from one daemon to another */
        return false;
    return invite->trunk_id == SIP_TRUNK_SELF ||
           (number->trunk_id && number->trunk_id == invite->trunk_id) ||
           directory_trunk_is_peer(t->directory, invite->trunk_id);
}

static const struct dir_center *center_by_code(struct telephony *t, const char *code)
{
    size_t count;
    const struct dir_center *centers = directory_centers(t->directory, &count);

    for (size_t i = 0; i < count; i++)
        if (strcmp(centers[i].code, code) == 0)
            return &centers[i];
    return NULL;
}

int32_t centers_trunk(struct telephony *t, int32_t center_id)
{
    const struct dir_number *code =
        directory_access_code(t->directory, center_id, DIR_SOURCE_FROM_CITY);

    if (!code)
        code = directory_access_code(t->directory, center_id, DIR_SOURCE_FROM_12366);
    return code && code->via_trunk_id ? code->via_trunk_id : SIP_TRUNK_SELF;
}

static const struct dir_center *the_region(struct telephony *t)
{
    size_t count;
    const struct dir_center *centers = directory_centers(t->directory, &count);

    for (size_t i = 0; i < count; i++)
        if (centers[i].regional)
            return &centers[i];
    return NULL;
}

/* A center is believed where its own calls come from. Without its name, as when a provider took
 * the header away, it is the region by the code that is the region's alone, or the only one behind
 * the trunk. */
static const struct dir_center *sender_of(struct telephony *t, const struct sip_invite *invite,
                                          const struct dir_number *number,
                                          const struct along *along)
{
    const struct dir_center *named = along && along->center[0] ? center_by_code(t, along->center)
                                     : number->source == DIR_SOURCE_FROM_12366 ? the_region(t)
                                                                               : NULL;

    if (named && centers_trunk(t, named->id) == invite->trunk_id)
        return named;
    return directory_center(t->directory, directory_center_behind(t->directory, invite->trunk_id));
}

static struct along *read_along(const struct sip_invite *invite)
{
    struct along *along = invite->along ? malloc(sizeof(*along)) : NULL;

    if (along && along_read(invite->along, along)) {
        log_warn("call", "along_unreadable", "trunk=%d", invite->trunk_id);
        free(along);
        return NULL;
    }
    return along;
}

/* Only the region knows whose caller it is. */
static void take_queue(struct telephony *t, struct call *call, const struct dir_center *from,
                       const struct along *along)
{
    const struct dir_queue *queue =
        from->regional && along && along->queue[0]
            ? directory_queue_by_code(t->directory, call->center_id, along->queue)
            : NULL;

    if (queue)
        call->transfer_queue = queue->acd.id;
}

bool centers_take(struct telephony *t, struct call *call, const struct sip_invite *invite,
                  const struct dir_number *number)
{
    struct along *along = number->access_code ? read_along(invite) : NULL;
    const struct dir_center *from =
        number->access_code ? sender_of(t, invite, number, along) : NULL;
    const char *why;

    call_beside(t, call)->along = along;
    if (!number->access_code)
        return true;
    call->transfer_queue = number->queue_id;
    call->priority_by_code = number->priority;
    if (along && along->caller[0]) /* providers put numbers of their own into From */
        call_place(t, call, along->caller, call->caller);
    if (!from)
        return true;
    why = centers_refuse(t, from, directory_center(t->directory, call->center_id));
    if (why)
        log_info("call", "transfer_refused", "from=%d to=%d", from->id, call->center_id);
    call->from_center = from->id;
    take_queue(t, call, from, along);
    return !why;
}

/* --- what pages see ------------------------------------------------------------------------- */

static void add_along(struct text *out, const struct along *along)
{
    json_text(out, "agent_no", along ? along->agent_no : "");
    json_text(out, "agent_name", along ? along->agent_name : "");
    json_text(out, "note", along ? along->note : "");
    text_add(out, ",\"path\":[");
    for (unsigned i = 0; along && i < along->key_count; i++) {
        char key[2] = {along->keys[i].key, 0};
        text_add(out, i ? ",{\"menu\":" : "{\"menu\":");
        text_add_json(out, along->keys[i].menu);
        json_text(out, "key", key);
        json_text(out, "result", "ok");
        text_add(out, "}");
    }
    text_addf(out, "],\"draft\":%s", along && along->draft[0] ? along->draft : "null");
}

void centers_call_json(struct telephony *t, const struct call *call, struct text *out)
{
    const struct dir_center *center = directory_center(t->directory, call->from_center);
    char id[UUID_TEXT_SIZE];

    if (call->source == DIR_SOURCE_DIRECT) {
        text_add(out, "null");
        return;
    }
    text_add_name(out, '{', "global_call_id");
    text_add_json(out, uuid_text(&call->global_id, id));
    text_add_name(out, ',', "center_id");
    text_add_int(out, call->from_center);
    json_text(out, "center_name", center ? center->name : "");
    add_along(out, call_beside(t, call)->along);
    text_add(out, "}");
}
