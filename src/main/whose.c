/* Whose number it is. A question that cannot have its table holds a connection of the store until
 * the statement gives up: after one such, and while many are open, callers are not asked for. */
#include <stdlib.h>

#include <cjson/cJSON.h>

#include <hotlined/log.h>
#include <hotlined/loop.h>
#include <hotlined/store.h>
#include <hotlined/telephony.h>
#include <hotlined/text.h>

#include "main/whose.h"

#define ASKED_MAX 64
#define QUIET_MS  5000

struct question { /* owned by the query */
    struct whose *whose;
    uint32_t call;
};

static bool read_answer(const struct store_result *result, struct telephony_taxpayer *ret_taxpayer)
{
    cJSON *answer = store_rows(result) ? cJSON_Parse(store_text(result, 0, 0)) : NULL;
    const cJSON *center = cJSON_GetObjectItemCaseSensitive(answer, "center_id");
    const char *queue = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(answer, "queue"));

    *ret_taxpayer =
        (struct telephony_taxpayer){.center_id = cJSON_IsNumber(center) ? center->valueint : 0};
    text_copy(ret_taxpayer->queue, sizeof(ret_taxpayer->queue), queue ? queue : "");
    cJSON_Delete(answer);
    return ret_taxpayer->center_id > 0;
}

static void answered(const struct store_result *result, void *arg)
{
    struct question *question = arg;
    struct whose *whose = question->whose;
    struct telephony_taxpayer taxpayer;
    bool known = store_status(result) == STORE_OK && read_answer(result, &taxpayer);

    whose->asked--;
    if (store_status(result) != STORE_OK) {
        whose->quiet_till = loop_now_ms(whose->loop) + QUIET_MS;
        log_warn("call", "taxpayer_not_known", "sqlstate=%s", log_safe(store_sqlstate(result)));
    }
    if (whose->telephony)
        telephony_caller_known(whose->telephony, question->call, known ? &taxpayer : NULL);
    free(question);
}

bool whose_ask(struct whose *whose, uint32_t call, const char *number)
{
    struct store_params params = {0};
    struct question *question;

    if (!store_is_available(whose->store) || whose->asked >= ASKED_MAX ||
        loop_now_ms(whose->loop) < whose->quiet_till)
        return false;
    question = malloc(sizeof(*question));
    if (!question)
        return false;
    *question = (struct question){whose, call};
    store_param_text(&params, number);
    if (store_query(whose->store, STORE_FAST, STMT_TAXPAYER_ROUTE, &STORE_SCOPE_DAEMON, &params,
                    answered, question, NULL)) {
        free(question);
        return false;
    }
    whose->asked++;
    return true;
}
