/* Speech to text, behind one small interface: an 8 kHz mono WAV (PCM, 16 bit) in, one JSON object
 * out: docs/engines.md. None is built in, since there is none for Chinese in Debian; engines are
 * "command" (WAV on stdin, JSON on stdout) and "http" (POST of the WAV, JSON as the answer). What
 * they answer is bounded and distrusted. Blocking: call on a worker. */
#ifndef HOTLINED_ASR_H
#define HOTLINED_ASR_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#define ASR_MAX_WAV  (64u << 20) /* an hour */
#define ASR_MAX_TEXT 60000       /* bytes */
#define ASR_NAME     64

struct asr_options {
    const char *engine; /* "" = there is none, "command", "http" */
    const char *command;
    const char *url;
    int timeout_ms;          /* for one recognition */
    const atomic_bool *stop; /* set: what is under way ends at once (-ECANCELED); may be NULL */
};

struct asr_result {
    char *text;            /* UTF-8, owned; "" = no word was understood */
    char engine[ASR_NAME]; /* as it calls itself, else where it is; "" = neither known */
    double confidence;     /* 0..1; negative: it did not say */
};

bool asr_is_configured(const struct asr_options *options);
/* 0 (asr_result_done() then), or a negative errno with a Chinese reason. */
int asr_recognise(const struct asr_options *options, const void *wav, size_t size,
                  struct asr_result *ret_result, char *why, size_t why_size);
void asr_result_done(struct asr_result *result);
/* The answer alone: 0, -EPROTO for what is none (with a reason), -ENOMEM. Exposed for tests. */
int asr_read_answer(const char *answer, size_t size, struct asr_result *ret_result, char *why,
                    size_t why_size);

#endif
