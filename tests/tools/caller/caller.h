/* The outside telephone of tests, in pieces: one call at a time, made or taken.
 *
 *   sound.c   G.711, what we send: a WAV file, spoken text, a tone
 *   rtp.c     sending sound and keys, hearing: tones, levels, losses
 *   sip.c     messages: reading headers and SDP, writing requests and responses, sending again
 *   making.c  a call of our own: INVITE, its answers, CANCEL
 *   taking.c  a call to us: ringing, answer or refusal, CANCEL
 *   dialog.c  both kinds once they stand: BYE, re-INVITE, and what comes from the far side */
#ifndef CALLER_H
#define CALLER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>

enum {
    RATE = 8000,
    FRAME = 160, /* samples in 20 ms */
    FRAME_MS = 20,
    MESSAGE_SIZE = 8192,
    PT_PCMU = 0,
    PT_PCMA = 8,
    PT_KEYS = 101,
    GIVE_UP_MS = 32000
};

struct options {
    const char *from, *to, *local, *wav, *say, *hear, *keys;
    const char *global_call_id; /* X-Hotlined-Call */
    const char *along;          /* X-Hotlined-Along */
    char host[128];             /* of the server; the address we wait at when we take calls */
    uint16_t port;
    double key_after_s; /* < 0: when the first sound is heard */
    double talk_s;      /* hang up so long after the answer; 0 = never */
    double hangup_s;    /* hang up or cancel so long after the INVITE; 0 = never */
    int tone_hz;        /* what we send when there is no WAV; 0 = silence */
    int detect_hz;      /* 0 = do not look */
    bool pcmu_first;
    bool takes_calls;
    int answer_after_ms; /* < 0: when told so */
    int refuse_status;   /* 0 = answer */
    int refuse_cause;    /* Q.850, in a Reason header of what refuses; 0 = none */
    bool early;          /* 183 and sound instead of 180 */
    int count;           /* calls to take, 0 = without end */
};

enum call_state { WAITING, CALLING, RINGING, TALKING, ENDING, OVER };

/* What is sent again until it is answered: a request, or a final response to an INVITE. */
struct request {
    char text[MESSAGE_SIZE];
    char method[16];
    unsigned cseq;
    char branch[40];
    int64_t resend_ms, wait_ms, give_up_ms; /* wait_ms: next distance; resend_ms 0 = no more */
    bool active;
};

struct sound {
    int16_t *samples;
    size_t count, at;
};

struct call {
    enum call_state state;
    int sip, rtp;
    struct sockaddr_storage server, media;
    struct sockaddr_storage source; /* of the request now being answered */
    socklen_t server_length, source_length;
    bool has_media, hold;
    uint16_t sip_port, rtp_port;
    char user[64]; /* our number */
    char call_id[128], tag[24];
    char from_line[512]; /* From of our requests in the call */
    char to_line[512];   /* and To, with the far side's tag once it has one */
    char target[512];    /* their Contact */
    char routes[1024];   /* Route lines for requests in the dialog */
    unsigned cseq, invite_cseq, sdp_version;
    struct request invite, other;
    char ack[MESSAGE_SIZE];         /* of the last 200, sent again when that is repeated */
    char taken[MESSAGE_SIZE];       /* the INVITE of a call to us: its responses are made of it, */
    char provisional[MESSAGE_SIZE]; /* 180 or 183, */
    struct request reply;           /* and the final one, until the ACK is there */
    int reply_status;               /* 0 = not yet */
    char sdp[1024];                 /* of 183 and 200, the same */
    int payload;                    /* PT we send */
    int exit_code;
    int64_t answer_at_ms; /* of a call to us; 0 = when told so */
    int64_t answered_ms, next_frame_ms, next_stats_ms, next_key_ms;
    bool cancelled, cancel_sent, early;
    const char *keys;
    uint32_t ssrc, ts;
    uint16_t seq;
    unsigned sent;
    int key; /* event now being sent, -1 = none */
    int key_done_ms, key_ends;
    uint32_t key_ts;
    struct sound sound;
};

extern struct options opt;
extern struct call call;
extern int64_t started_ms;

/* --- caller.c */

int64_t now_ms(void);
/* more: ",\"key\":value" pieces, or "%s" with "". */
void event(const char *name, const char *more, ...) __attribute__((format(printf, 2, 3)));
void die(const char *what);
unsigned random_number(void);
void call_new(void); /* numbers and names of a call that begins */
void finish(const char *why, int status, int code);
int bind_udp(uint16_t port, bool even, uint16_t *ret_port); /* port 0 = any */

/* --- sound.c */

uint8_t alaw(int16_t pcm);
int16_t from_alaw(uint8_t code);
uint8_t ulaw(int16_t pcm);
int16_t from_ulaw(uint8_t code);
void load_sound(struct sound *sound);

/* --- rtp.c */

void hear_open(void);
void hear_close(void);
void hear_anew(void); /* another call: its figures begin at 0, the file goes on */
unsigned heard_packets(void);
unsigned lost_packets(void);
bool speaking(void); /* now, or in ringing (early media) */
void send_due_frames(int64_t now);
void press(char key);
void press_due_key(int64_t now);
void print_stats(int64_t now);
void rtp_readable(void);

/* --- sip.c */

/* Value of a header's nth occurrence in message, without line end. */
bool header(const char *message, const char *name, const char *compact, int nth, char *out,
            size_t size);
unsigned cseq_of(const char *message);
void uri_of(const char *value, char *out, size_t size);
void user_of(const char *uri, char *out, size_t size);
bool read_media(const char *message);
void print_sdp(char *out, size_t size);
void send_text(const char *text);
void print_request(char *out, size_t size, const char *method, unsigned cseq, const char *branch,
                   const char *body);
void send_again_until(struct request *request, int64_t limit_ms); /* answered; sends it now */
void send_request(struct request *request, const char *method, const char *body);
void send_due_again(struct request *request, int64_t now);
void print_response(char *out, size_t size, const char *message, int status, const char *body);
void respond(const char *message, int status, const char *body);

/* --- making.c */

void send_invite(void);
void start_call(void);
void send_cancel(void);
void response_arrived(const char *message);

/* --- taking.c */

void start_waiting(void);
bool wait_again(void); /* for the next call; false = that was the last */
void stop_waiting(void);
void invite_arrived(const char *message);
void cancel_arrived(const char *message);
void ack_arrived(const char *message);
void answer_due_call(int64_t now);
void answer_now(void);
void refuse_now(int status);

/* --- dialog.c */

void begin_talk(void);
void hang_up(void);
void reinvite(const char *how);
void sip_readable(void);

#endif
