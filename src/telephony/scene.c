/* A call's stage carried out: its people in a media room, who hears whom there, and music for those
 * who would hear nothing. */
#include <string.h>

#include <hotlined/id.h>
#include <hotlined/log.h>
#include <hotlined/media.h>
#include <hotlined/slots.h>
#include <hotlined/stage.h>

#include "telephony/agent.h"
#include "telephony/call.h"
#include "telephony/leg.h"
#include "telephony/room.h"
#include "telephony/scene.h"

static void complain(const struct call *call, const char *what, int index)
{
    log_error("call", what, "call=%s party=%d", UUID_TEXT(&call->id), index);
}

int scene_open(struct telephony *t, struct call *call)
{
    return call->room ? 0 : media_room_open(t->media, &call->room);
}

void scene_close(struct telephony *t, struct call *call)
{
    if (call->room)
        media_room_close(t->media, call->room);
    call->room = 0;
    memset(&call->stage, 0, sizeof(call->stage));
    memset(&call->played, 0, sizeof(call->played));
}

struct stage_party *scene_far(struct call *call)
{
    int index = stage_find_leg(&call->stage, call->leg);

    return index < 0 ? NULL : &call->stage.parties[index];
}

struct stage_party *scene_outside(struct call *call)
{
    int index = stage_find_leg(&call->stage, call->reach.leg);

    return index < 0 ? NULL : &call->stage.parties[index];
}

struct stage_party *scene_agent(struct call *call, int32_t user_id)
{
    int index = stage_find_user(&call->stage, user_id);

    return index < 0 ? NULL : &call->stage.parties[index];
}

static handle_t media_of_party(struct telephony *t, const struct stage_party *party)
{
    struct agent *agent = party->user_id ? agent_find(t, party->user_id) : NULL;
    struct leg *leg = call_leg_find(t, party->leg);

    return agent ? agent_media(t, agent) : leg ? leg->media : 0;
}

/* An agent's line may be another one than before: nothing that was told about the old one holds. */
static void take_seat(struct telephony *t, struct call *call, int index)
{
    struct scene_done *done = &call->played;
    handle_t media = media_of_party(t, &call->stage.parties[index]);

    if (done->media[index] == media)
        return;
    if (done->media[index])
        media_room_leave(t->media, call->room, done->media[index]);
    call->stage.parties[index].quiet = false;
    done->media[index] = media;
    done->plan.hears[index] = 0;
    for (int i = 0; i < STAGE_PARTIES; i++)
        done->plan.hears[i] &= (uint8_t) ~(1u << index);
    done->plan.music &= (uint8_t) ~(1u << index);
    if (media && media_room_join(t->media, call->room, media)) {
        complain(call, "join_failed", index);
        done->media[index] = 0;
    }
}

static void set_hearing(struct telephony *t, struct call *call, const struct stage_plan *plan,
                        bool on)
{
    struct scene_done *done = &call->played;

    for (int i = 0; i < STAGE_PARTIES; i++)
        for (int j = 0; j < STAGE_PARTIES; j++) {
            uint8_t bit = (uint8_t)(1u << j);
            bool wanted = plan->hears[i] & bit;
            if (wanted != on || wanted == !!(done->plan.hears[i] & bit) || !done->media[i] ||
                !done->media[j])
                continue;
            if (media_room_hears(t->media, call->room, done->media[i], done->media[j], on))
                complain(call, "hears_failed", i);
            else
                done->plan.hears[i] ^= bit;
        }
}

static void play_music(struct telephony *t, struct call *call, int index)
{
    struct media_play list = {.count = 1, .loop = true, .exclusive = true};

    list.token = ++t->next_token;
    if (call->stage.parties[index].leg == call->leg)
        call->play_token = list.token; /* what was said to him before is over */
    list.audio[0] = prompt_for(t, call, "hold_music");
    if (!list.audio[0] || media_play(t->media, call->played.media[index], &list))
        complain(call, "music_missing", index);
}

static void set_music(struct telephony *t, struct call *call, const struct stage_plan *plan)
{
    struct scene_done *done = &call->played;

    for (int i = 0; i < STAGE_PARTIES; i++) {
        uint8_t bit = (uint8_t)(1u << i);
        if (!done->media[i] || !((plan->music ^ done->plan.music) & bit))
            continue;
        done->plan.music ^= bit;
        if (plan->music & bit)
            play_music(t, call, i);
        else if (!call->stage.parties[i].occupied)
            media_stop_play(t->media, done->media[i]);
    }
}

void scene_gap(handle_t media, handle_t room, bool quiet, void *arg)
{
    struct telephony *t = arg;
    struct leg *leg = call_leg_by_media(t, media);
    struct agent *agent = leg && leg->user_id ? agent_find(t, leg->user_id) : NULL;
    struct call *call = leg ? call_find(t, agent ? agent->call : leg->call) : NULL;
    int index;

    if (!call || call->room != room)
        return; /* they are somewhere else by now */
    index = agent ? stage_find_user(&call->stage, agent->user_id)
                  : stage_find_leg(&call->stage, leg->handle);
    if (index < 0 || call->played.media[index] != media)
        return;
    log_info("call", quiet ? "not_heard" : "heard_again", "call=%s leg=%u", UUID_TEXT(&call->id),
             leg->handle);
    call->stage.parties[index].quiet = quiet;
    scene_play(t, call);
}

/* Where no agent is, whoever the far one was passed on to has his track. */
static bool answers_for_agent(const struct call *call, const struct stage_party *party)
{
    return call->state == CALL_PASSED && party->leg && party->leg == call->reach.leg;
}

/* Who only listens, whispers or types is not; nor are colleagues aside where the center says so. */
static bool is_recorded(const struct call *call, const struct stage_party *party)
{
    switch (party->place) {
    case STAGE_NOWHERE:
    case STAGE_LISTEN:
    case STAGE_WHISPER:
    case STAGE_FLOW:
        return false;
    case STAGE_ASIDE:
        return !call->record.not_aside || !call->consult.user_id;
    default:
        return true;
    }
}

void scene_tracks(const struct call *call, struct media_tracks *ret_tracks)
{
    unsigned left = 0, right = 0;

    *ret_tracks = (struct media_tracks){{0}, {0}};
    for (int i = 0; i < STAGE_PARTIES; i++) {
        const struct stage_party *party = &call->stage.parties[i];
        handle_t media = call->played.media[i];
        bool inside;
        if (!media || !is_recorded(call, party))
            continue;
        inside = party->user_id || answers_for_agent(call, party);
        if (!inside && left < MEDIA_TRACK_LEGS)
            ret_tracks->left[left++] = media;
        else if (inside && right < MEDIA_TRACK_LEGS)
            ret_tracks->right[right++] = media;
    }
}

static void set_tracks(struct telephony *t, struct call *call)
{
    struct media_tracks tracks;

    scene_tracks(call, &tracks);
    if (!call->recording || memcmp(&tracks, &call->played.tracks, sizeof(tracks)) == 0)
        return;
    if (media_record_tracks(t->media, call->recording, &tracks))
        complain(call, "tracks_failed", -1);
    else
        call->played.tracks = tracks;
}

void scene_play(struct telephony *t, struct call *call)
{
    struct stage_plan plan;

    if (!call->room)
        return;
    for (int i = 0; i < STAGE_PARTIES; i++)
        take_seat(t, call, i);
    stage_plan(&call->stage, &plan);
    set_hearing(t, call, &plan, false);
    set_hearing(t, call, &plan, true);
    set_music(t, call, &plan);
    set_tracks(t, call);
}
