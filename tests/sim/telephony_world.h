/* A small region for src/telephony: virtual time, simulated devices, a directory and a journal.
 *
 * telephony_loop.c replaces base/loop.c and base/log.c, telephony_sip.c and
 * telephony_media.c the devices, telephony_office.c the directory, telephony_journal.c the outbox
 * and keeps the books, telephony_check.c and telephony_check_calls.c hold the invariants,
 * telephony_events.c what may happen (telephony_outside.c and telephony_agents.c do it),
 * telephony_schedule.c long lists of it: chosen, run, shortened and told. There is one world at a
 * time; everything that is wrong ends in world_fail() with the story of what led to it. */
#ifndef TELEPHONY_WORLD_H
#define TELEPHONY_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include <hotlined/access.h>
#include <hotlined/directory.h>
#include <hotlined/loop.h>
#include <hotlined/media.h>
#include <hotlined/sip.h>
#include <hotlined/telephony.h>

#define W_MAX_CENTERS 15
#define W_MAX_QUEUES  (2 * W_MAX_CENTERS + 1) /* two for each, one more that comes and goes */
#define W_MAX_AGENTS  300
#define W_MAX_CALLERS 3000
#define W_TRUNKS      3 /* the last one leads to the voice bot */
#define W_LISTED      8
#define W_FACTS       512 /* the last ones are kept for the stories */

struct w_size {
    unsigned centers, agents, callers;
    unsigned calls; /* telephony's own limit */
};
#define W_SMALL ((struct w_size){3, 12, 24, 16})

enum w_sip_state { W_INVITED, W_ANSWERED, W_UP, W_CALLING, W_LEAVING };

struct w_sip_leg {
    handle_t handle;
    enum w_sip_state state;
    bool outgoing;
    int32_t user_id; /* of the phone that is called; 0 = over a trunk */
    int32_t trunk_id;
    int reoffers; /* re-INVITEs not yet answered */
    int refer;    /* the answer to its last REFER; 0 = none yet */
    bool may_refer, refer_done, takes;
    bool early;                       /* sounds before it is answered */
    uint64_t number;                  /* in the order in which they were made */
    char called[DIALING_NUMBER_SIZE]; /* as the trunk was asked */
};

struct w_media_leg {
    handle_t handle;
    bool line, closing;
    handle_t room;
    bool plays, loops, exclusive;
    char keys[8];         /* last ones sent to it */
    uint64_t quiet_since; /* when it last lost a sound */
    uint32_t token, play_serial;
    bool measuring;
    uint32_t measure;     /* its token */
    uint32_t measured[4]; /* tokens of those that ended and were not yet told */
    unsigned measured_count;
    char remote[46];
    enum media_line_state state;
    bool gap; /* who hears it hears nothing */
};

struct w_room {
    handle_t handle;
    handle_t legs[MEDIA_ROOM_LEGS];
    bool hears[MEDIA_ROOM_LEGS][MEDIA_ROOM_LEGS];
};

struct w_recording {
    handle_t handle;
    struct media_tracks tracks;
    bool stopping;
    bool attended;
    uint64_t since; /* attended */
};

struct w_fact {
    char kind[24];
    char json[1200];
};

/* A fault put into a device on purpose, to see that it is found and its schedule shortened. */
enum w_plant { W_NO_PLANT, W_PLANT_MUSIC_GOES_ON };

struct w_options {
    uint64_t seed;
    struct w_size size; /* nothing = W_SMALL */
    bool faults;        /* devices refuse now and then */
    bool no_silence;    /* with faults: but no prompt is missing */
    bool keep;          /* facts are kept for fact_last() */
    bool mute;          /* no story is told: it takes a third of the time */
    enum w_plant plant;
};

/* One thing that happens, as it is written down: who does it is a fixed name (caller 7, agent 3),
 * what comes of it depends on how things are at that time. Chance inside the devices comes from
 * the event's own seed, so that taking out one event does not change the luck of the others. */
struct w_event {
    uint8_t kind;
    uint16_t who, arg;
    uint32_t seed;
};

