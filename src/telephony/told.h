/* Private to telephony: how it stands with centers of other daemons, as their trunks tell. */
#ifndef TELEPHONY_TOLD_H
#define TELEPHONY_TOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "telephony/centers.h"

struct telephony;

#define TOLD_MAX     64 /* centers of other daemons */
#define TOLD_REFUSED 240

/* As that trunk told last; not known when it is too long ago. */
struct center_told {
    char code[32];
    char refused[TOLD_REFUSED]; /* codes of centers here whose calls it does not take: a+b+c */
    int32_t trunk_id;
    uint64_t at_ms; /* monotonic */
    struct center_figures figures;
};
/* Reads the next center of a header and moves on; false: no more, or broken from here on. */
bool told_read(const char **at, struct center_told *ret_told);
/* Handlers of sip. */
void told_status(int32_t trunk_id, const char *text, void *arg);
void told_tell(int32_t trunk_id, char *out, size_t size, void *arg);
/* from: the code of the center here that would call. */
void centers_told(struct telephony *t, const char *from, const char *code, int32_t trunk_id,
                  struct center_figures *ret_figures);

#endif
