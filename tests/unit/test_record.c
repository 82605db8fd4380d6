/* rooms: base media */
/* with: tests/unit/media_phone.c */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <openssl/evp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <media/g711.h>
#include <media/recorder.h>
#include <media/voice.h>
#include <media/wav.h>

#include "media_phone.h"

enum { PRESENT = 5000, ABSENT = 400 };

#define TRACKS(l, r) (&(struct media_tracks){{l}, {r}})

static char folder[] = "/tmp/hotlined-record-XXXXXX";

struct track_file {
    uint8_t *bytes;
    size_t size;
    struct wav wav;
    int16_t *samples; /* interleaved */
};

static int read_track_file(const char *path, struct track_file *file)
{
    struct stat st;
    char why[200] = "";
    int fd = open(path, O_RDONLY);

    if (fd < 0)
        return -errno;
    assert_int_equal(fstat(fd, &st), 0);
    file->size = (size_t)st.st_size;
    file->bytes = malloc(file->size + 1);
    assert_non_null(file->bytes);
    assert_int_equal(read(fd, file->bytes, file->size), st.st_size);
    (void)close(fd);
    int r = wav_parse(file->bytes, file->size, &file->wav, why, sizeof(why));
    if (r < 0) {
        free(file->bytes);
        return r;
    }
    file->samples = malloc(file->wav.frames * 2 * sizeof(int16_t));
    assert_non_null(file->samples);
    for (size_t i = 0; i < file->wav.frames * 2; i++)
        file->samples[i] = g711_alaw_table[file->wav.data[i]];
    return 0;
}

static void free_track_file(struct track_file *file)
{
    free(file->samples);
    free(file->bytes);
}

/* The best half second of a track: a stall of the machine may hurt one, not all. */
static double best_level(const struct track_file *file, int track, double hz)
{
    double best = 0;

    for (size_t at = 0; at + 4000 <= file->wav.frames; at += 2000) {
        double level = tone_level(file->samples + 2 * at + track, 4000, 2, hz);
        best = level > best ? level : best;
    }
    return best;
}

static bool recorded(struct media_world *world, void *arg)
{
    return world->recorded_count >= *(int *)arg;
}

static bool heard_both(struct media_world *world, void *arg)
{
    return world->first_packets >= *(int *)arg;
}

static bool elapsed(struct media_world *world, void *arg)
{
    (void)world;
    return world_now_ms() >= *(int64_t *)arg;
}

static void run_ms(struct media_world *world, int ms)
{
    int64_t end = world_now_ms() + ms;

    assert_true(world_wait(world, elapsed, &end, ms + 5000));
}

static handle_t open_talk(struct media_world *world)
{
    handle_t room;
    int two = 2;

    world_open(world, 0);
    struct phone *left = world_phone(world, 500, false);
    struct phone *right = world_phone(world, 900, true);
    assert_int_equal(media_room_open(world->media, &room), 0);
    assert_int_equal(media_room_join(world->media, room, left->leg), 0);
    assert_int_equal(media_room_join(world->media, room, right->leg), 0);
    assert_int_equal(media_room_hears(world->media, room, left->leg, right->leg, true), 0);
    assert_int_equal(media_room_hears(world->media, room, right->leg, left->leg, true), 0);
    assert_true(world_wait(world, heard_both, &two, 5000));
    return room;
}

