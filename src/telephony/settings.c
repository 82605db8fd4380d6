/* The directory applied: queues, memberships, trunks and phones handed to the rooms that use them.
 */
#include <stdlib.h>
#include <string.h>

#include <hotlined/acd.h>
#include <hotlined/directory.h>
#include <hotlined/log.h>
#include <hotlined/loop.h>
#include <hotlined/sip.h>
#include <hotlined/telephony.h>

#include "telephony/agent.h"
#include "telephony/queueing.h"
#include "telephony/room.h"
#include "telephony/views.h"
#include "telephony/waiting.h"

static bool id_in(const int32_t *ids, size_t count, int32_t id)
{
    for (size_t i = 0; i < count; i++)
        if (ids[i] == id)
            return true;
    return false;
}

static void apply_queues(struct telephony *t, uint64_t now)
{
    size_t count;
    const struct dir_queue *queues = directory_queues(t->directory, &count);
    int32_t *ids = calloc(count + 1, sizeof(*ids));

    if (!ids) {
        log_error("telephony", "no_memory", "what=queues");
        return;
    }
    for (size_t i = 0; i < count; i++) {
        ids[i] = queues[i].acd.id;
        if (acd_queue_set(t->acd, now, &queues[i].acd))
            log_error("telephony", "queue_refused", "queue=%d why=too_many", ids[i]);
        acd_carry_out(t);
    }
    for (size_t i = 0; i < t->applied_queue_count; i++)
        if (!id_in(ids, count, t->applied_queues[i])) {
            (void)acd_queue_remove(t->acd, now, t->applied_queues[i]);
            acd_carry_out(t);
        }
    free(t->applied_queues);
    t->applied_queues = ids;
    t->applied_queue_count = count;
}

static int compare_pairs(const void *a, const void *b)
{
    return memcmp(a, b, 2 * sizeof(int32_t));
}

/* Members are sorted pairs (queue, user): what was applied before and is no more is removed. */
static void apply_members(struct telephony *t, uint64_t now)
{
    size_t count;
    const struct dir_member *members = directory_members(t->directory, &count);
    int32_t *pairs = calloc(count + 1, 2 * sizeof(*pairs));

    if (!pairs) {
        log_error("telephony", "no_memory", "what=members");
        return;
    }
    for (size_t i = 0; i < count; i++) {
        const struct dir_member *m = &members[i];
        pairs[2 * i] = m->queue_id;
        pairs[2 * i + 1] = m->user_id;
        if (acd_member_set(t->acd, now, m->user_id, m->queue_id, m->weight))
            log_error("telephony", "member_refused", "queue=%d agent=%d", m->queue_id, m->user_id);
        acd_carry_out(t);
    }
    qsort(pairs, count, 2 * sizeof(*pairs), compare_pairs);
    for (size_t i = 0; i < t->applied_member_count; i++) {
        const int32_t *old = &t->applied_members[2 * i];
        if (!bsearch(old, pairs, count, 2 * sizeof(*pairs), compare_pairs)) {
            (void)acd_member_remove(t->acd, now, old[1], old[0]);
            acd_carry_out(t);
        }
    }
    free(t->applied_members);
    t->applied_members = pairs;
    t->applied_member_count = count;
}

/* A queue keeps the pace it was measured at. */
static void apply_queue_states(struct telephony *t)
{
    size_t count;
    const struct dir_queue *queues = directory_queues(t->directory, &count);
    struct queue_state *states = calloc(count + 1, sizeof(*states));

    if (!states) {
        log_error("telephony", "no_memory", "what=queue_states");
        return;
    }
    for (size_t i = 0; i < count; i++) {
        states[i].id = queues[i].acd.id;
        for (size_t k = 0; k < t->queue_state_count; k++)
            if (t->queue_states[k].id == states[i].id)
                states[i] = t->queue_states[k];
    }
    free(t->queue_states);
    t->queue_states = states;
    t->queue_state_count = count;
}

/* Centers keep their list of waiting calls; one that was removed has no calls any more once its
 * queues were dropped, so its state may go. */
static void apply_centers(struct telephony *t)
{
    size_t count;
    const struct dir_center *centers = directory_centers(t->directory, &count);
    struct center_state *states = calloc(count + 1, sizeof(*states));

    if (!states) {
        log_error("telephony", "no_memory", "what=centers");
        return;
    }
    for (size_t i = 0; i < count; i++) {
        const struct center_state *old = center_find(t, centers[i].id);
        states[i] = old ? *old : (struct center_state){.id = centers[i].id};
    }
    free(t->centers);
    t->centers = states;
    t->center_count = count;
}

void telephony_directory_changed(struct telephony *t)
{
    uint64_t now = loop_now_ms(t->loop);
    unsigned count;
    const struct sip_trunk_conf *trunks = directory_trunks(t->directory, &count);

    if (sip_set_trunks(t->sip, trunks, count))
        log_error("telephony", "trunks_refused", "count=%u", count);
    const struct sip_phone_conf *phones = directory_phones(t->directory, &count);
    if (sip_set_phones(t->sip, phones, count))
        log_error("telephony", "phones_refused", "count=%u", count);
    agents_check_phones(t);
    apply_queue_states(t);
    apply_queues(t, now);
    apply_members(t, now);
    queueing_watch(t);
    apply_centers(t); /* last: a center's callers leave its list when its queues are dropped */
    for (size_t i = 0; i < t->center_count; i++)
        view_queue_changed(t, t->centers[i].id);
}
