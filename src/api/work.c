/* Waits for workers; and sessions of speech, which are a pool of the centers (PLAT-10). */
#include <stdatomic.h>

#include "api/wait.h"

static void work(void *arg)
{
    struct api_wait *wait = arg;

    wait->work(wait->state);
}

static void submit(struct api_wait *wait);

/* --- sessions of speech (PLAT-10): a pool; whoever finds none free waits in order ------------- */

#define SPEECH_WAITING 50
#define SPEECH_WAIT_MS (30 * 1000)
#define SPEECH_LOOK_MS 500

struct tts_options api_tts_options(const struct api *api)
{
    const struct config *config = api->deps.config;

    return (struct tts_options){config->tts_engine, config->tts_command, config->tts_url,
                                config->tts_voices, &api->speech_stop};
}

int api_speech_create(struct api *api)
{
    unsigned sessions = (unsigned)api->deps.config->tts_sessions;

    loop_timer_init(&api->speech_timer, api->loop, api_speech_look, api);
    /* A session is one job at most, but its thread may not have taken the one before's end. */
    return worker_pool_create(api->loop, sessions, sessions, &api->speakers);
}

void api_speech_destroy(struct api *api)
{
    atomic_store(&api->speech_stop, true);
    loop_timer_done(&api->speech_timer);
    worker_pool_destroy(api->speakers);
}

static struct pool_rule speech_rule(struct api *api)
{
    struct pool_rule rule = {.capacity = (uint32_t)api->deps.config->tts_sessions};

    rule.shares = directory_pool_shares(api->deps.directory, POOL_TTS, &rule.count);
    return rule;
}

static unsigned speech_waiting(const struct api *api)
{
    unsigned count = 0;

    for (const struct api_wait *wait = api->waits; wait; wait = wait->next)
        count += wait->queued != 0;
    return count;
}

/* Who has waited longest of those whose center may have one now. */
static struct api_wait *next_speaker(struct api *api)
{
    struct pool_rule rule = speech_rule(api);
    struct api_wait *first = NULL;

    for (struct api_wait *wait = api->waits; wait; wait = wait->next)
        if (wait->queued && (!first || wait->queued < first->queued) &&
            pool_grants(&api->speech, &rule, wait->speaks_for))
            first = wait;
    return first;
}

static void speech_begin(struct api *api)
{
    struct pool_rule rule = speech_rule(api);
    struct api_wait *next = next_speaker(api);

    if (!next || !pool_take(&api->speech, &rule, next->speaks_for))
        return;
    next->queued = 0;
    submit(next);
}

static void speech_over(struct api *api, int32_t center_id)
{
    pool_give(&api->speech, center_id);
    speech_begin(api);
}

static void refuse_speech(struct api_wait *wait)
{
    http_add_header(wait->request, "Retry-After", "10");
    http_problem(wait->request, 503, "tts.busy",
                 "语音合成会话已用满，本次没有合成，原来的声音继续有效；请稍后再试", NULL);
    api_wait_free(wait);
}

/* Shares may have changed meanwhile, and nobody waits for ever. */
void api_speech_look(void *arg)
{
    struct api *api = arg;

    for (struct api_wait *wait = api->waits, *next; wait; wait = next) {
        next = wait->next;
        if (wait->queued && loop_now_ms(api->loop) >= wait->give_up_ms)
            refuse_speech(wait);
    }
    speech_begin(api);
    if (speech_waiting(api))
        loop_timer_start(&api->speech_timer, SPEECH_LOOK_MS);
}

static void worked(void *arg, int cancelled)
{
    struct api_wait *wait = arg;
    struct api *api = wait->api;
    int32_t spoke_for = wait->speaks_for;

    if (api && cancelled)
        api_unavailable(wait->request);
    else if (api)
        wait->worked(api, wait->request, api_wait_person(wait), &wait->state);
    api_wait_free(wait);
    if (api && spoke_for)
        speech_over(api, spoke_for);
}

static void submit(struct api_wait *wait)
{
    struct api *api = wait->api;
    int32_t speaks_for = wait->speaks_for;
    struct worker_pool *workers = speaks_for ? api->speakers : api->deps.workers;

    if (worker_submit(workers, work, worked, wait) == 0)
        return;
    http_add_header(wait->request, "Retry-After", "2");
    http_problem(wait->request, 503, "server.busy", "服务器正忙，请稍后再试", NULL);
    api_wait_free(wait);
    if (speaks_for)
        speech_over(api, speaks_for);
}

static struct api_wait *work_wait(struct api *api, struct http_request *request,
                                  const struct api_person *person, worker_work_h *work_h,
                                  api_worked_h *then, void *state, void (*free_state)(void *state))
{
    struct api_wait *wait =
        api->stopping ? NULL : api_wait_new(api, request, person, state, free_state);

    if (!wait) {
        api_wait_refuse(request, state, free_state);
        return NULL;
    }
    wait->work = work_h;
    wait->worked = then;
    return wait;
}

void api_work(struct api *api, struct http_request *request, const struct api_person *person,
              worker_work_h *work_h, api_worked_h *then, void *state,
              void (*free_state)(void *state))
{
    struct api_wait *wait = work_wait(api, request, person, work_h, then, state, free_state);

    if (wait)
        submit(wait);
}

void api_speak(struct api *api, struct http_request *request, const struct api_person *person,
               int32_t center_id, worker_work_h *work_h, api_worked_h *then, void *state,
               void (*free_state)(void *state))
{
    struct pool_rule rule = speech_rule(api);
    struct api_wait *wait = work_wait(api, request, person, work_h, then, state, free_state);

    if (!wait)
        return;
    wait->speaks_for = center_id;
    if (pool_take(&api->speech, &rule, center_id)) {
        submit(wait);
    } else if (speech_waiting(api) < SPEECH_WAITING) {
        wait->queued = ++api->speech_queued;
        wait->give_up_ms = loop_now_ms(api->loop) + SPEECH_WAIT_MS;
        if (!api->speech_timer.armed)
            loop_timer_start(&api->speech_timer, SPEECH_LOOK_MS);
    } else {
        refuse_speech(wait);
    }
}

unsigned api_speech_waiting(const struct api *api, int32_t center_id)
{
    unsigned count = 0;

    for (const struct api_wait *wait = api->waits; wait; wait = wait->next)
        count += wait->queued && wait->speaks_for == center_id;
    return count;
}
