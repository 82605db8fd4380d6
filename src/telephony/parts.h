/* Private to telephony: what a call and an agent are made of.
 *
 * Each part is what one feature remembers of a call; the file named beside it is the feature. Parts
 * are flat: numbers, ids and short texts, nothing owned. */
#ifndef TELEPHONY_PARTS_H
#define TELEPHONY_PARTS_H

#include <stdbool.h>
#include <stdint.h>

#include <hotlined/acd.h>
#include <hotlined/id.h>
#include <hotlined/ivr.h>
#include <hotlined/media.h>
#include <hotlined/slots.h>
#include <hotlined/stage.h>

#define CALL_KEYS 40 /* key presses kept for the page; all of them are facts */

struct call_key { /* one press, for the page */
    char menu[IVR_NAME_SIZE];
    char key;
    uint8_t result; /* enum ivr_key_result */
    int64_t at_ms;  /* wall */
};

/* One agent's talk with somebody in a call. */
struct talk {
    struct uuid id;
    int32_t user_id;
    const char *kind;      /* a constant of facts.md */
    bool open;             /* told by a fact, not yet ended */
    int64_t began_ms;      /* wall */
    uint64_t at;           /* monotonic */
    int64_t hold_ms;       /* finished holds in it */
    const char *passed_to; /* "queue", "agent", "outside" when it ends by passing the caller on */
    int32_t passed_id;     /* of the queue or the agent */
    bool joined;           /* of whoever was asked: three talked */
};

/* Somebody asked by the agent who has the call: 磋商. */
struct consult {
    int32_t by;        /* 0 = nobody is asked */
    int32_t user_id;   /* the colleague; 0 = somebody outside: call->reach */
    acd_offer_t offer; /* while the colleague rings */
    bool joined;      /* 三方: he talks with the other side, too, or will as soon as he answers */
    bool help;        /* 求助 */
    struct talk talk; /* the colleague's */
};

/* The caller is passed on without asking first: 盲转. */
struct pass {
    int32_t by;        /* the agent who did; 0 = it is not passed on */
    int32_t user_id;   /* the agent who rings; 0 = somebody outside: call->reach */
    acd_offer_t offer; /* of that agent */
    bool back;         /* nobody took it: it rings at who passed it on */
};

enum reach_purpose {
    REACH_NONE,
    REACH_CONSULT, /* an agent asks him */
    REACH_PASS,    /* an agent passes the far one on to him */
    REACH_FLOW     /* the flow connects the far one with him */
};

/* The second one outside in a call: reach.c. */
struct reach {
    enum reach_purpose purpose;
    handle_t leg;
    int32_t by; /* the agent who asked for it; 0 = the flow */
    struct uuid id;
    bool record;       /* the talk of the two outside */
    bool help;         /* REACH_CONSULT: 求助 */
    int32_t to_center; /* who takes it there; 0 = somebody with a number */
    bool answered, joined;
    bool passed; /* they talked without an agent */
    bool bot;    /* he is one: bot.c */
    int64_t since_ms, answered_ms;
    uint64_t at;     /* monotonic, of the answer */
    const char *why; /* when we ended it: a constant of facts.md */
};

/* What is wanted of the recording: record.c. */
struct record_wish {
    uint8_t rule;       /* enum dir_recording, as it was when the talk began */
    bool demanded;      /* on demand: somebody has begun it */
    bool not_aside;     /* what colleagues say beside the call is left out */
    int64_t paused_ms;  /* wall */
    uint64_t paused_at; /* monotonic; 0 = it is not paused */
};

/* A caller who is asked for a message: voicemail.c. */
enum message_step {
    MESSAGE_NONE,
    MESSAGE_OFF,    /* hears that there is no such thing */
    MESSAGE_PROMPT, /* hears what to do */
    MESSAGE_BEEP,
    MESSAGE_SPEAKING,
    MESSAGE_KEPT /* the file is being closed: then it is known whether he said something */
};
struct message {
    uint8_t step;  /* enum message_step */
    uint8_t scene; /* enum dir_scene */
    uint32_t max_ms;
};

/* Why the call is in a flow again, or beside its talk: errand.c. */
enum errand_mode { ERRAND_NONE, ERRAND_RELEASE, ERRAND_SURVEY, ERRAND_SUSPEND };

struct errand {
    uint8_t mode;    /* enum errand_mode */
    int32_t user_id; /* who sent him, out of this talk */
    struct uuid talk;
    int64_t since_ms;           /* wall */
    char target[IVR_NAME_SIZE]; /* for people */
    struct ivr_run before;      /* SUSPEND: where the call's own flow stands, and which it is */
    int32_t flow_id, flow_version;
};

/* Something is said to the far one for its agent, or keys are asked of it: said.c. */
enum said_state {
    SAID_NOTHING,
    SAID_OPEN, /* an errand of its own */
    SAID_DONE,
    SAID_NO_KEYS, /* asked, and not enough came */
    SAID_ENDED    /* taken back, or somebody hung up */
};

struct said {
    uint32_t task; /* of the call, counts up */
    uint8_t state; /* enum said_state */
    bool asks;     /* for keys */
    char digits[IVR_VALUE_SIZE];
};

/* What the caller said of the service during a visit to a flow. */
struct surveyed {
    int64_t asked_ms; /* wall; 0 = not asked */
    uint8_t level;    /* 0 = no answer: 未评价 */
};

/* The voice bot the caller is with, or was: bot.c. */
struct bot_visit {
    int32_t peer_id;    /* 0 = not with one now */
    const char *result; /* a constant of facts.md; NULL = never was with one */
    uint32_t rounds;
    char intent[64], summary[200]; /* as it said */
};

/* What media was told of the stage: scene.c. */
struct scene_done {
    handle_t media[STAGE_PARTIES]; /* in the room, by index of the stage */
    struct stage_plan plan;
    struct media_tracks tracks;
};

#endif
