/* The journal that takes the facts and keeps the books: what begins ends, once; every call's facts
 * fit to each other; and at the end of a world the sums of kpi.md 1.2 are the same on both sides.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include <hotlined/fact.h>

#include "telephony_world.h"

#define BUCKETS  4096
#define REFUSALS 512

enum { CALL, IVR, VISIT, OFFER, TALK, HOLD, RECORDING, SESSION, PAIRS };

static const struct pair {
    const char *begin, *end, *id;
    bool in_call; /* closed before its call ends */
} pairs[PAIRS] = {
    [CALL] = {"call_begin", "call_end", "call_id", false},
    [IVR] = {"ivr_begin", "ivr_end", "visit_id", true},
    [VISIT] = {"queue_enter", "queue_leave", "visit_id", true},
    [OFFER] = {"offer_begin", "offer_end", "offer_id", true},
    [TALK] = {"talk_begin", "talk_end", "talk_id", true},
    [HOLD] = {"hold_begin", "hold_end", "hold_id", true},
    [RECORDING] = {"recording_begin", "recording_end", "recording_id", false},
    [SESSION] = {"agent_session_begin", "agent_session_end", "session_id", false},
};

/* The outcomes there are (docs/facts.md), counted. */
static const char *const call_outcomes[] = {
    "ivr_self", "ivr_abandon", "ivr_lost", "closed",  "answered", "ab_queue", "ab_ring",
    "lost",     "blocked",     "flow_ext", "flow_vm", "flow_cb",  "flow_bot"};
static const char *const visit_outcomes[] = {"answered",  "ab_queue", "ab_ring", "overflow_out",
                                             "moved_out", "lost",     "flow_vm", "flow_cb",
                                             "flow_bot",  "flow_ext"};
static const char *const offer_outcomes[] = {"answered",  "caller_left", "no_answer", "rejected",
                                             "line_lost", "taken",       "moved",     "forced"};
#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
enum {
    ANSWERED = 4,
    AB_QUEUE,
    AB_RING,
    LOST,
    BLOCKED,
    FLOW_EXT,
    FLOW_VM,
    FLOW_CB,
    FLOW_BOT
}; /* among call_outcomes */

struct opened {
    struct opened *next; /* of the bucket */
    unsigned pair;
    char id[UUID_TEXT_SIZE], call[UUID_TEXT_SIZE];
    /* of a call: what was written of it so far */
    bool outbound, consult; /* consult: of a talk */
    unsigned consults, passed, inside, visits, refused, talks, answered_visits;
    int64_t began, talk_ms, hold_ms, held_ms; /* held: by its holds, hold: by its talks */
    int64_t hold_began;
    char left[16]; /* outcome of its last visit */
};

static struct opened *buckets[BUCKETS];
static unsigned opened_count;
static struct {
    char call[UUID_TEXT_SIZE];
    int32_t user_id;
    uint64_t at;
} refusals[REFUSALS];
static unsigned refusal_count;
static struct {
    unsigned calls_in, human, calls_out, visits, offers; /* begun */
    unsigned calls_by[COUNT(call_outcomes)], visits_by[COUNT(visit_outcomes)],
        offers_by[COUNT(offer_outcomes)];
    unsigned human_by[COUNT(call_outcomes)]; /* calls that asked for a human */
    unsigned out_by[COUNT(call_outcomes)];
} books;

/* --- reading facts -------------------------------------------------------------------------- */

static bool text_of(const char *json, const char *name, char *out, size_t size)
{
    char key[64];
    const char *at, *end;
    size_t length;

    snprintf(key, sizeof(key), "\"%s\":", name);
    at = strstr(json, key);
    if (!at)
        return false;
    at += strlen(key);
    end = *at == '"' ? strchr(++at, '"') : at + strcspn(at, ",}");
    length = (size_t)(end - at) < size - 1 ? (size_t)(end - at) : size - 1;
    memcpy(out, at, length);
    out[length] = 0;
    return true;
}

static int64_t number_of(const char *json, const char *name)
{
    char text[32] = "0";

    (void)text_of(json, name, text, sizeof(text));
    return strtoll(text, NULL, 10); /* null = 0 */
}

