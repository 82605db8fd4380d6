/* Private to speech: how engines are talked to, whichever way speech goes. An engine is a program
 * (bytes on stdin, bytes on stdout) or a service (bytes posted, bytes as the answer). A failure
 * says why in Chinese. Blocking. */
#ifndef SPEECH_ENGINE_H
#define SPEECH_ENGINE_H

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hotlined/text.h>

/* What bounds one talk, however busily the engine pretends to work. */
struct engine_bounds {
    const char *what;        /* for reasons: 语音合成, 语音识别 */
    const char *gives;       /* likewise: 语音, 结果 */
    int timeout_ms;          /* for the whole of it */
    size_t max_answer;       /* bytes */
    const atomic_bool *stop; /* true: given up at once (-ECANCELED); NULL: nobody does */
};

extern int tts_timeout_ms; /* of tts.h; tests make it shorter */

int64_t engine_now_ms(void); /* monotonic */
/* How long may be slept now until the deadline or the next look at stop: 1 ms at least, or
 * -ETIMEDOUT, -ECANCELED. */
int engine_patience(const struct engine_bounds *bounds, int64_t deadline_ms);
/* The reason for an answer that was too long. */
void engine_too_long(const struct engine_bounds *bounds, const char *kind, const char *name,
                     char *why, size_t why_size);

/* Engines hang up when they like: a broken pipe is an error here, not the end of the process. */
int engine_hold_sigpipe(sigset_t *ret_before);
void engine_release_sigpipe(const sigset_t *before);

/* The program gets a process group of its own: when time is over, everything it has started ends
 * with it. name is what people are told. */
struct program_talk {
    const char *const *argv;
    const char *name;
    const void *input;
    size_t size;
};
int program_talk(const struct engine_bounds *bounds, const struct program_talk *talk,
                 struct text *answer, char *why, size_t why_size);

struct service_post {
    const char *url;     /* http:// or https:// */
    const char *headers; /* "Name: value\r\n" each */
    const void *body;
    size_t size;
};
int service_post(const struct engine_bounds *bounds, const struct service_post *post,
                 struct text *answer, char *why, size_t why_size);
/* What came, until the far side hung up: the body of a whole, good answer is added to ret_body;
 * else -EPROTO with a reason. answer is spoilt. Exposed for tests. */
int service_read_answer(const struct engine_bounds *bounds, const char *host, struct text *answer,
                        struct text *ret_body, char *why, size_t why_size);
/* The host with its port, for people. false: it is no such address. */
bool service_host(const char *url, char *out, size_t size);

#endif
