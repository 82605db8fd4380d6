/* A prompt in a folder of its own: rendered, looked at, or left as it was. */
#ifndef TTS_PROMPT_H
#define TTS_PROMPT_H

#include <stddef.h>
#include <stdint.h>

#include <hotlined/tts.h>

extern char prompt_path[64], prompt_other[64]; /* two files there; the first is rendered to */
extern char prompt_why[300];                   /* why the last rendering failed */

int prompt_folder_make(void **state);
int prompt_folder_remove(void **state); /* fails when something was left behind */
/* All of it, to be freed; 0 and NULL when there is none. */
size_t prompt_read_file(const char *name, uint8_t **ret_data);
void prompt_write_file(const char *name, const void *data, size_t size);

int render_with(const struct tts_options *options, const char *text, int speed);
int render(const char *text); /* by espeak-ng */

/* 8 kHz mono PCM16 with its peak at -3 dB; returns the seconds of sound. */
double assert_fit_for_a_telephone(void);
void begin_with_an_old_file(void);
/* It is still there, and the reason says this. */
void assert_old_file_and_reason(int err, int expected, const char *part);

#endif
