/* The runner: one event in, commands out, until the flow waits for something or ends. */
#include <errno.h>
#include <string.h>

#include <hotlined/text.h>

#include "ivr/flow.h"

#define MAX_PASSED 1000  /* nodes passed in one event: more is a flow gone mad */
#define MAX_STEPS  10000 /* nodes passed in one call: for instance a circle of prompts not there */

struct step {
    const struct ivr_flow *flow;
    struct ivr_run *run;
    const struct ivr_world *world;
    int64_t wall_ms;
    struct ivr_out *out;
    unsigned passed;
};

static void go_to(struct step *s, uint16_t at);
static void menu_digit(struct step *s, char digit);
static void collect_digit(struct step *s, char digit);

static void survey_digit(struct step *s, char digit);

static const struct node *here(const struct step *s)
{
    return &s->flow->nodes[s->run->node];
}

static struct ivr_command *say(struct step *s, enum ivr_command_kind kind)
{
    static struct ivr_command overflow; /* never reached: a step says a handful of things */
    struct ivr_command *command =
        s->out->count < IVR_MAX_COMMANDS ? &s->out->commands[s->out->count++] : &overflow;

    memset(command, 0, sizeof(*command));
    command->kind = kind;
    return command;
}

static void say_play(struct step *s, const char *prompt)
{
    say(s, IVR_PLAY)->name = prompt;
}

static void say_timer(struct step *s, uint32_t ms)
{
    say(s, IVR_TIMER)->ms = ms;
}

static void say_key(struct step *s, char key, enum ivr_key_result result)
{
    struct ivr_command *command = say(s, IVR_KEY);

    command->node = here(s)->id;
    command->title = here(s)->name;
    command->key = key;
    command->result = result;
    command->seq = ++s->run->key_seq;
}

/* --- variables ------------------------------------------------------------------------------ */

int ivr_set_variable(struct ivr_run *run, const char *name, const char *value)
{
    struct ivr_variable *variable = NULL;

    for (unsigned i = 0; i < run->variable_count; i++)
        if (strcmp(run->variables[i].name, name) == 0)
            variable = &run->variables[i];
    if (!variable && run->variable_count == IVR_VARIABLES)
        return -ENOSPC;
    if (!variable)
        variable = &run->variables[run->variable_count++];
    text_copy(variable->name, sizeof(variable->name), name);
    text_copy(variable->value, sizeof(variable->value), value);
    return 0;
}

const char *ivr_variable(const struct ivr_run *run, const char *name)
{
    for (unsigned i = 0; i < run->variable_count; i++)
        if (strcmp(run->variables[i].name, name) == 0)
            return run->variables[i].value;
    return NULL;
}

bool ivr_variable_is_given(const char *name)
{
    static const char *const given[] = {"caller_no", "caller_city", "called_no", "source"};

    for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++)
        if (strcmp(given[i], name) == 0)
            return true;
    return false;
}

static bool condition_holds(const struct node *node, const struct ivr_run *run)
{
    const char *value = ivr_variable(run, node->text);

    if (node->test == TEST_IS_SET || !value)
        return value && value[0];
    for (unsigned i = 0; i < node->value_count; i++) {
        bool same = node->test == TEST_STARTS_WITH
                        ? strncmp(value, node->values[i], strlen(node->values[i])) == 0
                        : strcmp(value, node->values[i]) == 0;
        if (same)
            return true;
    }
    return false;
}

/* --- nodes ---------------------------------------------------------------------------------- */

static void end(struct step *s, const char *reason)
{
    s->run->state = IVR_ENDED;
    say_timer(s, 0);
    say(s, IVR_HANGUP)->name = reason;
}

static void end_input(struct step *s)
{
    s->run->digit_count = 0;
    s->run->digits[0] = 0;
    s->run->tries = 0;
}

/* Begins listening: the prompt plays, keys may interrupt it, the clock starts when it is over. */
static void listen(struct step *s, const char *prompt)
{
    s->run->state = here(s)->type == NODE_COLLECT ? IVR_COLLECT : IVR_MENU;
    say_timer(s, 0);
    say_play(s, prompt);
}

/* Keys typed before the question was asked are its answer: who knows the menu need not listen. */
static bool take_ahead(struct step *s)
{
    struct ivr_run *run = s->run;
    uint16_t node = run->node;

    if (!run->ahead_count)
        return false;
    run->state = here(s)->type == NODE_MENU ? IVR_MENU : IVR_COLLECT;
    while (run->ahead_count && run->node == node &&
           (run->state == IVR_MENU || run->state == IVR_COLLECT)) {
        char key = run->ahead[0];
        memmove(run->ahead, run->ahead + 1, --run->ahead_count);
        if (run->state == IVR_MENU) {
            menu_digit(s, key);
            return true;
        }
        collect_digit(s, key);
    }
    return true;
}

