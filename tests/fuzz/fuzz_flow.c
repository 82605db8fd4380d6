/* Flows: what the checker lets through can be run. The first line of the input is the caller's
 * doings (keys, and p t f n w for played, time over, full, nobody, waited too long), the rest the
 * document. */
#include <stdlib.h>
#include <string.h>

#include <hotlined/ivr.h>
#include <hotlined/text.h>

#include "fuzz.h"
#include "ivr/flow.h"

static struct calendar office;

static bool has_name(const char *code, void *arg)
{
    (void)arg;
    MUST(code[0]);
    return strcmp(code, "missing") != 0;
}

static const struct calendar *calendar_of(const char *code, void *arg)
{
    (void)arg;
    return strcmp(code, "office") == 0 ? &office : NULL;
}

static void check_text(const char *text, size_t size)
{
    MUST(strnlen(text, size) < size);
}

static void check_flow(const struct ivr_flow *flow)
{
    MUST(flow->entry < flow->node_count && flow->node_count <= IVR_MAX_NODES);
    for (unsigned i = 0; i < flow->node_count; i++) {
        const struct node *node = &flow->nodes[i];
        const uint16_t targets[] = {node->next, node->other, node->on_wait_over, node->on_no_agent,
                                    node->on_full};
        check_text(node->id, sizeof(node->id));
        check_text(node->name, sizeof(node->name));
        check_text(node->prompt, sizeof(node->prompt));
        check_text(node->text, sizeof(node->text));
        check_text(node->music, sizeof(node->music));
        MUST(node->id[0] && node->name[0] && node->value_count <= LIST_MAX);
        for (size_t k = 0; k < 5; k++)
            MUST(targets[k] == NO_NODE || targets[k] < flow->node_count);
    }
}

static void check_commands(const struct ivr_run *run, const struct ivr_out *out)
{
    MUST(out->count <= IVR_MAX_COMMANDS);
    for (unsigned i = 0; i < out->count; i++) {
        const struct ivr_command *command = &out->commands[i];
        if (command->kind == IVR_PLAY || command->kind == IVR_ENQUEUE ||
            command->kind == IVR_HANGUP)
            MUST(command->name && command->name[0]);
        if (command->kind == IVR_KEY)
            MUST(command->node && command->title);
        if (command->kind == IVR_HANGUP)
            MUST(i + 1 == out->count && run->state == IVR_ENDED);
    }
    MUST(run->depth <= IVR_MAX_DEPTH && run->ahead_count <= IVR_AHEAD);
    MUST(run->digit_count < IVR_VALUE_SIZE && run->variable_count <= IVR_VARIABLES);
}

static struct ivr_event event_of(char doing, int64_t wall_ms)
{
    static const struct {
        char name;
        enum ivr_event_kind kind;
    } kinds[] = {{'p', IVR_EV_PLAY_DONE},  {'t', IVR_EV_TIMER},          {'s', IVR_EV_START},
                 {'f', IVR_EV_QUEUE_FULL}, {'n', IVR_EV_QUEUE_NO_AGENT}, {'w', IVR_EV_WAIT_OVER}};

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (kinds[i].name == doing)
            return (struct ivr_event){kinds[i].kind, 0, wall_ms};
    return (struct ivr_event){IVR_EV_DIGIT, doing, wall_ms};
}

static void run_flow(const struct ivr_flow *flow, const char *doings)
{
    static const struct ivr_world worlds[] = {{calendar_of, NULL}, {NULL, NULL}};
    struct ivr_run run = {0};
    struct ivr_out out;
    int64_t wall_ms = 1764000000000;

    MUST(ivr_set_variable(&run, "caller_no", "13877100001") == 0);
    MUST(ivr_set_variable(&run, "caller_city", "450100") == 0);
    MUST(ivr_set_variable(&run, "called_no", "12366") == 0);
    ivr_step(flow, &run, &worlds[0], &(struct ivr_event){IVR_EV_START, 0, wall_ms}, &out);
    check_commands(&run, &out);
    MUST(run.state != IVR_IDLE);
    for (; *doings; doings++) {
        struct ivr_event event = event_of(*doings, wall_ms);
        uint8_t state = run.state;

        wall_ms += 3600 * 1000;
        ivr_step(flow, &run, &worlds[*doings == '8'], &event, &out);
        check_commands(&run, &out);
        MUST(state != IVR_ENDED || (run.state == IVR_ENDED && out.count == 0));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct ivr_names names = {has_name, has_name, has_name, NULL};
    static const char hours[] = "{\"week\":{\"1\":[[\"09:00\",\"17:00\"]]}}";
    struct fuzz_in in = {data, size};
    char *doings = fuzz_line(&in);
    struct text problems = {0};
    struct ivr_flow *flow = NULL;
    int count;

    if (!doings)
        return 0;
    MUST(calendar_parse(hours, sizeof(hours) - 1, &office, &problems) == 0);
    count =
        ivr_flow_parse((const char *)in.at, in.left, size & 1 ? &names : NULL, &flow, &problems);
    MUST(count >= 0 && (count > 0) == (problems.length > 0));
    if (count == 0) {
        check_flow(flow);
        run_flow(flow, doings);
        MUST(ivr_flow_ref(flow) == flow);
        ivr_flow_unref(flow);
        ivr_flow_unref(flow);
    }
    text_done(&problems);
    free(doings);
    return 0;
}
