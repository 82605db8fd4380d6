/* All desk phones behind one address. The dialogs are found by a hash of the daemon's Call-ID; 64
 * bits of it are taken for the id itself. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load.h"

enum { T1_MS = 500, T2_MS = 4000, GIVE_UP_MS = 16000 };
enum talk_state { TALK_FREE, TALK_ANSWERED, TALK_UP, TALK_ENDING, TALK_OVER };

struct talk {
    uint64_t call; /* hash of the Call-ID; 0 = empty place */
    char *again;   /* what is repeated: our 200, then our BYE */
    char *bye;
    uint32_t wait_ms; /* until it is sent again */
    enum talk_state state;
};

static const struct load_options *options;
static struct talk *talks;
static size_t places, used, repeated;
static struct timers timers;
static int fd;

static uint64_t hash(struct piece text)
{
    uint64_t h = 14695981039346656037u; /* FNV-1a */

    for (int i = 0; i < text.len; i++)
        h = (h ^ (unsigned char)text.at[i]) * 1099511628211u;
    return h ? h : 1;
}

/* The call's place, or the empty one where it may go. */
static struct talk *place_of(uint64_t call)
{
    size_t at = call & (places - 1);

    while (talks[at].call && talks[at].call != call)
        at = (at + 1) & (places - 1);
    return &talks[at];
}

static struct talk *find(struct piece call_id)
{
    return place_of(hash(call_id));
}

static uint32_t id_of(const struct talk *talk)
{
    return (uint32_t)(talk - talks);
}

static void answer(const struct sip_text *request, const char *status, const char *more,
                   const char *body, char **kept)
{
    char text[SIP_TEXT_MAX];
    char tag[24];
    int len;

    snprintf(tag, sizeof(tag), "a%zx", (size_t)hash(request->call_id));
    len = sip_text_answer(text, sizeof(text), request, status, tag, more, body);
    udp_write(fd, &options->server, text, len);
    if (kept) {
        free(*kept);
        *kept = strdup(text);
    }
}

/* Our BYE of this dialog: their Contact, their From as our To. */
static char *bye_of(const struct sip_text *invite)
{
    struct piece contact = sip_text_address(sip_text_header(invite->text, "Contact"));
    struct piece from = sip_text_header(invite->text, "From");
    struct piece to = sip_text_header(invite->text, "To");
    size_t h = (size_t)hash(invite->call_id);
    char *text = NULL;

    if (asprintf(&text,
                 "BYE %.*s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bKb%zx\r\n"
                 "From: %.*s;tag=a%zx\r\nTo: %.*s\r\nCall-ID: %.*s\r\nCSeq: 1 BYE\r\n"
                 "Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n",
                 contact.len, contact.at, options->agents_text, h, to.len, to.at, h, from.len,
                 from.at, invite->call_id.len, invite->call_id.at) < 0)
        abort();
    return text;
}

static void invited(const struct sip_text *invite)
{
    struct talk *talk = find(invite->call_id);
    char more[160];

    if (talk->call) { /* sent again by the daemon */
        if (talk->state == TALK_ANSWERED)
            udp_write(fd, &options->server, talk->again, (int)strlen(talk->again));
        return;
    }
    if (++used > places / 2) {
        fprintf(stderr, "load: more calls offered than this run can have\n");
        exit(1);
    }
    talk->call = hash(invite->call_id);
    talk->state = TALK_ANSWERED;
    talk->wait_ms = T1_MS;
    talk->bye = bye_of(invite);
    snprintf(more, sizeof(more), "Contact: <sip:agent@%s>\r\nContent-Type: application/sdp\r\n",
             options->agents_text);
    answer(invite, "200 OK", more, options->sdp[1], &talk->again);
    timers_set(&timers, id_of(talk), now_us() / 1000 + talk->wait_ms);
}

static void acknowledged(const struct sip_text *ack)
{
    struct talk *talk = find(ack->call_id);

    if (talk->state != TALK_ANSWERED)
        return;
    talk->state = TALK_UP;
    timers_set(&timers, id_of(talk), now_us() / 1000 + 1 + options->talk_ms);
}

static void over(struct talk *talk)
{
    timers_stop(&timers, id_of(talk));
    free(talk->again);
    free(talk->bye);
    talk->again = talk->bye = NULL;
    talk->state = TALK_OVER;
}

static void message(const struct sip_text *m)
{
    struct talk *talk;

    if (m->status) {
        talk = find(m->call_id);
        if (m->status >= 200 && talk->state == TALK_ENDING)
            over(talk);
    } else if (!strcmp(m->method, "INVITE")) {
        invited(m);
    } else if (!strcmp(m->method, "ACK")) {
        acknowledged(m);
    } else {
        answer(m, "200 OK", "", "", NULL);
        talk = find(m->call_id);
        if (!strcmp(m->method, "BYE") && talk->state && talk->state != TALK_OVER)
            over(talk);
    }
}

/* RFC 3261 17.1.2.2 and 13.3.1.4: again after T1, doubled up to T2. */
static void send_again(struct talk *talk)
{
    udp_write(fd, &options->server, talk->again, (int)strlen(talk->again));
    timers_set(&timers, id_of(talk), now_us() / 1000 + talk->wait_ms);
}

static void due(uint32_t id)
{
    struct talk *talk = &talks[id];

    if (talk->state == TALK_UP) {
        free(talk->again);
        talk->again = talk->bye;
        talk->bye = NULL;
        talk->state = TALK_ENDING;
        talk->wait_ms = T1_MS;
    } else if (talk->wait_ms >= GIVE_UP_MS) {
        over(talk);
        return;
    } else {
        repeated++;
        talk->wait_ms = talk->wait_ms < T2_MS ? talk->wait_ms * 2 : GIVE_UP_MS;
    }
    send_again(talk);
}

void agents_start(const struct load_options *given)
{
    struct sockaddr_in own = given->agents;

    options = given;
    fd = udp_open(&own);
}

/* A table for this many calls more; what is still up moves there with its timer. */
void agents_make_room(size_t calls)
{
    struct talk *old = talks;
    struct timers old_timers = timers;
    size_t old_places = places;

    for (places = 4096; places < (calls + used) * 4;)
        places *= 2;
    talks = calloc(places, sizeof(*talks));
    if (!talks)
        abort();
    timers_init(&timers, places, now_us() / 1000);
    used = repeated = 0;
    for (size_t i = 0; i < old_places; i++) {
        struct talk *talk;

        if (!old[i].state || old[i].state == TALK_OVER)
            continue;
        talk = place_of(old[i].call);
        *talk = old[i];
        used++;
        if (old_timers.due_ms[i])
            timers_set(&timers, id_of(talk), old_timers.due_ms[i]);
    }
    free(old);
    if (old_places)
        timers_free(&old_timers);
}

int agents_fd(void)
{
    return fd;
}

void agents_read(void)
{
    udp_read(fd, message);
}

void agents_due(uint64_t now_ms)
{
    timers_run(&timers, now_ms, due);
}

size_t agents_talks(void)
{
    return used;
}

size_t agents_again(void)
{
    return repeated;
}

void agents_end(void)
{
    for (size_t i = 0; i < places; i++)
        if (talks[i].state && talks[i].state != TALK_OVER)
            over(&talks[i]);
    free(talks);
    timers_free(&timers);
}
