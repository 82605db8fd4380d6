/* Schedules: lists of events, chosen by chance or read from a file, run in a child process so that
 * a crash is a failure like any other, and shortened to what it takes (delta debugging: take out
 * pieces, keep what still fails in the same way, until nothing can be spared). */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "telephony_world.h"

struct schedule *schedule_new(void)
{
    struct schedule *s =
        mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (s == MAP_FAILED)
        world_fail("no memory");
    return s;
}

void schedule_free(struct schedule *s)
{
    munmap(s, sizeof(*s));
}

/* --- running one ---------------------------------------------------------------------------- */

static struct schedule *running;

static void note_verdict(const char *verdict)
{
    snprintf(running->verdict, sizeof(running->verdict), "%s", verdict);
}

static void begin(const struct schedule *s)
{
    world_open(&s->options);
    for (unsigned user = 10; user <= world.size.agents; user++)
        if ((user - 1) % 12 >= 9)
            far_phone((int32_t)user, true);
}

static void one_event(const struct w_event *event)
{
    event_do(event);
    check_step(event_caller(event));
    world.step++;
}

/* However far apart the looks at everything are: what is wrong is seen in the end. */
static void finish(struct schedule *s)
{
    check_everything();
    s->facts = world.fact_count;
    world_close();
}

static void run_by_chance(struct schedule *s)
{
    s->options.mute = true; /* a failure is told when it is run again */
    begin(s);
    s->options.mute = false;
    for (s->count = 0; s->count < s->limit;) {
        s->events[s->count] = event_choose(s->count, s->limit);
        s->count++; /* written down before it is done: it may be the last one */
        one_event(&s->events[s->count - 1]);
    }
    finish(s);
}

static void run_as_written(struct schedule *s)
{
    begin(s);
    for (unsigned i = 0; i < s->count; i++)
        one_event(&s->events[i]);
    finish(s);
}

static void in_child(struct schedule *s, void (*run)(struct schedule *s), bool aloud)
{
    int null = aloud ? -1 : open("/dev/null", O_WRONLY);

    if (null >= 0)
        (void)dup2(null, 2);
    running = s;
    world_last_words = note_verdict;
    run(s);
    world_last_words = NULL;
    exit(0); /* and not _exit(): the leak check belongs to it */
}

