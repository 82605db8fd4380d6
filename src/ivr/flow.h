/* Private to ivr: a parsed flow. Nodes are found by index; texts live in the flow. */
#ifndef IVR_FLOW_H
#define IVR_FLOW_H

#include <hotlined/ivr.h>

#define NO_NODE   UINT16_MAX
#define GOTO_BACK 0xfffe /* "@back" */
#define GOTO_MAIN 0xfffd /* "@main" */
#define KEY_COUNT 12     /* 0-9 * # */
#define LIST_MAX  16

enum node_type {
    NODE_PLAY,
    NODE_MENU,
    NODE_COLLECT,
    NODE_HOURS,
    NODE_CONDITION,
    NODE_QUEUE,
    NODE_HANGUP,
    NODE_GOTO
};

enum test_kind { TEST_EQUALS, TEST_IN, TEST_STARTS_WITH, TEST_IS_SET };

struct node {
    char id[IVR_NAME_SIZE];
    char name[IVR_NAME_SIZE]; /* for people; id when none was given */
    enum node_type type;
    char prompt[IVR_NAME_SIZE];   /* "" = none */
    char invalid[IVR_NAME_SIZE];  /* prompt after a wrong key */
    char no_input[IVR_NAME_SIZE]; /* prompt after silence */
    char text[IVR_NAME_SIZE];     /* calendar, queue code, hang-up reason, variable */
    char music[IVR_NAME_SIZE];
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

#endif
