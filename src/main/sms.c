/* The outbox of messages: claimed from the database, handed to the gateways, and what they answer
 * written down. */
#include <string.h>

#include <hotlined/log.h>
#include <hotlined/metrics.h>
#include <hotlined/query.h>
#include <hotlined/store.h>
#include <hotlined/text.h>

#include "main/sms.h"

#define LOOK_EVERY_MS 1000

#define ANSWERS(end)                                                                               \
    {                                                                                              \
        .name = "hotlined_sms_answers_total", .labels = "result=\"" end "\"",                      \
        .help = "Answers of SMS gateways.", .kind = METRIC_COUNTER                                 \
    }
static struct metric answers[] = {[QUERY_SMS_SENT] = ANSWERS("sent"),
                                  [QUERY_SMS_AGAIN] = ANSWERS("again"),
                                  [QUERY_SMS_REFUSED] = ANSWERS("refused")};

/* --- what is under way ---------------------------------------------------------------------- */

static struct sms_sending *free_place(struct sms_outbox *outbox)
{
    for (unsigned i = 0; i < SMS_MOST; i++)
        if (!outbox->sending[i].id[0])
            return &outbox->sending[i];
    return NULL;
}

/* "{2,3}": centers whose last messages are not answered yet. Returns how many places are free. */
static int add_busy(const struct sms_outbox *outbox, struct text *centers)
{
    int room = 0;

    text_add(centers, "{");
    for (unsigned i = 0; i < SMS_MOST; i++) {
        if (!outbox->sending[i].id[0])
            room++;
        else
            text_addf(centers, "%s%d", centers->length > 1 ? "," : "",
                      outbox->sending[i].center_id);
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

static void write_down(struct sms_outbox *outbox, const char *id,
                       const struct query_sms_verdict *verdict)
{
    struct store_params params = {0};

    metric_add(&answers[verdict->end], 1);
    store_param_text(&params, id);
    store_param_text(&params, query_sms_end_name(verdict->end));
    store_param_text(&params, verdict->why);
    store_param_text(&params, verdict->ref);
    if (store_query(outbox->store, STORE_FAST, STMT_SMS_ANSWERED, &STORE_SCOPE_DAEMON, &params,
                    written, NULL, NULL))
        log_warn("sms", "answer_not_written", "id=%s", id);
}

static void on_answer(const struct query_answer *answer, void *arg)
{
    struct sms_sending *sending = arg;
    struct query_sms_verdict verdict;

    query_sms_judge(answer, &verdict);
    log_info("sms", "answered", "id=%s center=%d result=%s status=%d ms=%u", sending->id,
             sending->center_id, query_sms_end_name(verdict.end), answer->status, answer->ms);
    write_down(sending->outbox, sending->id, &verdict);
    sending->id[0] = 0;
}

/* --- sending -------------------------------------------------------------------------------- */

static void send_row(struct sms_outbox *outbox, const struct store_result *result, int row)
{
    struct sms_sending *sending = free_place(outbox);
    struct query_sms message = {store_text(result, row, 0), store_text(result, row, 2),
                                store_text(result, row, 3)};
    uint32_t asked;

    if (!sending)
        return; /* not claimed by our number: it is due again */
    sending->outbox = outbox;
    sending->center_id = (int32_t)store_int(result, row, 1);
    (void)text_copy(sending->id, sizeof(sending->id), message.id);
    if (query_sms_send(outbox->query, store_text(result, row, 4), &message, on_answer, sending,
                       &asked)) {
        write_down(
            outbox, message.id,
            &(struct query_sms_verdict){.end = QUERY_SMS_AGAIN, .why = "正在进行的外部查询太多"});
        sending->id[0] = 0;
    }
}

static void claimed(const struct store_result *result, void *arg)
{
    struct sms_outbox *outbox = arg;

    if (!outbox->query)
        return; /* the end: what was claimed is due again */
    if (store_status(result) == STORE_OK)
        for (int row = 0; row < store_rows(result); row++)
            send_row(outbox, result, row);
    else
        log_warn("sms", "not_claimed", "status=%d", store_status(result));
    loop_timer_start(&outbox->timer, LOOK_EVERY_MS);
}

static void look(void *arg)
{
    struct sms_outbox *outbox = arg;
    struct store_params params = {0};
    struct text busy = {0};
    int room = add_busy(outbox, &busy);

    store_param_text(&params, busy.failed ? "{}" : busy.data);
    store_param_int(&params, busy.failed ? 0 : room);
    if (!outbox->query || !store_is_available(outbox->store) ||
        store_query(outbox->store, STORE_FAST, STMT_SMS_CLAIM, &STORE_SCOPE_DAEMON, &params,
                    claimed, outbox, NULL))
        loop_timer_start(&outbox->timer, LOOK_EVERY_MS);
    text_done(&busy);
}

/* --- life ----------------------------------------------------------------------------------- */

void sms_start(struct sms_outbox *outbox, struct loop *loop, struct store *store,
               struct query *query)
{
    outbox->store = store;
    outbox->query = query;
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
        metric_register(&answers[i]);
    loop_timer_init(&outbox->timer, loop, look, outbox);
    loop_timer_start(&outbox->timer, LOOK_EVERY_MS);
}

void sms_hold(struct sms_outbox *outbox)
{
    outbox->query = NULL;
    if (outbox->store)
        loop_timer_stop(&outbox->timer);
}

void sms_stop(struct sms_outbox *outbox)
{
    if (outbox->store)
        loop_timer_done(&outbox->timer);
    outbox->store = NULL;
}
