/* Keys pressed in a talk: they go on to whoever outside hears the one who pressed them -- a voice
 * bot, another exchange's menu. Agents are people and get none. */
#include <hotlined/id.h>
#include <hotlined/ivr.h>
#include <hotlined/log.h>
#include <hotlined/media.h>
#include <hotlined/stage.h>
#include <hotlined/telephony.h>

#include "telephony/agent.h"
#include "telephony/call.h"
#include "telephony/keys.h"
#include "telephony/leg.h"
#include "telephony/menu.h"
#include "telephony/room.h"
#include "telephony/scene.h"
#include "telephony/voicemail.h"

#define KEY_MS 120 /* of a key pressed on a page */

static void press(struct telephony *t, const struct call *call, int from, char digit,
                  int duration_ms)
{
    const struct scene_done *done = &call->played;

    for (int i = 0; i < STAGE_PARTIES; i++)
        if (i != from && call->stage.parties[i].leg && done->media[i] &&
            done->plan.hears[i] & 1u << from &&
            media_leg_send_digit(t->media, done->media[i], digit, duration_ms))
            log_warn("call", "key_lost", "call=%s party=%d", UUID_TEXT(&call->id), i);
}

void keys_heard(struct telephony *t, const struct leg *leg, char digit, int duration_ms)
{
    const struct agent *agent = leg->user_id ? agent_find(t, leg->user_id) : NULL;
    struct call *call = call_find(t, agent ? agent->call : leg->call);
    int from;

    if (!call)
        return;
    if (leg->kind == LEG_TRUNK && leg->handle == call->leg && menu_has(call)) {
        if (voicemail_has(call))
            voicemail_key(t, call, digit);
        else
            menu_event(t, call, IVR_EV_DIGIT, digit);
        return;
    }
    from = agent ? stage_find_user(&call->stage, agent->user_id)
                 : stage_find_leg(&call->stage, leg->handle);
    if (from >= 0)
        press(t, call, from, digit, duration_ms);
}

enum telephony_result telephony_press(struct telephony *t, int32_t user_id,
                                      const struct uuid *call_id, const char *keys)
{
    struct call *call = call_find_by_id(t, call_id, user_id);
    int from = call ? stage_find_user(&call->stage, user_id) : -1;

    if (from >= 0 && call->state == CALL_DIALING)
        return TELEPHONY_DIALING;
    if (from < 0 || call->state != CALL_TALKING)
        return TELEPHONY_STALE;
    if (scene_far(call) && scene_far(call)->occupied)
        return TELEPHONY_ANNOUNCING; /* he hears nobody now: the key would be lost */
    for (const char *key = keys; *key; key++)
        press(t, call, from, *key, KEY_MS);
    return TELEPHONY_OK;
}
