/* G.711: A-law and mu-law to linear and to each other, by tables built at program start. */
#ifndef HOTLINED_MEDIA_G711_H
#define HOTLINED_MEDIA_G711_H

#include <stddef.h>
#include <stdint.h>

#define G711_ALAW_SILENCE 0xD5
#define G711_ULAW_SILENCE 0xFF

/* What 160 samples are decoded with; never contains -32768. */
extern int16_t g711_alaw_table[256];
extern int16_t g711_ulaw_table[256];
extern uint8_t g711_ulaw_of_alaw[256];
extern uint8_t g711_alaw_of_ulaw[256];

uint8_t g711_alaw_encode(int16_t sample);
uint8_t g711_ulaw_encode(int16_t sample);

#endif
