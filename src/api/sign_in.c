/* Signing in and out.
 *
 * One sign-in: user_login -> scrypt on a worker -> (login_failed -> 401/423)
 *              or user_subjects -> login_succeeded -> session_create -> me -> 201 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "api/room.h"

#define SIGN_IN_BODY_MAX (4 * 1024) /* anybody may send it */

struct sign_in {
    struct api *api;
    char center[33], login[65], password[201];
    int32_t center_id, user_id; /* 0 = there is none */
    char hash[API_HASH_SIZE];
    bool right;
    struct api_person person;
    char opened[API_TOKEN_HASH_SIZE]; /* session made but not yet told */
};

struct sign_in_body {
    const char *center, *login, *password;
};

static const struct http_field sign_in_fields[] = {
    {"center", "中心", HTTP_TEXT, offsetof(struct sign_in_body, center), HTTP_REQUIRED, 1, 32},
    {"login", "用户名", HTTP_TEXT, offsetof(struct sign_in_body, login), HTTP_REQUIRED, 1, 64},
    {"password", "密码", HTTP_TEXT, offsetof(struct sign_in_body, password), HTTP_REQUIRED, 1, 200},
};

static void free_sign_in(void *arg)
{
    struct sign_in *s = arg;

    if (s->opened[0])
        api_session_close(s->api, s->opened, "forced"); /* nobody was told of it */
    OPENSSL_cleanse(s, sizeof(*s));
    free(s);
}

/* The next step of the flow: the wait takes s over from the one before. */
static void ask_next(struct sign_in *s, struct http_request *request, void **state,
                     const struct api_ask *ask)
{
    *state = NULL;
    api_ask(s->api, request, s->person.subject.user_id ? &s->person : NULL, ask, s, free_sign_in);
}

/* --- refused -------------------------------------------------------------------------------- */

static void say_wrong(struct http_request *request)
{
    http_problem(request, 401, "session.wrong", "用户名或密码不正确", NULL);
}

static void say_locked(struct api *api, struct http_request *request, int64_t until_ms)
{
    /* The two clocks differ by a moment: 15 minutes are not 16. */
    long long minutes = (until_ms - loop_wall_ms(api->loop) + 58999) / 60000;
    char title[120];

    snprintf(title, sizeof(title), "密码连续输错 5 次，账号已锁定，请 %lld 分钟后再试",
             minutes > 0 ? minutes : 1);
    http_problem(request, 423, "session.locked", title, NULL);
}

static void failure_counted(struct api *api, struct http_request *request,
                            const struct api_person *person, const struct store_result *result,
                            void **state)
{
    int64_t locked_until = store_rows(result) ? store_int(result, 0, 1) : 0;

    (void)person;
    (void)state;
    if (locked_until)
        say_locked(api, request, locked_until);
    else
        say_wrong(request);
}

static void refuse(struct sign_in *s, struct http_request *request, void **state)
{
    struct api_ask ask = {.statement = STMT_LOGIN_FAILED, .then = failure_counted};

    log_warn("api", "sign_in_refused", "login=%s center=%s address=%s", log_safe(s->login),
             log_safe(s->center), http_peer(request));
    api_attempt_failed(s->api, request);
    if (!s->center_id) {
        say_wrong(request);
        return;
    }
    store_param_int(&ask.params, s->center_id);
    store_param_text(&ask.params, s->login);
    ask_next(s, request, state, &ask);
}

/* --- let in --------------------------------------------------------------------------------- */

static void told(struct api *api, struct http_request *request, const struct api_person *person,
                 const struct store_result *result, void **state)
{
    struct sign_in *s = *state;

    if (!store_rows(result)) {
        say_wrong(request); /* disabled in this very moment */
        return;
    }
    s->opened[0] = 0;
    api_audit(api, person, "session.sign_in", "user", "", "");
    http_answer_json(request, 201, store_text(result, 0, 0));
}

static void session_written(struct api *api, struct http_request *request,
                            const struct api_person *person, const struct store_result *result,
                            void **state)
{
    struct api_ask ask = {.statement = STMT_ME, .then = told};
    struct sign_in *s = *state;
    char taken[API_TAKEN_SIZE];

    (void)api;
    (void)person;
    (void)result;
    api_me_params(&s->person, taken, &ask.params);
    ask_next(s, request, state, &ask);
}

static void failures_forgotten(struct api *api, struct http_request *request,
                               const struct api_person *person, const struct store_result *result,
                               void **state)
{
    struct sign_in *s = *state;
    const struct api_person *opened = api_session_open(api, request, &s->person);
    struct api_ask ask = {.statement = STMT_SESSION_CREATE, .then = session_written};

    (void)person;
    (void)result;
    if (!opened) {
        api_unavailable(request);
        return;
    }
    s->person = *opened;
    text_copy(s->opened, sizeof(s->opened), opened->token_hash);
    store_param_text(&ask.params, opened->token_hash);
    store_param_int(&ask.params, s->user_id);
    store_param_text(&ask.params, opened->csrf);
    store_param_text(&ask.params, opened->address);
    store_param_time(&ask.params, api_session_expires(api, opened->token_hash));
    ask_next(s, request, state, &ask);
}

