/* A port of browser lines on real loopback sockets with its handlers, and browser-like clients. */
#ifndef TESTS_LINE_WORLD_H
#define TESTS_LINE_WORLD_H

#include "line_client.h"
#include "media/line/line.h"

#define LINES   8
#define WAIT_MS 10000

/* What the port's handlers saw of one line (index = id). */
struct seen {
    enum media_line_state state;
    unsigned ups, losts, closes;
    unsigned rtp, rtcp;
    uint8_t last[200]; /* of the last RTP or RTCP packet */
    size_t last_length;
};

struct world {
    struct line_port *port;
    struct seen seen[LINES + 1];
    struct line_client *clients[LINES];
    unsigned client_count;
    int64_t skipped_ms; /* virtual time added to the real clock */
    unsigned client_rtp, client_rtcp;
    uint8_t client_last[200];
    size_t client_last_length;
    bool echo, close_on_state;
};

/* The port's, from group_start() to group_stop(): set-up and tear-down of a group of tests. */
const struct line_identity *world_identity(void);
int group_start(void **state);
int group_stop(void **state);

void world_open(struct world *world); /* six TCP connections at most */
void world_close(struct world *world);
int64_t now(const struct world *world);
/* One turn of the media thread's loop and of all browsers. */
void turn(struct world *world);
void run_for(struct world *world, int ms);

#define UNTIL(world, condition)                                                                    \
    do {                                                                                           \
        int64_t end_ms = now(world) - (world)->skipped_ms + WAIT_MS;                               \
        while (!(condition)) {                                                                     \
            if (now(world) - (world)->skipped_ms > end_ms)                                         \
                fail_msg("waited in vain for %s", #condition);                                     \
            turn(world);                                                                           \
        }                                                                                          \
    } while (0)

/* Clients are the world's. cm_only: without the GCM suite of SRTP. */
struct line_client *add_client(struct world *world, const struct line_client_options *options);
struct line_client *new_client(struct world *world, bool tcp, bool cm_only);
struct line_client *connected_client(struct world *world, handle_t id, bool tcp, bool cm_only);
/* Posts the client's offer as the page would, opening or restarting line id. */
void negotiate(struct world *world, struct line_client *client, handle_t id, bool restart,
               bool wrong_fingerprint);
size_t make_rtp(uint8_t *out, uint16_t seq);
/* count packets there and back, each the same bytes again. */
void talk(struct world *world, struct line_client *client, handle_t id, uint16_t first,
          unsigned count);

#endif
