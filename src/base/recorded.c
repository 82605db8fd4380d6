/* Stereo A-law on disk -> PCM16 for browsers, which play no A-law, and a waveform to look at. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <hotlined/recorded.h>

enum {
    FILE_HEADER = 58, /* what the recorder writes before the sound */
    WAV_FORMAT = 36,  /* RIFF, WAVE and the fmt chunk */
    WAV_LIST = 20,    /* LIST, INFO and ICMT before the mark */
    WAV_DATA = 8,
    WAV_HEADER_MAX = WAV_FORMAT + WAV_LIST + RECORDED_MARK_SIZE + WAV_DATA,
    RATE = 8000,
    BLOCK_FRAMES = 4096,
    LOUDEST = 32256 /* of A-law */
};

/* --- the file ------------------------------------------------------------------------------- */

static bool stays_inside(const char *path)
{
    if (!*path || *path == '/')
        return false;
    for (const char *part = path; part; part = strchr(part, '/')) {
        part += *part == '/';
        if (strncmp(part, "..", 2) == 0 && (part[2] == '/' || !part[2]))
            return false;
    }
    return true;
}

/* The header is not looked at: it may be behind the sound while the recording is written, and for
 * ever when the recorder was killed. The layout is always the same; the length is the file's. */
int recorded_open(const char *dir, const char *path, struct recorded *ret_recorded)
{
    struct stat status;
    char full[1024];
    int fd, r = 0;

    if (!stays_inside(path) ||
        snprintf(full, sizeof(full), "%s/%s", dir, path) >= (int)sizeof(full))
        return -EPERM;
    fd = open(full, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO must not hold us */
    if (fd < 0)
        return errno == ENOTDIR ? -ENOENT : -errno;
    if (fstat(fd, &status))
        r = -errno;
    else if (!S_ISREG(status.st_mode))
        r = -EISDIR;
    if (r) {
        close(fd);
        return r;
    }
    ret_recorded->fd = fd;
    ret_recorded->mark[0] = 0;
    ret_recorded->frames =
        status.st_size > FILE_HEADER ? (uint64_t)(status.st_size - FILE_HEADER) / 2 : 0;
    return 0;
}

int recorded_remove(const char *dir, const char *path)
{
    char full[1024];

    if (!stays_inside(path) ||
        snprintf(full, sizeof(full), "%s/%s", dir, path) >= (int)sizeof(full))
        return -EPERM;
    return unlink(full) && errno != ENOENT ? -errno : 0;
}

void recorded_close(struct recorded *recorded)
{
    if (recorded->fd >= 0)
        close(recorded->fd);
    recorded->fd = -1;
}

/* Both sides of count frames. 0 or negative errno; a file that got shorter is an error. */
static int read_codes(const struct recorded *recorded, uint64_t frame, uint8_t *codes, size_t count)
{
    size_t have = 0, want = count * 2;

    while (have < want) {
        ssize_t n =
            pread(recorded->fd, codes + have, want - have, (off_t)(FILE_HEADER + frame * 2 + have));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : -EIO;
        have += (size_t)n;
    }
    return 0;
}

/* ITU-T G.711: even bits are inverted on the line, the sign bit is 1 for plus; 8 segments of 16
 * steps, each step's middle is meant. */
static int sample_of(uint8_t code)
{
    unsigned bits = code ^ 0x55u, segment = bits >> 4 & 7;
    int value = (int)(bits & 15) * 16 + 8;

    if (segment)
        value = (value + 256) << (segment - 1);
    return bits & 0x80 ? value : -value;
}

/* --- WAV ------------------------------------------------------------------------------------ */

static unsigned frame_bytes(enum recorded_side side)
{
    return side == RECORDED_BOTH ? 4 : 2;
}

/* With its closing 0, and one more where the length would be odd (RIFF: chunks are even). */
static unsigned mark_bytes(const struct recorded *recorded)
{
    return recorded->mark[0] ? ((unsigned)strlen(recorded->mark) + 2) & ~1u : 0;
}

static unsigned header_bytes(const struct recorded *recorded)
{
    unsigned mark = mark_bytes(recorded);

    return WAV_FORMAT + (mark ? WAV_LIST + mark : 0) + WAV_DATA;
}

uint64_t recorded_wav_size(const struct recorded *recorded, enum recorded_side side)
{
    return header_bytes(recorded) + recorded->frames * frame_bytes(side);
}

static void put(uint8_t *at, unsigned bytes, uint64_t value)
{
    for (unsigned i = 0; i < bytes; i++)
        at[i] = (uint8_t)(value >> 8 * i);
}

static void put_mark(const struct recorded *recorded, uint8_t *out)
{
    unsigned mark = mark_bytes(recorded);

    memcpy(out, "LIST", 4);
    put(out + 4, 4, WAV_LIST - 8 + mark);
    memcpy(out + 8, "INFOICMT", 8);
    put(out + 16, 4, mark);
    memset(out + WAV_LIST, 0, mark);
    memcpy(out + WAV_LIST, recorded->mark, strlen(recorded->mark));
}

static void make_header(const struct recorded *recorded, enum recorded_side side,
                        uint8_t out[WAV_HEADER_MAX])
{
    unsigned frame = frame_bytes(side), header = header_bytes(recorded);
    uint64_t data = recorded->frames * frame;

    if (data > UINT32_MAX - header) /* 37 hours; players then go by the content's length */
        data = (UINT32_MAX - header) & ~3u;
    memcpy(out, "RIFF", 4);
    put(out + 4, 4, header - 8 + data);
    memcpy(out + 8, "WAVEfmt ", 8);
    put(out + 16, 4, 16);
    put(out + 20, 2, 1); /* PCM */
    put(out + 22, 2, frame / 2);
    put(out + 24, 4, RATE);
    put(out + 28, 4, RATE * frame);
    put(out + 32, 2, frame);
    put(out + 34, 2, 16);
    if (recorded->mark[0])
        put_mark(recorded, out + WAV_FORMAT);
    memcpy(out + header - WAV_DATA, "data", 4);
    put(out + header - 4, 4, data);
}

static size_t decode(const uint8_t *codes, size_t frames, enum recorded_side side, uint8_t *out)
{
    size_t length = 0;

    for (size_t i = 0; i < frames * 2; i++) {
        bool right = i & 1;
        if (side == (right ? RECORDED_LEFT : RECORDED_RIGHT))
            continue;
        put(out + length, 2, (uint16_t)sample_of(codes[i]));
        length += 2;
    }
    return length;
}

/* Some of the sound's bytes from `at` on, at least one; it may begin inside a sample. */
static ssize_t read_sound(const struct recorded *recorded, enum recorded_side side, uint64_t at,
                          char *out, size_t size)
{
    uint8_t codes[BLOCK_FRAMES * 2], pcm[BLOCK_FRAMES * 4];
    unsigned frame = frame_bytes(side);
    uint64_t first = at / frame;
    size_t skip = (size_t)(at % frame), frames = (skip + size + frame - 1) / frame, length;
    int r;

    if (frames > BLOCK_FRAMES)
        frames = BLOCK_FRAMES;
    r = read_codes(recorded, first, codes, frames);
    if (r)
        return r;
    length = decode(codes, frames, side, pcm) - skip;
    if (length > size)
        length = size;
    memcpy(out, pcm + skip, length);
    return (ssize_t)length;
}

static size_t read_header(const struct recorded *recorded, enum recorded_side side, uint64_t at,
                          char *out, size_t size)
{
    uint8_t header[WAV_HEADER_MAX];
    unsigned all = header_bytes(recorded);
    size_t length = at < all ? (size_t)(all - at) : 0;

    if (length > size)
        length = size;
    if (length) {
        make_header(recorded, side, header);
        memcpy(out, header + at, length);
    }
    return length;
}

ssize_t recorded_wav_read(const struct recorded *recorded, enum recorded_side side, uint64_t at,
                          char *out, size_t size)
{
    uint64_t total = recorded_wav_size(recorded, side);
    size_t done;

    if (at >= total)
        return 0;
    if (size > total - at)
        size = (size_t)(total - at);
    done = read_header(recorded, side, at, out, size);
    while (done < size) {
        ssize_t n =
            read_sound(recorded, side, at + done - header_bytes(recorded), out + done, size - done);
        if (n < 0)
            return n;
        done += (size_t)n;
    }
    return (ssize_t)done;
}

/* --- waveform ------------------------------------------------------------------------------- */

static uint8_t level_of(int peak)
{
    return (uint8_t)((peak * 100 + LOUDEST / 2) / LOUDEST);
}

/* The loudest samples of [from, to) on both sides. */
static int find_peaks(const struct recorded *recorded, uint64_t from, uint64_t to, int peaks[2])
{
    uint8_t codes[BLOCK_FRAMES * 2];

    peaks[0] = peaks[1] = 0;
    while (from < to) {
        size_t frames = to - from < BLOCK_FRAMES ? (size_t)(to - from) : BLOCK_FRAMES;
        int r = read_codes(recorded, from, codes, frames);
        if (r)
            return r;
        for (size_t i = 0; i < frames * 2; i++) {
            int loud = abs(sample_of(codes[i]));
            if (loud > peaks[i & 1])
                peaks[i & 1] = loud;
        }
        from += frames;
    }
    return 0;
}

int recorded_waveform(const struct recorded *recorded, struct recorded_waveform *ret_waveform)
{
    uint64_t frames = recorded->frames;

    for (unsigned i = 0; i < RECORDED_POINTS; i++) {
        uint64_t from = frames * i / RECORDED_POINTS, to = frames * (i + 1) / RECORDED_POINTS;
        int peaks[2], r;

        if (to == from && frames) /* fewer frames than points */
            to = from + 1;
        r = find_peaks(recorded, from, to, peaks);
        if (r)
            return r;
        ret_waveform->left[i] = level_of(peaks[0]);
        ret_waveform->right[i] = level_of(peaks[1]);
    }
    return 0;
}