static void keep_ahead(struct ivr_run *run, char digit)
{
    if (run->ahead_count < IVR_AHEAD)
        run->ahead[run->ahead_count++] = digit;
}

static void enter_menu(struct step *s)
{
    struct ivr_run *run = s->run;

    /* Coming back to a menu of the path shortens the path; a new one lengthens it. */
    unsigned at = 0;

    while (at < run->depth && run->menus[at] != run->node)
        at++;
    if (at == IVR_MAX_DEPTH) { /* the oldest but the main menu is forgotten */
        memmove(&run->menus[1], &run->menus[2], (IVR_MAX_DEPTH - 2) * sizeof(run->menus[0]));
        at--;
    }
    run->menus[at] = run->node;
    run->depth = (uint8_t)(at + 1);
    end_input(s);
    if (!take_ahead(s))
        listen(s, here(s)->prompt);
}

/* A number nobody typed is nobody's. */
static void for_one_agent(struct step *s, struct ivr_command *command)
{
    const struct node *node = here(s);
    const char *value = node->from_variable ? ivr_variable(s->run, node->data) : node->data;

    command->data = value ? value : "";
    command->ms = node->timeout_ms;
    command->off_leaves = node->answers[IVR_OFF] != NO_NODE;
    command->no_answer_leaves = node->answers[IVR_NO_ANSWER] != NO_NODE;
}

static void ask_for_queue(struct step *s)
{
    struct ivr_command *command;

    s->run->state = IVR_QUEUED;
    s->run->ahead_count = 0; /* meant for a menu that never came */
    say_timer(s, 0);
    command = say(s, IVR_ENQUEUE);
    command->name = here(s)->text;
    command->music = here(s)->music[0] ? here(s)->music : NULL;
    command->priority = here(s)->priority;
    if (here(s)->type == NODE_AGENT)
        for_one_agent(s, command);
}

static void play(struct step *s, const char *prompt)
{
    s->run->state = IVR_PLAYING;
    say_timer(s, 0);
    say_play(s, prompt);
}

static void enter_queue(struct step *s)
{
    if (here(s)->prompt[0])
        play(s, here(s)->prompt);
    else
        ask_for_queue(s);
}

/* Somebody else carries the task out; its answer says where the call goes on. */
static void ask_for_task(struct step *s)
{
    const struct node *node = here(s);
    const char *value = node->from_variable ? ivr_variable(s->run, node->text) : node->text;
    struct ivr_command *command;

    s->run->state = IVR_AWAY;
    s->run->ahead_count = 0;
    say_timer(s, 0);
    command = say(s, IVR_EXTERNAL + (node->type - NODE_EXTERNAL));
    command->name = value ? value : "";
    command->music = node->music[0] ? node->music : NULL;
    command->data = node->data;
    command->ms = node->timeout_ms;
    command->send = &node->send;
    command->take = &node->take;
}

static void enter_task(struct step *s)
{
    if (here(s)->prompt[0])
        play(s, here(s)->prompt);
    else
        ask_for_task(s);
}

/* Asked anew each time: keys typed before were not meant for this question. */
static void enter_survey(struct step *s)
{
    end_input(s);
    s->run->ahead_count = 0;
    say(s, IVR_SURVEY);
    listen(s, here(s)->prompt);
}

/* A value nobody set, or without anything to say, is passed over. */
static void enter_say(struct step *s)
{
    const struct node *node = here(s);
    const char *value = ivr_variable(s->run, node->text);
    struct ivr_out *out = s->out;
    unsigned n = 0;

    if (node->prompt[0])
        out->prompts[n++] = node->prompt;
    n += say_value(node->say_as, value ? value : "", out->prompts + n, IVR_SAY_MAX - n - 1);
    if (node->suffix[0])
        out->prompts[n++] = node->suffix;
    out->prompt_count = n;
    if (!n) {
        go_to(s, node->next);
        return;
    }
    s->run->state = IVR_PLAYING;
    say_timer(s, 0);
    say(s, IVR_SAY);
}

static void enter_hangup(struct step *s)
{
    if (here(s)->prompt[0])
        play(s, here(s)->prompt);
    else
        end(s, here(s)->text);
}

