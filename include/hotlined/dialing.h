/* Dialing out by a center's rule (CC-17): which numbers may be called, how the trunk is asked for
 * them, and whose number is shown. Pure. */
#ifndef HOTLINED_DIALING_H
#define HOTLINED_DIALING_H

#include <stdbool.h>
#include <stddef.h>

#define DIALING_PREFIX_SIZE 9
#define DIALING_NUMBER_SIZE 40 /* room for a number with its prefix */

enum dialing_range {
    DIALING_EMERGENCY,     /* 110, 119, 120, 122: always allowed */
    DIALING_SERVICE,       /* short numbers of the state and of firms, 400, 800, *123# */
    DIALING_LOCAL,         /* land lines of the own area code */
    DIALING_MOBILE,        /* 1[3-9] and nine digits */
    DIALING_NATIONAL,      /* land lines elsewhere, and what fits nothing else */
    DIALING_PREMIUM,       /* 声讯: 160, 168, 969 */
    DIALING_INTERNATIONAL, /* 00... */
    DIALING_RANGES
};

struct dialing_rule {
    unsigned ranges; /* bit of each that is allowed */
    char prefix[DIALING_PREFIX_SIZE];
    bool local_short; /* land lines of the own area without its code */
    bool far_zero;    /* mobiles of other cities with a 0 before */
};

/* What a center without a rule may do: everything but premium and international numbers. */
#define DIALING_DEFAULT                                                                            \
    (1u << DIALING_EMERGENCY | 1u << DIALING_SERVICE | 1u << DIALING_LOCAL |                       \
     1u << DIALING_MOBILE | 1u << DIALING_NATIONAL)

const char *dialing_range_name(enum dialing_range range); /* "international" */
/* DIALING_RANGES when there is none. */
enum dialing_range dialing_range_find(const char *name);

/* number: as directory_place() writes it; area: of the center, with its 0 ("" = it has none). */
enum dialing_range dialing_range_of(const char *number, const char *area);
bool dialing_allows(const struct dialing_rule *rule, enum dialing_range range);
/* The number as the trunk is asked for it. near: a mobile of the center's own city. False: it would
 * not fit into size. */
bool dialing_form(const struct dialing_rule *rule, const char *number, const char *area, bool near,
                  char *out, size_t size);

#endif
