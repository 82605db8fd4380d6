/* The media thread: its legs, rooms and recordings (private to src/media).
 *
 * One engine is one thread with one epoll and a tick of 20 ms. The control thread owns the slots
 * that give out handles; an engine has flat arrays indexed by the same slot numbers, and nothing
 * here is read by another thread. A leg's slot is given back only after EVENT_LEG_CLOSED, so the
 * index of a live leg is never somebody else's.
 *
 * There is one engine: the shared port of the browser lines belongs to one thread, nearly every
 * room has an agent in it, and a core carries about a thousand recorded talks. Nothing in an
 * engine is global, so more of them need only a rule for who is where: one shared port each, the
 * room on its line's engine, and a phone's leg (sockets and all, it is plain data) handed over
 * when it joins.
 *
 * The tick has an absolute schedule. When the machine made us late, ticks are made up for at
 * twice the speed, never in a burst; beyond LATE_MAX_TICKS they are skipped: timestamps move on,
 * and recordings get silence of the same length. */
#ifndef HOTLINED_MEDIA_ENGINE_H
#define HOTLINED_MEDIA_ENGINE_H

#include <hotlined/media.h>
#include <pthread.h>

#include "media/events.h"
#include "media/jitter.h"
#include "media/line/line.h"
#include "media/peer.h"
#include "media/recorder.h"
#include "media/rtp.h"
#include "media/tev.h"
#include "media/voice.h"

enum { TICK_MS = 20, LATE_MAX_TICKS = 50, PACKET_MAX = 1500 };

struct engine;

/* --- commands from the control thread ------------------------------------------------------- */

struct command_remote {
    bool known;
    union addr rtp, rtcp;
    bool may_send; /* the other side listens */
    bool expects;  /* the other side talks */
    uint8_t codec;
    int telephone_event; /* payload type, -1 = none */
};

struct command_line {
    struct line_credentials local;
    struct line_remote remote;
};

struct command {
    struct command *next;
    void (*run)(struct engine *engine, struct command *command);
    handle_t leg, other, room, recording;
    struct media_tracks tracks;   /* of record start and tracks */
    bool on;                      /* of hears */
    char digit;                   /* to be sent */
    int duration_ms;              /* of the digit; of the silence that is told */
    uint32_t token;               /* of the measure */
    int fds[2];                   /* RTP, RTCP */
    uint32_t serial;              /* of the play */
    struct command_remote remote; /* of leg open and set_remote */
    struct media_play *play;      /* owned, with its audio */
    struct command_line *line;    /* owned */
    struct recorder_file *file;   /* of record start */
};

/* --- legs ----------------------------------------------------------------------------------- */

/* What we send to a leg: one SSRC, sequence and timestamps that never break. A segment is a
 * stretch from one source (a forwarded leg, or our own tick). */
struct sender {
    uint32_t ssrc;
    uint16_t seq;     /* of the newest packet sent */
    uint32_t base_ts; /* timestamp of tick 0 */
    uint32_t last_ts; /* newest timestamp sent */
    bool any;         /* something was sent */
    enum { SEGMENT_NONE, SEGMENT_TICK, SEGMENT_FORWARD } segment;
    handle_t source;      /* forwarded leg */
    uint32_t source_ssrc; /* of the forwarded leg's stream */
    uint16_t first_in;    /* its first forwarded sequence number */
    uint16_t seq_delta;   /* ours - theirs */
    uint32_t ts_delta;    /* ours - theirs, or ours - tick * FRAME */
    uint64_t tick;        /* of the newest packet sent by the tick */
    int64_t forwarded_ms; /* time of the newest forwarded packet */
    uint32_t digit_ts;    /* of the digit being sent */
};

struct player {
    struct media_play list; /* count 0 = nothing plays; audio is referenced */
    unsigned index;
    size_t at; /* next sample of list.audio[index] */
    uint32_t serial;
};

struct reports {
    int64_t next_ms;
    uint32_t sr_middle;   /* middle 32 bits of their last SR's NTP time, 0 = none */
    int64_t sr_ms;        /* when it came */
    uint64_t sent_before; /* packets sent at the last report: SR or RR? */
};

struct measure {                       /* a stretch of the leg's life: what stood at its begin */
    uint64_t jitter_sum, jitter_count; /* of each packet since, in samples * 16 */
    bool on;
    uint32_t token;
    struct media_stats begin;
};

/* In the order of use: what each packet needs lies together at the head, sound and rare things at
 * the end. With thousands of legs every cache line more is one that was thrown out since last time.
 */
