/* Who hears whom. */
#include <string.h>

#include <hotlined/stage.h>

int stage_add(struct stage *stage, int32_t user_id, uint32_t leg, enum stage_place place)
{
    for (int i = 0; i < STAGE_PARTIES; i++)
        if (!stage_is_party(&stage->parties[i])) {
            stage->parties[i] =
                (struct stage_party){.user_id = user_id, .leg = leg, .place = (uint8_t)place};
            return i;
        }
    return -1;
}

static bool watches(const struct stage_party *party)
{
    return party->place == STAGE_LISTEN || party->place == STAGE_WHISPER ||
           party->place == STAGE_BARGE;
}

void stage_remove(struct stage *stage, int index)
{
    memset(&stage->parties[index], 0, sizeof(stage->parties[index]));
    for (int i = 0; i < STAGE_PARTIES; i++)
        if (watches(&stage->parties[i]) && stage->parties[i].watches == index)
            stage->parties[i].place = STAGE_NOWHERE;
}

int stage_find_user(const struct stage *stage, int32_t user_id)
{
    for (int i = 0; i < STAGE_PARTIES; i++)
        if (user_id && stage->parties[i].user_id == user_id)
            return i;
    return -1;
}

int stage_find_leg(const struct stage *stage, uint32_t leg)
{
    for (int i = 0; i < STAGE_PARTIES; i++)
        if (leg && stage->parties[i].leg == leg)
            return i;
    return -1;
}

int stage_find_place(const struct stage *stage, enum stage_place place, int except)
{
    for (int i = 0; i < STAGE_PARTIES; i++)
        if (i != except && stage_is_party(&stage->parties[i]) && stage->parties[i].place == place)
            return i;
    return -1;
}

unsigned stage_count(const struct stage *stage, enum stage_place place)
{
    unsigned count = 0;

    for (int i = 0; i < STAGE_PARTIES; i++)
        count += stage_is_party(&stage->parties[i]) && stage->parties[i].place == place;
    return count;
}

/* --- the plan ------------------------------------------------------------------------------- */

static bool speaks(const struct stage_party *party)
{
    return stage_is_party(party) && !party->muted && !party->absent;
}

static bool listens(const struct stage_party *party)
{
    return stage_is_party(party) && !party->absent && !party->occupied;
}

static bool is_conversation(uint8_t place)
{
    return place == STAGE_MAIN || place == STAGE_ASIDE;
}

/* The conversation he is in, STAGE_NOWHERE = none. Who barged in is where the one he watches is,
 * if that one stands on his own feet. */
static uint8_t talks_in(const struct stage *stage, int index)
{
    const struct stage_party *party = &stage->parties[index];

    if (party->place == STAGE_BARGE)
        party = &stage->parties[party->watches];
    return stage_is_party(party) && is_conversation(party->place) ? party->place : STAGE_NOWHERE;
}

static bool converse(const struct stage *stage, int a, int b)
{
    return talks_in(stage, a) != STAGE_NOWHERE && talks_in(stage, a) == talks_in(stage, b);
}

static uint8_t heard_in_talk(const struct stage *stage, int index)
{
    bool talks = talks_in(stage, index) != STAGE_NOWHERE;
    uint8_t mask = 0;

    for (int i = 0; i < STAGE_PARTIES; i++) {
        const struct stage_party *other = &stage->parties[i];
        bool whispers = talks && other->place == STAGE_WHISPER && other->watches == index;
        if (i != index && speaks(other) && (converse(stage, index, i) || whispers))
            mask |= (uint8_t)(1u << i);
    }
    return mask;
}

/* Somebody to talk with, though he may say nothing now. */
static bool has_company(const struct stage *stage, int index)
{
    for (int i = 0; i < STAGE_PARTIES; i++) {
        const struct stage_party *other = &stage->parties[i];
        if (i != index && stage_is_party(other) && !other->absent && !other->quiet &&
            converse(stage, index, i))
            return true;
    }
    return false;
}

/* The watched one and all he would hear if nothing else were said to him, but not oneself. */
static uint8_t heard_by_watching(const struct stage *stage, int index)
{
    int watched = stage->parties[index].watches;
    uint8_t mask = heard_in_talk(stage, watched);

    if (talks_in(stage, watched) != STAGE_NOWHERE && speaks(&stage->parties[watched]))
        mask |= (uint8_t)(1u << watched);
    return mask & (uint8_t) ~(1u << index);
}

void stage_plan(const struct stage *stage, struct stage_plan *ret_plan)
{
    memset(ret_plan, 0, sizeof(*ret_plan));
    for (int i = 0; i < STAGE_PARTIES; i++) {
        const struct stage_party *party = &stage->parties[i];
        bool outside = party->user_id == 0;
        if (!listens(party))
            continue;
        ret_plan->hears[i] = party->place == STAGE_LISTEN || party->place == STAGE_WHISPER
                                 ? heard_by_watching(stage, i)
                                 : heard_in_talk(stage, i);
        if (party->place == STAGE_HOLD ||
            (outside && party->place == STAGE_MAIN && !has_company(stage, i)))
            ret_plan->music |= (uint8_t)(1u << i);
    }
}