extern struct world {
    uint64_t seed, step;
    uint64_t random; /* chance in the devices */
    uint64_t dice;   /* chance in choosing events */
    struct w_size size;
    bool faults, no_silence, keep, mute, closed_hours, publishing;
    bool messages;      /* the cities take messages */
    bool messages_full; /* their quota is used up */
    bool messages_off;  /* the scenes are switched off */
    unsigned speech_ms; /* so much is said in a message; 0 = by chance */
    bool alone; /* a child process of telephony_schedule.c: the end of it is the end of a process */
    enum w_plant plant;
    struct loop *loop;
    struct telephony *telephony;

    struct slots sip_legs, media_legs, rooms, recordings;
    handle_t callers[W_MAX_CALLERS]; /* the SIP leg of a caller, perhaps over */
    bool phone_registered[W_MAX_AGENTS + 1];
    bool visits[W_MAX_AGENTS + 1]; /* has stood beside a call of another center */
    bool permissions;              /* whoever leads did so by the permissions of office_permits() */
    struct access_subject people[W_MAX_AGENTS + 1]; /* what they may do to others */
    bool trunk_full[W_TRUNKS + 1], trunk_down[W_TRUNKS + 1];
    int last_status, last_retry_after; /* of the last sip_leg_reject() */

    struct w_fact facts[W_FACTS];
    uint64_t fact_count, event_count;

    struct dir_center centers[W_MAX_CENTERS];
    struct dir_agent agents[W_MAX_AGENTS];
    struct dir_queue queues[W_MAX_QUEUES];
    struct dir_member members[2 * W_MAX_AGENTS];
    struct dir_transfers transfers[W_MAX_CENTERS]; /* of center i + 1, once something is said */
    bool transfers_said[W_MAX_CENTERS];
    uint32_t trunk_most; /* channels of center 1; 0 = as many as there are */
    struct pool_share trunk_share;
    struct dir_routing routing;           /* of center 3, once it sends callers on */
    uint32_t asked_call;                  /* the last one whose taxpayer was asked for; 0 = none */
    bool peer[W_TRUNKS + 1];              /* the trunk leads to another daemon */
    int32_t behind[W_TRUNKS + 1];         /* the only center there */
    int32_t via_trunk[W_MAX_CENTERS + 1]; /* of a center of another daemon; 0 = ours */
    size_t queue_count, member_count;
    struct dir_listed listed[W_LISTED]; /* black and white lists, in no order */
    unsigned listed_count;
    uint64_t dedicated_at[1000]; /* since when a queue, by id, is for transferred calls alone */
    uint64_t published_at;       /* monotonic: what is due by a rule may be so since then */

    uint64_t touched[W_MAX_AGENTS + 1]; /* agents: step + 1 of the last news of them */
    int32_t news[W_MAX_AGENTS];         /* those of this step */
    unsigned news_count;
} world;

/* --- telephony_loop.c ----------------------------------------------------------------------- */
void world_fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
void world_tell(const char *format, ...) __attribute__((format(printf, 1, 2)));
extern const char *world_verdict; /* what went wrong: a format, so that numbers do not count */
extern void (*world_last_words)(const char *verdict); /* called before the end; may be NULL */
uint64_t world_random(void);
unsigned world_below(unsigned n);    /* 0 .. n-1 */
unsigned world_dice(unsigned n);     /* the same, for choosing events */
bool world_chance(unsigned percent); /* of a fault; never when faults are off */
void world_after(uint64_t delay_ms, loop_call_h *fn, uintptr_t arg);
void world_run(uint64_t ms); /* everything that is due in the next ms happens */
/* The clock goes to the next thing that is due, which then has not happened yet: what happens now
 * crosses it in the same millisecond. */
void world_to_the_edge(void);
uint64_t world_next_due(void); /* ms from now, 0 = nothing */
bool world_is_quiet(void);     /* no deferred call and no timer is left */

/* --- test_telephony.c ----------------------------------------------------------------------- */
void world_open(const struct w_options *options);
void world_close(void); /* everybody goes home; then nothing may be left */

/* --- telephony_sip.c, telephony_media.c ------------------------------------------------------ */
void devices_open(void);
void devices_close(void);
handle_t far_invite(const char *caller, const char *called);
/* The same under an access code, from this daemon itself (trunk SIP_TRUNK_SELF) or over a trunk;
 * along is the header, may be NULL. */
handle_t far_passes_on(int32_t trunk_id, const char *caller, const char *called, const char *along);
struct w_sip_leg *far_leg(handle_t sip); /* NULL = over */
void far_end(handle_t sip, enum sip_end end, int status);
/* It hangs up, and says that in X-Hotlined-Result. */
void far_tells(handle_t sip, const char *told);
/* It wants the other one to be at that place; the status it is answered, 0 = it could not ask. */
int far_refers(handle_t sip, const char *user, const char *told);
/* It tells what is said; false: it may not, or it was refused. */
bool far_says(handle_t sip, const char *json);
/* The same with a Q.850 cause in a Reason header. */
void far_end_with(handle_t sip, enum sip_end end, int status, int cause);
void far_answer(handle_t sip); /* whoever we call picks up */
void far_progress(handle_t sip, int status, bool with_sound);
void far_reoffer(handle_t sip, enum sdp_direction direction, const char *address);
void far_late_reoffer(handle_t sip, const char *address); /* the offer is ours, the answer in ACK */
void far_key(handle_t sip, char digit);
void far_phone(int32_t user_id, bool registered);
void far_line(handle_t media, enum media_line_state state);
void far_gap(handle_t media, bool quiet);  /* nothing comes from it any more, or again */
void far_trunk(int32_t trunk_id, bool up); /* its calls die with it */
struct w_media_leg *media_of(handle_t media);
struct w_room *room_of(handle_t room);
void far_silent(handle_t sip); /* a caller who leaves a message says nothing any more */
bool room_hears(handle_t room, handle_t listener, handle_t speaker);

