/* Whose number it is: the directory of taxpayers, asked for callers who wait (ACD-11). */
#ifndef MAIN_WHOSE_H
#define MAIN_WHOSE_H

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct store;
struct telephony;

struct whose {
    struct loop *loop;
    struct store *store;
    struct telephony *telephony; /* NULL once it is gone */
    unsigned asked;              /* not answered yet */
    uint64_t quiet_till;         /* monotonic: the tables were not to be had; nobody is asked */
};

/* Asks; telephony_caller_known() follows unless it fails. False: not asked. */
bool whose_ask(struct whose *whose, uint32_t call, const char *number);

#endif
