/* Centers of the document: how they dial and record, their numbers, where their callers may go. */
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include <hotlined/dialing.h>
#include <hotlined/ivr.h>
#include <hotlined/text.h>

#include "directory/parsing.h"
#include "directory/routing.h"
#include "directory/snapshot.h"

/* --- centers ---------------------------------------------------------------------------------- */

static void parse_dialing(struct dir_center *center, const cJSON *rule)
{
    const cJSON *item;

    center->dialing = (struct dialing_rule){.ranges = DIALING_DEFAULT};
    if (!cJSON_IsObject(rule))
        return;
    center->dialing.ranges = 1u << DIALING_EMERGENCY;
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(rule, "ranges"))
    {
        enum dialing_range range = dialing_range_find(cJSON_GetStringValue(item));
        if (range < DIALING_RANGES)
            center->dialing.ranges |= 1u << range;
    }
    center->dialing.local_short = row_bool(rule, "local_short");
    center->dialing.far_zero = row_bool(rule, "far_zero");
    ROW_COPY(center->dialing.prefix, rule, "prefix");
    ROW_COPY(center->shown_no, rule, "shown_no");
}

static void parse_recording(struct dir_center *center, const cJSON *rule)
{
    center->record_internal = true;
    if (!cJSON_IsObject(rule))
        return;
    center->record_outbound = recording_named(row_text(rule, "outbound"));
    center->record_internal = row_bool(rule, "internal");
    center->record_pause_s = row_ms(rule, "pause_s");
}

void parse_centers(struct parsing *p, const cJSON *document)
{
    const cJSON *list, *item;
    struct snapshot *s = p->snap;

    s->centers = parsing_list(p, document, "centers", sizeof(*s->centers), &list);
    cJSON_ArrayForEach(item, list)
    {
        struct dir_center *center = &s->centers[s->center_count++];
        center->id = row_id(item, "id");
        center->regional = strcmp(row_text(item, "kind"), "regional") == 0;
        center->enabled = row_bool(item, "enabled");
        center->announce_agent_no = row_bool(item, "announce_agent_no");
        center->callback_off = row_bool(item, "callback_off");
        parse_dialing(center, cJSON_GetObjectItemCaseSensitive(item, "dialing"));
        parse_recording(center, cJSON_GetObjectItemCaseSensitive(item, "recording"));
        ROW_COPY(center->code, item, "code");
        ROW_COPY(center->name, item, "name");
        ROW_COPY(center->city_code, item, "city_code");
        ROW_COPY(center->area_code, item, "area_code");
    }
}

/* --- numbers ---------------------------------------------------------------------------------- */

/* The number plan: for one called number the line naming a trunk goes before the one for any. */
static int compare_numbers(const void *a, const void *b)
{
    const struct dir_number *x = a, *y = b;
    int order = strcmp(x->called_no, y->called_no);

    if (order)
        return order;
    return (x->trunk_id == 0) - (y->trunk_id == 0);
}

/* In the order of the document, which is that of the table: the first public number is shown. */
static void show_number(struct snapshot *s, const struct dir_number *number)
{
    if (number->access_code || number->source != DIR_SOURCE_DIRECT)
        return;
    for (size_t i = 0; i < s->center_count; i++)
        if (s->centers[i].id == number->center_id && !s->centers[i].shown_no[0])
            text_copy(s->centers[i].shown_no, sizeof(s->centers[i].shown_no), number->called_no);
}

void parse_numbers(struct parsing *p, const cJSON *document)
{
    const cJSON *list, *item;
    struct snapshot *s = p->snap;

    s->numbers = parsing_list(p, document, "numbers", sizeof(*s->numbers), &list);
    cJSON_ArrayForEach(item, list)
    {
        struct dir_number *number = &s->numbers[s->number_count++];
        const char *source = row_text(item, "source");
        number->trunk_id = row_id(item, "trunk_id");
        number->center_id = row_id(item, "center_id");
        number->access_code = strcmp(row_text(item, "kind"), "access_code") == 0;
        number->source = strcmp(source, "from_12366") == 0  ? DIR_SOURCE_FROM_12366
                         : strcmp(source, "from_city") == 0 ? DIR_SOURCE_FROM_CITY
                                                            : DIR_SOURCE_DIRECT;
        ROW_COPY(number->called_no, item, "called_no");
        number->via_trunk_id = row_id(item, "via_trunk_id");
        number->queue_id = row_id(item, "queue_id");
        number->priority = row_id(item, "priority");
        number->by_caller = row_bool(item, "by_caller");
        ROW_COPY(number->flow_code, item, "flow_code");
        show_number(s, number);
    }
    if (s->numbers)
        qsort(s->numbers, s->number_count, sizeof(*s->numbers), compare_numbers);
}

/* --- calls between centers, callers of the region --------------------------------------------- */

/* NULL: always open, as when nothing was said; hours that cannot be read close the way. */
static struct calendar *parse_hours(struct parsing *p, const cJSON *item, const char *name)
{
    const cJSON *document = cJSON_GetObjectItemCaseSensitive(item, name);
    struct calendar *hours = cJSON_IsObject(document) ? calloc(1, sizeof(*hours)) : NULL;
    char *text = hours ? cJSON_PrintUnformatted(document) : NULL;

    if (!hours)
        return NULL;
    if (!text || calendar_parse(text, strlen(text), hours, p->problems)) {
        text_addf(p->problems, "中心 %d 的呼转时段“%s”未生效，按不可转处理。\n",
                  (int)row_int(item, "center_id"), name);
        memset(hours, 0, sizeof(*hours));
    }
    free(text);
    return hours;
}

void parse_transfers(struct parsing *p, const cJSON *document)
{
    const cJSON *list, *item;
    struct snapshot *s = p->snap;

    if (!cJSON_GetObjectItemCaseSensitive(document, "transfers"))
        return;
    s->transfers = parsing_list(p, document, "transfers", sizeof(*s->transfers), &list);
    cJSON_ArrayForEach(item, list)
    {
        struct snap_transfers *one = &s->transfers[s->transfers_count++];
        one->to_hours = parse_hours(p, item, "to_12366_hours");
        one->from_hours = parse_hours(p, item, "from_12366_hours");
        one->transfers = (struct dir_transfers){.center_id = row_id(item, "center_id"),
                                                .to_12366 = row_bool(item, "to_12366"),
                                                .from_12366 = row_bool(item, "from_12366"),
                                                .between_cities = row_bool(item, "between_cities"),
                                                .to_hours = one->to_hours,
                                                .from_hours = one->from_hours};
    }
}

void parse_routes(struct parsing *p, const cJSON *document)
{
    const cJSON *list, *item;
    struct snapshot *s = p->snap;

    if (!cJSON_GetObjectItemCaseSensitive(document, "routes"))
        return;
    s->routings = parsing_list(p, document, "routes", sizeof(*s->routings), &list);
    cJSON_ArrayForEach(item, list)
        routing_read(item, &s->routings[s->routing_count++], p->problems);
}
