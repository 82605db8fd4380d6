/* Where a number comes from. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <hotlined/text.h>

#include "directory/place.h"

#define MOBILE_FIRST 1300000
#define MOBILE_COUNT 700000
#define AREA_COUNT   1000 /* area code without its leading 0 */
#define MAX_PLACES   4096
#define BUCKETS      8192 /* twice as many, a power of two: a free one is always near */

struct place {
    char province[32], city[32], city_code[8];
    bool shared;
};

struct place_table {
    struct place places[MAX_PLACES]; /* [0] = unknown */
    uint16_t count;
    uint16_t bucket[BUCKETS]; /* places by their names; 0 = free */
    uint16_t mobile[MOBILE_COUNT];
    uint16_t area[AREA_COUNT];
};

int place_table_create(struct place_table **ret_table)
{
    struct place_table *table = calloc(1, sizeof(*table));

    if (!table)
        return -ENOMEM;
    table->count = 1;
    *ret_table = table;
    return 0;
}

void place_table_free(struct place_table *table)
{
    free(table);
}

static uint32_t hash(uint32_t h, const char *text)
{
    for (; *text; text++)
        h = (h ^ (unsigned char)*text) * 16777619u; /* FNV-1a */
    return (h ^ 0xff) * 16777619u;                  /* "ab" "c" is not "a" "bc" */
}

static bool is_place(const struct place *place, const char *province, const char *city, bool shared)
{
    return place->shared == shared && strcmp(place->city, city) == 0 &&
           strcmp(place->province, province) == 0;
}

/* The tables of a country have 80,000 rows and some hundred places; they are read in one turn of
 * the loop, so that a row must not look through all places. */
static int place_index(struct place_table *table, const char *province, const char *city,
                       const char *city_code, bool shared)
{
    uint32_t at = hash(hash(2166136261u + shared, province), city) & (BUCKETS - 1);
    struct place *place;

    for (; table->bucket[at]; at = (at + 1) & (BUCKETS - 1))
        if (is_place(&table->places[table->bucket[at]], province, city, shared))
            return table->bucket[at];
    if (table->count == MAX_PLACES)
        return -ENOSPC;
    place = &table->places[table->count];
    text_copy(place->province, sizeof(place->province), province);
    text_copy(place->city, sizeof(place->city), city);
    text_copy(place->city_code, sizeof(place->city_code), city_code);
    place->shared = shared;
    table->bucket[at] = table->count;
    return table->count++;
}

int place_table_add(struct place_table *table, const char *from, const char *to,
                    const char *province, const char *city, const char *city_code, bool shared)
{
    int64_t first, last;
    int place = place_index(table, province, city, city_code, shared);

    if (place < 0)
        return place;
    if (from[0] == '0') {
        if (text_to_int(from + 1, 10, AREA_COUNT - 1, &first))
            return -EINVAL;
        table->area[first] = (uint16_t)place;
        return 0;
    }
    if (text_to_int(from, MOBILE_FIRST, MOBILE_FIRST + MOBILE_COUNT - 1, &first) ||
        text_to_int(to, first, MOBILE_FIRST + MOBILE_COUNT - 1, &last))
        return -EINVAL;
    for (int64_t i = first; i <= last; i++)
        table->mobile[i - MOBILE_FIRST] = (uint16_t)place;
    return 0;
}

/* --- looking up ----------------------------------------------------------------------------- */

static bool is_mobile(const char *digits)
{
    return strlen(digits) == 11 && digits[0] == '1' && digits[1] >= '3';
}

/* +86 138.., 0086138.., 86138.., 0138.. -> 138..; +86771.. -> 0771..; others as they came.
 * Anything that is no number (anonymous, names) becomes "". */
static void normalise(const char *caller, char *out, size_t size)
{
    char digits[SIP_NUMBER_SIZE];
    size_t n = 0, cut = 0;
    bool plus = caller[0] == '+', country = false;

    for (const char *c = caller; *c && n < sizeof(digits) - 1; c++)
        if (*c >= '0' && *c <= '9')
            digits[n++] = *c;
        else if (!strchr("+-. ()", *c)) {
            n = 0; /* letters: not a telephone number */
            break;
        }
    digits[n] = 0;
    if (strncmp(digits, "0086", 4) == 0)
        cut = 4;
    else if (strncmp(digits, "86", 2) == 0 && (plus || is_mobile(digits + 2)))
        cut = 2;
    country = cut > 0;
    if (digits[cut] == '0' && is_mobile(digits + cut + 1))
        cut++;
    if (country && !is_mobile(digits + cut) && digits[cut] != '0' && n - cut >= 9)
        digits[--cut] = '0'; /* in the place of the country code's last digit */
    text_copy(out, size, digits + cut);
}

static unsigned area_of(const struct place_table *table, const char *number)
{
    unsigned two = (unsigned)(number[1] - '0') * 10u + (unsigned)(number[2] - '0');

    if (two == 10 || (two >= 20 && two <= 29))
        return table->area[two];
    return number[3] ? table->area[two * 10u + (unsigned)(number[3] - '0')] : 0;
}

static unsigned index_of(const struct place_table *table, const char *number)
{
    char prefix[8];
    int64_t seven;

    if (is_mobile(number)) {
        text_copy(prefix, sizeof(prefix), number);
        if (text_to_int(prefix, MOBILE_FIRST, MOBILE_FIRST + MOBILE_COUNT - 1, &seven))
            return 0;
        return table->mobile[seven - MOBILE_FIRST];
    }
    return number[0] == '0' && strlen(number) >= 10 ? area_of(table, number) : 0;
}

void place_find(const struct place_table *table, const char *caller, struct dir_place *ret_place)
{
    const struct place *place;

    memset(ret_place, 0, sizeof(*ret_place));
    normalise(caller, ret_place->number, sizeof(ret_place->number));
    if (!table)
        return;
    place = &table->places[index_of(table, ret_place->number)];
    text_copy(ret_place->province, sizeof(ret_place->province), place->province);
    text_copy(ret_place->city, sizeof(ret_place->city), place->city);
    text_copy(ret_place->city_code, sizeof(ret_place->city_code), place->city_code);
    ret_place->exact = !place->shared;
}
