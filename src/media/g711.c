/* G.711 companding (ITU-T G.711). Decoding is a table. Encoding to A-law, which recordings and
 * mixes do for each sample, is one of 4 KiB over the 12 bits of magnitude that count (a table of 64
 * KiB would push the legs out of the cache); to mu-law, which is rare, it counts leading zeros. */
#include "media/g711.h"

int16_t g711_alaw_table[256];
int16_t g711_ulaw_table[256];
uint8_t g711_ulaw_of_alaw[256];
uint8_t g711_alaw_of_ulaw[256];
static uint8_t alaw_magnitudes[4096];

static int highest_bit(unsigned value)
{
    return 31 - __builtin_clz(value | 1);
}

/* Even bits are inverted on the line, and the sign bit is 1 = plus. */
uint8_t g711_alaw_encode(int16_t sample)
{
    int value = sample >> 3; /* 13 bits count */
    int sign = value >> 15;  /* 0 or -1 */

    return (uint8_t)(alaw_magnitudes[value ^ sign] ^ (0xD5 & ~(sign & 0x80)));
}

static uint8_t alaw_magnitude(int value)
{
    int segment = value < 32 ? 0 : highest_bit((unsigned)value) - 4;
    int step = segment < 2 ? value >> 1 : value >> segment;

    return (uint8_t)(segment << 4 | (step & 0xF));
}

uint8_t g711_ulaw_encode(int16_t sample)
{
    enum { BIAS = 0x84, CLIP = 32635 };
    unsigned sign = sample < 0 ? 0x80 : 0;
    int value = sample < 0 ? -(int)sample : sample;

    value = (value > CLIP ? CLIP : value) + BIAS;
    int segment = highest_bit((unsigned)value) - 7;
    unsigned step = (unsigned)(value >> (segment + 3)) & 0xF;
    return (uint8_t) ~(sign | (unsigned)segment << 4 | step);
}

static int16_t alaw_decode(uint8_t code)
{
    unsigned bits = code ^ 0x55u;
    int value = (int)(bits & 0xF) << 4;
    int segment = (int)(bits & 0x70) >> 4;

    value += segment == 0 ? 8 : 0x108;
    if (segment > 1)
        value <<= segment - 1;
    return (int16_t)(bits & 0x80 ? value : -value);
}

static int16_t ulaw_decode(uint8_t code)
{
    unsigned bits = ~(unsigned)code & 0xFF;
    int value = (int)((bits & 0xF) << 3) + 0x84;

    value <<= (bits & 0x70) >> 4;
    return (int16_t)(bits & 0x80 ? 0x84 - value : value - 0x84);
}

__attribute__((constructor)) static void build_tables(void)
{
    for (int value = 0; value < 4096; value++)
        alaw_magnitudes[value] = alaw_magnitude(value);
    for (int code = 0; code < 256; code++) {
        g711_alaw_table[code] = alaw_decode((uint8_t)code);
        g711_ulaw_table[code] = ulaw_decode((uint8_t)code);
    }
    for (int code = 0; code < 256; code++) {
        g711_ulaw_of_alaw[code] = g711_ulaw_encode(g711_alaw_table[code]);
        g711_alaw_of_ulaw[code] = g711_alaw_encode(g711_ulaw_table[code]);
    }
}
