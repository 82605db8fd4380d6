/* Private to speech: MP3 that people bring. */
#ifndef SPEECH_MP3_H
#define SPEECH_MP3_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What an MP3 begins with: an ID3 tag, or the first eleven bits of a frame. A WAV does not. */
bool mp3_is_one(const uint8_t *data, size_t size);
/* To mono samples of the file's own rate (8 to 48 kHz). *ret_samples is malloc()ed. 0, -ENOMEM, or
 * -EINVAL with a Chinese reason: damaged, or longer than ten minutes. */
int mp3_decode(const uint8_t *mp3, size_t size, int16_t **ret_samples, size_t *ret_count,
               unsigned *ret_rate, char *why, size_t why_size);

#endif
