/* Private to tts: the engines. Each gets normalised text and adds a WAV; a failure says why in
 * Chinese. */
#ifndef TTS_ENGINE_H
#define TTS_ENGINE_H

#include <stddef.h>

#include <hotlined/text.h>
#include <hotlined/tts.h>

#define TTS_MAX_WAV (64u << 20)

/* For a whole rendering, however busily the engine pretends to work. Tests make it shorter. */
extern int tts_timeout_ms;

/* Text on stdin, WAV on stdout. The program gets a process group of its own: when time is over,
 * everything it has started ends with it. */
int program_speak(const char *const argv[], const char *text, struct text *wav, char *why,
                  size_t why_size);
/* POST of the text to http:// or https://, a WAV as the answer. */
int service_speak(const char *url, const struct tts_request *request, const char *text,
                  struct text *wav, char *why, size_t why_size);

#endif
