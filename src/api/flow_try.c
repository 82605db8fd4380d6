/* A flow tried by a caller who does not exist: the pure engine, told what the page's virtual caller
 * did, from the beginning each time. */
#include <stdio.h>
#include <string.h>

#include "api/flow_try.h"

#define PATH_MAX_NODES 1000

/* What the caller and the world around him may do. */
static const struct {
    const char *name;
    enum ivr_event_kind kind;
} plain_events[] = {
    {"key", IVR_EV_DIGIT},
    {"play_done", IVR_EV_PLAY_DONE},
    {"timeout", IVR_EV_TIMER},
    {"queue_full", IVR_EV_QUEUE_FULL},
    {"no_agent", IVR_EV_QUEUE_NO_AGENT},
    {"wait_over", IVR_EV_WAIT_OVER},
};

struct trying {
    struct api *api;
    const struct flow_try *wanted;
    const struct ivr_flow *flow;
    struct ivr_run run;
    struct ivr_out out;
    struct text *json;
    const char *event; /* that is being told */
    char key[2];
    unsigned passed;
    const char *prompts[IVR_SAY_MAX]; /* what is heard now */
    unsigned prompt_count;
    struct ivr_command task; /* the last queue or task that was asked for */
    uint32_t timer_ms;
    uint8_t level;   /* what a survey was told; 0 = nothing */
    const char *end; /* why it ended, NULL = it has not */
};

/* --- the path ------------------------------------------------------------------------------- */

static void add_field(struct text *json, char before, const char *name, const char *value)
{
    text_add_name(json, before, name);
    text_add_json(json, value);
}

static void add_node(struct text *json, char before, const struct ivr_node *node)
{
    add_field(json, before, "node", node->id);
    add_field(json, ',', "title", node->name);
    add_field(json, ',', "type", node->type);
}

static void on_node(uint16_t at, void *arg)
{
    struct trying *try = arg;
    struct ivr_node node;

    if (try->passed++ >= PATH_MAX_NODES || !ivr_flow_node(try->flow, at, &node))
        return;
    if (try->passed > 1)
        text_add(try->json, ",");
    add_node(try->json, '{', &node);
    add_field(try->json, ',', "event", try->event);
    add_field(try->json, ',', "key", try->key);
    text_add(try->json, "}");
}

static const struct calendar *calendar_of(const char *code, void *arg)
{
    const struct trying *try = arg;

    return directory_calendar(try->api->deps.directory, try->wanted->center_id, code);
}

/* --- events --------------------------------------------------------------------------------- */

static void take(struct trying *try, const struct ivr_command *command)
{
    switch (command->kind) {
    case IVR_PLAY:
        try->prompts[0] = command->name;
        try->prompt_count = 1;
        return;
    case IVR_SAY:
        memcpy(try->prompts, try->out.prompts, sizeof(try->prompts));
        try->prompt_count = try->out.prompt_count;
        return;
    case IVR_STOP_PLAY:
        try->prompt_count = 0;
        return;
    case IVR_TIMER:
        try->timer_ms = command->ms;
        return;
    case IVR_KEY:
        return;
    case IVR_SURVEY:
        try->level = command->level;
        return;
    case IVR_HANGUP:
        try->end = command->name;
        return;
    case IVR_ENQUEUE:
    case IVR_EXTERNAL:
    case IVR_VOICEMAIL:
    case IVR_CALLBACK:
    case IVR_BOT:
    case IVR_QUERY:
        try->task = *command;
        return;
    }
}

static void step(struct trying *try, struct ivr_event event)
{
    struct ivr_world world = {.calendar = calendar_of, .arg = try, .on_node = on_node};

    event.wall_ms = try->wanted->at_ms;
    ivr_step(try->flow, &try->run, &world, &event, &try->out);
    for (unsigned i = 0; i < try->out.count; i++)
        take(try, &try->out.commands[i]);
}

static const char *text_of(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

    return cJSON_IsString(item) ? item->valuestring : "";
}

static int plain_event(const char *kind)
{
    for (size_t i = 0; i < sizeof(plain_events) / sizeof(plain_events[0]); i++)
        if (strcmp(plain_events[i].name, kind) == 0)
            return (int)i;
    return -1;
}

static int answer_of(const char *kind)
{
    for (int i = 0; i < IVR_ANSWERS; i++)
        if (strcmp(ivr_answer_name((enum ivr_answer)i), kind) == 0)
            return i;
    return -1;
}

const char *flow_try_problem(const cJSON *events)
{
    const cJSON *event;

    if (!cJSON_IsArray(events))
        return "事件应为列表，从来电开始依次写";
    if (cJSON_GetArraySize(events) > FLOW_TRY_EVENTS)
        return "事件太多，一次试呼最多 500 个";
    cJSON_ArrayForEach(event, events)
    {
        const char *kind = text_of(event, "kind"), *key = text_of(event, "key");
        if (strcmp(kind, "key") == 0 && (strlen(key) != 1 || !strchr("0123456789*#", key[0])))
            return "按键事件的“key”应为 0 到 9、* 或 #";
        if (plain_event(kind) < 0 && answer_of(kind) < 0 && strcmp(kind, "answered") != 0 &&
            strcmp(kind, "hangup") != 0)
            return "有不认识的事件，可用：key、play_done、timeout、queue_full、no_agent、wait_"
                   "over、"
                   "answered、hangup，以及任务的各个分支名";
    }
    return NULL;
}