bool fact_says(const struct w_fact *fact, const char *name, const char *value)
{
    char found[128];

    return fact && text_of(fact->json, name, found, sizeof(found)) && strcmp(found, value) == 0;
}

const struct w_fact *fact_last(const char *kind)
{
    for (uint64_t i = world.fact_count; i > 0 && i + W_FACTS > world.fact_count; i--)
        if (strcmp(world.facts[(i - 1) % W_FACTS].kind, kind) == 0)
            return &world.facts[(i - 1) % W_FACTS];
    return NULL;
}

unsigned fact_count_of(const char *kind)
{
    unsigned count = 0;

    for (uint64_t i = world.fact_count; i > 0 && i + W_FACTS > world.fact_count; i--)
        count += strcmp(world.facts[(i - 1) % W_FACTS].kind, kind) == 0;
    return count;
}

/* --- what is open --------------------------------------------------------------------------- */

unsigned facts_open(void)
{
    return opened_count;
}

static struct opened **place_of(unsigned pair, const char *id)
{
    uint32_t hash = 2166136261u + pair;
    struct opened **place;

    for (const char *c = id; *c; c++)
        hash = (hash ^ (unsigned char)*c) * 16777619u;
    place = &buckets[hash % BUCKETS];
    while (*place && ((*place)->pair != pair || strcmp((*place)->id, id) != 0))
        place = &(*place)->next;
    return place;
}

static struct opened *begin_of(unsigned pair, const char *id, const char *call)
{
    struct opened **place = place_of(pair, id);
    struct opened *o = *place;

    if (o)
        world_fail("%s twice", pairs[pair].begin);
    if (pairs[pair].in_call && !*place_of(CALL, call))
        world_fail("%s outside its call", pairs[pair].begin);
    o = *place = calloc(1, sizeof(*o));
    if (!o)
        world_fail("no memory");
    o->pair = pair;
    snprintf(o->id, UUID_TEXT_SIZE, "%s", id);
    snprintf(o->call, UUID_TEXT_SIZE, "%s", call);
    opened_count++;
    if (pairs[pair].in_call)
        (*place_of(CALL, call))->inside++;
    return o;
}

static void end_of(unsigned pair, const char *id)
{
    struct opened **place = place_of(pair, id), *o = *place;

    if (!o)
        world_fail("%s without its begin", pairs[pair].end);
    if (o->inside)
        world_fail("call_end before the end of what began in it");
    if (pairs[pair].in_call)
        (*place_of(CALL, o->call))->inside--;
    *place = o->next;
    free(o);
    opened_count--;
}

/* --- the books of one call ------------------------------------------------------------------ */

static unsigned outcome_of(const char *json, const char *const *outcomes, size_t count)
{
    char outcome[24] = "";

    (void)text_of(json, "outcome", outcome, sizeof(outcome));
    for (size_t i = 0; i < count; i++)
        if (strcmp(outcomes[i], outcome) == 0)
            return (unsigned)i;
    world_fail("an outcome that is none: %s", json);
}

/* A call's outcome is what its visits and talks make it (kpi.md 1.2). */
static void check_outcome(const struct opened *call, unsigned outcome, const char *json)
{
    bool human = call->visits || call->refused;

    if (number_of(json, "talk_ms") != call->talk_ms)
        world_fail("the talks of a call are not what its end says: %s", json);
    if (outcome == ANSWERED && (!call->talks || (!call->outbound && call->talk_ms <= 0)))
        world_fail("answered without a talk: %s", json);
    if (outcome != ANSWERED && call->talk_ms > 0)
        world_fail("a talk and yet not answered: %s", json);
    if (call->outbound)
        return;
    if (outcome == BLOCKED && (human || call->talks))
        world_fail("who was blocked came in: %s", json);
    if (outcome == BLOCKED)
        return;
    if (outcome <= 2 && human)
        world_fail("a human was asked for, and the end says not: %s", json);
    if (outcome >= ANSWERED && outcome != FLOW_EXT && !human)
        world_fail("no human was asked for, and the end says so: %s", json);
    if ((outcome == AB_QUEUE || outcome == AB_RING) &&
        strcmp(call->left, call_outcomes[outcome]) != 0)
        world_fail("the call and its last visit ended differently: %s", json);
    if (outcome == LOST && call->visits && !call->talks && strncmp(call->left, "ab_", 3) == 0)
        world_fail("a caller who gave up is lost: %s", json);
    /* A talk from a visit, or from a colleague who was asked, or after it was passed on. */
    if (call->talks < call->answered_visits ||
        call->talks > call->answered_visits + call->consults + call->passed)
        world_fail("a call has other talks than answered visits: %s", json);
}

