/* Private to directory: where a number comes from, O(1). Mobiles by their first seven digits
 * (130 0000 .. 199 9999), land lines by area code. */
#ifndef DIRECTORY_PLACE_H
#define DIRECTORY_PLACE_H

#include <stdbool.h>

#include <hotlined/directory.h>

struct place_table;

int place_table_create(struct place_table **ret_table);
void place_table_free(struct place_table *table);
/* from and to: seven digits of mobiles, or one area code with its leading 0. -EINVAL otherwise. */
int place_table_add(struct place_table *table, const char *from, const char *to,
                    const char *province, const char *city, const char *city_code, bool shared);
/* table may be NULL: the number is normalised only. */
void place_find(const struct place_table *table, const char *caller, struct dir_place *ret_place);

#endif
