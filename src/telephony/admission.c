/* Admission: how many new calls a second the processor can carry, told by how late we are. */
#include "telephony/admission.h"

#define NOTHING       UINT32_MAX
#define CUT           0.95  /* per window in which the queue grows */
#define GROW_FAST     0.012 /* per window, below what was carried of late */
#define GROW_SLOW     0.002
#define BURST_S       0.05 /* so much of the rate may come at once */
#define TURN_MAX_MS   60000.0
#define IDLE_MAX      (ADMISSION_LEAVE_MS / ADMISSION_WINDOW_MS)
#define CARRIED_SHARE 0.01 /* of one window in what was carried of late: some three seconds */
#define CARRIED_LEAST 0.5  /* of it is let in whatever comes */
#define CARRIED_MOST  1.25
#define KNEE_FADES    0.998 /* per window: half in ten seconds */
#define KNEE_SAFE     0.7

static double most(double a, double b)
{
    return a > b ? a : b;
}

static double least(double a, double b)
{
    return a < b ? a : b;
}

static double burst(const struct admission *a)
{
    return most(2, a->rate * BURST_S);
}

/* So few calls are no overload of ours, however late they are read: they come in. */
static bool is_trickle(const struct admission *a)
{
    return a->rate <= ADMISSION_RATE_MIN;
}

/* --- windows -------------------------------------------------------------------------------- */

static void remember(struct admission *a, unsigned length_ms)
{
    double share = least(1, CARRIED_SHARE * length_ms / ADMISSION_WINDOW_MS);

    a->carried += (a->taken * 1000.0 / length_ms - a->carried) * share;
    a->knee = most(a->carried, a->knee * KNEE_FADES);
}

/* What was served while the queue stood, or what was carried before it did: a pause of the machine,
 * in which nothing was served at all, says nothing of what it can carry. */
static void enter(struct admission *a, uint64_t now_ms)
{
    double served = a->standing_served * 1000.0 / a->standing_ms;

    a->limiting = true;
    a->rate = a->carried = a->knee = most(ADMISSION_RATE_MIN, most(served, a->carried));
    a->tokens = is_trickle(a) ? burst(a) : 0;
    a->filled_ms = a->refused_ms = now_ms;
}

static void watch(struct admission *a, uint64_t now_ms, unsigned length_ms, bool grows)
{
    if (!grows) {
        remember(a, length_ms);
        a->standing = a->standing_served = a->standing_ms = 0;
        return;
    }
    a->standing++;
    a->standing_served += a->taken;
    a->standing_ms += length_ms;
    if (a->standing >= ADMISSION_STANDING || (a->standing > 1 && a->least_us >= ADMISSION_HIGH_US))
        enter(a, now_ms);
}

static void cut(struct admission *a)
{
    a->rate = most(most(ADMISSION_RATE_MIN, a->carried * CARRIED_LEAST), a->rate * CUT);
}

/* The work of a call comes in part long after it was taken, so what the queue says now is not yet
 * the answer to the rate of now: near the knee we feel our way. */
static void grow(struct admission *a)
{
    double known = most(a->carried, a->knee * KNEE_SAFE),
           most_now = most(known, a->carried * CARRIED_MOST) + 1;

    if (a->rate < most_now)
        a->rate = least(most_now, a->rate * (1 + (a->rate < known ? GROW_FAST : GROW_SLOW)));
}

static void adjust(struct admission *a, uint64_t now_ms, uint32_t now_us, bool grows)
{
    if (a->refused)
        a->refused_ms = now_ms;
    if (grows)
        cut(a);
    else if (a->refused && now_us < ADMISSION_TARGET_US / 2)
        grow(a);
    else if (now_ms - a->refused_ms >= ADMISSION_LEAVE_MS && now_us < ADMISSION_TARGET_US)
        *a = (struct admission){.window_ms = a->window_ms, .carried = a->carried};
}

static void close_window(struct admission *a, uint64_t now_ms, unsigned length_ms)
{
    uint32_t now_us = a->least_us == NOTHING ? 0 : a->least_us;
    bool grows = now_us > ADMISSION_TARGET_US && now_us >= a->before_us;

    if (a->limiting) {
        remember(a, length_ms);
        adjust(a, now_ms, now_us, grows);
    } else {
        watch(a, now_ms, length_ms, grows);
    }
    a->before_us = now_us;
    a->least_us = NOTHING;
    a->taken = a->refused = 0;
}

static void open_window(struct admission *a, uint64_t now_ms)
{
    a->window_ms = now_ms;
    a->least_us = NOTHING;
}

/* Windows in which nothing came were idle - unless we did not look: then what comes now is late. */
static void turn(struct admission *a, uint64_t now_ms, uint32_t late_us)
{
    uint64_t windows = (now_ms - a->window_ms) / ADMISSION_WINDOW_MS;

    if (!a->window_ms) {
        open_window(a, now_ms);
        return;
    }
    if (!windows)
        return;
    if (late_us >= ADMISSION_WINDOW_MS * 1000) {
        close_window(a, now_ms, (unsigned)least((double)(now_ms - a->window_ms), TURN_MAX_MS));
    } else {
        for (uint64_t i = 0; i < windows && i <= IDLE_MAX; i++)
            close_window(a, now_ms, ADMISSION_WINDOW_MS);
    }
    open_window(a, now_ms);
}

/* --- what is asked -------------------------------------------------------------------------- */

void admission_note(struct admission *a, uint64_t now_ms, uint32_t late_us)
{
    turn(a, now_ms, late_us);
    if (late_us < a->least_us)
        a->least_us = late_us;
}

static void fill(struct admission *a, uint64_t now_ms)
{
    a->tokens = least(burst(a), a->tokens + a->rate * (double)(now_ms - a->filled_ms) / 1000);
    a->filled_ms = now_ms;
}

/* Late, and not because of others: with a full bucket there are fewer calls than may come. */
static bool is_too_late(const struct admission *a, uint32_t late_us)
{
    return late_us > ADMISSION_LATE_US && a->tokens < burst(a) && !is_trickle(a);
}

bool admission_take(struct admission *a, uint64_t now_ms, uint32_t late_us)
{
    admission_note(a, now_ms, late_us);
    if (a->limiting) {
        fill(a, now_ms);
        if (a->tokens < 1 || is_too_late(a, late_us)) {
            a->refused++;
            return false;
        }
        a->tokens--;
    }
    a->taken++;
    return true;
}

void admission_pass(struct admission *a, uint64_t now_ms)
{
    if (a->window_ms)
        turn(a, now_ms, 0);
}
