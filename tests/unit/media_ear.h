/* What a test hears and waits for: tones told apart, and conditions of a media world. */
#ifndef TESTS_MEDIA_EAR_H
#define TESTS_MEDIA_EAR_H

#include "media_phone.h"

/* WINDOW: samples of sound that are looked at; PRESENT, ABSENT: levels of a tone. */
enum { WINDOW = 160 * 10, PRESENT = 5000, ABSENT = 600 };

extern const int tones[3]; /* Hz */

/* Conditions of world_wait(). */
bool digit_came(struct media_world *world, void *arg);   /* size_t: so many */
bool play_ended(struct media_world *world, void *arg);   /* int: so often */
bool legs_closed(struct media_world *world, void *arg);  /* int */
bool first_packet(struct media_world *world, void *arg); /* int */

void wait_packets(struct media_world *world, struct phone *phone, unsigned more);
void pass_ms(struct media_world *world, int ms);
/* Is the newest window of sound exactly the tones whose bits are set? */
bool hears_exactly(const struct phone *phone, size_t since, unsigned bits);
/* Waits until the first phone does; when says where the test stands. */
void expect_bits(struct media_world *world, unsigned bits, const char *when);
/* To be unreferenced. */
struct media_audio *tone_audio(double hz, size_t samples);

#endif
