/* WAV files: reading what people upload, writing the header of a recording. */
#ifndef HOTLINED_MEDIA_WAV_H
#define HOTLINED_MEDIA_WAV_H

#include <stddef.h>
#include <stdint.h>

enum { WAV_PCM = 1, WAV_ALAW = 6, WAV_ULAW = 7, WAV_EXTENSIBLE = 0xFFFE };
enum { WAV_STEREO_HEADER = 58, WAV_MAX_BYTES = 256 * 1024 * 1024 };

struct wav {
    unsigned format; /* WAV_PCM, WAV_ALAW, WAV_ULAW */
    unsigned channels;
    unsigned rate;       /* Hz */
    unsigned bits;       /* per sample: 16 or 8 */
    const uint8_t *data; /* inside the parsed bytes */
    size_t frames;       /* samples per channel */
};

/* 0, or -EINVAL with a Chinese reason. Any bytes are safe; a data length that is longer than the
 * file (a recorder that was cut off) counts as what is there. */
int wav_parse(const uint8_t *bytes, size_t size, struct wav *ret_wav, char *why, size_t why_size);
/* Mixes to mono, resamples to 8 kHz (windowed sinc), encodes. Free ret_codes with free(). */
int wav_to_alaw(const struct wav *wav, uint8_t **ret_codes, size_t *ret_count);
/* Header of a stereo A-law file of 8 kHz with so many bytes of sound. */
void wav_stereo_header(uint64_t data_bytes, uint8_t out[WAV_STEREO_HEADER]);

#endif