static void check_times(const struct opened *call, const char *json)
{
    int64_t answered = number_of(json, "t_ans_ms"), end = number_of(json, "t_end_ms");

    if (end < call->began || number_of(json, "wait_ms") > end - call->began)
        world_fail("a call waited longer than it lasted: %s", json);
    if (answered && (answered < call->began || answered > end))
        world_fail("a call was answered outside itself: %s", json);
    if (call->visits && !call->outbound && strstr(json, "\"wait_ms\":null"))
        world_fail("a call waited and its end does not say how long: %s", json);
}

/* Three ways to the same time: of the call, of its talks, of its holds. */
static void check_holds(const struct opened *call, const char *json)
{
    int64_t said = number_of(json, "hold_ms");

    if (said != call->hold_ms || said != call->held_ms)
        world_fail("a call was put aside %lld ms by its talks, %lld by its holds: %s",
                   (long long)call->hold_ms, (long long)call->held_ms, json);
    if (said > number_of(json, "talk_ms"))
        world_fail("a call was put aside longer than it talked: %s", json);
}

static void call_ended(struct opened *call, const char *json)
{
    unsigned outcome = outcome_of(json, call_outcomes, COUNT(call_outcomes));

    check_outcome(call, outcome, json);
    check_times(call, json);
    check_holds(call, json);
    if (call->outbound) {
        books.out_by[outcome]++;
        return;
    }
    books.calls_by[outcome]++;
    if (call->visits || call->refused)
        books.human_by[outcome]++;
}

/* Entering a queue, and being refused at its door: the first of them is the asking. */
static void asked(struct opened *call)
{
    books.human += !call->visits && !call->refused;
}

/* Of a colleague who was asked, or a leader who watches: the call is not his. */
static bool is_consult(const char *kind, const char *json)
{
    char id[UUID_TEXT_SIZE] = "";

    if (strcmp(kind, "talk_begin") == 0)
        return strstr(json, "\"kind\":\"consult\"") || strstr(json, "\"kind\":\"help\"") ||
               strstr(json, "\"kind\":\"monitor\"");
    return strcmp(kind, "talk_end") == 0 && text_of(json, "talk_id", id, sizeof(id)) &&
           *place_of(TALK, id) && (*place_of(TALK, id))->consult;
}

static void note_call(struct opened *call, const char *kind, const char *json)
{
    if (is_consult(kind, json)) {
        call->consults += strcmp(kind, "talk_begin") == 0;
        if (strcmp(kind, "talk_end") == 0 && number_of(json, "hold_ms"))
            world_fail("a consultation was put aside: %s", json);
        return;
    }
    if (strcmp(kind, "queue_enter") == 0) {
        asked(call);
        call->visits++;
        books.visits++;
        if (number_of(json, "first_t_q_in_ms") < call->began)
            world_fail("a call waits since before it began: %s", json);
    } else if (strcmp(kind, "door_refused") == 0) {
        asked(call);
        call->refused++;
    } else if (strcmp(kind, "queue_leave") == 0) {
        unsigned outcome = outcome_of(json, visit_outcomes, COUNT(visit_outcomes));
        books.visits_by[outcome]++;
        call->answered_visits += outcome == 0;
        snprintf(call->left, sizeof(call->left), "%s", visit_outcomes[outcome]);
    } else if (strcmp(kind, "talk_begin") == 0) {
        call->talks++;
    } else if (strcmp(kind, "talk_end") == 0) {
        call->talk_ms += number_of(json, "talk_ms");
        call->hold_ms += number_of(json, "hold_ms");
        call->passed += strstr(json, "\"passed_to\":\"agent\"") != NULL ||
                        strstr(json, "\"passed_to\":\"outside\"") != NULL;
    } else if (strcmp(kind, "hold_begin") == 0) {
        call->hold_began = number_of(json, "t_start_ms");
    } else if (strcmp(kind, "hold_end") == 0) {
        call->held_ms += number_of(json, "t_end_ms") - call->hold_began;
    } else if (strcmp(kind, "call_end") == 0) {
        call_ended(call, json);
    }
}