/* True: the child ended well. What it died of is noted in the verdict. */
static bool run_in_child(struct schedule *s, void (*run)(struct schedule *s), bool aloud)
{
    int status = 0;
    pid_t child;

    s->verdict[0] = 0;
    fflush(NULL);
    child = fork();
    if (child < 0)
        world_fail("fork: %s", strerror(errno));
    if (child == 0)
        in_child(s, run, aloud);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    if (status == 0)
        return true;
    if (!s->verdict[0])
        snprintf(s->verdict, sizeof(s->verdict), "died of %s %d",
                 WIFSIGNALED(status) ? "signal" : "status",
                 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    return false;
}

/* --- by chance ------------------------------------------------------------------------------ */

/* Mostly small worlds, in which everything meets everything; of sixteen seeds three are of middle
 * size and one is a region: 15 centers, 300 agents, 3,000 callers. */
void schedule_options(struct schedule *s, uint64_t seed)
{
    static const struct w_size middle = {6, 60, 300, 120}, region = {15, 300, 3000, 1000};

    s->options = (struct w_options){.seed = seed,
                                    .size = seed % 16 == 15  ? region
                                            : seed % 16 > 11 ? middle
                                                             : W_SMALL,
                                    .faults = true,
                                    .no_silence = seed % 3 == 0};
    s->limit = seed % 16 == 15 ? SCHEDULE_EVENTS : 10000;
}

bool schedule_by_chance(struct schedule *s, bool aloud)
{
    return run_in_child(s, run_by_chance, aloud);
}

bool schedule_again(struct schedule *s, bool aloud)
{
    return run_in_child(s, run_as_written, aloud);
}

void schedule_replay(struct schedule *s)
{
    running = s;
    world_last_words = note_verdict; /* a failure stops in abort(), where the debugger is */
    run_as_written(s);
}

/* --- shortening ----------------------------------------------------------------------------- */

struct shortening {
    struct schedule *best, *trial;
    char verdict[160];
    time_t end;
};

static bool time_is_over(const struct shortening *sh)
{
    return time(NULL) >= sh->end;
}

/* The trial becomes the best one when it fails in the same way. */
static bool still_fails(struct shortening *sh)
{
    sh->trial->options = sh->best->options;
    if (schedule_again(sh->trial, false) || strcmp(sh->trial->verdict, sh->verdict) != 0)
        return false;
    sh->best->count = sh->trial->count;
    memcpy(sh->best->events, sh->trial->events, sh->trial->count * sizeof(sh->trial->events[0]));
    return true;
}

/* The trial is the best one without what `out` says. False when that takes nothing out. */
static bool without(struct shortening *sh,
                    bool (*out)(const struct w_event *e, unsigned i, unsigned a, unsigned b),
                    unsigned a, unsigned b)
{
    struct schedule *trial = sh->trial;

    trial->count = 0;
    for (unsigned i = 0; i < sh->best->count; i++)
        if (!out(&sh->best->events[i], i, a, b))
            trial->events[trial->count++] = sh->best->events[i];
    return trial->count < sh->best->count && still_fails(sh);
}

static bool in_piece(const struct w_event *e, unsigned i, unsigned from, unsigned to)
{
    (void)e;
    return i >= from && i < to;
}

static bool of_agent(const struct w_event *e, unsigned i, unsigned user, unsigned unused)
{
    (void)i;
    (void)unused;
    return event_agent(e) == (int32_t)user;
}

static bool of_caller(const struct w_event *e, unsigned i, unsigned who, unsigned unused)
{
    (void)i;
    (void)unused;
    return event_caller(e) == (int)who;
}

/* In a region everything but one center is mostly beside the point. */
static bool of_other_agents(const struct w_event *e, unsigned i, unsigned center, unsigned centers)
{
    (void)i;
    return event_agent(e) && (unsigned)(event_agent(e) - 1) % centers != center;
}

static void by_center(struct shortening *sh)
{
    unsigned centers = sh->best->options.size.centers;

    for (unsigned center = 0; center < centers && !time_is_over(sh); center++)
        if (without(sh, of_other_agents, center, centers))
            return;
}

/* Everything one person does is one piece. */
static void by_person(struct shortening *sh)
{
    for (unsigned user = 1; user <= sh->best->options.size.agents && !time_is_over(sh); user++)
        (void)without(sh, of_agent, user, 0);
    for (unsigned who = 0; who < sh->best->options.size.callers && !time_is_over(sh); who++)
        (void)without(sh, of_caller, who, 0);
}

/* True when something was taken out. */
static bool by_piece(struct shortening *sh, unsigned length)
{
    bool shorter = false;

    /* From the end: what comes late depends on what was early, and not the other way round. */
    for (unsigned to = sh->best->count; to > 0 && !time_is_over(sh);) {
        unsigned from = to > length ? to - length : 0;
        shorter |= without(sh, in_piece, from, to);
        to = from < sh->best->count ? from : sh->best->count;
    }
    return shorter;
}

/* Moments that follow each other are one. */
static void by_merging(struct shortening *sh)
{
    struct schedule *trial = sh->trial;

    for (unsigned at = sh->best->count; at > 1 && !time_is_over(sh); at--) {
        memcpy(trial->events, sh->best->events, sh->best->count * sizeof(trial->events[0]));
        if (!event_merge(&trial->events[at - 2], &trial->events[at - 1]))
            continue;
        trial->count = sh->best->count - 1;
        memmove(&trial->events[at - 1], &trial->events[at],
                (sh->best->count - at) * sizeof(trial->events[0]));
        (void)still_fails(sh);
    }
}

bool schedule_shorten(struct schedule *s, unsigned seconds)
{
    struct shortening sh = {.best = s, .trial = schedule_new(), .end = time(NULL) + seconds};
    bool again = true;

    snprintf(sh.verdict, sizeof(sh.verdict), "%s", s->verdict);
    by_center(&sh);
    for (unsigned length = s->count / 2; length > 8; length /= 2)
        (void)by_piece(&sh, length);
    by_person(&sh);
    while (again && !time_is_over(&sh)) {
        by_merging(&sh);
        (void)by_piece(&sh, 4);
        (void)by_piece(&sh, 2);
        again = by_piece(&sh, 1);
    }
    schedule_free(sh.trial);
    snprintf(s->verdict, sizeof(s->verdict), "%s", sh.verdict);
    return !again;
}

/* --- telling and reading -------------------------------------------------------------------- */

static void write_file(const struct schedule *s, const char *path)
{
    const struct w_size *size = &s->options.size;
    FILE *file = fopen(path, "w");
    char line[240];

    if (!file) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return;
    }
    fprintf(file, "world %llu %u %u %u %u %d %d %d\n", (unsigned long long)s->options.seed,
            size->centers, size->agents, size->callers, size->calls, s->options.faults,
            s->options.no_silence, s->options.plant);
    for (unsigned i = 0; i < s->count; i++) {
        event_write(&s->events[i], line, sizeof(line));
        fprintf(file, "%s\n", line);
    }
    fclose(file);
}

void schedule_tell(struct schedule *s, char *path, size_t path_size)
{
    char program[400] = "", copy[400], said[120];
    ssize_t length = readlink("/proc/self/exe", program, sizeof(program) - 1);

    snprintf(copy, sizeof(copy), "%s", length > 0 ? program : "./x");
    snprintf(path, path_size, "%s/failed-%llu.schedule", dirname(copy),
             (unsigned long long)s->options.seed);
    world.size = s->options.size;
    write_file(s, path);
    fprintf(stderr, "SEED=%llu: %u events are enough for \"%s\":\n",
            (unsigned long long)s->options.seed, s->count, s->verdict);
    for (unsigned i = 0; i < s->count; i++) {
        event_say(&s->events[i], said, sizeof(said));
        fprintf(stderr, "  %3u. %s\n", i + 1, said);
    }
    fprintf(stderr, "In the debugger:\n  SCHEDULE=%s ASAN_OPTIONS=detect_leaks=0 gdb -ex run %s\n",
            path, program);
}

static bool read_world(struct schedule *s, const char *line)
{
    struct w_size *size = &s->options.size;
    unsigned long long seed;
    int faults, no_silence, plant;

    if (sscanf(line, "world %llu %u %u %u %u %d %d %d", &seed, &size->centers, &size->agents,
               &size->callers, &size->calls, &faults, &no_silence, &plant) != 8)
        return false;
    s->options.seed = seed;
    s->options.faults = faults;
    s->options.no_silence = no_silence;
    s->options.plant = (enum w_plant)plant;
    return size->centers >= 1 && size->centers <= W_MAX_CENTERS && size->agents >= 1 &&
           size->agents <= W_MAX_AGENTS && size->callers >= 1 && size->callers <= W_MAX_CALLERS;
}

bool schedule_read(struct schedule *s, const char *path)
{
    FILE *file = fopen(path, "r");
    char line[300];
    bool good = file && fgets(line, sizeof(line), file) && read_world(s, line);

    s->count = 0;
    while (good && s->count < SCHEDULE_EVENTS && fgets(line, sizeof(line), file))
        good = event_read(line, &s->events[s->count++]);
    if (file)
        fclose(file);
    return good;
}
