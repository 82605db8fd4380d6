/* The outbox of messages: claimed from the database, handed to the gateways, and what they answer
 * written down. */
#include <errno.h>
#include <stdlib.h>

#include <hotlined/log.h>
#include <hotlined/loop.h>
#include <hotlined/metrics.h>
#include <hotlined/sms.h>
#include <hotlined/store.h>
#include <hotlined/text.h>

#include "sms/room.h"

#define LOOK_EVERY_MS 1000
/* Fewer than the questions there may be at a time (query.h), so that flows can still ask. */
#define UNDER_WAY 24

struct sending {
    struct sms *sms;
    char id[UUID_TEXT_SIZE]; /* "" = free */
    int32_t center_id;
    uint32_t asked; /* of the gateway */
};

struct sms {
    struct loop_timer timer;
    struct store *store;
    struct query *query;
    struct store_request *claim; /* under way, or NULL */
    struct sending sending[UNDER_WAY];
};

#define ANSWERS(end)                                                                               \
    {                                                                                              \
        .name = "hotlined_sms_answers_total", .labels = "result=\"" end "\"",                      \
        .help = "Answers of SMS gateways.", .kind = METRIC_COUNTER                                 \
    }
static struct metric answers[] = {[SMS_SENT] = ANSWERS("sent"),
                                  [SMS_AGAIN] = ANSWERS("again"),
                                  [SMS_REFUSED] = ANSWERS("refused")};

/* --- what is under way ---------------------------------------------------------------------- */

static struct sending *free_place(struct sms *sms)
{
    for (unsigned i = 0; i < UNDER_WAY; i++)
        if (!sms->sending[i].id[0])
            return &sms->sending[i];
    return NULL;
}

/* "{2,3}": centers whose last messages are not answered yet. Returns how many places are free. */
static int add_busy(const struct sms *sms, struct text *centers)
{
    int room = 0;

    text_add(centers, "{");
    for (unsigned i = 0; i < UNDER_WAY; i++) {
        if (!sms->sending[i].id[0])
            room++;
        else
            text_addf(centers, "%s%d", centers->length > 1 ? "," : "", sms->sending[i].center_id);
    }
    text_add(centers, "}");
    return room;
}

/* --- answers -------------------------------------------------------------------------------- */

static void written(const struct store_result *result, void *arg)
{
    (void)arg;
    if (store_status(result) != STORE_OK)
        log_warn("sms", "answer_not_written", "status=%d", store_status(result));
}

static void write_down(struct sms *sms, const char *id, const struct sms_verdict *verdict)
{
    struct store_params params = {0};

    metric_add(&answers[verdict->end], 1);
    store_param_text(&params, id);
    store_param_text(&params, sms_end_name(verdict->end));
    store_param_text(&params, verdict->why);
    store_param_text(&params, verdict->ref);
    if (store_query(sms->store, STORE_FAST, STMT_SMS_ANSWERED, &STORE_SCOPE_DAEMON, &params,
                    written, NULL, NULL))
        log_warn("sms", "answer_not_written", "id=%s", id);
}

static void on_answer(const struct query_answer *answer, void *arg)
{
    struct sending *sending = arg;
    struct sms_verdict verdict;

    sms_judge(answer, &verdict);
    log_info("sms", "answered", "id=%s center=%d result=%s status=%d ms=%u", sending->id,
             sending->center_id, sms_end_name(verdict.end), answer->status, answer->ms);
    write_down(sending->sms, sending->id, &verdict);
    sending->id[0] = 0;
}

/* --- sending -------------------------------------------------------------------------------- */

static void send_row(struct sms *sms, const struct store_result *result, int row)
{
    static const struct sms_verdict busy = {.end = SMS_AGAIN, .why = "正在进行的外部查询太多"};
    struct sending *sending = free_place(sms);
    struct message message = {store_text(result, row, 0), store_text(result, row, 2),
                              store_text(result, row, 3)};

    if (!sending)
        return; /* not claimed by our number: it is due again */
    sending->sms = sms;
    sending->center_id = (int32_t)store_int(result, row, 1);
    (void)text_copy(sending->id, sizeof(sending->id), message.id);
    if (gateway_send(sms->query, store_text(result, row, 4), &message, on_answer, sending,
                     &sending->asked)) {
        write_down(sms, message.id, &busy);
        sending->id[0] = 0;
    }
}

static void claimed(const struct store_result *result, void *arg)
{
    struct sms *sms = arg;

    sms->claim = NULL;
    if (store_status(result) == STORE_OK)
        for (int row = 0; row < store_rows(result); row++)
            send_row(sms, result, row);
    else
        log_warn("sms", "not_claimed", "status=%d", store_status(result));
    loop_timer_start(&sms->timer, LOOK_EVERY_MS);
}

static void look(void *arg)
{
    struct sms *sms = arg;
    struct store_params params = {0};
    struct text busy = {0};
    int room = add_busy(sms, &busy);

    store_param_text(&params, busy.failed ? "{}" : busy.data);
    store_param_int(&params, busy.failed ? 0 : room);
    if (!store_is_available(sms->store) ||
        store_query(sms->store, STORE_FAST, STMT_SMS_CLAIM, &STORE_SCOPE_DAEMON, &params, claimed,
                    sms, &sms->claim))
        loop_timer_start(&sms->timer, LOOK_EVERY_MS);
    text_done(&busy);
}

/* --- life ----------------------------------------------------------------------------------- */

int sms_create(struct loop *loop, struct store *store, struct query *query, struct sms **ret_sms)
{
    struct sms *sms = calloc(1, sizeof(*sms));

    if (!sms)
        return -ENOMEM;
    sms->store = store;
    sms->query = query;
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
        metric_register(&answers[i]);
    loop_timer_init(&sms->timer, loop, look, sms);
    loop_timer_start(&sms->timer, LOOK_EVERY_MS);
    *ret_sms = sms;
    return 0;
}

void sms_destroy(struct sms *sms)
{
    if (!sms)
        return;
    loop_timer_done(&sms->timer);
    if (sms->claim)
        store_cancel(sms->claim);
    for (unsigned i = 0; i < UNDER_WAY; i++)
        if (sms->sending[i].id[0])
            query_cancel(sms->query, sms->sending[i].asked);
    free(sms);
}