/* --- telephony_queries.c -------------------------------------------------------------------- */
extern struct w_queries { /* what a story wants; nothing = by chance */
    const char *body;     /* answered with it after 300 ms */
    int status;
    bool silent; /* no answer in time */
    unsigned asked;
    char url[300]; /* asked last */
} far_queries;
void queries_open(void);

/* --- telephony_office.c --------------------------------------------------------------------- */
void office_open(void);
void office_close(void);
void office_change(unsigned what); /* something is published */
void office_apply(void);
/* The region says what a center may pass on and take; acts at the next office_apply(). */
/* The region sends its callers on to where they belong. */
void office_spread(bool by_taxpayer, int32_t unknown);
void office_allow(int32_t center_id, bool to_12366, bool from_12366, bool between_cities);
struct dir_queue *office_queue(int32_t id); /* NULL = none now */

/* --- telephony_journal.c -------------------------------------------------------------------- */
void journal_open(void);
void journal_close(void);                         /* the books must add up */
const struct w_fact *fact_last(const char *kind); /* NULL = none */
unsigned fact_count_of(const char *kind);
bool fact_says(const struct w_fact *fact, const char *name, const char *value);
unsigned facts_open(void); /* begun and not ended */
/* Whether the agent refused or missed this call within the last ACD_REOFFER_MS. */
bool journal_refused(const struct uuid *call_id, int32_t user_id);

/* --- telephony_check.c ---------------------------------------------------------------------- */
void check_everything(void);
/* What an event of this caller (-1 = none) and of these agents may have changed. */
void check_step(int caller);
void check_touched(int32_t user_id);
/* An offer was made: it must be of the caller who is first for this agent. */
void check_offer(int32_t user_id);
void check_nothing_left(void);

/* --- telephony_events.c --------------------------------------------------------------------- */
void event_do(const struct w_event *event);
/* By chance, mostly one that means something now; a day of so many steps has a morning. */
struct w_event event_choose(unsigned step, unsigned steps);
/* In plain English: "agent 3 answers". */
void event_say(const struct w_event *event, char *out, size_t size);
void event_write(const struct w_event *event, char *out, size_t size);
bool event_read(const char *line, struct w_event *ret_event);
/* Two moments become a longer one; false for anything else. */
bool event_merge(struct w_event *event, const struct w_event *next);
int event_caller(const struct w_event *event); /* whose it is, -1 = nobody's */
/* May the one do this to the other? Asked as the API asks, of its engine. */
bool office_permits(int32_t who, enum permission permission, int32_t target);
/* The same by a rule of three lines that shares nothing with the engine. */
bool office_is_over(int32_t who, int32_t target);
int32_t event_agent(const struct w_event *event); /* 0 = nobody's */

/* --- telephony_schedule.c ------------------------------------------------------------------- */
#define SCHEDULE_EVENTS 40000

struct schedule {
    struct w_options options;
    unsigned count;    /* events, the last one being the one that failed */
    unsigned limit;    /* so many are chosen */
    char verdict[160]; /* "" = nothing was wrong */
    uint64_t facts;    /* written; a world in which nothing happens would prove nothing */
    struct w_event events[SCHEDULE_EVENTS];
};

struct schedule *schedule_new(void); /* shared with child processes */
void schedule_free(struct schedule *schedule);
/* What world a seed makes: its size, too, comes from the seed. */
void schedule_options(struct schedule *schedule, uint64_t seed);
/* Events are chosen by chance, in a child process; true = all went well. */
bool schedule_by_chance(struct schedule *schedule, bool aloud);
/* Runs what is written down in a child process; true = all went well. */
bool schedule_again(struct schedule *schedule, bool aloud);
/* The same, in this process: for the debugger. */
void schedule_replay(struct schedule *schedule);
/* Takes out whatever may be taken out so that the same thing goes wrong. True: no single event can
 * be spared; false: the time was over before. */
bool schedule_shorten(struct schedule *schedule, unsigned seconds);
/* Prints seed, story and how to repeat it; the schedule goes into a file beside the program. */
void schedule_tell(struct schedule *schedule, char *path, size_t path_size);
bool schedule_read(struct schedule *schedule, const char *path);

#endif