/* A query's answer brings values with it. */
static void take_variables(struct trying *try, const cJSON *event)
{
    const cJSON *value;

    cJSON_ArrayForEach(value, cJSON_GetObjectItemCaseSensitive(event, "variables"))
    {
        if (cJSON_IsString(value) && !ivr_variable_is_given(value->string))
            (void)ivr_set_variable(&try->run, value->string, value->valuestring);
    }
}

/* While a task is under way the names of its branches are meant, "timeout" among them. */
static void tell(struct trying *try, const cJSON *event)
{
    const char *kind = text_of(event, "kind");
    int plain = plain_event(kind), answer = answer_of(kind);

    try->event = kind;
    text_copy(try->key, sizeof(try->key), text_of(event, "key"));
    if (strcmp(kind, "hangup") == 0) {
        try->end = "caller";
    } else if (strcmp(kind, "answered") == 0) {
        if (try->run.state == IVR_QUEUED)
            try->end = "answered";
    } else if ((try->run.state == IVR_AWAY && answer >= 0) ||
               (try->run.state == IVR_QUEUED && (answer == IVR_OFF || answer == IVR_NO_ANSWER))) {
        take_variables(try, event);
        step(try, (struct ivr_event){.kind = IVR_EV_ANSWER, .answer = (enum ivr_answer)answer});
    } else if (plain >= 0) {
        if (plain_events[plain].kind == IVR_EV_PLAY_DONE)
            try->prompt_count = 0;
        step(try, (struct ivr_event){.kind = plain_events[plain].kind, .digit = try->key[0]});
    }
}

/* --- what is waited for --------------------------------------------------------------------- */

static const char *waits_for(const struct trying *try)
{
    static const char *const tasks[] = {"external", "voicemail", "callback", "bot", "http"};

    switch ((enum ivr_state)try->run.state) {
    case IVR_MENU:
        return "key";
    case IVR_COLLECT:
        return "digits";
    case IVR_QUEUED:
        return try->task.data ? "agent" : "queue";
    case IVR_AWAY:
        return tasks[try->task.kind - IVR_EXTERNAL];
    default:
        return "play";
    }
}

static void add_waits(const struct trying *try, struct text *json)
{
    bool is_task = try->run.state == IVR_QUEUED || try->run.state == IVR_AWAY;
    struct ivr_node node;

    if (try->end || !ivr_flow_node(try->flow, try->run.node, &node)) {
        text_add(json, "null");
        return;
    }
    add_field(json, '{', "kind", waits_for(try));
    add_node(json, ',', &node);
    add_field(json, ',', "prompt", try->prompt_count ? try->prompts[0] : "");
    text_add_name(json, ',', "prompts");
    text_add(json, "[");
    for (unsigned i = 0; i < try->prompt_count; i++) {
        text_add(json, i ? "," : "");
        text_add_json(json, try->prompts[i]);
    }
    text_add(json, "]");
    add_field(json, ',', "queue", is_task ? try->task.name : "");
    text_add_name(json, ',', "timeout_ms");
    text_add_int(json, is_task ? try->task.ms : try->timer_ms);
    text_add(json, "}");
}

static void add_variables(const struct trying *try, struct text *json)
{
    text_add(json, "{");
    for (unsigned i = 0; i < try->run.variable_count; i++) {
        if (i)
            text_add(json, ",");
        text_add_json(json, try->run.variables[i].name);
        text_add(json, ":");
        text_add_json(json, try->run.variables[i].value);
    }
    text_add(json, "}");
}

static void set_given(struct trying *try)
{
    const struct flow_try *wanted = try->wanted;
    struct dir_place place;

    directory_place(try->api->deps.directory, wanted->center_id, wanted->caller_no, &place);
    (void)ivr_set_variable(&try->run, "caller_no", place.number);
    (void)ivr_set_variable(&try->run, "caller_city", place.city_code);
    (void)ivr_set_variable(&try->run, "called_no", wanted->called_no);
    (void)ivr_set_variable(&try->run, "source", wanted->source);
}

void flow_try_run(struct api *api, const struct ivr_flow *flow, const struct flow_try *wanted,
                  struct text *json)
{
    struct trying try = {
        .api = api, .wanted = wanted, .flow = flow, .json = json, .event = "start"};
    const cJSON *event;

    set_given(&try);
    text_add(json, "\"path\":[");
    step(&try, (struct ivr_event){.kind = IVR_EV_START});
    cJSON_ArrayForEach(event, wanted->events)
    {
        if (!try.end)
            tell(&try, event);
    }
    text_add(json, "],\"waits\":");
    add_waits(&try, json);
    text_add(json, ",\"variables\":");
    add_variables(&try, json);
    text_add(json, ",\"survey_level\":");
    text_add_int(json, try.level);
    text_add(json, ",\"ended\":");
    if (try.end) {
        add_field(json, '{', "reason", try.end);
        text_add(json, "}");
    } else {
        text_add(json, "null");
    }
    text_add(json, try.passed > PATH_MAX_NODES ? ",\"truncated\":true" : ",\"truncated\":false");
}