struct mleg {
    handle_t handle; /* 0 = slot unused */
    uint32_t place;  /* in engine->active */
    int fds[2];      /* RTP and RTCP sockets, -1 for lines; owned */
    bool is_line;
    bool may_send;     /* they listen, and we know where; for lines: DTLS done */
    bool expects;      /* they should be talking: silence is a time-out */
    bool first_told;   /* on_first_packet was sent */
    bool silence_told; /* on_rtp_timeout was sent for this silence */
    bool streams;      /* was heard since it is in its room */
    bool pauses;       /* leaves out silence (VAD): a gap says nothing of it */
    bool gap_told;     /* on_gap was sent for this silence */
    bool frame_sounds; /* false: nothing, for long */
    uint8_t codec;
    int telephone_event; /* payload type or -1 */
    unsigned seat;
    struct mroom *room;  /* NULL = in none */
    handle_t recording;  /* woken when a quiet leg speaks; 0 = none */
    int64_t heard_ms;    /* last valid packet, or when we began to expect one */
    uint64_t frame_tick; /* of frame */
    struct rtp_receiver receiver;
    struct sender sender;
    struct media_stats stats;
    struct measure measure;
    struct peer peer;

    struct reports reports;
    union addr rtcp_to;
    uint64_t counted_received, counted_lost; /* already in the metrics */
    struct tev_rx digits_in;
    enum media_line_state line_state;
    struct tev_tx digits_out;
    struct player player;
    uint8_t frame[FRAME]; /* what they said in frame_tick, A-law */
    struct jitter jitter;
};

struct mroom {
    handle_t handle; /* 0 = slot unused */
    struct mleg *legs[MEDIA_ROOM_LEGS];
    uint8_t hears[MEDIA_ROOM_LEGS]; /* bit s of hears[l]: l hears s */
};

struct mrecording {
    handle_t handle; /* 0 = slot unused */
    struct media_tracks tracks;
    struct recorder_file *file;
    struct recorder_batch *batch; /* owned, being filled; NULL = none */
    uint64_t gap;                 /* samples of silence before the next batch */
    uint64_t tick;                /* the newest one that batch or gap covers */
    uint32_t place;               /* in engine->recorded */
    bool attended;                /* left is listened to */
    uint32_t quiet_frames;        /* are told; 0 = they were */
    struct voice voice;
};

/* What is looked at in a tick, and when next: of a thousand talks that are forwarded, and of
 * callers who listen to nothing, most have nothing to do in most ticks. The times lie side by side,
 * so that walking over them costs next to nothing. */
struct schedule {
    uint32_t *slots; /* of legs or recordings in use, dense; owned */
    uint64_t *due;   /* tick; owned */
    uint32_t count;
};

struct engine {
    pthread_t thread;
    pthread_mutex_t lock; /* guards the command list only */
    struct command *first, **last;
    size_t commands; /* in the list */
    bool wake_due;   /* control thread: commands of this turn were not yet told to the thread */
    int wake_fd, timer_fd, epoll_fd;
    bool quit;

    struct events *events;
    struct recorder *recorder;
    struct line_port *port;
    int rtp_timeout_ms;
    char cname[48];

    struct mleg *legs; /* owned; index = slot of the handle */
    struct mroom *rooms;
    struct mrecording *recordings;
    uint32_t leg_count, room_count, recording_count; /* capacities */
    struct schedule active, recorded;                /* legs and recordings in use */

    int64_t epoch_ns; /* monotonic time of tick 0 */
    int64_t now_ns;   /* read once per wake-up */
    uint64_t tick;    /* number of the tick being or last made */
};

struct engine_options {
    uint32_t legs, rooms, recordings; /* capacities */
    int rtp_timeout_s;
    struct events *events;
    struct recorder *recorder;
    struct line_port_options line; /* handlers are filled in */
};

int engine_create(const struct engine_options *options, struct engine **ret_engine);
/* Closes every leg and recording, joins the thread. */
void engine_destroy(struct engine *engine);
/* Control thread. must: a stop is never refused for a full queue. 0, -EAGAIN, and the command is
 * the engine's; or an error, and it stays the caller's. */
int engine_command(struct engine *engine, struct command *command, bool must);
/* Control thread, once a turn: the thread learns of the turn's commands. A call begins and ends
 * with a dozen of them; woken for each, the threads of a busy core would do little but change
 * places. */
void engine_flush(struct engine *engine);
void command_free(struct command *command);

static inline int64_t engine_now_ms(const struct engine *engine)
{
    return engine->now_ns / 1000000;
}
/* The tick that is due by the clock: ours is behind while ticks are made up for. What is as long as
 * it took begins and ends by it. */
uint64_t engine_clock_tick(const struct engine *engine);
/* The first tick at or after a time, but not this one. */
static inline uint64_t engine_tick_at(const struct engine *engine, int64_t ms)
{
    int64_t ticks = (ms - engine_now_ms(engine) + TICK_MS - 1) / TICK_MS;
    return engine->tick + (uint64_t)(ticks > 1 ? ticks : 1);
}
/* Something changed: the leg, or recording, is looked at in the next tick. */
static inline void engine_wake_leg(struct engine *engine, const struct mleg *leg)
{
    engine->active.due[leg->place] = 0;
}
static inline void engine_wake_recording(struct engine *engine, const struct mrecording *recording)
{
    engine->recorded.due[recording->place] = 0;
}
/* The local clock in samples, the same as tick * FRAME at the moment of a tick. */
static inline uint32_t engine_samples(const struct engine *engine)
{
    return (uint32_t)((engine->now_ns - engine->epoch_ns) / 125000);
}

