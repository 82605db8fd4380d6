/* What callers meet before anybody answers: black and white lists, boxes for messages. */
#include <string.h>

#include <cjson/cJSON.h>

#include <hotlined/text.h>

#include "directory/parsing.h"
#include "directory/snapshot.h"

static enum dir_list_action list_action(const char *name)
{
    static const char *const names[] = {
        [DIR_LIST_REFUSE] = "refuse",
        [DIR_LIST_PROMPT] = "prompt",
        [DIR_LIST_QUEUE] = "queue",
        [DIR_LIST_PRIORITY] = "priority",
    };

    for (size_t i = 1; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(name, names[i]) == 0)
            return (enum dir_list_action)i;
    return DIR_LIST_NONE;
}

/* A document kept by a version before this one has no lists. */
void parse_listed(struct parsing *p, const cJSON *document)
{
    const cJSON *list, *item;
    struct snapshot *s = p->snap;

    if (!cJSON_GetObjectItemCaseSensitive(document, "number_list"))
        return;
    s->listed = parsing_list(p, document, "number_list", sizeof(*s->listed), &list);
    cJSON_ArrayForEach(item, list)
    {
        struct dir_listed *entry = &s->listed[s->listed_count++];
        entry->id = row_id(item, "id");
        entry->center_id = row_id(item, "center_id");
        entry->prefix = row_bool(item, "prefix");
        entry->action = list_action(row_text(item, "action"));
        entry->queue_id = row_id(item, "queue_id");
        entry->priority = row_id(item, "priority");
        entry->expires_ms = row_int(item, "expires_ms");
        ROW_COPY(entry->number, item, "number");
        ROW_COPY(entry->prompt_code, item, "prompt_code");
    }
    listed_sort(s->listed, s->listed_count);
}

/* A document kept by a version before this one has none: no messages are taken. */
void parse_boxes(struct parsing *p, const cJSON *document)
{
    const cJSON *list, *item;
    struct snapshot *s = p->snap;

    if (!cJSON_GetObjectItemCaseSensitive(document, "voicemail"))
        return;
    s->boxes = parsing_list(p, document, "voicemail", sizeof(*s->boxes), &list);
    cJSON_ArrayForEach(item, list)
    {
        struct dir_box *box = &s->boxes[s->box_count];
        int scene = 0;
        while (scene < DIR_SCENES &&
               strcmp(row_text(item, "scene"), dir_scene_name((enum dir_scene)scene)) != 0)
            scene++;
        if (scene == DIR_SCENES) {
            text_addf(p->problems, "留言场景“%s”不存在。\n", row_text(item, "scene"));
            continue;
        }
        s->box_count++;
        box->center_id = row_id(item, "center_id");
        box->scene = (enum dir_scene)scene;
        box->enabled = row_bool(item, "enabled");
        box->full = row_bool(item, "full");
        ROW_COPY(box->prompt, item, "prompt");
        ROW_COPY(box->off_prompt, item, "off_prompt");
    }
}
