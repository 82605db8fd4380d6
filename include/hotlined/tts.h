/* Text to speech, behind one small interface: text in, 8 kHz mono WAV file out. Used when prompts
 * are published, never in a call. Engines: "espeak" (built in: runs espeak-ng, Mandarin voice,
 * digits spelt out), "command" (text on stdin, WAV on stdout, voice and speed as $1 and $2) and
 * "http" (POST text with the headers X-Voice and X-Speed, answers WAV). Blocking: call on the
 * a thread for it or from the command line. */
#ifndef HOTLINED_TTS_H
#define HOTLINED_TTS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct tts_options {
    const char *engine;
    const char *command;
    const char *url;
    const char *voices;      /* "code:name,code:name"; "" = the built-in engine's own, else none */
    const atomic_bool *stop; /* true: given up at once (-ECANCELED); NULL: nobody does */
};

struct tts_voice {
    const char *code; /* what the engine gets */
    const char *name; /* for people */
};

/* The voices there are to choose from, in order. What each() gets is valid during the call. */
void tts_voices(const struct tts_options *options,
                void (*each)(const struct tts_voice *voice, void *arg), void *arg);
/* "" is always one: the engine's own. */
bool tts_has_voice(const struct tts_options *options, const char *code);

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
 * stereo, 8 to 48 kHz) or an MP3 (up to ten minutes) becomes the file at path. -EINVAL with a
 * reason when it is neither. */
int tts_adopt(const void *sound, size_t size, const char *path, char *why, size_t why_size);
/* What will be spoken: digits of numbers spelt out, 12366 as 一二三六六, dates and sums read as
 * people do. Exposed for tests and for the preview. Caller frees. */
char *tts_normalise(const char *text);

#endif
