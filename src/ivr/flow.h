/* Private to ivr: a parsed flow. Nodes are found by index; texts live in the flow. */
#ifndef IVR_FLOW_H
#define IVR_FLOW_H

#include <hotlined/ivr.h>

#define NO_NODE   IVR_NO_NODE
#define GOTO_BACK 0xfffe   /* "@back" */
#define GOTO_MAIN IVR_MAIN /* "@main" */
#define KEY_COUNT 12       /* 0-9 * # */
#define LIST_MAX  16

enum node_type {
    NODE_PLAY,
    NODE_MENU,
    NODE_COLLECT,
    NODE_HOURS,
    NODE_CONDITION,
    NODE_QUEUE,
    NODE_HANGUP,
    NODE_GOTO,
    NODE_SAY,
    NODE_SURVEY,
    NODE_AGENT,    /* a queue, too */
    NODE_EXTERNAL, /* from here on: tasks, in the order of their commands */
    NODE_VOICEMAIL,
    NODE_CALLBACK,
    NODE_BOT,
    NODE_QUERY
};

static inline bool node_is_task(enum node_type type)
{
    return type >= NODE_EXTERNAL;
}

enum say_as { SAY_DIGITS, SAY_NUMBER, SAY_AMOUNT };

enum test_kind { TEST_EQUALS, TEST_IN, TEST_STARTS_WITH, TEST_IS_SET };

struct node {
    char id[IVR_NAME_SIZE];
    char name[IVR_NAME_SIZE]; /* for people; id when none was given */
    enum node_type type;
    char prompt[IVR_NAME_SIZE];   /* "" = none */
    char invalid[IVR_NAME_SIZE];  /* prompt after a wrong key */
    char no_input[IVR_NAME_SIZE]; /* prompt after silence */
    char text[IVR_NAME_SIZE];     /* calendar, queue code, hang-up reason, variable; of a task what
                                     it is for: number, box, connector */
    char music[IVR_NAME_SIZE];
    char suffix[IVR_NAME_SIZE]; /* say: the prompt after it */
    bool from_variable;         /* agent, external: the number is in the variable of that name */
    char data[IVR_DATA_SIZE];   /* external; agent: his number, or the variable */
    enum say_as say_as;
    struct ivr_pairs send, take;           /* query */
    uint8_t levels[KEY_COUNT];             /* survey: 0 = no key */
    uint16_t answers[IVR_ANSWERS];         /* tasks, agent */
    char values[LIST_MAX][IVR_VALUE_SIZE]; /* condition */
    uint8_t value_count;
    enum test_kind test;
    bool interruptible;
    uint32_t timeout_ms;
    uint8_t retries, min, max;
    char end_key;
    int32_t priority;
    uint16_t keys[KEY_COUNT]; /* NO_NODE, GOTO_BACK, GOTO_MAIN or an index */
    uint16_t next;            /* next, open, yes, target */
    uint16_t other;           /* closed, no, failed */
    uint16_t on_wait_over, on_no_agent, on_full;
};

struct ivr_flow {
    unsigned references;
    uint16_t entry, node_count;
    struct node nodes[];
};

int key_index(char key); /* 0-9 * # -> 0..11, else -1 */
const char *node_type_name(enum node_type type);

/* say.c: the prompts that speak a value, at most max; 0 = nothing can be said of it. */
unsigned say_value(enum say_as as, const char *value, const char **out, unsigned max);
/* Every prompt such a value may need, NULL at the end. */
const char *const *say_prompts(enum say_as as);

#endif
