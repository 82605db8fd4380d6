/* A shared port with a few browser lines, for the targets that send to it. Its handlers close and
 * open lines as the caller of line.h may, and check what they are told. */
#ifndef FUZZ_LINE_WORLD_H
#define FUZZ_LINE_WORLD_H

#include "dtls_client.h"
#include "fuzz.h"
#include "media/line/port.h"

enum { WORLD_LINES = 3 };

struct line_world {
    struct line_port *port;
    struct line_remote remote;
    struct line_credentials local[WORLD_LINES];
    handle_t ids[WORLD_LINES]; /* 0 = closed */
    struct dtls_client clients[WORLD_LINES];
    int64_t now_ms;
    unsigned mood; /* bits: what the handlers do */
    unsigned rtp, rtcp;
};

void line_world_begin(struct line_world *world, uint8_t mood, int max_tcp);
void line_world_end(struct line_world *world);
void line_world_open(struct line_world *world, unsigned which);
/* As if its handshake were done: packets protected with line_world_protect() are from its browser.
 */
void line_world_key(struct line_world *world, unsigned which);
/* The line's browser shakes hands with us, from this address. Another time it says goodbye. */
void line_world_shake(struct line_world *world, unsigned which, const struct line_peer *from);
/* Protects what a browser says; *length grows, packet has room for LINE_DATAGRAM. */
void line_world_protect(uint8_t *packet, size_t *length, uint8_t number);
/* A right check of the line's browser with these attributes (script); returns its length. */
size_t line_world_check(struct line_world *world, unsigned which, struct fuzz_in *in, uint8_t *out,
                        size_t size);

#endif
