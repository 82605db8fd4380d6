/* How many connections each address has: one client must not use up those of all.
 *
 * A table of fixed size with an entry for each address that has a connection, as many as there may
 * be connections. Who has too many is refused when he connects, before a TLS handshake. Proxies
 * that stand in front of many people are exempt. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <hotlined/id.h>
#include <hotlined/log.h>
#include <hotlined/metrics.h>

#include "http/room.h"

#define NOBODY (-1)

struct http_client { /* an address, or a free entry */
    uint8_t key[SOURCE_KEY_SIZE];
    int32_t next; /* in its bucket, or of the free ones */
    unsigned connections;
};

static struct metric connections = {.name = "hotlined_http_connections",
                                    .help = "Open connections of the HTTP ports.",
                                    .kind = METRIC_GAUGE};
static struct metric refused = {
    .name = "hotlined_http_connections_refused_total",
    .help = "Connections refused because their address has too many already.",
    .kind = METRIC_COUNTER};

static int make_table(struct http_clients *clients, size_t size)
{
    clients->entries = calloc(size, sizeof(*clients->entries));
    clients->buckets = calloc(size, sizeof(*clients->buckets));
    if (!clients->entries || !clients->buckets)
        return -ENOMEM;
    clients->bucket_count = size;
    for (size_t i = 0; i < size; i++) {
        clients->buckets[i] = NOBODY;
        clients->entries[i].next = i + 1 < size ? (int32_t)i + 1 : NOBODY;
    }
    clients->free = 0;
    random_bytes(&clients->seed, sizeof(clients->seed));
    return 0;
}

int http_clients_init(struct http_clients *clients, struct loop *loop, unsigned max_each,
                      const struct http_proxies *proxies, size_t max_connections)
{
    metric_register(&connections);
    metric_register(&refused);
    metric_set(&connections, 0);
    log_limit_init(&clients->refused_lines, loop, "http", "too_many_connections", "flood");
    clients->max_each = max_each;
    clients->proxies = proxies;
    return max_each ? make_table(clients, max_connections) : 0;
}

void http_clients_done(struct http_clients *clients)
{
    log_limit_done(&clients->refused_lines);
    free(clients->entries);
    free(clients->buckets);
}

static bool is_counted(const struct http_clients *clients, const struct sockaddr *address,
                       uint8_t key[SOURCE_KEY_SIZE])
{
    return clients->max_each && source_key(address, key) &&
           !http_proxies_have(clients->proxies, address);
}

/* Where the index of the entry stands, or of the end of the bucket. */
static int32_t *place_of(struct http_clients *clients, const uint8_t key[SOURCE_KEY_SIZE])
{
    int32_t *at = &clients->buckets[source_hash(clients->seed, key) % clients->bucket_count];

    while (*at != NOBODY && memcmp(clients->entries[*at].key, key, SOURCE_KEY_SIZE) != 0)
        at = &clients->entries[*at].next;
    return at;
}

bool http_clients_may_connect(struct http_clients *clients, const struct sockaddr *address)
{
    uint8_t key[SOURCE_KEY_SIZE];
    char text[64];
    int32_t at;

    if (!is_counted(clients, address, key))
        return true;
    at = *place_of(clients, key);
    if (at == NOBODY || clients->entries[at].connections < clients->max_each)
        return true;
    metric_add(&refused, 1);
    if (log_limit_take(&clients->refused_lines))
        log_warn("http", "too_many_connections", "source=%s connections=%u",
                 http_address_text(address, text, sizeof(text)), clients->entries[at].connections);
    return false;
}

void http_clients_connected(struct http_clients *clients, const struct sockaddr *address)
{
    uint8_t key[SOURCE_KEY_SIZE];
    int32_t *place;

    metric_add(&connections, 1);
    if (!is_counted(clients, address, key))
        return;
    place = place_of(clients, key);
    if (*place == NOBODY) {
        int32_t at = clients->free;
        struct http_client *entry = &clients->entries[at];

        clients->free = entry->next;
        memcpy(entry->key, key, SOURCE_KEY_SIZE);
        entry->next = NOBODY;
        *place = at;
    }
    clients->entries[*place].connections++;
}

void http_clients_left(struct http_clients *clients, const struct sockaddr *address)
{
    uint8_t key[SOURCE_KEY_SIZE];
    struct http_client *entry;
    int32_t *place, at;

    metric_add(&connections, -1);
    if (!is_counted(clients, address, key))
        return;
    place = place_of(clients, key);
    at = *place;
    entry = &clients->entries[at];
    if (--entry->connections)
        return;
    *place = entry->next;
    entry->next = clients->free;
    clients->free = at;
}
