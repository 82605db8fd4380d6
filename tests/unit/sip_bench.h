/* The real SIP room in a loop, with everything it tells kept for the tests. */
#ifndef TESTS_UNIT_SIP_BENCH_H
#define TESTS_UNIT_SIP_BENCH_H

#include <hotlined/loop.h>
#include <hotlined/sip.h>

#include "sip_peer.h"

enum bench_answer { ANSWER_NOTHING, ANSWER_AT_ONCE, ANSWER_RINGING, ANSWER_EARLY, ANSWER_REJECT };

struct bench {
    struct loop *loop;
    struct sip *sip;
    uint16_t port, tls_port;
    enum bench_answer answer;
    /* what it told */
    unsigned invites, progresses, established, reoffers, digits, endings, trunk_news, phone_news;
    struct sip_invite invite;
    struct sip_refer refer;
    unsigned refers;
    bool may_refer;                 /* whom we call */
    int refer_answer;               /* of all of them */
    const char *takes, *body_wrong; /* whom we call; the answer to its bodies */
    char body[256];
    handle_t body_leg;
    size_t body_length;
    unsigned bodies;
    handle_t progress_leg, established_leg;
    int progress_status;
    bool progress_has_sdp, established_has_sdp, reoffer_has_sdp;
    struct sdp_audio sdp; /* the newest one */
    char keys[64];
    struct sip_ended ended;
    handle_t ended_leg;
    enum sip_trunk_state trunk_state;
    bool phone_registered;
    bool inside; /* a function of the room is running: handlers must not come */
    bool refuse_reoffers;
    /* at the door */
    unsigned knocks, calls_asked;
    uint32_t late_us;  /* of the last knock */
    int retry_after_s; /* new calls are refused; 0 = let in */
};

void bench_start(struct bench *bench, const struct sip_options *more);
/* The same before anybody has told the room its trunks. */
void bench_open(struct bench *bench, const struct sip_options *more);
void bench_stop(struct bench *bench);
/* Turns the loop until *counter reaches value; fails the test after 10 s. */
void bench_until(struct bench *bench, const unsigned *counter, unsigned value);
void bench_turn(struct bench *bench, int ms);
/* A trunk at 127.0.0.1:port without health check. */
struct sip_trunk_conf bench_trunk(int32_t id, uint16_t port);
void bench_set_trunks(struct bench *bench, const struct sip_trunk_conf *trunks, unsigned count);
const char *bench_sdp(bool offer); /* ours */
/* The peer calls and is answered; the dialog is up when it returns. */
void bench_call_in(struct bench *bench, struct peer *peer, struct peer_dialog *d);
/* We call the peer over the trunk and it answers; returns the leg. */
handle_t bench_call_out(struct bench *bench, struct peer *peer, struct peer_dialog *d,
                        int32_t trunk_id, const char *allow);

#endif