static void call_began(struct opened *call, const char *json)
{
    call->outbound = strstr(json, "\"direction\":\"out\"") != NULL;
    call->began = number_of(json, "t_in_ms");
    *(call->outbound ? &books.calls_out : &books.calls_in) += 1;
}

/* --- refusals ------------------------------------------------------------------------------- */

static void note_refusal(const char *json)
{
    char outcome[24], user[16];

    if (!text_of(json, "outcome", outcome, sizeof(outcome)) ||
        (strcmp(outcome, "rejected") != 0 && strcmp(outcome, "no_answer") != 0) ||
        !text_of(json, "user_id", user, sizeof(user)))
        return;
    text_of(json, "call_id", refusals[refusal_count % REFUSALS].call, UUID_TEXT_SIZE);
    refusals[refusal_count % REFUSALS].user_id = (int32_t)strtol(user, NULL, 10);
    refusals[refusal_count++ % REFUSALS].at = loop_now_ms(world.loop);
}

bool journal_refused(const struct uuid *call_id, int32_t user_id)
{
    char id[UUID_TEXT_SIZE] = "";
    uint64_t now = loop_now_ms(world.loop);
    unsigned known = refusal_count < REFUSALS ? refusal_count : REFUSALS;

    /* From the last one back: older ones do not count any more. */
    for (unsigned i = 1; i <= known; i++) {
        unsigned at = (refusal_count - i) % REFUSALS;
        if (refusals[at].at + ACD_REOFFER_MS <= now)
            return false;
        if (refusals[at].user_id != user_id)
            continue;
        if (!id[0])
            uuid_text(call_id, id);
        if (strcmp(refusals[at].call, id) == 0)
            return true;
    }
    return false;
}

/* --- every fact ----------------------------------------------------------------------------- */

static void check_center(int32_t center_id, const char *kind, const char *json)
{
    int32_t user_id = (int32_t)number_of(json, "user_id");

    if (!user_id)
        return;
    check_touched(user_id);
    if (world.agents[user_id - 1].center_id != center_id && !world.visits[user_id])
        world_fail("%s of a center meets an agent of another", kind);
}

static void check_json(const char *kind, const char *json)
{
    cJSON *parsed = cJSON_Parse(json);

    if (!parsed)
        world_fail("%s is no JSON: %s", kind, json);
    cJSON_Delete(parsed);
    for (const char *at = json; (at = strstr(at, "_ms\":-")); at++)
        if (strncmp(at, "_ms\":-", 6) == 0)
            world_fail("%s has a negative time: %s", kind, json);
}

/* Told within its call, and who never answered has not talked. */
static void check_outside(const char *json, const char *call)
{
    bool answered = strstr(json, "\"outcome\":\"answered\"") != NULL;

    if (!*place_of(CALL, call) || number_of(json, "t_end_ms") < number_of(json, "t_start_ms"))
        world_fail("somebody outside was called outside a call: %s", json);
    if (answered != (strstr(json, "\"t_ans_ms\":null") == NULL) ||
        (!answered && (number_of(json, "talk_ms") || strstr(json, "\"joined\":true") ||
                       strstr(json, "\"passed\":true"))))
        world_fail("somebody outside who did not answer talked: %s", json);
}

