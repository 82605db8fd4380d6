/* People of the document: agents and their phones, their reasons and kinds of summary. */
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "directory/parsing.h"
#include "directory/snapshot.h"

static int compare_agents(const void *a, const void *b)
{
    const struct dir_agent *x = a, *y = b;

    return x->user_id < y->user_id ? -1 : x->user_id > y->user_id;
}

void parse_agents(struct parsing *p, const cJSON *document)
{
    const cJSON *list, *item;
    struct snapshot *s = p->snap;

    s->agents = parsing_list(p, document, "agents", sizeof(*s->agents), &list);
    cJSON_ArrayForEach(item, list)
    {
        struct dir_agent *agent = &s->agents[s->agent_count++];
        agent->user_id = row_id(item, "user_id");
        agent->center_id = row_id(item, "center_id");
        agent->team_id = row_id(item, "team_id");
        agent->auto_answer_ms = row_ms(item, "auto_answer_ms");
        agent->auto_answer_internal = row_bool(item, "auto_answer_internal");
        ROW_COPY(agent->agent_no, item, "agent_no");
        ROW_COPY(agent->name, item, "name");
    }
    if (s->agents)
        qsort(s->agents, s->agent_count, sizeof(*s->agents), compare_agents);
}

void parse_phones(struct parsing *p, const cJSON *document)
{
    const cJSON *list, *item;
    struct snapshot *s = p->snap;

    s->phones = parsing_list(p, document, "phones", sizeof(*s->phones), &list);
    cJSON_ArrayForEach(item, list)
    {
        struct sip_phone_conf *phone = &s->phones[s->phone_count++];
        phone->user_id = row_id(item, "user_id");
        ROW_COPY(phone->extension, item, "extension");
        ROW_COPY(phone->ha1_md5, item, "ha1_md5");
        ROW_COPY(phone->ha1_sha256, item, "ha1_sha256");
    }
}

void parse_reasons(struct parsing *p, const cJSON *document)
{
    const cJSON *list, *item;
    struct snapshot *s = p->snap;

    s->reasons = parsing_list(p, document, "reasons", sizeof(*s->reasons), &list);
    cJSON_ArrayForEach(item, list)
    {
        struct dir_reason *reason = &s->reasons[s->reason_count++];
        reason->id = row_id(item, "id");
        reason->center_id = row_id(item, "center_id");
        reason->rest = strcmp(row_text(item, "kind"), "rest") == 0;
        ROW_COPY(reason->name, item, "name");
    }
}

void parse_wrap_ups(struct parsing *p, const cJSON *document)
{
    const cJSON *list, *item;
    struct snapshot *s = p->snap;

    s->wrap_ups_known = cJSON_GetObjectItemCaseSensitive(document, "wrap_up_codes") != NULL;
    if (!s->wrap_ups_known)
        return;
    s->wrap_ups = parsing_list(p, document, "wrap_up_codes", sizeof(*s->wrap_ups), &list);
    cJSON_ArrayForEach(item, list)
    {
        struct snap_wrap_up *wrap_up = &s->wrap_ups[s->wrap_up_count++];
        wrap_up->center_id = row_id(item, "center_id");
        ROW_COPY(wrap_up->code, item, "code");
    }
}
