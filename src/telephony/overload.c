/* Overload: new calls beyond what the processor carries are refused (admission.h decides). */
#include <hotlined/fact.h>
#include <hotlined/log.h>
#include <hotlined/loop.h>
#include <hotlined/metrics.h>
#include <hotlined/telephony.h>
#include <hotlined/text.h>

#include "telephony/admission.h"
#include "telephony/figures.h"
#include "telephony/overload.h"
#include "telephony/refusal.h"
#include "telephony/room.h"

/* A build with sanitizers is some ten times as slow: a hundred calls at once, which take the real
 * one 90 ms, are no overload there either. */
#if defined(__SANITIZE_ADDRESS__)
#define SLOWNESS 10
#else
#define SLOWNESS 1
#endif
#define LOOK_MS 1000 /* while calls are limited: nobody may come any more who would end it */

static struct metric limit = {
    .name = "hotlined_calls_limit",
    .help = "New calls a second let in while the daemon is overloaded; 0 = no limit.",
    .kind = METRIC_GAUGE};
static struct metric late = {.name = "hotlined_sip_late_us",
                             .help = "How late requests were read after they had come, least of "
                                     "the last window in which some came.",
                             .kind = METRIC_GAUGE};

static void began(struct telephony *t)
{
    t->busy_since_ms = loop_wall_ms(t->loop);
    t->busy_refused = 0;
    log_warn("call", "overload", "late_ms=%u calls_per_s=%.0f calls=%u",
             t->admission.before_us / 1000, t->admission.rate, t->live_calls);
    loop_timer_start(&t->busy_timer, LOOK_MS);
    fact_outbox_yield(t->outbox, true);
}

static void ended(struct telephony *t)
{
    log_info("call", "overload_over", "refused=%llu lasted_ms=%lld",
             (unsigned long long)t->busy_refused,
             (long long)(loop_wall_ms(t->loop) - t->busy_since_ms));
    t->busy_since_ms = 0;
    loop_timer_stop(&t->busy_timer);
    fact_outbox_yield(t->outbox, false);
}

static void follow(struct telephony *t, bool was_limiting)
{
    metric_set(&late, t->admission.before_us);
    metric_set(&limit, t->admission.limiting ? (int64_t)t->admission.rate : 0);
    if (t->admission.limiting && !was_limiting)
        began(t);
    else if (!t->admission.limiting && was_limiting)
        ended(t);
}

int overload_knock(bool new_call, uint32_t late_us, void *arg)
{
    struct telephony *t = arg;
    bool was_limiting = t->admission.limiting, taken = true;
    uint64_t now = loop_now_ms(t->loop) + 1; /* never 0 */

    late_us /= SLOWNESS;
    if (new_call)
        taken = admission_take(&t->admission, now, late_us);
    else
        admission_note(&t->admission, now, late_us);
    follow(t, was_limiting);
    if (taken)
        return 0;
    t->busy_refused++;
    if (figure_refused(t, REFUSED_BUSY))
        log_warn("call", "refused", "why=overloaded late_ms=%u", late_us / 1000);
    return RETRY_AFTER_S;
}

static void look(void *arg)
{
    struct telephony *t = arg;

    loop_timer_start(&t->busy_timer, LOOK_MS);
    admission_pass(&t->admission, loop_now_ms(t->loop) + 1);
    follow(t, true);
}

void telephony_overload_json(const struct telephony *t, struct text *out)
{
    if (t->admission.limiting)
        text_addf(out, "{\"limiting\":true,\"since_ms\":%lld,\"rate\":%.0f,\"refused\":%llu}",
                  (long long)t->busy_since_ms, t->admission.rate,
                  (unsigned long long)t->busy_refused);
    else
        text_add(out, "{\"limiting\":false,\"since_ms\":null,\"rate\":null,\"refused\":0}");
}

void overload_init(struct telephony *t)
{
    metric_register(&limit);
    metric_register(&late);
    loop_timer_init(&t->busy_timer, t->loop, look, t);
}

void overload_done(struct telephony *t)
{
    loop_timer_done(&t->busy_timer);
}
