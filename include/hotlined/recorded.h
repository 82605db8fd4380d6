/* A recording's file as sound: WAV made while it is read, and its waveform. Plain functions of a
 * file; they block as reading a disk blocks. */
#ifndef HOTLINED_RECORDED_H
#define HOTLINED_RECORDED_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum recorded_side { RECORDED_BOTH, RECORDED_LEFT, RECORDED_RIGHT };

#define RECORDED_MARK_SIZE 96
struct recorded {
    int fd;
    uint64_t frames; /* of 1/8000 s, on the disk when it was opened */
    /* Whose copy it is: the comment of the WAV's INFO list, which players show and editors keep. ""
     * after opening: none. */
    char mark[RECORDED_MARK_SIZE];
};

/* path is relative to dir. 0; -EPERM for a path that leads outside; -ENOENT; -EISDIR for what is no
 * file; other -errno. A recording under way is as long as what is on the disk. */
int recorded_open(const char *dir, const char *path, struct recorded *ret_recorded);
void recorded_close(struct recorded *recorded);
/* Takes the file away for good. 0, also when it is gone already; negative errno. */
int recorded_remove(const char *dir, const char *path);

/* The same as WAV, PCM16: stereo for both sides, mono for one. Reads exactly the bytes from `at`;
 * 0 at the end, negative errno when the file got shorter or cannot be read. */
uint64_t recorded_wav_size(const struct recorded *recorded, enum recorded_side side);
ssize_t recorded_wav_read(const struct recorded *recorded, enum recorded_side side, uint64_t at,
                          char *out, size_t size);

/* Loudest sample of each of so many equal parts, 0..100. */
#define RECORDED_POINTS 600
struct recorded_waveform {
    uint8_t left[RECORDED_POINTS], right[RECORDED_POINTS];
};
int recorded_waveform(const struct recorded *recorded, struct recorded_waveform *ret_waveform);

#endif
