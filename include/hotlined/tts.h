/* Text to speech, behind one small interface: text in, 8 kHz mono WAV file out. Used when prompts
 * are published, never in a call. Engines: "espeak" (built in: runs espeak-ng, Mandarin voice,
 * digits spelt out), "command" (text on stdin, WAV on stdout) and "http" (POST text, answers WAV).
 * Blocking: call on the worker pool or from the command line. */
#ifndef HOTLINED_TTS_H
#define HOTLINED_TTS_H

#include <stddef.h>

struct tts_options {
    const char *engine;
    const char *command;
    const char *url;
};

struct tts_request {
    const char *text;  /* UTF-8 */
    const char *voice; /* "" = the engine's own */
    int speed;         /* percent, 100 = normal */
    const char *path;  /* where the WAV goes; written under another name, then renamed */
};

/* 0, or a negative errno with a Chinese reason. A failure leaves path as it was. */
int tts_render(const struct tts_options *options, const struct tts_request *request, char *why,
               size_t why_size);
/* The same for sound that somebody brought: a WAV in memory (16 bit PCM, A-law or mu-law, mono or
 * stereo, 8 to 48 kHz) becomes the file at path. -EINVAL with a reason when it is no such WAV. */
int tts_adopt(const void *wav, size_t size, const char *path, char *why, size_t why_size);
/* What will be spoken: digits of numbers spelt out, 12366 as 一二三六六, dates and sums read as
 * people do. Exposed for tests and for the preview. Caller frees. */
char *tts_normalise(const char *text);

#endif
