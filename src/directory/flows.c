/* Flows of the document and what they name: prompts, calendars; the small flow of a survey. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include <hotlined/ivr.h>
#include <hotlined/media.h>
#include <hotlined/text.h>

#include "directory/parsing.h"
#include "directory/snapshot.h"

/* --- prompts ---------------------------------------------------------------------------------- */

static struct media_audio *audio_of_old(const struct parsing *p, const struct snap_prompt *prompt)
{
    size_t at = p->old ? snap_find(&p->old->by_prompt, prompt->center_id, prompt->code) : SIZE_MAX;

    if (at == SIZE_MAX || strcmp(p->old->prompts[at].path, prompt->path) != 0 ||
        !p->old->prompts[at].audio)
        return NULL;
    return media_audio_ref(p->old->prompts[at].audio);
}

static void load_audio(struct parsing *p, struct snap_prompt *prompt)
{
    char path[600], why[200] = "";
    int err;

    prompt->audio = audio_of_old(p, prompt);
    if (prompt->audio)
        return;
    if (!prompt->path[0] || strstr(prompt->path, "..") || prompt->path[0] == '/') {
        text_addf(p->problems, "提示音“%s”：文件路径“%s”不可用。\n", prompt->code, prompt->path);
        return;
    }
    snprintf(path, sizeof(path), "%s/%s", p->prompt_dir, prompt->path);
    err = media_audio_load(path, &prompt->audio, why, sizeof(why));
    if (err) {
        prompt->audio = NULL;
        text_addf(p->problems, "提示音“%s”：文件 %s 读取失败（%s）。\n", prompt->code, path,
                  why[0] ? why : strerror(-err));
    }
}

void parse_prompts(struct parsing *p, const cJSON *document)
{
    const cJSON *list, *item;
    struct snapshot *s = p->snap;

    s->prompts = parsing_list(p, document, "prompts", sizeof(*s->prompts), &list);
    cJSON_ArrayForEach(item, list)
    {
        struct snap_prompt *prompt = &s->prompts[s->prompt_count++];
        prompt->center_id = row_id(item, "center_id");
        ROW_COPY(prompt->code, item, "code");
        ROW_COPY(prompt->path, item, "path");
        load_audio(p, prompt);
    }
}

/* --- calendars -------------------------------------------------------------------------------- */

void parse_calendars(struct parsing *p, const cJSON *document)
{
    const cJSON *list, *item;
    struct snapshot *s = p->snap;

    s->calendars = parsing_list(p, document, "calendars", sizeof(*s->calendars), &list);
    cJSON_ArrayForEach(item, list)
    {
        struct snap_calendar *calendar = &s->calendars[s->calendar_count];
        char *text = row_document(item);
        calendar->calendar = calloc(1, sizeof(*calendar->calendar));
        if (!text || !calendar->calendar ||
            calendar_parse(text, strlen(text), calendar->calendar, p->problems)) {
            text_addf(p->problems, "工作日历“%s”未生效。\n", row_text(item, "code"));
            free(calendar->calendar);
            calendar->calendar = NULL;
        } else {
            calendar->center_id = row_id(item, "center_id");
            ROW_COPY(calendar->code, item, "code");
            s->calendar_count++;
        }
        free(text);
    }
}

/* --- flows ------------------------------------------------------------------------------------ */

struct names_of {
    const struct snapshot *snap;
    int32_t center_id;
};

static bool has_prompt(const char *code, void *arg)
{
    const struct names_of *names = arg;

    return snap_find(&names->snap->by_prompt, names->center_id, code) != SIZE_MAX ||
           snap_find(&names->snap->by_prompt, 0, code) != SIZE_MAX;
}

static bool has_queue(const char *code, void *arg)
{
    const struct names_of *names = arg;

    return snap_find(&names->snap->by_queue, names->center_id, code) != SIZE_MAX;
}

static bool has_calendar(const char *code, void *arg)
{
    const struct names_of *names = arg;

    return snap_find(&names->snap->by_calendar, names->center_id, code) != SIZE_MAX;
}

static void parse_flow(struct parsing *p, const cJSON *item)
{
    struct dir_flow *flow = &p->snap->flows[p->snap->flow_count++];
    struct names_of of = {p->snap, row_id(item, "center_id")};
    struct ivr_names names = {has_prompt, has_queue, has_calendar, &of};
    char *text = row_document(item);

    flow->id = row_id(item, "id");
    flow->center_id = of.center_id;
    flow->version = row_id(item, "version");
    ROW_COPY(flow->code, item, "code");
    ROW_COPY(flow->name, item, "name");
    if (!text || ivr_flow_parse(text, strlen(text), &names, &flow->flow, p->problems)) {
        flow->flow = NULL;
        text_addf(p->problems, "语音流程“%s”（中心 %d，版本 %d）未生效，继续使用原版本。\n",
                  flow->code, flow->center_id, flow->version);
    }
    free(text);
}

void parse_flows(struct parsing *p, const cJSON *document)
{
    const cJSON *list, *item;

    p->snap->flows = parsing_list(p, document, "flows", sizeof(*p->snap->flows), &list);
    cJSON_ArrayForEach(item, list) parse_flow(p, item);
}

/* The small flow is made by the database from the settings (survey_flow()). */
static void parse_survey(struct parsing *p, const cJSON *item)
{
    struct dir_survey *survey = &p->snap->surveys[p->snap->survey_count++];
    char *text = row_document(item);
    const cJSON *level;

    survey->center_id = row_id(item, "center_id");
    survey->automatic = row_bool(item, "automatic");
    cJSON_ArrayForEach(level, cJSON_GetObjectItemCaseSensitive(item, "levels"))
    {
        int64_t at = row_int(level, "level");
        if (at >= 1 && at <= DIR_SURVEY_LEVELS)
            ROW_COPY(survey->names[at - 1], level, "name");
    }
    if (!text || ivr_flow_parse(text, strlen(text), NULL, &survey->flow, p->problems)) {
        survey->flow = NULL;
        text_addf(p->problems, "满意度调查（中心 %d）未生效。\n", survey->center_id);
    }
    free(text);
}

void parse_surveys(struct parsing *p, const cJSON *document)
{
    const cJSON *list, *item;

    if (!cJSON_GetObjectItemCaseSensitive(document, "surveys"))
        return; /* kept by a version before this one */
    p->snap->surveys = parsing_list(p, document, "surveys", sizeof(*p->snap->surveys), &list);
    cJSON_ArrayForEach(item, list) parse_survey(p, item);
}
