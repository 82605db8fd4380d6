/* Attempts to sign in, by the address they come from: who tries one password on many accounts meets
 * no lock of an account.
 *
 * Failures count, and leak away within WINDOW_MS. As many as there is room for may be under way at
 * once, so that a whole office can sign in in one minute; who uses that for a burst of guesses pays
 * for each of them afterwards. */
#include <stdio.h>
#include <sys/socket.h>

#include <hotlined/metrics.h>

#include "api/room.h"

#define WINDOW_MS (15 * 60 * 1000u)

static struct metric limited = {
    .name = "hotlined_sign_in_limited_total",
    .help = "Attempts to sign in refused because their address has failed too often.",
    .kind = METRIC_COUNTER};

int api_attempts_create(struct api *api)
{
    unsigned limit = (unsigned)api->deps.config->http_sign_in_failures_per_address;

    metric_register(&limited);
    log_limit_init(&api->attempt_lines, api->loop, "api", "sign_in_limited", "flood");
    return limit ? strangers_init(&api->attempts, limit, WINDOW_MS / limit) : 0;
}

void api_attempts_destroy(struct api *api)
{
    log_limit_done(&api->attempt_lines);
    strangers_done(&api->attempts);
}

static void say_limited(struct http_request *request, uint64_t wait_ms)
{
    unsigned seconds = (unsigned)((wait_ms + 999) / 1000);
    char title[240], retry[16];

    snprintf(retry, sizeof(retry), "%u", seconds);
    snprintf(title, sizeof(title),
             "您所在的网络登录失败次数过多，请 %u 秒后再试；忘记密码请联系管理员重置，不要反复尝试",
             seconds);
    http_add_header(request, "Retry-After", retry);
    http_problem(request, 429, "session.limited", title, NULL);
}

bool api_attempt_may_begin(struct api *api, struct http_request *request, const char *login)
{
    const struct sockaddr *from = (const struct sockaddr *)http_peer_address(request);
    uint64_t wait_ms;

    if (!api->attempts.slots)
        return true;
    wait_ms = strangers_wait_ms(&api->attempts, from, 1, loop_now_ms(api->loop));
    if (!wait_ms)
        return true;
    metric_add(&limited, 1);
    if (log_limit_take(&api->attempt_lines))
        log_warn("api", "sign_in_limited", "address=%s login=%s limit=%u", http_peer(request),
                 log_safe(login), api->attempts.limit);
    say_limited(request, wait_ms);
    return false;
}

void api_attempt_failed(struct api *api, struct http_request *request)
{
    if (api->attempts.slots)
        (void)strangers_note(&api->attempts, (const struct sockaddr *)http_peer_address(request), 1,
                             loop_now_ms(api->loop));
}
