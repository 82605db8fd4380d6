/* A message for an SMS gateway, and what its answer means. */
#include <stdio.h>
#include <string.h>

#include <hotlined/sms.h>
#include <hotlined/text.h>

#include "sms/room.h"

int gateway_send(struct query *query, const char *gateway, const struct message *message,
                 query_answer_h *fn, void *arg, uint32_t *ret_id)
{
    const struct query_field fields[] = {
        {"id", message->id}, {"number", message->number}, {"text", message->text}};

    return query_connector_ask(query, gateway, fields, sizeof(fields) / sizeof(fields[0]),
                               UINT32_MAX, fn, arg, ret_id);
}

/* A wrong secret or address is the settings' fault, and a message can wait until they are right;
 * what a gateway says of the message itself stays true. */
static enum sms_end end_of(int status)
{
    switch (status) {
    case 409: /* it has this id already */
        return SMS_SENT;
    case 400:
    case 413:
    case 422:
        return SMS_REFUSED;
    default:
        return status / 100 == 2 ? SMS_SENT : SMS_AGAIN;
    }
}

/* What a gateway writes reaches the database and pages: UTF-8, cut where it is long, or nothing. */
static void take(const struct query_answer *answer, const char *name, char *out, size_t size)
{
    out[0] = 0;
    (void)query_take(answer->body, name, out, size);
    if (!text_is_utf8(out, strlen(out)))
        out[0] = 0;
}

void sms_judge(const struct query_answer *answer, struct sms_verdict *ret_verdict)
{
    char reason[SMS_WHY - 64];

    *ret_verdict = (struct sms_verdict){.end = SMS_AGAIN};
    if (answer->end != QUERY_ANSWERED) {
        (void)text_copy(ret_verdict->why, sizeof(ret_verdict->why), answer->why);
        return;
    }
    ret_verdict->end = end_of(answer->status);
    if (ret_verdict->end == SMS_SENT) {
        take(answer, "message_id", ret_verdict->ref, sizeof(ret_verdict->ref));
        return;
    }
    take(answer, "reason", reason, sizeof(reason));
    snprintf(ret_verdict->why, sizeof(ret_verdict->why), "短信通道回答 %d%s%s", answer->status,
             reason[0] ? "：" : "", reason);
}

const char *sms_end_name(enum sms_end end)
{
    static const char *const names[] = {"sent", "again", "refused"};

    return names[end];
}
