/* Telephone numbers as people and gateways write them: what is known about their place.
 *
 * The input is lines: "+from,to,province,city,code,shared" adds to the table, "=number,city,code"
 * corrects, anything else is looked up. */
#include <stdlib.h>
#include <string.h>

#include <hotlined/text.h>

#include "directory/correction.h"
#include "directory/place.h"
#include "fuzz.h"

static void look_up(const struct place_table *table, const struct correction_table *corrections,
                    const char *number)
{
    struct dir_place place, bare;

    place_find(table, number, &place);
    MUST(strnlen(place.number, sizeof(place.number)) < sizeof(place.number));
    MUST(strspn(place.number, "0123456789") == strlen(place.number));
    MUST(strlen(place.number) <= strlen(number));
    MUST(strnlen(place.city, sizeof(place.city)) < sizeof(place.city));
    place_find(NULL, number, &bare);
    MUST(strcmp(bare.number, place.number) == 0);
    correction_apply(corrections, 1, &place);
    correction_apply(corrections, 2, &place);
    MUST(strnlen(place.province, sizeof(place.province)) < sizeof(place.province));
}

static void split(char *line, char *fields[6])
{
    for (int i = 0; i < 6; i++) {
        fields[i] = line;
        line += strcspn(line, ",");
        if (*line)
            *line++ = 0;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_in in = {data, size};
    struct place_table *table;
    struct correction_table *corrections;
    char *line, *f[6];

    MUST(place_table_create(&table) == 0 && correction_table_create(&corrections) == 0);
    while ((line = fuzz_line(&in))) {
        if (line[0] == '+' && strchr(line, ',')) {
            split(line + 1, f);
            (void)place_table_add(table, f[0], f[1], f[2], f[3], f[4], f[5][0] == '1');
        } else if (line[0] == '=') {
            split(line + 1, f);
            (void)correction_table_set(corrections, 1, f[0], "广西", f[1], f[2]);
        } else {
            look_up(table, corrections, line);
        }
        free(line);
    }
    correction_apply(NULL, 1, &(struct dir_place){0});
    place_table_free(table);
    correction_table_free(corrections);
    correction_table_free(NULL);
    return 0;
}
