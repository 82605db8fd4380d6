/* Private to SMS: one message for a gateway (gateway.c). */
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

#endif