static void go_to(struct step *s, uint16_t at)
{
    const struct calendar *calendar;

    s->run->node = at;
    s->run->steps++;
    if (++s->passed > MAX_PASSED || s->run->steps > MAX_STEPS) {
        end(s, "error");
        return;
    }
    if (s->world->on_node)
        s->world->on_node(at, s->world->arg);
    switch (here(s)->type) {
    case NODE_PLAY:
        play(s, here(s)->prompt);
        return;
    case NODE_SAY:
        enter_say(s);
        return;
    case NODE_SURVEY:
        enter_survey(s);
        return;
    case NODE_MENU:
        enter_menu(s);
        return;
    case NODE_COLLECT:
        end_input(s);
        if (!take_ahead(s))
            listen(s, here(s)->prompt);
        return;
    case NODE_HOURS:
        calendar = s->world->calendar ? s->world->calendar(here(s)->text, s->world->arg) : NULL;
        go_to(s,
              calendar && calendar_is_open(calendar, s->wall_ms) ? here(s)->next : here(s)->other);
        return;
    case NODE_CONDITION:
        go_to(s, condition_holds(here(s), s->run) ? here(s)->next : here(s)->other);
        return;
    case NODE_QUEUE:
    case NODE_AGENT:
        enter_queue(s);
        return;
    case NODE_HANGUP:
        enter_hangup(s);
        return;
    case NODE_GOTO:
        go_to(s, here(s)->next);
        return;
    case NODE_EXTERNAL:
    case NODE_VOICEMAIL:
    case NODE_CALLBACK:
    case NODE_BOT:
    case NODE_QUERY:
        enter_task(s);
        return;
    }
}

/* --- input ---------------------------------------------------------------------------------- */

static void go_to_key(struct step *s, uint16_t target)
{
    struct ivr_run *run = s->run;

    if (target == GOTO_MAIN) {
        run->depth = 1;
        target = run->menus[0];
    } else if (target == GOTO_BACK) {
        if (run->depth > 1)
            run->depth--;
        target = run->menus[run->depth - 1];
    }
    go_to(s, target);
}

/* Wrong or missing input: said, asked again, and after the retries the failed target. */
static void input_failed(struct step *s, const char *hint)
{
    struct ivr_run *run = s->run;

    run->digit_count = 0;
    run->ahead_count = 0; /* one wrong, and what was to follow means nothing */
    if (++run->tries > here(s)->retries) {
        end_input(s);
        go_to(s, here(s)->other);
        return;
    }
    if (hint[0]) { /* the hint alone now; the prompt follows when it was heard */
        play(s, hint);
        return;
    }
    listen(s, here(s)->prompt);
}

static void menu_digit(struct step *s, char digit)
{
    int at = key_index(digit);
    uint16_t target = at < 0 ? NO_NODE : here(s)->keys[at];

    say(s, IVR_STOP_PLAY);
    say_key(s, digit, target == NO_NODE ? IVR_KEY_INVALID : IVR_KEY_OK);
    if (target == NO_NODE)
        input_failed(s, here(s)->invalid);
    else
        go_to_key(s, target);
}

static void survey_digit(struct step *s, char digit)
{
    uint8_t level = here(s)->levels[key_index(digit)];

    say(s, IVR_STOP_PLAY);
    say_key(s, digit, level ? IVR_KEY_OK : IVR_KEY_INVALID);
    if (!level) {
        input_failed(s, here(s)->invalid);
        return;
    }
    say(s, IVR_SURVEY)->level = level;
    end_input(s);
    go_to(s, here(s)->next);
}

static void collected(struct step *s)
{
    struct ivr_run *run = s->run;
    char value[IVR_VALUE_SIZE];

    memcpy(value, run->digits, run->digit_count);
    value[run->digit_count] = 0;
    if (run->digit_count < here(s)->min) {
        input_failed(s, here(s)->invalid);
        return;
    }
    (void)ivr_set_variable(run, here(s)->text, value); /* full: the value is in the key facts */
    end_input(s);
    go_to(s, here(s)->next);
}

static void collect_digit(struct step *s, char digit)
{
    struct ivr_run *run = s->run;
    bool last = digit == here(s)->end_key;

    if (!run->digit_count)
        say(s, IVR_STOP_PLAY);
    say_key(s, digit, IVR_KEY_OK);
    if (!last && run->digit_count < IVR_VALUE_SIZE - 1)
        run->digits[run->digit_count++] = digit;
    if (last || run->digit_count == here(s)->max)
        collected(s);
    else
        say_timer(s, here(s)->timeout_ms);
}

static void answer_digit(struct step *s, char digit)
{
    if (here(s)->type == NODE_MENU)
        menu_digit(s, digit);
    else if (here(s)->type == NODE_SURVEY)
        survey_digit(s, digit);
    else
        collect_digit(s, digit);
}

