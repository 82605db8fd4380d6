/* A conversation with a flow, for the tests of its nodes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ivr_talk.h"

struct ivr_flow *flow;
struct ivr_run run;
struct ivr_out out;
struct calendar office;
int64_t wall_ms;

/* --- a conversation ------------------------------------------------------------------------- */

static const struct calendar *calendar_of(const char *code, void *arg)
{
    (void)arg;
    return strcmp(code, "office") == 0 ? &office : NULL;
}

int parse(const char *json, struct text *problems)
{
    return ivr_flow_parse(json, strlen(json), NULL, &flow, problems);
}

void load(const char *json)
{
    struct text problems = {0};

    if (parse(json, &problems))
        fail_msg("%s", problems.data);
    text_done(&problems);
    memset(&run, 0, sizeof(run));
}

int tear_down(void **state)
{
    (void)state;
    ivr_flow_unref(flow);
    flow = NULL;
    return 0;
}

static void run_event(const struct ivr_event *event)
{
    static const struct ivr_world world = {.calendar = calendar_of};

    ivr_step(flow, &run, &world, event, &out);
}

void step(enum ivr_event_kind kind, char digit)
{
    struct ivr_event event = {.kind = kind, .digit = digit, .wall_ms = wall_ms};

    run_event(&event);
}

void answer(enum ivr_answer what)
{
    struct ivr_event event = {.kind = IVR_EV_ANSWER, .answer = what, .wall_ms = wall_ms};

    run_event(&event);
}

void enter(uint16_t node)
{
    struct ivr_event event = {.kind = IVR_EV_ENTER, .node = node, .wall_ms = wall_ms};

    run_event(&event);
}

static void put_prompts(char *to, size_t room)
{
    for (unsigned i = 0; i < out.prompt_count; i++) {
        size_t length = strlen(to);
        snprintf(to + length, room - length, "%s%s", i ? "+" : " say:", out.prompts[i]);
    }
}

/* What was said, shortly: "stop key:1:ok play:main timer:0 queue:q hangup:done". */
const char *said(void)
{
    static const char *const results[] = {"ok", "invalid", "none"};
    static char text[2000];
    size_t at = 0;

    text[0] = 0;
    for (unsigned i = 0; i < out.count; i++) {
        const struct ivr_command *c = &out.commands[i];
        char *to = text + at;
        size_t room = sizeof(text) - at;
        switch (c->kind) {
        case IVR_PLAY:
            snprintf(to, room, " play:%s", c->name);
            break;
        case IVR_STOP_PLAY:
            snprintf(to, room, " stop");
            break;
        case IVR_TIMER:
            if (c->ms)
                snprintf(to, room, " timer:%u", c->ms);
            break;
        case IVR_KEY:
            snprintf(to, room, " key:%c:%s", c->key ? c->key : '-', results[c->result]);
            break;
        case IVR_ENQUEUE:
            snprintf(to, room, " queue:%s:%d:%s", c->name, c->priority, c->music ? c->music : "-");
            if (c->data)
                snprintf(to + strlen(to), room - strlen(to), " agent:%s:%u:%d:%d", c->data, c->ms,
                         c->off_leaves, c->no_answer_leaves);
            break;
        case IVR_HANGUP:
            snprintf(to, room, " hangup:%s", c->name);
            break;
        case IVR_SAY:
            put_prompts(to, room);
            break;
        case IVR_SURVEY:
            snprintf(to, room, " survey:%d", c->level);
            break;
        case IVR_EXTERNAL:
            snprintf(to, room, " external:%s:%s", c->name, c->data);
            break;
        case IVR_VOICEMAIL:
            snprintf(to, room, " voicemail:%s:%u", c->name, c->ms);
            break;
        case IVR_CALLBACK:
            snprintf(to, room, " callback:%s", c->name);
            break;
        case IVR_BOT:
            snprintf(to, room, " bot");
            break;
        case IVR_QUERY:
            snprintf(to, room, " query:%s:%u:%u:%u", c->name, c->ms, c->send->count,
                     c->take->count);
            break;
        }
        at += strlen(to);
    }
    return text[0] ? text + 1 : text;
}

/* --- the checker ---------------------------------------------------------------------------- */

static bool known(const char *code, void *arg)
{
    (void)arg;
    return strcmp(code, "there") == 0;
}

/* The whole list of problems must be exactly this. */
void refuses(const char *json, const char *expected)
{
    static const struct ivr_names names = {known, known, known, NULL, known, known};
    struct text problems = {0};
    struct ivr_flow *none = NULL;
    int count = ivr_flow_parse(json, strlen(json), &names, &none, &problems), lines = 0;

    assert_null(none);
    assert_non_null(problems.data);
    assert_string_equal(problems.data, expected);
    for (const char *p = problems.data; *p; p++)
        lines += *p == '\n';
    assert_int_equal(count, lines);
    text_done(&problems);
}
