/* Private to directory: what agents know better about a number's place (REG-02), O(1). One center's
 * correction is in force for that center's calls only. */
#ifndef DIRECTORY_CORRECTION_H
#define DIRECTORY_CORRECTION_H

#include <stdint.h>

#include <hotlined/directory.h>

struct correction_table;

int correction_table_create(struct correction_table **ret_table);
void correction_table_free(struct correction_table *table);
/* Adds or changes. number: normalised. -EINVAL for what is no number, -ENOMEM, -ENOSPC too many
 * different cities. */
int correction_table_set(struct correction_table *table, int32_t center_id, const char *number,
                         const char *province, const char *city, const char *city_code);
/* Puts the corrected place into *place when there is one for place->number. */
void correction_apply(const struct correction_table *table, int32_t center_id,
                      struct dir_place *place);

#endif