struct mleg *engine_leg(struct engine *engine, handle_t handle);   /* NULL if stale */
struct mroom *engine_room(struct engine *engine, handle_t handle); /* NULL if stale */
struct mrecording *engine_recording(struct engine *engine, handle_t handle);
uint32_t schedule_add(struct schedule *schedule, uint32_t slot);
/* Returns the slot that has the place now, or the removed one's. */
uint32_t schedule_remove(struct schedule *schedule, uint32_t place);
int engine_watch(struct engine *engine, int fd, uint64_t tag);
void engine_unwatch(struct engine *engine, int fd);
enum {
    TAG_WAKE = 1,
    TAG_TIMER,
    TAG_LINE_UDP,
    TAG_LINE_TCP,
    TAG_LEG = 16
}; /* TAG_LEG + 2i + rtcp */

/* --- leg.c: opening, receiving, closing ----------------------------------------------------- */

void legs_register(void); /* their metrics */
void leg_open_command(struct engine *engine, struct command *command);
void leg_remote_command(struct engine *engine, struct command *command);
void leg_close_command(struct engine *engine, struct command *command);
void leg_digit_command(struct engine *engine, struct command *command);
void leg_line_open_command(struct engine *engine, struct command *command);
void leg_line_restart_command(struct engine *engine, struct command *command);
void leg_measure_begin_command(struct engine *engine, struct command *command);
void leg_measure_end_command(struct engine *engine, struct command *command);
void leg_close(struct engine *engine, struct mleg *leg);
void leg_readable(struct engine *engine, struct mleg *leg, bool rtcp);
void leg_received_rtp(struct engine *engine, struct mleg *leg, const uint8_t *bytes, size_t size,
                      const union addr *from);
void leg_line_state(struct engine *engine, struct mleg *leg, enum media_line_state state);
/* All that is due for the leg: overdue digits, silence, its packet, its report. Returns the tick in
 * which it wants to be looked at again, unless it is woken before. */
uint64_t leg_tick(struct engine *engine, struct mleg *leg);
/* What the leg said in this tick; NULL = nothing, and that for long. */
const uint8_t *leg_frame(struct engine *engine, struct mleg *leg);

/* --- send.c: what a leg gets ---------------------------------------------------------------- */

void send_init(struct sender *sender);
void send_bytes(struct engine *engine, struct mleg *leg, const uint8_t *bytes, size_t size,
                bool rtcp);
/* A packet of `from` came in (fresh: its stream restarted): pass it to those who hear only it. */
void send_forward(struct engine *engine, struct mleg *from, const struct rtp_packet *packet,
                  bool fresh);
/* A key of `from` came in: no packet of it goes to anybody. */
void send_withhold(const struct mleg *from);
/* This tick's packet for a leg: digit, play, mix, or silence. */
void send_tick(struct engine *engine, struct mleg *leg);
/* When the leg must be looked at for what it gets: now or in the past = each tick. */
int64_t send_due_ms(const struct engine *engine, const struct mleg *leg);
void play_command(struct engine *engine, struct command *command);
void play_stop_command(struct engine *engine, struct command *command);
void play_drop(struct player *player);

/* --- rooms.c -------------------------------------------------------------------------------- */

void room_open_command(struct engine *engine, struct command *command);
void room_close_command(struct engine *engine, struct command *command);
void room_join_command(struct engine *engine, struct command *command);
void room_leave_command(struct engine *engine, struct command *command);
void room_hears_command(struct engine *engine, struct command *command);
void room_leave_leg(struct mleg *leg);
uint8_t room_heard(const struct mleg *leg); /* seats the leg hears, as bits */

/* --- tracks.c: recordings ------------------------------------------------------------------- */

void tracks_start_command(struct engine *engine, struct command *command);
void tracks_set_command(struct engine *engine, struct command *command);
void tracks_attend_command(struct engine *engine, struct command *command);
void tracks_stop_command(struct engine *engine, struct command *command);
void tracks_stop(struct engine *engine, struct mrecording *recording);
/* Returns the tick in which it wants to be looked at again, unless a leg speaks before. */
uint64_t tracks_tick(struct engine *engine, struct mrecording *recording);
void tracks_leg_speaks(struct engine *engine, const struct mleg *leg);

/* --- rtcp.c --------------------------------------------------------------------------------- */

void rtcp_register(void); /* metrics */
void rtcp_init(struct engine *engine, struct mleg *leg);
void rtcp_tick(struct engine *engine, struct mleg *leg);
/* Returns false for what is no RTCP. */
bool rtcp_received(struct engine *engine, struct mleg *leg, const uint8_t *bytes, size_t size);
/* Fills what is computed only when asked: losses, jitter, MOS. */
void stats_finish(struct mleg *leg, struct media_stats *ret_stats);
/* The figures since leg->measure began. */
void stats_since(struct mleg *leg, struct media_stats *ret_stats);
uint16_t stats_mos_x100(double loss_percent, double delay_ms);

#endif