static void on_digit(struct step *s, char digit)
{
    if (key_index(digit) < 0)
        return; /* A-D of old phones */
    switch (s->run->state) {
    case IVR_MENU:
    case IVR_COLLECT:
        answer_digit(s, digit);
        return;
    case IVR_PLAYING:
        if (here(s)->type == NODE_MENU || here(s)->type == NODE_SURVEY) {
            s->run->state = IVR_MENU; /* a hint is playing: the key is for its menu */
            answer_digit(s, digit);
        } else if (here(s)->type == NODE_COLLECT) {
            s->run->state = IVR_COLLECT;
            answer_digit(s, digit);
        } else if (here(s)->type == NODE_PLAY || here(s)->type == NODE_SAY) {
            keep_ahead(s->run, digit);
            if (here(s)->interruptible) {
                say(s, IVR_STOP_PLAY);
                go_to(s, here(s)->next);
            }
        }
        return;
    default:
        return;
    }
}

static void on_play_done(struct step *s)
{
    switch (s->run->state) {
    case IVR_MENU:
    case IVR_COLLECT:
        say_timer(s, here(s)->timeout_ms);
        return;
    case IVR_PLAYING:
        if (here(s)->type == NODE_PLAY || here(s)->type == NODE_SAY)
            go_to(s, here(s)->next);
        else if (here(s)->type == NODE_QUEUE || here(s)->type == NODE_AGENT)
            ask_for_queue(s);
        else if (node_is_task(here(s)->type))
            ask_for_task(s);
        else if (here(s)->type == NODE_HANGUP)
            end(s, here(s)->text);
        else
            listen(s, here(s)->prompt); /* a hint was heard */
        return;
    default:
        return;
    }
}

static void on_timer(struct step *s)
{
    if (s->run->state == IVR_COLLECT && s->run->digit_count >= here(s)->min) {
        collected(s);
        return;
    }
    if (s->run->state != IVR_MENU && s->run->state != IVR_COLLECT)
        return;
    say_key(s, 0, IVR_KEY_NO_INPUT);
    input_failed(s, here(s)->no_input);
}

static void on_queue_answer(struct step *s, uint16_t target)
{
    if (s->run->state == IVR_QUEUED)
        go_to(s, target);
}

/* A node that has no such branch goes on by the nearest one it has. */
static void on_answer(struct step *s, enum ivr_answer answer)
{
    static const enum ivr_answer nearest[] = {IVR_FAILED, IVR_OFF, IVR_NEXT};
    uint16_t target;

    if ((unsigned)answer >= IVR_ANSWERS)
        return;
    target = here(s)->answers[answer];
    if (s->run->state == IVR_QUEUED && target != NO_NODE) { /* of an agent alone */
        go_to(s, target);
        return;
    }
    if (s->run->state != IVR_AWAY)
        return;
    for (size_t i = 0; target == NO_NODE && i < sizeof(nearest) / sizeof(nearest[0]); i++)
        target = here(s)->answers[nearest[i]];
    go_to(s, target); /* every task has one of them */
}

/* The call comes back from a talk, or into another flow. */
static void on_enter(struct step *s, uint16_t node)
{
    struct ivr_run *run = s->run;

    if (node == IVR_MAIN)
        node = run->depth ? run->menus[0] : s->flow->entry;
    if (node >= s->flow->node_count)
        node = s->flow->entry;
    end_input(s);
    run->ahead_count = 0;
    go_to(s, node);
}

void ivr_step(const struct ivr_flow *flow, struct ivr_run *run, const struct ivr_world *world,
              const struct ivr_event *event, struct ivr_out *out)
{
    struct step s = {flow, run, world, event->wall_ms, out, 0};

    out->count = out->prompt_count = 0;
    switch (event->kind) {
    case IVR_EV_START:
        if (run->state == IVR_IDLE)
            go_to(&s, flow->entry);
        return;
    case IVR_EV_DIGIT:
        on_digit(&s, event->digit);
        return;
    case IVR_EV_PLAY_DONE:
        on_play_done(&s);
        return;
    case IVR_EV_TIMER:
        on_timer(&s);
        return;
    case IVR_EV_QUEUE_FULL:
        on_queue_answer(&s, here(&s)->on_full);
        return;
    case IVR_EV_QUEUE_NO_AGENT:
        on_queue_answer(&s, here(&s)->on_no_agent);
        return;
    case IVR_EV_WAIT_OVER:
        on_queue_answer(&s, here(&s)->on_wait_over);
        return;
    case IVR_EV_ANSWER:
        on_answer(&s, event->answer);
        return;
    case IVR_EV_ENTER:
        on_enter(&s, event->node);
        return;
    }
}
