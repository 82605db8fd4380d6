/* Private to speech: WAV in memory, made fit for a telephone. */
#ifndef SPEECH_WAVE_H
#define SPEECH_WAVE_H

#include <stddef.h>
#include <stdint.h>

/* WAV (16 bit PCM, A-law or mu-law; mono or stereo, 8 to 48 kHz) -> 8 kHz mono samples with the
 * peak at -3 dB. *ret_samples is malloc()ed. 0, -ENOMEM, or -EINVAL with a Chinese reason, in which
 * giver says whose sound it is. */
int wave_to_phone(const char *giver, const uint8_t *wav, size_t size, int16_t **ret_samples,
                  size_t *ret_count, char *why, size_t why_size);
/* The same for mono samples in memory at a rate of 8 to 48 kHz. */
int wave_samples_to_phone(const char *giver, const int16_t *samples, size_t frames, unsigned rate,
                          int16_t **ret_samples, size_t *ret_count, char *why, size_t why_size);
/* Engines put tens of milliseconds of silence before and hundreds after what they say: all but 5 ms
 * before and 100 ms (the pause between two prompts) after is taken off, in place. */
void wave_trim(int16_t *samples, size_t *count);
/* Writes an 8 kHz mono PCM16 WAV under another name and renames it. 0 or -errno. */
int wave_write(const char *path, const int16_t *samples, size_t count);

#endif
