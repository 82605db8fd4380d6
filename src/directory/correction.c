/* Corrected places of numbers: an open hash of (center, number). Nothing is ever removed, because
 * an agent who takes his correction back corrects once more. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <hotlined/text.h>

#include "directory/correction.h"

#define MAX_CITIES 64
#define MAX_DIGITS 18 /* with a 1 before them they fit 64 bits; E.164 allows 15 */
#define FIRST_SIZE 256

struct corrected { /* number 0 = free */
    uint64_t number;
    int32_t center_id;
    uint32_t city;
};

struct city {
    char province[32], city[32], city_code[8];
};

struct correction_table {
    struct corrected *rows;
    size_t size, count; /* size: a power of two, at least twice the count */
    struct city cities[MAX_CITIES];
    uint32_t city_count;
};

int correction_table_create(struct correction_table **ret_table)
{
    struct correction_table *table = calloc(1, sizeof(*table));

    if (table)
        table->rows = calloc(FIRST_SIZE, sizeof(*table->rows));
    if (!table || !table->rows) {
        free(table);
        return -ENOMEM;
    }
    table->size = FIRST_SIZE;
    *ret_table = table;
    return 0;
}

void correction_table_free(struct correction_table *table)
{
    if (!table)
        return;
    free(table->rows);
    free(table);
}

/* The 1 before the digits keeps zeros in front apart. 0 = no number, or one too long. */
static uint64_t pack(const char *number)
{
    uint64_t packed = 1;
    size_t length = strlen(number);

    if (!length || length > MAX_DIGITS)
        return 0;
    for (const char *c = number; *c; c++) {
        if (*c < '0' || *c > '9')
            return 0;
        packed = packed * 10 + (uint64_t)(*c - '0');
    }
    return packed;
}

/* Where the pair is, or the free place it would take. */
static struct corrected *slot_of(struct corrected *rows, size_t size, int32_t center_id,
                                 uint64_t number)
{
    uint64_t hash = (number ^ (uint64_t)center_id << 32) * 0x9e3779b97f4a7c15u;
    size_t at = (size_t)(hash >> 20) & (size - 1);

    while (rows[at].number && (rows[at].number != number || rows[at].center_id != center_id))
        at = (at + 1) & (size - 1);
    return &rows[at];
}

static int grow(struct correction_table *table)
{
    size_t size = table->size * 2;
    struct corrected *rows = calloc(size, sizeof(*rows));

    if (!rows)
        return -ENOMEM;
    for (size_t i = 0; i < table->size; i++)
        if (table->rows[i].number)
            *slot_of(rows, size, table->rows[i].center_id, table->rows[i].number) = table->rows[i];
    free(table->rows);
    table->rows = rows;
    table->size = size;
    return 0;
}

static int city_index(struct correction_table *table, const char *province, const char *name,
                      const char *city_code)
{
    struct city *city;

    for (uint32_t i = 0; i < table->city_count; i++)
        if (strcmp(table->cities[i].city_code, city_code) == 0)
            return (int)i;
    if (table->city_count == MAX_CITIES)
        return -ENOSPC;
    city = &table->cities[table->city_count];
    text_copy(city->province, sizeof(city->province), province);
    text_copy(city->city, sizeof(city->city), name);
    text_copy(city->city_code, sizeof(city->city_code), city_code);
    return (int)table->city_count++;
}

int correction_table_set(struct correction_table *table, int32_t center_id, const char *number,
                         const char *province, const char *city, const char *city_code)
{
    uint64_t packed = pack(number);
    int at = city_index(table, province, city, city_code);
    struct corrected *row;

    if (at < 0)
        return at;
    if (!packed)
        return -EINVAL;
    if (table->count * 2 >= table->size && grow(table))
        return -ENOMEM;
    row = slot_of(table->rows, table->size, center_id, packed);
    if (!row->number)
        table->count++;
    *row = (struct corrected){packed, center_id, (uint32_t)at};
    return 0;
}

void correction_apply(const struct correction_table *table, int32_t center_id,
                      struct dir_place *place)
{
    uint64_t packed = pack(place->number);
    const struct corrected *row;
    const struct city *city;

    if (!table || !packed)
        return;
    row = slot_of(table->rows, table->size, center_id, packed);
    if (!row->number)
        return;
    city = &table->cities[row->city];
    text_copy(place->province, sizeof(place->province), city->province);
    text_copy(place->city, sizeof(place->city), city->city);
    text_copy(place->city_code, sizeof(place->city_code), city->city_code);
    place->exact = true;
}
