/* A table of source addresses with a score that leaks away. */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <hotlined/id.h>
#include <hotlined/strangers.h>

_Static_assert(STRANGERS_SLOTS % STRANGERS_WAYS == 0, "whole buckets");

int strangers_init(struct strangers *strangers, unsigned limit, uint64_t leak_ms)
{
    *strangers = (struct strangers){.limit = limit, .leak_ms = leak_ms};
    strangers->slots = calloc(STRANGERS_SLOTS, sizeof(*strangers->slots));
    if (!strangers->slots)
        return -ENOMEM;
    random_bytes(&strangers->seed, sizeof(strangers->seed));
    return 0;
}

void strangers_done(struct strangers *strangers)
{
    free(strangers->slots);
    memset(strangers, 0, sizeof(*strangers));
}

/* --- finding ------------------------------------------------------------------------------- */

static struct stranger *bucket_of(const struct strangers *strangers,
                                  const uint8_t key[SOURCE_KEY_SIZE])
{
    uint32_t hash = source_hash(strangers->seed, key);

    return &strangers->slots[hash % (STRANGERS_SLOTS / STRANGERS_WAYS) * STRANGERS_WAYS];
}

static struct stranger *find(const struct strangers *strangers, const struct sockaddr *source)
{
    struct stranger *bucket;
    uint8_t key[SOURCE_KEY_SIZE];

    if (!strangers->slots || !source_key(source, key))
        return NULL;
    bucket = bucket_of(strangers, key);
    for (unsigned i = 0; i < STRANGERS_WAYS; i++)
        if (bucket[i].full_ms && memcmp(bucket[i].address, key, sizeof(key)) == 0)
            return &bucket[i];
    return NULL;
}

/* Whom to forget for a new one: any score before any ban, the lowest, the one that ends first. */
static bool is_cheaper(const struct stranger *a, const struct stranger *b)
{
    if (!a->banned_ms != !b->banned_ms)
        return !a->banned_ms;
    return a->banned_ms ? a->banned_ms < b->banned_ms : a->full_ms < b->full_ms;
}

static void forget(struct strangers *strangers, struct stranger *stranger)
{
    strangers->banned -= stranger->banned_ms != 0;
    memset(stranger, 0, sizeof(*stranger));
}

static struct stranger *find_or_take(struct strangers *strangers, const struct sockaddr *source)
{
    struct stranger *found = find(strangers, source), *bucket;
    uint8_t key[SOURCE_KEY_SIZE];

    if (found || !strangers->slots || !source_key(source, key))
        return found;
    found = bucket = bucket_of(strangers, key);
    for (unsigned i = 1; i < STRANGERS_WAYS; i++)
        if (is_cheaper(&bucket[i], found))
            found = &bucket[i];
    forget(strangers, found);
    memcpy(found->address, key, sizeof(key));
    return found;
}

/* --- what happens to them ------------------------------------------------------------------ */

bool strangers_is_banned(const struct strangers *strangers, const struct sockaddr *source,
                         uint64_t now_ms)
{
    const struct stranger *stranger = strangers->banned ? find(strangers, source) : NULL;

    return stranger && stranger->banned_ms > now_ms;
}

bool strangers_note(struct strangers *strangers, const struct sockaddr *source, unsigned points,
                    uint64_t now_ms)
{
    struct stranger *stranger = find_or_take(strangers, source);

    if (!stranger || stranger->banned_ms)
        return false;
    if (points > strangers->limit)
        points = strangers->limit;
    if (stranger->full_ms < now_ms)
        stranger->full_ms = now_ms;
    stranger->full_ms += points * strangers->leak_ms;
    return stranger->full_ms - now_ms >= strangers->limit * strangers->leak_ms;
}

uint64_t strangers_wait_ms(const struct strangers *strangers, const struct sockaddr *source,
                           unsigned points, uint64_t now_ms)
{
    const struct stranger *stranger = find(strangers, source);
    uint64_t full_ms = stranger && stranger->full_ms > now_ms ? stranger->full_ms : now_ms;
    uint64_t room_ms = now_ms + strangers->limit * strangers->leak_ms;

    full_ms += points * strangers->leak_ms;
    return full_ms > room_ms ? full_ms - room_ms : 0;
}

void strangers_ban(struct strangers *strangers, const struct sockaddr *source, uint64_t until_ms)
{
    struct stranger *stranger = find_or_take(strangers, source);

    if (!stranger)
        return;
    strangers->banned += stranger->banned_ms == 0;
    stranger->banned_ms = until_ms ? until_ms : 1;
    stranger->full_ms = stranger->banned_ms;
}

bool strangers_forgive(struct strangers *strangers, const struct sockaddr *source)
{
    struct stranger *stranger = find(strangers, source);
    bool banned = stranger && stranger->banned_ms;

    if (stranger)
        forget(strangers, stranger);
    return banned;
}

bool strangers_next_ban(const struct strangers *strangers, unsigned *cursor,
                        struct sockaddr_in6 *ret_source, uint64_t *ret_until_ms)
{
    while (strangers->banned && *cursor < STRANGERS_SLOTS) {
        const struct stranger *stranger = &strangers->slots[(*cursor)++];

        if (!stranger->banned_ms)
            continue;
        memset(ret_source, 0, sizeof(*ret_source));
        ret_source->sin6_family = AF_INET6;
        memcpy(ret_source->sin6_addr.s6_addr, stranger->address, sizeof(stranger->address));
        *ret_until_ms = stranger->banned_ms;
        return true;
    }
    return false;
}