static void rights_read(struct api *api, struct http_request *request,
                        const struct api_person *person, const struct store_result *result,
                        void **state)
{
    struct sign_in *s = *state;
    struct api_ask ask = {.statement = STMT_LOGIN_SUCCEEDED, .then = failures_forgotten};

    (void)api;
    (void)person;
    if (!store_rows(result) || api_person_from_row(&s->person, result, 0)) {
        say_wrong(request);
        return;
    }
    store_param_int(&ask.params, s->center_id);
    store_param_text(&ask.params, s->login);
    ask_next(s, request, state, &ask);
}

/* --- the password --------------------------------------------------------------------------- */

static void check(void *arg)
{
    struct sign_in *s = arg;

    s->right = api_password_matches(s->password, s->hash);
}

static void checked(struct api *api, struct http_request *request, const struct api_person *person,
                    void **state)
{
    struct sign_in *s = *state;
    struct api_ask ask = {.statement = STMT_USER_SUBJECTS, .then = rights_read};
    char ids[16];

    (void)api;
    (void)person;
    if (!s->right || !s->user_id) {
        refuse(s, request, state);
        return;
    }
    snprintf(ids, sizeof(ids), "{%d}", s->user_id);
    store_param_text(&ask.params, ids);
    ask_next(s, request, state, &ask);
}

static void found(struct api *api, struct http_request *request, const struct api_person *person,
                  const struct store_result *result, void **state)
{
    struct sign_in *s = *state;

    (void)person;
    if (store_rows(result)) {
        s->center_id = (int32_t)store_int(result, 0, 0);
        s->user_id = (int32_t)store_int(result, 0, 1);
        text_copy(s->hash, sizeof(s->hash), store_text(result, 0, 2));
        if (store_int(result, 0, 3)) {
            api_attempt_failed(api, request);
            say_locked(api, request, store_int(result, 0, 3));
            return;
        }
    }
    *state = NULL;
    api_work(api, request, NULL, check, checked, s, free_sign_in);
}

static void post_sessions(struct http_request *request, void *arg)
{
    struct api *api = arg;
    struct sign_in_body body = {0};
    struct api_ask ask = {.statement = STMT_USER_LOGIN, .then = found};
    struct sign_in *s;

    if (!http_read_body(request, sign_in_fields, 3, &body) ||
        !api_attempt_may_begin(api, request, body.login))
        return;
    s = calloc(1, sizeof(*s));
    if (!s) {
        api_unavailable(request);
        return;
    }
    s->api = api;
    text_copy(s->center, sizeof(s->center), body.center);
    text_copy(s->login, sizeof(s->login), body.login);
    text_copy(s->password, sizeof(s->password), body.password);
    store_param_text(&ask.params, s->center);
    store_param_text(&ask.params, s->login);
    api_ask(api, request, NULL, &ask, s, free_sign_in);
}

/* --- out ------------------------------------------------------------------------------------ */

static void delete_session(struct http_request *request, void *arg)
{
    struct api *api = arg;
    struct api_person person = *api_person(request); /* the session goes under it */
    int32_t user_id = person.subject.user_id;

    if (telephony_is_signed_in(api->deps.telephony, user_id, person.token_hash) &&
        telephony_sign_out(api->deps.telephony, user_id, "user") == TELEPHONY_IN_CALL) {
        http_problem(request, 409, "agent.in_call", "正在通话或振铃，请先结束通话再退出", NULL);
        return;
    }
    api_audit(api, &person, "session.sign_out", "user", "", "");
    api_session_close(api, person.token_hash, "user");
    api_session_clear_cookie(request);
    http_answer_empty(request, 204);
}

static void get_centers(struct http_request *request, void *arg)
{
    struct api_ask ask = {.statement = STMT_CENTERS_PUBLIC};

    api_ask(arg, request, NULL, &ask, NULL, NULL);
}

static const struct api_route rows[] = {
    {{"POST", "/api/v1/sessions", PERM_PUBLIC, post_sessions, "登录", SIGN_IN_BODY_MAX},
     sign_in_fields,
     3,
     NULL},
    {{"DELETE", "/api/v1/sessions/current", PERM_SIGNED_IN, delete_session, "退出登录"},
     NULL,
     0,
     NULL},
    {{"GET", "/api/v1/centers/public", PERM_PUBLIC, get_centers, "登录页的中心列表"},
     NULL,
     0,
     NULL},
};
const struct api_routes api_routes_session = API_ROUTES(rows);
