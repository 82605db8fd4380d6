/* How it stands with centers of other daemons: each health check of a trunk that leads to one
 * carries the header X-Hotlined-Status, so nothing is asked, nothing waits, and it is as old as the
 * trunk's interval at most.
 *
 *   X-Hotlined-Status: guangxi;o=1;t=1;w=3;a=5;r=nanning+liuzhou, ...
 *
 * o open, t takes calls of the centers behind the trunk (of any of them), w waiting, a agents
 * signed in, r those of them whose calls it does not take; left out when it takes all or none. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hotlined/directory.h>
#include <hotlined/loop.h>
#include <hotlined/sip.h>

#include "telephony/centers.h"
#include "telephony/room.h"
#include "telephony/told.h"

#define OLD_MS 200000 /* three of the longest usual intervals */

/* --- reading -------------------------------------------------------------------------------- */

static bool read_field(const char **at, char name, unsigned most, unsigned *ret_value)
{
    char *end;
    unsigned long value;

    if ((*at)[0] != ';' || (*at)[1] != name || (*at)[2] != '=' || (*at)[3] < '0' || (*at)[3] > '9')
        return false;
    value = strtoul(*at + 3, &end, 10);
    *at = end;
    *ret_value = value > most ? most : (unsigned)value;
    return true;
}

/* It goes last and may be left out; what cannot be read is the end of the header. */
static bool read_refused(const char **at, char out[TOLD_REFUSED])
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_+";
    size_t length;

    out[0] = 0;
    if (strncmp(*at, ";r=", 3) != 0)
        return true;
    length = strspn(*at + 3, letters);
    if (!length || length >= TOLD_REFUSED)
        return false;
    memcpy(out, *at + 3, length);
    out[length] = 0;
    *at += 3 + length;
    return true;
}

static bool is_named(const char *list, const char *code)
{
    size_t length = strlen(code);

    for (const char *at = list; (at = strstr(at, code)); at += length)
        if ((at == list || at[-1] == '+') && (!at[length] || at[length] == '+'))
            return true;
    return false;
}

bool told_read(const char **at, struct center_told *ret_told)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
    const char *text = *at + strspn(*at, " ,");
    size_t length = strspn(text, letters);
    unsigned open, takes;

    if (!length || length >= sizeof(ret_told->code))
        return false;
    memcpy(ret_told->code, text, length);
    ret_told->code[length] = 0;
    text += length;
    if (!read_field(&text, 'o', 1, &open) || !read_field(&text, 't', 1, &takes) ||
        !read_field(&text, 'w', 100000, &ret_told->figures.waiting) ||
        !read_field(&text, 'a', 100000, &ret_told->figures.agents) ||
        !read_refused(&text, ret_told->refused))
        return false;
    ret_told->figures.open = open;
    ret_told->figures.takes = takes;
    *at = text;
    return true;
}

static struct center_told *place_for(struct telephony *t, const struct center_told *told)
{
    for (unsigned i = 0; i < t->told_count; i++)
        if (strcmp(t->told[i].code, told->code) == 0)
            return &t->told[i];
    return t->told_count < TOLD_MAX ? &t->told[t->told_count++] : NULL;
}

/* A trunk speaks for the centers it leads to and for no others. */
static bool leads_to(struct telephony *t, int32_t trunk_id, const char *code)
{
    size_t count;
    const struct dir_center *centers = directory_centers(t->directory, &count);

    for (size_t i = 0; i < count; i++)
        if (strcmp(centers[i].code, code) == 0)
            return centers_trunk(t, centers[i].id) == trunk_id;
    return false;
}

void told_status(int32_t trunk_id, const char *text, void *arg)
{
    struct telephony *t = arg;
    struct center_told told = {.trunk_id = trunk_id, .at_ms = loop_now_ms(t->loop)};

    if (!directory_trunk_is_peer(t->directory, trunk_id))
        return;
    told.figures.known = true;
    while (told_read(&text, &told)) {
        struct center_told *place = leads_to(t, trunk_id, told.code) ? place_for(t, &told) : NULL;
        if (place)
            *place = told;
    }
}

void centers_told(struct telephony *t, const char *from, const char *code, int32_t trunk_id,
                  struct center_figures *ret_figures)
{
    *ret_figures = (struct center_figures){0};
    for (unsigned i = 0; i < t->told_count; i++) {
        const struct center_told *told = &t->told[i];
        if (told->trunk_id != trunk_id || strcmp(told->code, code) != 0 ||
            loop_now_ms(t->loop) - told->at_ms >= OLD_MS)
            continue;
        *ret_figures = told->figures;
        ret_figures->takes &= !is_named(told->refused, from);
    }
}

/* --- telling -------------------------------------------------------------------------------- */

/* How many centers behind the trunk the center takes calls of; names those it does not. */
static unsigned takes_from(struct telephony *t, const struct dir_center *center, int32_t trunk_id,
                           char refused[TOLD_REFUSED])
{
    unsigned takes = 0;
    size_t count, length = 0;
    const struct dir_center *centers = directory_centers(t->directory, &count);

    refused[0] = 0;
    for (size_t i = 0; i < count; i++) {
        if (centers_trunk(t, centers[i].id) != trunk_id)
            continue;
        if (!centers_refuse(t, &centers[i], center))
            takes++;
        else if (length + strlen(centers[i].code) + 2 <
                 TOLD_REFUSED) /* else it hears when it calls */
            length += (size_t)snprintf(refused + length, TOLD_REFUSED - length, "%s%s",
                                       length ? "+" : "", centers[i].code);
    }
    return takes;
}

static size_t print_center(struct telephony *t, const struct dir_center *center, int32_t trunk_id,
                           char *out, size_t size)
{
    char refused[TOLD_REFUSED];
    struct center_figures figures;
    unsigned takes = takes_from(t, center, trunk_id, refused);
    bool some = takes && refused[0];

    centers_figures(t, center->id, &figures);
    return (size_t)snprintf(out, size, "%s;o=%d;t=%d;w=%u;a=%u%s%s", center->code, figures.open,
                            takes > 0, figures.waiting, figures.agents, some ? ";r=" : "",
                            some ? refused : "");
}

void told_tell(int32_t trunk_id, char *out, size_t size, void *arg)
{
    struct telephony *t = arg;
    size_t count, length = 0;
    const struct dir_center *centers = directory_centers(t->directory, &count);

    out[0] = 0;
    if (!directory_trunk_is_peer(t->directory, trunk_id))
        return;
    for (size_t i = 0; i < count && length + TOLD_REFUSED + 120 < size; i++) {
        if (!centers[i].enabled || centers_trunk(t, centers[i].id) != SIP_TRUNK_SELF)
            continue;
        if (length)
            length += (size_t)snprintf(out + length, size - length, ", ");
        length += print_center(t, &centers[i], trunk_id, out + length, size - length);
    }
}
