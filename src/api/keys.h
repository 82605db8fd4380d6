/* Keys of other systems: what keys.c keeps and key_guard.c asks for. */
#ifndef API_KEYS_H
#define API_KEYS_H

#include "api/room.h"

#define API_KEY_EACH_S 50 /* requests of one key a second, for long ... */
#define API_KEY_BURST  100

struct api_key_center {
    int32_t id;
    uint64_t off; /* bit of each enum function it is without */
};

struct api_key {
    struct api_key *next;
    int32_t id, center_id;
    char name[64];
    char hash[API_TOKEN_HASH_SIZE];
    unsigned groups;
    bool region, reveal;
    int64_t expires_ms; /* wall, 0 = never */
    struct api_key_center centers[ACCESS_MAX_CENTERS];
    size_t center_count;
    int64_t written_ms; /* "last used", wall */
    double tokens;      /* of the bucket that limits it */
    uint64_t filled_at; /* monotonic */
    bool revoked;       /* a list under way may still name it */
    bool young;         /* the list under way may not yet name it */
    bool seen;
};

struct api_keys {
    struct api_key *all;
    struct loop_timer sweep, retry;
    bool known; /* read once since the start */
    bool reading, read_again;
    struct store_request *request;
    struct log_limit lines; /* of keys that are none */
};

/* NULL: there is none, or none any more. */
struct api_key *api_key_find(const struct api_keys *keys, const char *hash);

#endif
