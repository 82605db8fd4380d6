/* What media threads tell the control thread: one post per wake-up carries many events. */
#ifndef HOTLINED_MEDIA_EVENTS_H
#define HOTLINED_MEDIA_EVENTS_H

#include <hotlined/media.h>

enum media_event_kind {
    EVENT_DIGIT,
    EVENT_PLAY_DONE,
    EVENT_RTP_TIMEOUT,
    EVENT_LINE,
    EVENT_RECORDED,
    EVENT_QUIET,
    EVENT_LEG_CLOSED,
    EVENT_MEASURED,
    EVENT_FIRST_PACKET,
    EVENT_GAP
};

struct media_event {
    enum media_event_kind kind;
    handle_t leg;
    union {
        struct {
            char digit;
            int duration_ms;
        } press;
        struct {
            uint32_t token;
            uint32_t serial; /* which media_play() it belongs to */
        } play;
        enum media_line_state line;
        struct media_recorded recorded;
        handle_t recording; /* of quiet */
        struct {
            handle_t room;
            bool quiet;
        } gap;
        struct {
            struct media_stats stats;
            int fds[2]; /* of its port, for the next leg; -1 = none */
        } closed;
        struct {
            uint32_t token;
            struct media_stats stats;
        } measured;
    };
};

struct events;
typedef void event_h(const struct media_event *event, void *arg);

/* deliver runs on the control thread for each event, in order per pushing thread. */
int events_create(struct loop *loop, event_h *deliver, void *arg, struct events **ret_events);
void events_push(struct events *events, const struct media_event *event); /* any thread */
/* Control thread, after all pushing threads were joined: delivers what is left. */
void events_destroy(struct events *events);

#endif
