/* A small region for src/telephony: virtual time, simulated devices, a directory and a journal.
 *
 * telephony_loop.c replaces base/loop.c and base/log.c, telephony_devices.c the rooms sip and
 * media, telephony_office.c the directory and the outbox, telephony_check.c holds the invariants.
 * There is one world at a time; everything that is wrong ends in world_fail() with the story of
 * what led to it. */
#ifndef TELEPHONY_WORLD_H
#define TELEPHONY_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include <hotlined/directory.h>
#include <hotlined/loop.h>
#include <hotlined/media.h>
#include <hotlined/sip.h>
#include <hotlined/telephony.h>

#define W_CENTERS 3
#define W_QUEUES  7 /* two for each center, one more that comes and goes */
#define W_AGENTS  12
#define W_CALLS   16
#define W_TRUNKS  2
#define W_FACTS   512 /* the last ones are kept for the stories */

enum w_sip_state { W_INVITED, W_ANSWERED, W_UP, W_CALLING, W_LEAVING };

struct w_sip_leg {
    handle_t handle;
    enum w_sip_state state;
    bool outgoing;
    int32_t user_id; /* of the phone that is called; 0 = over a trunk */
    int32_t trunk_id;
    int reoffers; /* re-INVITEs not yet answered */
};

struct w_media_leg {
    handle_t handle;
    bool line, closing;
    handle_t room;
    bool plays, loops, exclusive;
    uint32_t token, play_serial;
    bool measuring;
    uint32_t measure;     /* its token */
    uint32_t measured[4]; /* tokens of those that ended and were not yet told */
    unsigned measured_count;
    char remote[46];
    enum media_line_state state;
};

struct w_room {
    handle_t handle;
    handle_t legs[MEDIA_ROOM_LEGS];
    bool hears[MEDIA_ROOM_LEGS][MEDIA_ROOM_LEGS];
};

struct w_recording {
    handle_t handle;
    handle_t left, right;
    bool stopping;
};

struct w_fact {
    char kind[24];
    char json[1200];
};

struct w_options {
    uint64_t seed;
    bool faults;   /* devices refuse now and then */
    bool keep;     /* facts are kept for world_fact() */
    int max_calls; /* 0 = W_CALLS */
};

extern struct world {
    uint64_t seed, random, step;
    bool faults, keep, closed_hours;
    struct loop *loop;
    struct telephony *telephony;

    struct slots sip_legs, media_legs, rooms, recordings;
    bool phone_registered[W_AGENTS + 1];
    bool trunk_full[W_TRUNKS + 1];
    int last_status, last_retry_after; /* of the last sip_leg_reject() */

    struct w_fact facts[W_FACTS];
    uint64_t fact_count, event_count;

    struct dir_center centers[W_CENTERS];
    struct dir_agent agents[W_AGENTS];
    struct dir_queue queues[W_QUEUES];
    struct dir_member members[2 * W_AGENTS];
    size_t queue_count, member_count;
} world;

/* --- telephony_loop.c ----------------------------------------------------------------------- */
void world_fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
void world_tell(const char *format, ...) __attribute__((format(printf, 1, 2)));
uint64_t world_random(void);
unsigned world_below(unsigned n);    /* 0 .. n-1 */
bool world_chance(unsigned percent); /* of a fault; never when faults are off */
void world_after(uint64_t delay_ms, loop_call_h *fn, uintptr_t arg);
void world_run(uint64_t ms); /* everything that is due in the next ms happens */
bool world_is_quiet(void);   /* no deferred call and no timer is left */

/* --- test_telephony.c ----------------------------------------------------------------------- */
void world_open(const struct w_options *options);
void world_close(void); /* everybody goes home; then nothing may be left */

/* --- telephony_devices.c -------------------------------------------------------------------- */
void devices_open(void);
void devices_close(void);
handle_t far_invite(const char *caller, const char *called);
struct w_sip_leg *far_leg(handle_t sip); /* NULL = over */
void far_end(handle_t sip, enum sip_end end, int status);
void far_answer(handle_t sip); /* whoever we call picks up */
void far_progress(handle_t sip, int status, bool with_sound);
void far_reoffer(handle_t sip, enum sdp_direction direction, const char *address);
void far_late_reoffer(handle_t sip, const char *address); /* the offer is ours, the answer in ACK */
void far_key(handle_t sip, char digit);
void far_phone(int32_t user_id, bool registered);
void far_line(handle_t media, enum media_line_state state);
struct w_media_leg *media_of(handle_t media);
struct w_room *room_of(handle_t room);
bool room_hears(handle_t room, handle_t listener, handle_t speaker);

/* --- telephony_office.c --------------------------------------------------------------------- */
void office_open(void);
void office_close(void);
void office_change(void); /* something is published */
void office_apply(void);
const struct w_fact *fact_last(const char *kind); /* NULL = none */
unsigned fact_count_of(const char *kind);
bool fact_says(const struct w_fact *fact, const char *name, const char *value);
unsigned facts_open(void); /* begun and not ended */
/* Whether the agent refused or missed this call within the last ACD_REOFFER_MS. */
bool office_refused(const struct uuid *call_id, int32_t user_id);

/* --- telephony_check.c ---------------------------------------------------------------------- */
void check_everything(void);
void check_nothing_left(void);

#endif
