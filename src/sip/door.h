/* The door: requests as they come in, before sofia works on them. */
#ifndef HOTLINED_SIP_DOOR_H
#define HOTLINED_SIP_DOOR_H

#include <sofia-sip/msg_mclass.h>
#include <sofia-sip/sip_header.h>

#include <hotlined/log_limit.h>
#include <hotlined/loop.h>
#include <hotlined/strangers.h>

struct sip;

/* Who is banned, in points of strangers.h. */
enum {
    /* Ten guesses of a password (challenge 1, wrong answer 3): who mistypes stops before that. */
    DOOR_LIMIT = 40,
    /* Twelve points a minute leak away: a phone with an old password that tries every 20 s, or a
     * monitor that sends OPTIONS every 5 s, is a nuisance and no attack. */
    DOOR_LEAK_MS = 5000
};

/* What a stranger does. */
enum door_fault {
    DOOR_ASKED = 1, /* OPTIONS, a method we do not serve, REGISTER or INVITE without credentials */
    DOOR_WRONG = 3, /* a call of nobody we know, a wrong password, a message that is no good SIP */
    DOOR_SCANNER = DOOR_LIMIT /* says of itself that it is a scanner */
};

/* Broken header fields that make a request bad: of those only others read we take no notice. */
enum {
    DOOR_MINDS = ~(sip_mask_response | sip_mask_proxy | sip_mask_registrar | sip_mask_pref |
                   sip_mask_privacy)
};

struct door {
    struct msg_hclass_s
        request;            /* sofia's class of request lines, with our parser before its own */
    msg_mclass_t *messages; /* owned; sofia's class of messages with that one in it */
    struct strangers strangers;
    uint64_t ban_ms;
    struct loop_timer next_end; /* of a ban; runs while there is one */
    struct log_limit ban_lines, end_lines;
};

int door_init(struct sip *sip);
void door_done(struct sip *sip);
/* The source of the current request did this: may ban it. */
void door_note(struct sip *sip, enum door_fault fault);
/* Is the source of the current request banned? So it is when the requests that did it came in one
 * piece with this one. */
bool door_is_closed(const struct sip *sip);
/* The source of the current request has shown who it is. */
void door_welcome(struct sip *sip);
/* Does a trunk or a registered phone live there? */
bool door_knows(const struct sip *sip, const struct sockaddr *source);
/* Trunks have changed: bans of their addresses end. */
void door_look_again(struct sip *sip);

#endif
