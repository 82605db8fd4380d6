/* STUN connectivity checks of the browsers, answered as an ICE-lite agent (RFC 8445 7.3). */
#include <string.h>

#include "media/line/port.h"

#define TAKE_OVER_MS 4000 /* a selected pair silent for this long gives way to a living one */

/* "ours:theirs" -> the line and which of its credentials were meant. NULL if nobody's. */
static struct line *line_of_username(const struct line_port *port, const struct stun_message *check,
                                     unsigned *ret_generation)
{
    char ufrag[LINE_UFRAG_LENGTH + 1];
    const char *theirs;
    size_t theirs_length;
    struct line *line;

    if (check->username == NULL || check->username_length <= LINE_UFRAG_LENGTH + 1 ||
        check->username[LINE_UFRAG_LENGTH] != ':')
        return NULL;
    theirs = check->username + LINE_UFRAG_LENGTH + 1;
    memcpy(ufrag, check->username, LINE_UFRAG_LENGTH);
    ufrag[LINE_UFRAG_LENGTH] = '\0';
    line = line_find_ufrag(port, ufrag);
    if (line == NULL)
        return NULL;
    theirs_length = check->username_length - LINE_UFRAG_LENGTH - 1;
    for (unsigned i = 0; i < 2; i++) {
        if (strcmp(line->ice[i].local.ufrag, ufrag) != 0)
            continue;
        if (strlen(line->ice[i].remote_ufrag) != theirs_length ||
            memcmp(line->ice[i].remote_ufrag, theirs, theirs_length) != 0)
            return NULL;
        *ret_generation = i;
        return line;
    }
    return NULL;
}

static void answer_success(struct line_port *port, const struct line_peer *to,
                           const struct stun_message *check, const char *pwd)
{
    uint8_t out[128];
    struct stun_writer writer;
    size_t length;

    stun_begin(&writer, out, sizeof(out), STUN_BINDING_SUCCESS, check->transaction);
    stun_add_xor_address(&writer, &to->address);
    length = stun_finish(&writer, pwd, LINE_PWD_LENGTH);
    if (length > 0)
        line_port_send(port, to, out, length);
    port->counters.stun_answered++;
}

/* 420 Unknown Attribute: the check was authentic but asks for what we do not understand. */
static void answer_unknown(struct line_port *port, const struct line_peer *to,
                           const struct stun_message *check, const char *pwd)
{
    static const uint8_t error[] = {0,   0,   4,   20,  'U', 'n', 'k', 'n', 'o', 'w', 'n',
                                    ' ', 'A', 't', 't', 'r', 'i', 'b', 'u', 't', 'e'};
    uint8_t out[160], types[8];
    struct stun_writer writer;
    size_t length;

    for (unsigned i = 0; i < check->unknown_count; i++) {
        types[2 * i] = (uint8_t)(check->unknown[i] >> 8);
        types[2 * i + 1] = (uint8_t)check->unknown[i];
    }
    stun_begin(&writer, out, sizeof(out), STUN_BINDING_ERROR, check->transaction);
    stun_add(&writer, STUN_ERROR_CODE, error, sizeof(error));
    stun_add(&writer, STUN_UNKNOWN_ATTRIBUTES, types, 2u * check->unknown_count);
    length = stun_finish(&writer, pwd, LINE_PWD_LENGTH);
    if (length > 0)
        line_port_send(port, to, out, length);
}

/* Which pair do we send to after this check? The browser decides by USE-CANDIDATE; before it
 * did, and when the chosen pair has died without a word, the living one is taken. */
static void choose_pair(struct line *line, int pair, bool use_candidate, int64_t now_ms)
{
    if (use_candidate)
        line_pair_select(line, pair, true);
    else if (line->selected < 0)
        line_pair_select(line, pair, false);
    else if (line->selected != pair &&
             now_ms - line->pairs[line->selected].heard_ms >= TAKE_OVER_MS)
        line_pair_select(line, pair, false);
}

/* May we afford an HMAC for this sender? Strangers cannot use up what proved addresses need. */
static bool afford(struct line_port *port, struct line *line, const struct line_peer *from)
{
    int pair;

    if (line_find_peer(port, from, &pair) == line)
        return line_budget_take(&line->checks, port->now_ms);
    return line_budget_take(&line->attempts, port->now_ms) &&
           line_budget_take(&port->strangers, port->now_ms);
}

/* A connection serves the line that first proved itself on it, and no other. */
static bool belongs_to_other(const struct line_port *port, const struct line *line,
                             const struct line_peer *from)
{
    handle_t owner = from->connection != 0 ? line_tcp_owner(port, from->connection) : 0;

    return owner != 0 && owner != line->id;
}

void line_check_arrived(struct line_port *port, const struct line_peer *from, const uint8_t *bytes,
                        size_t length)
{
    struct line_counters *counters = &port->counters;
    struct stun_message check;
    struct line *line;
    unsigned generation;
    int pair;

    if (stun_parse(bytes, length, &check) != 0) {
        counters->stun_malformed++;
        return;
    }
    if (check.type != STUN_BINDING_REQUEST)
        return; /* indications are keep-alives; we sent no requests, so no answers are due */
    line = line_of_username(port, &check, &generation);
    if (line == NULL) {
        counters->stun_unknown_user++;
        return;
    }
    if (belongs_to_other(port, line, from)) {
        counters->stun_refused++;
        return;
    }
    if (!afford(port, line, from)) {
        counters->stun_limited++;
        return;
    }
    if (!check.has_fingerprint ||
        !stun_integrity_ok(bytes, &check, line->ice[generation].local.pwd, LINE_PWD_LENGTH)) {
        counters->stun_refused++;
        return; /* no answer: nothing to learn or to reflect for who does not know the password */
    }
    if (check.unknown_count > 0) {
        answer_unknown(port, from, &check, line->ice[generation].local.pwd);
        return;
    }
    pair = line_pair_prove(line, from);
    answer_success(port, from, &check, line->ice[generation].local.pwd);
    if (generation == 0 && line->ice[1].local.ufrag[0] != '\0')
        line_ice_retire(line);
    choose_pair(line, pair, check.use_candidate, port->now_ms);
    line_heard(line, pair);
}