static void sha256_hex(const void *bytes, size_t size, char hex[65])
{
    uint8_t digest[32];

    assert_int_equal(EVP_Digest(bytes, size, digest, NULL, EVP_sha256(), NULL), 1);
    for (int i = 0; i < 32; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

static void CC_04_caller_is_left_and_agent_is_right(void **state)
{
    struct media_world world;
    struct track_file file;
    char path[128], hex[65];
    handle_t recording;
    int one = 1;

    (void)state;
    (void)snprintf(path, sizeof(path), "%s/deep/er/talk.wav", folder);
    handle_t room = open_talk(&world);
    int64_t begin = world_now_ms();
    assert_int_equal(media_record_start(world.media, room,
                                        TRACKS(world.phones[0].leg, world.phones[1].leg), path,
                                        &recording),
                     0);
    run_ms(&world, 2500);
    media_record_stop(world.media, recording);
    int64_t took = world_now_ms() - begin;
    assert_true(world_wait(&world, recorded, &one, 10000));
    assert_int_equal(world.recorded.recording, recording);
    assert_int_equal(world.recorded.error, 0);
    assert_in_range(world.recorded.length_ms, took - 100, took + 100);

    assert_int_equal(read_track_file(path, &file), 0);
    assert_int_equal(file.wav.format, WAV_ALAW);
    assert_int_equal(file.wav.channels, 2);
    assert_int_equal(file.wav.rate, 8000);
    assert_int_equal(file.wav.frames / 8, world.recorded.length_ms);
    assert_int_equal(file.size, world.recorded.size);
    sha256_hex(file.bytes, file.size, hex);
    assert_string_equal(hex, world.recorded.sha256);
    assert_true(best_level(&file, 0, 500) > PRESENT);
    assert_true(best_level(&file, 0, 900) < ABSENT);
    assert_true(best_level(&file, 1, 900) > PRESENT);
    assert_true(best_level(&file, 1, 500) < ABSENT);
    free_track_file(&file);
    world_close(&world);
}

/* Nothing of this process runs for so long, as when the machine is taken away. */
static void stand_still(unsigned ms)
{
    pid_t self = getpid(), other = fork();
    int status;

    assert_true(other >= 0);
    if (other == 0) {
        (void)kill(self, SIGSTOP);
        (void)usleep(ms * 1000);
        (void)kill(self, SIGCONT);
        _exit(0);
    }
    assert_int_equal(waitpid(other, &status, 0), other);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* The media thread makes up for the ticks it missed, but whoever hangs up does not wait for that.
 */
static void CC_05_a_recording_is_as_long_as_the_talk_whenever_the_machine_stood_still(void **state)
{
    struct media_world world;
    handle_t recording;
    int64_t took;
    char path[128];

    (void)state;
    handle_t room = open_talk(&world);
    for (int i = 0; i < 2; i++) { /* before its end, before its beginning */
        int count = i + 1;

        (void)snprintf(path, sizeof(path), "%s/still%d.wav", folder, i);
        if (i == 1)
            stand_still(900);
        took = -world_now_ms();
        assert_int_equal(media_record_start(world.media, room,
                                            TRACKS(world.phones[0].leg, world.phones[1].leg), path,
                                            &recording),
                         0);
        run_ms(&world, i == 1 ? 2200 : 500);
        if (i == 0)
            stand_still(900);
        took += world_now_ms();
        media_record_stop(world.media, recording);
        assert_true(world_wait(&world, recorded, &count, 10000));
        assert_in_range(world.recorded.length_ms, took - 400, took + 400);
    }
    world_close(&world);
}

static bool is_quiet(struct media_world *world, void *arg)
{
    return world->quiet_count >= *(int *)arg;
}

/* A message: one person alone, left; told once when he has said nothing for a while, and how long
 * he spoke. */
static void VM_08_who_stops_speaking_is_noticed_and_how_long_he_spoke_is_told(void **state)
{
    struct media_world world;
    struct track_file file;
    char path[128];
    handle_t room, recording;
    int one = 1;

    (void)state;
    (void)snprintf(path, sizeof(path), "%s/message.wav", folder);
    world_open(&world, 0);
    struct phone *caller = world_phone(&world, 500, false);
    assert_int_equal(media_room_open(world.media, &room), 0);
    assert_int_equal(media_room_join(world.media, room, caller->leg), 0);
    assert_true(world_wait(&world, heard_both, &one, 5000));
    assert_int_equal(
        media_record_start(world.media, room, TRACKS(caller->leg, 0), path, &recording), 0);
    assert_int_equal(media_record_attend(world.media, recording, 1000), 0);
    run_ms(&world, 2000);
    assert_int_equal(world.quiet_count, 0);
    caller->talking = false;
    int64_t stopped = world_now_ms();
    assert_true(world_wait(&world, is_quiet, &one, 10000));
    assert_int_equal(world.quiet, recording);
    assert_true(world.quiet_ms - stopped >= 800);
    run_ms(&world, 1500);
    assert_int_equal(world.quiet_count, 1);
    media_record_stop(world.media, recording);
    assert_int_equal(media_record_attend(world.media, recording, 1000), -ENOENT);
    assert_true(world_wait(&world, recorded, &one, 10000));
    assert_in_range(world.recorded.speech_ms, 1700, 3100); /* with the pause after the last word */
    assert_true(world.recorded.length_ms > world.recorded.speech_ms + 1000);
    assert_int_equal(read_track_file(path, &file), 0);
    assert_true(best_level(&file, 0, 500) > PRESENT);
    assert_true(best_level(&file, 1, 500) < ABSENT);
    free_track_file(&file);
    world_close(&world);
}

/* Frame by frame: words with pauses are speech; clicks, noise of a quiet line and nothing are not.
 */
static void VM_08_pauses_belong_to_speech_and_clicks_do_not(void **state)
{
    uint8_t loud[160], noise[160];
    struct voice voice = {0};

    (void)state;
    tone_fill(loud, 160, 500);
    for (int i = 0; i < 160; i++)
        noise[i] = i % 2 ? 0xD5 : 0x55; /* the smallest steps there are */
    for (int i = 0; i < 50; i++) {      /* a click every half second */
        voice_hear(&voice, i % 25 < 2 ? loud : noise);
    }
    assert_int_equal(voice.spoken, 0);
    assert_int_equal(voice.silent, 50);
    for (int i = 0; i < 100; i++) /* 100 ms of word, 100 ms of pause */
        voice_hear(&voice, i % 10 < 5 ? loud : NULL);
    assert_int_equal(voice.spoken, 100);
    assert_int_equal(voice.silent, 5);
    voice_skip(&voice, 500);
    assert_int_equal(voice.spoken, 120); /* half a second after the last word */
    assert_int_equal(voice.silent, 505);
    voice_skip(&voice, 500);
    assert_int_equal(voice.spoken, 120);
}

/* 三方: two agents share the right track, and each of the three voices is where it belongs. */
static void XFER_03_two_agents_share_a_track(void **state)
{
    struct media_world world;
    struct track_file file;
    char path[128];
    handle_t recording;
    int one = 1, three = 3;

    (void)state;
    (void)snprintf(path, sizeof(path), "%s/three.wav", folder);
    handle_t room = open_talk(&world);
    struct phone *third = world_phone(&world, 1400, false);
    assert_int_equal(media_room_join(world.media, room, third->leg), 0);
    assert_true(world_wait(&world, heard_both, &three, 5000));
    assert_int_equal(
        media_record_start(
            world.media, room,
            &(struct media_tracks){{world.phones[0].leg}, {0, third->leg, 0, world.phones[1].leg}},
            path, &recording),
        0);
    run_ms(&world, 1500);
    media_record_stop(world.media, recording);
    assert_true(world_wait(&world, recorded, &one, 10000));
    assert_int_equal(read_track_file(path, &file), 0);
    assert_true(best_level(&file, 0, 500) > PRESENT);
    assert_true(best_level(&file, 0, 900) < ABSENT && best_level(&file, 0, 1400) < ABSENT);
    assert_true(best_level(&file, 1, 900) > PRESENT && best_level(&file, 1, 1400) > PRESENT);
    assert_true(best_level(&file, 1, 500) < ABSENT);
    free_track_file(&file);
    world_close(&world);
}

static void CC_05_recording_goes_on_when_a_track_changes(void **state)
{
    struct media_world world;
    struct track_file file;
    char path[128];
    handle_t recording;
    int one = 1;

    (void)state;
    (void)snprintf(path, sizeof(path), "%s/change.wav", folder);
    handle_t room = open_talk(&world);
    struct phone *third = world_phone(&world, 1400, false);
    int three = 3;
    assert_true(world_wait(&world, heard_both, &three, 5000));
    int64_t begin = world_now_ms();
    assert_int_equal(media_record_start(world.media, room,
                                        TRACKS(world.phones[0].leg, world.phones[1].leg), path,
                                        &recording),
                     0);
    run_ms(&world, 1200);
    assert_int_equal(media_record_tracks(world.media, recording, TRACKS(world.phones[0].leg, 0)),
                     0);
    media_leg_close(world.media, world.phones[1].leg); /* the agent's page is gone */
    run_ms(&world, 500);
    assert_int_equal(media_room_join(world.media, room, third->leg), 0);
    assert_int_equal(
        media_record_tracks(world.media, recording, TRACKS(world.phones[0].leg, third->leg)), 0);
    run_ms(&world, 1200);
    int64_t took = world_now_ms() - begin;
    media_record_stop(world.media, recording);
    assert_true(world_wait(&world, recorded, &one, 10000));
    assert_int_equal(read_track_file(path, &file), 0);
    assert_in_range(file.wav.frames / 8, took - 100, took + 100);
    assert_true(best_level(&file, 0, 500) > PRESENT);
    assert_true(best_level(&file, 1, 900) > PRESENT);
    assert_true(best_level(&file, 1, 1400) > PRESENT);
    free_track_file(&file);
    world_close(&world);
}

/* Child: records until it is killed. */
static void record_until_killed(const char *path)
{
    struct media_world world;
    handle_t recording;

    handle_t room = open_talk(&world);
    if (media_record_start(world.media, room, TRACKS(world.phones[0].leg, world.phones[1].leg),
                           path, &recording) < 0)
        _exit(1);
    for (;;)
        world_turn(&world);
}

static void kill_9_leaves_a_playable_file(void **state)
{
    struct track_file file;
    struct stat st = {0};
    char path[128];
    int status;

    (void)state;
    (void)snprintf(path, sizeof(path), "%s/killed.wav", folder);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        record_until_killed(path);
    int64_t limit = world_now_ms() + 20000;
    while (st.st_size < WAV_STEREO_HEADER + 2 * 16000 - 2000) { /* two batches */
        assert_true(world_now_ms() < limit);
        (void)usleep(5000);
        (void)stat(path, &st);
    }
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(read_track_file(path, &file), 0);
    assert_true(file.wav.frames >= 8000); /* the last batch may be without its header */
    assert_true(best_level(&file, 0, 500) > PRESENT);
    assert_true(best_level(&file, 1, 900) > PRESENT);
    free_track_file(&file);
}

/* PLAT-03: the file may not grow (as a full disk); the talk does not notice. */
static void PLAT_03_a_full_disk_is_reported_and_the_talk_goes_on(void **state)
{
    struct media_world world;
    struct track_file file;
    struct rlimit old, small;
    char path[128];
    handle_t recording;
    int one = 1;

    (void)state;
    (void)snprintf(path, sizeof(path), "%s/full.wav", folder);
    handle_t room = open_talk(&world);
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small = old;
    small.rlim_cur = 20000; /* one batch and a bit */
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    assert_int_equal(media_record_start(world.media, room,
                                        TRACKS(world.phones[0].leg, world.phones[1].leg), path,
                                        &recording),
                     0);
    unsigned before = world.phones[0].count;
    run_ms(&world, 2300);
    media_record_stop(world.media, recording);
    assert_true(world_wait(&world, recorded, &one, 10000));
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(world.recorded.error, EFBIG);
    assert_int_equal(strlen(world.recorded.sha256), 64);
    assert_true(world.phones[0].count - before > 80);
    assert_int_equal(read_track_file(path, &file), 0);
    assert_int_equal(file.size, world.recorded.size);
    assert_int_equal(file.wav.frames, 8000);
    free_track_file(&file);

    /* A folder that cannot be made: reported at the end, with nothing on disk. */
    assert_int_equal(
        media_record_start(world.media, room, TRACKS(0, 0), "/proc/no/such.wav", &recording), 0);
    media_record_stop(world.media, recording);
    one = 2;
    assert_true(world_wait(&world, recorded, &one, 10000));
    assert_int_equal(world.recorded.error, ENOENT);
    assert_int_equal(world.recorded.size, 0);
    world_close(&world);
}

static void an_existing_recording_is_never_overwritten(void **state)
{
    struct media_world world;
    char path[128];
    handle_t room, recording;
    int one = 1;

    (void)state;
    (void)snprintf(path, sizeof(path), "%s/evidence.wav", folder);
    int fd = open(path, O_CREAT | O_WRONLY, 0600);
    assert_int_equal(write(fd, "keep", 4), 4);
    (void)close(fd);
    world_open(&world, 0);
    assert_int_equal(media_room_open(world.media, &room), 0);
    assert_int_equal(media_record_start(world.media, room, TRACKS(0, 0), path, &recording), 0);
    media_record_stop(world.media, recording);
    assert_true(world_wait(&world, recorded, &one, 10000));
    assert_int_equal(world.recorded.error, EEXIST);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, 4);
    world_close(&world);
}

static void destroying_media_finishes_its_recordings(void **state)
{
    struct media_world world;
    struct track_file file;
    char path[128];
    handle_t recording;

    (void)state;
    (void)snprintf(path, sizeof(path), "%s/shutdown.wav", folder);
    handle_t room = open_talk(&world);
    assert_int_equal(media_record_start(world.media, room,
                                        TRACKS(world.phones[0].leg, world.phones[1].leg), path,
                                        &recording),
                     0);
    run_ms(&world, 700);
    world_close(&world);
    assert_int_equal(world.recorded_count, 1);
    assert_int_equal(world.closed, 2);
    assert_int_equal(world.recorded.error, 0);
    assert_int_equal(read_track_file(path, &file), 0);
    assert_in_range(file.wav.frames / 8, 600, 800);
    free_track_file(&file);
}

/* --- the bound of the writer's queue ---------------------------------------------------------- */

static void keep_recorded(const struct media_recorded *result, void *arg)
{
    *(struct media_recorded *)arg = *result;
}

/* A disk so slow that everything allowed to wait is waiting: the bound is zero. */
static void what_does_not_fit_in_memory_becomes_silence_of_its_length(void **state)
{
    struct media_recorded result = {0};
    struct recorder *recorder;
    struct recorder_file *file;
    char path[128];

    (void)state;
    (void)snprintf(path, sizeof(path), "%s/bound.wav", folder);
    assert_int_equal(recorder_create(0, keep_recorded, &result, &recorder), 0);
    assert_int_equal(recorder_open(recorder, 7, path, &file), 0);
    struct recorder_batch *batch = recorder_batch_alloc(file, BATCH_FRAMES);
    assert_non_null(batch);
    batch->frames = BATCH_FRAMES;
    memset(batch->codes, 0x11, BATCH_FRAMES * 2);
    assert_false(recorder_write(recorder, batch));
    recorder_close(recorder, file, BATCH_FRAMES); /* as the media thread does */
    recorder_destroy(recorder);
    assert_int_equal(result.error, ENOBUFS);
    assert_int_equal(result.length_ms, 1000);
    assert_int_equal(result.size, WAV_STEREO_HEADER + 2 * BATCH_FRAMES);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    static const char *const names[] = {"deep/er/talk.wav",
                                        "deep/er",
                                        "deep",
                                        "change.wav",
                                        "killed.wav",
                                        "full.wav",
                                        "evidence.wav",
                                        "shutdown.wav",
                                        "bound.wav",
                                        "message.wav",
                                        "three.wav",
                                        "still0.wav",
                                        "still1.wav",
                                        ""};
    char path[160];

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        (void)remove(path);
    }
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(CC_04_caller_is_left_and_agent_is_right),
        cmocka_unit_test(CC_05_a_recording_is_as_long_as_the_talk_whenever_the_machine_stood_still),
        cmocka_unit_test(XFER_03_two_agents_share_a_track),
        cmocka_unit_test(VM_08_who_stops_speaking_is_noticed_and_how_long_he_spoke_is_told),
        cmocka_unit_test(VM_08_pauses_belong_to_speech_and_clicks_do_not),
        cmocka_unit_test(CC_05_recording_goes_on_when_a_track_changes),
        cmocka_unit_test(kill_9_leaves_a_playable_file),
        cmocka_unit_test(PLAT_03_a_full_disk_is_reported_and_the_talk_goes_on),
        cmocka_unit_test(an_existing_recording_is_never_overwritten),
        cmocka_unit_test(destroying_media_finishes_its_recordings),
        cmocka_unit_test(what_does_not_fit_in_memory_becomes_silence_of_its_length),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
