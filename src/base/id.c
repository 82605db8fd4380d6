/* UUID version 7, RFC 9562 5.7: 48 bits of ms, version, 74 random bits; monotonic in a process. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <hotlined/id.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int64_t last_ms;
static uint16_t sequence; /* rand_a (12 bits) counts within one ms, RFC 9562 6.2 method 1 */

/* Random bytes are fetched in blocks: an id per fact must not cost a system call each. */
static void some_random(uint8_t *out, size_t size)
{
    static _Thread_local uint8_t pool[512];
    static _Thread_local size_t left;

    if (left < size) {
        random_bytes(pool, sizeof(pool));
        left = sizeof(pool);
    }
    left -= size;
    memcpy(out, pool + left, size);
}

void random_bytes(void *out, unsigned size)
{
    unsigned char *bytes = out;

    while (size) {
        ssize_t n = getrandom(bytes, size, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            abort();
        bytes += n;
        size -= (unsigned)n;
    }
}

struct uuid uuid_new(int64_t wall_ms)
{
    struct uuid id;
    uint16_t count;

    some_random(id.bytes + 6, 10);
    pthread_mutex_lock(&lock);
    if (wall_ms > last_ms) {
        last_ms = wall_ms;
        sequence = (uint16_t)((id.bytes[6] << 8 | id.bytes[7]) & 0x7ff);
    } else if (++sequence > 0xfff) {
        last_ms++; /* borrowed from the future: order goes before accuracy */
        sequence = 0;
    }
    wall_ms = last_ms;
    count = sequence;
    pthread_mutex_unlock(&lock);
    for (int i = 0; i < 6; i++)
        id.bytes[i] = (uint8_t)(wall_ms >> (40 - 8 * i));
    id.bytes[6] = (uint8_t)(0x70 | count >> 8);
    id.bytes[7] = (uint8_t)count;
    id.bytes[8] = (uint8_t)(0x80 | (id.bytes[8] & 0x3f));
    return id;
}

bool uuid_is_null(const struct uuid *id)
{
    static const struct uuid null;

    return memcmp(id, &null, sizeof(null)) == 0;
}

bool uuid_equal(const struct uuid *a, const struct uuid *b)
{
    return memcmp(a, b, sizeof(*a)) == 0;
}

static bool dash_before(int byte)
{
    return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

char *uuid_text(const struct uuid *id, char out[UUID_TEXT_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    char *o = out;

    for (int i = 0; i < 16; i++) {
        if (dash_before(i))
            *o++ = '-';
        *o++ = digits[id->bytes[i] >> 4];
        *o++ = digits[id->bytes[i] & 15];
    }
    *o = 0;
    return out;
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int uuid_parse(const char *text, struct uuid *ret_id)
{
    struct uuid id;

    if (!text || strlen(text) != UUID_TEXT_SIZE - 1)
        return -EINVAL;
    for (int i = 0; i < 16; i++) {
        int high, low;
        if (dash_before(i) && *text++ != '-')
            return -EINVAL;
        high = hex(*text++);
        low = hex(*text++);
        if (high < 0 || low < 0)
            return -EINVAL;
        id.bytes[i] = (uint8_t)(high << 4 | low);
    }
    *ret_id = id;
    return 0;
}
