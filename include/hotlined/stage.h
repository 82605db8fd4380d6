/* Stage: the pure rules of who hears whom in one call.
 *
 * The people of a call stand in places; from these follows who hears whom and who is played music.
 * Hold, consultation, three-way talk, listening, whispering, barging in and taking over are people
 * moved to another place, nothing else. No I/O, no clock, no memory: a stage is a flat struct that
 * its owner keeps in the call.
 *
 *   MAIN      the conversation
 *   HOLD      put aside: hears music, is heard by nobody
 *   ASIDE     the private conversation beside it: consultation, two-party help
 *   LISTEN    hears whom he watches and all that this one hears; is heard by nobody (监听)
 *   WHISPER   as LISTEN, and the watched one alone hears him (密语)
 *   FLOW      a flow of the IVR speaks to him and takes his keys: hears nobody, is heard by nobody,
 *             and is not recorded, because he may type a password (转IVR 挂起)
 *   BARGE     talks and hears wherever the one he watches does, and goes with him (强插)
 *
 * Everywhere: a muted or absent one is heard by nobody, an absent or occupied one (something is
 * being said to him: the agent's number, a prompt) hears nobody. */
#ifndef HOTLINED_STAGE_H
#define HOTLINED_STAGE_H

#include <stdbool.h>
#include <stdint.h>

#define STAGE_PARTIES 8 /* as many legs as a media room holds */

enum stage_place {
    STAGE_NOWHERE,
    STAGE_MAIN,
    STAGE_HOLD,
    STAGE_ASIDE,
    STAGE_LISTEN,
    STAGE_WHISPER,
    STAGE_BARGE,
    STAGE_FLOW
};

struct stage_party {
    int32_t user_id; /* of an agent; 0 = somebody outside */
    uint32_t leg;    /* of the one outside; 0 = an agent. Both 0: nobody stands here */
    uint8_t place;   /* enum stage_place */
    uint8_t watches; /* LISTEN, WHISPER, BARGE: index of the party */
    bool muted;      /* his microphone is shut */
    bool absent;     /* his line is lost or not yet there */
    bool quiet;      /* nothing comes from him any more, who sent all the time: is no company */
    bool occupied;   /* is being told something and hears only that */
};

struct stage {
    struct stage_party parties[STAGE_PARTIES];
};

struct stage_plan {
    uint8_t hears[STAGE_PARTIES]; /* bit j of [i]: i hears j */
    uint8_t music; /* bit i: put aside, or an outsider with nobody there to talk with: i is played
                      music */
};

static inline bool stage_is_party(const struct stage_party *party)
{
    return party->user_id != 0 || party->leg != 0;
}

/* Puts somebody on the stage; his index, or -1 when it is full. He must not be on it yet. */
int stage_add(struct stage *stage, int32_t user_id, uint32_t leg, enum stage_place place);
/* Whoever watched him stands nowhere afterwards. */
void stage_remove(struct stage *stage, int index);
int stage_find_user(const struct stage *stage, int32_t user_id); /* index or -1 */
int stage_find_leg(const struct stage *stage, uint32_t leg);
/* Somebody who speaks and hears there, in this place; -1 = nobody. except: not this index. */
int stage_find_place(const struct stage *stage, enum stage_place place, int except);
unsigned stage_count(const struct stage *stage, enum stage_place place);

void stage_plan(const struct stage *stage, struct stage_plan *ret_plan);

#endif
