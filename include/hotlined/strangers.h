/* Who does too much: a table of source addresses with a score that leaks away.
 *
 * What somebody does wrong gives points; what they are worth says the owner of the table (door.h
 * of the SIP room, attempts.c of the API). At the table's limit he bans the address, forgives it or
 * asks for patience. The table is one block of memory that never grows, and a look-up is one bucket
 * of it: under a flood of addresses the lowest scores are forgotten first, and bans only for bans.
 * Pure: times are given. */
#ifndef HOTLINED_STRANGERS_H
#define HOTLINED_STRANGERS_H

#include <stdbool.h>
#include <stdint.h>

#include <hotlined/source.h>

struct sockaddr;
struct sockaddr_in6;

enum {
    /* A scanner comes from one address or a few hundred; 8 slots of a bucket are one look-up. */
    STRANGERS_SLOTS = 4096,
    STRANGERS_WAYS = 8
};

struct stranger {
    uint8_t address[SOURCE_KEY_SIZE];
    uint64_t full_ms;   /* when the score will have leaked away; 0 = free slot */
    uint64_t banned_ms; /* banned until; 0 = not banned */
};

struct strangers {
    uint64_t seed;    /* nobody outside can choose addresses that meet in one bucket */
    unsigned limit;   /* points */
    uint64_t leak_ms; /* in which one point leaks away */
    unsigned banned;
    struct stranger *slots; /* owned, STRANGERS_SLOTS */
};

int strangers_init(struct strangers *strangers, unsigned limit, uint64_t leak_ms);
void strangers_done(struct strangers *strangers);

bool strangers_is_banned(const struct strangers *strangers, const struct sockaddr *source,
                         uint64_t now_ms);
/* True when the score has reached the limit: then ban or forgive. False while banned. */
bool strangers_note(struct strangers *strangers, const struct sockaddr *source, unsigned points,
                    uint64_t now_ms);
/* How long until so many points have room below or at the limit; 0 = now. */
uint64_t strangers_wait_ms(const struct strangers *strangers, const struct sockaddr *source,
                           unsigned points, uint64_t now_ms);
void strangers_ban(struct strangers *strangers, const struct sockaddr *source, uint64_t until_ms);
/* Forgets him; true when that ended a ban. */
bool strangers_forgive(struct strangers *strangers, const struct sockaddr *source);

/* Walks over the bans, also those that are over and wait for strangers_forgive(). *cursor begins
 * at 0; the source comes as IPv6, IPv4 mapped. False at the end. */
bool strangers_next_ban(const struct strangers *strangers, unsigned *cursor,
                        struct sockaddr_in6 *ret_source, uint64_t *ret_until_ms);

#endif
