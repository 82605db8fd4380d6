/* Private to SMS: one message for a gateway, and what its answer means (gateway.c). */
#ifndef SMS_ROOM_H
#define SMS_ROOM_H

#include <hotlined/query.h>

struct message { /* borrowed during the call */
    const char *id, *number, *text;
};
/* Hands it to a gateway: a POST of {"id","number","text"}. gateway: a connector. As
 * query_connector_ask(). */
int gateway_send(struct query *query, const char *gateway, const struct message *message,
                 query_answer_h *fn, void *arg, uint32_t *ret_id);

#define VERDICT_TEXT 200
struct verdict {
    enum verdict_end {
        VERDICT_SENT,   /* taken, perhaps before already */
        VERDICT_AGAIN,  /* not now, or not with these settings: to be tried again */
        VERDICT_REFUSED /* never: this message is not to be sent */
    } end;
    char why[VERDICT_TEXT]; /* Chinese, with what the gateway says; "" where it was taken */
    char ref[64];           /* the gateway's own id of the message; "" = it told none */
};
void gateway_judge(const struct query_answer *answer, struct verdict *ret_verdict);
const char *verdict_name(enum verdict_end end); /* "sent" "again" "refused" */

#endif