static void keep_books(const char *kind, const char *json)
{
    char text[UUID_TEXT_SIZE] = "", call[UUID_TEXT_SIZE] = "";
    unsigned pair = 0;
    bool begin = false;

    (void)text_of(json, "call_id", call, sizeof(call));
    for (; pair < PAIRS; pair++)
        if ((begin = strcmp(pairs[pair].begin, kind) == 0) || strcmp(pairs[pair].end, kind) == 0)
            break;
    if (pair < PAIRS) {
        const char *outcome = begin ? NULL : strstr(json, "outcome");
        if (!text_of(json, pairs[pair].id, text, sizeof(text)))
            world_fail("%s without %s", kind, pairs[pair].id);
        world_tell("fact %s %s %s", kind, text, outcome ? outcome : "");
    }
    if (begin) {
        struct opened *o = begin_of(pair, text, call);
        o->consult = is_consult(kind, json);
        if (pair == CALL)
            call_began(o, json);
    }
    if (strcmp(kind, "outside_leg") == 0)
        check_outside(json, call);
    if (call[0] && *place_of(CALL, call))
        note_call(*place_of(CALL, call), kind, json);
    if (pair < PAIRS && !begin)
        end_of(pair, text);
}

void fact_outbox_yield(struct fact_outbox *outbox, bool on)
{
    (void)outbox;
    (void)on;
}

void fact_emit(struct fact_outbox *outbox, const struct uuid *id, int32_t center_id,
               int64_t wall_ms, const char *kind, const char *json)
{
    (void)outbox;
    (void)id;
    (void)wall_ms;
    if (world.keep) {
        struct w_fact *kept = &world.facts[world.fact_count % W_FACTS];
        snprintf(kept->kind, sizeof(kept->kind), "%s", kind);
        snprintf(kept->json, sizeof(kept->json), "%s", json);
    }
    if (world.keep || world.fact_count % 16 == 0)
        check_json(kind, json);
    world.fact_count++;
    check_center(center_id, kind, json);
    keep_books(kind, json);
    if (strcmp(kind, "offer_begin") == 0) {
        books.offers++;
        check_offer((int32_t)number_of(json, "user_id"));
    } else if (strcmp(kind, "offer_end") == 0) {
        books.offers_by[outcome_of(json, offer_outcomes, COUNT(offer_outcomes))]++;
        note_refusal(json);
    }
}

/* --- the end of a world --------------------------------------------------------------------- */

void journal_open(void)
{
    for (unsigned i = 0; i < BUCKETS; i++)
        for (struct opened *o; (o = buckets[i]); free(o)) /* of a world that failed */
            buckets[i] = o->next;
    opened_count = 0;
    memset(&books, 0, sizeof(books));
    refusal_count = 0;
}

static unsigned sum_of(const unsigned *by, size_t count)
{
    unsigned sum = 0;

    for (size_t i = 0; i < count; i++)
        sum += by[i];
    return sum;
}

/* kpi.md 1.2, identities 1 to 3; nothing is open any more. */
void journal_close(void)
{
    const unsigned *human = books.human_by;

    if (opened_count)
        world_fail("%u facts were begun and never ended", opened_count);
    if (books.calls_in != sum_of(books.calls_by, COUNT(call_outcomes)))
        world_fail("calls in: %u, ended: %u", books.calls_in,
                   sum_of(books.calls_by, COUNT(call_outcomes)));
    if (books.human != human[ANSWERED] + human[AB_QUEUE] + human[AB_RING] + human[LOST] +
                           human[FLOW_EXT] + human[FLOW_VM] + human[FLOW_CB] + human[FLOW_BOT])
        world_fail("humans asked for: %u, answered %u, gave up %u + %u, lost %u", books.human,
                   human[ANSWERED], human[AB_QUEUE], human[AB_RING], human[LOST]);
    if (books.visits != sum_of(books.visits_by, COUNT(visit_outcomes)))
        world_fail("visits: %u, left: %u", books.visits,
                   sum_of(books.visits_by, COUNT(visit_outcomes)));
    if (books.offers != sum_of(books.offers_by, COUNT(offer_outcomes)))
        world_fail("offers: %u, ended: %u", books.offers,
                   sum_of(books.offers_by, COUNT(offer_outcomes)));
    if (books.calls_out != sum_of(books.out_by, COUNT(call_outcomes)))
        world_fail("calls out: %u, ended: %u", books.calls_out,
                   sum_of(books.out_by, COUNT(call_outcomes)));
    if (books.offers_by[0] != books.visits_by[0])
        world_fail("answered: %u offers, %u visits", books.offers_by[0], books.visits_by[0]);
}
