/* The signed-in person: who he is, and his password. */
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "api/functions.h"
#include "api/room.h"

struct change { /* of a password */
    char login[64], old_password[201], new_password[201];
    char hash[API_HASH_SIZE];     /* as stored */
    char new_hash[API_HASH_SIZE]; /* "" = could not be made */
    bool right;
};

struct change_body {
    const char *old_password, *new_password;
};

static const struct http_field change_fields[] = {
    {"old_password", "原密码", HTTP_TEXT, offsetof(struct change_body, old_password), HTTP_REQUIRED,
     1, 200},
    {"new_password", "新密码", HTTP_TEXT, offsetof(struct change_body, new_password), HTTP_REQUIRED,
     1, 200},
};

static void free_change(void *arg)
{
    OPENSSL_cleanse(arg, sizeof(struct change));
    free(arg);
}

void api_me_params(const struct api_person *person, char taken[API_TAKEN_SIZE],
                   struct store_params *params)
{
    api_functions_taken(&person->subject, taken, API_TAKEN_SIZE);
    store_param_int(params, person->subject.user_id);
    store_param_text(params, person->csrf);
    store_param_text(params, taken);
}

static void get_me(struct http_request *request, void *arg)
{
    const struct api_person *person = api_person(request);
    struct api_ask ask = {.statement = STMT_ME};
    char taken[API_TAKEN_SIZE];

    api_me_params(person, taken, &ask.params);
    api_ask(arg, request, NULL, &ask, NULL, NULL);
}

static void changed(struct api *api, struct http_request *request, const struct api_person *person,
                    const struct store_result *result, void **state)
{
    (void)state;
    for (int row = 0; row < store_rows(result); row++)
        api_session_close(api, store_text(result, row, 0), "forced");
    api_audit(api, person, "user.password", "user", "", "");
    http_answer_empty(request, 204);
}

static void hashed(struct api *api, struct http_request *request, const struct api_person *person,
                   void **state)
{
    struct change *c = *state;
    struct api_ask ask = {.statement = STMT_USER_SET_PASSWORD, .then = changed};

    if (!c->right) {
        api_field_problem(request, "old_password", "原密码不正确");
        return;
    }
    if (!c->new_hash[0]) {
        api_unavailable(request);
        return;
    }
    store_param_int(&ask.params, person->subject.user_id);
    store_param_text(&ask.params, c->new_hash);
    store_param_text(&ask.params, person->token_hash);
    api_ask(api, request, person, &ask, NULL, NULL);
}

static void hash(void *arg)
{
    struct change *c = arg;

    c->right = api_password_matches(c->old_password, c->hash);
    if (c->right && api_password_hash(c->new_password, c->new_hash))
        c->new_hash[0] = 0;
}

static void stored_read(struct api *api, struct http_request *request,
                        const struct api_person *person, const struct store_result *result,
                        void **state)
{
    struct change *c = *state;

    if (!store_rows(result)) {
        api_missing(request, NULL);
        return;
    }
    text_copy(c->hash, sizeof(c->hash), store_text(result, 0, 0));
    *state = NULL;
    api_work(api, request, person, hash, hashed, c, free_change);
}

static void put_password(struct http_request *request, void *arg)
{
    const struct api_person *person = api_person(request);
    struct change_body body = {0};
    struct api_ask ask = {.statement = STMT_USER_PASSWORD, .then = stored_read};
    const char *weakness;
    struct change *c;

    if (!http_read_body(request, change_fields, 2, &body))
        return;
    weakness = api_password_weakness(body.new_password, person->login);
    if (weakness) {
        api_field_problem(request, "new_password", weakness);
        return;
    }
    c = calloc(1, sizeof(*c));
    if (!c) {
        api_unavailable(request);
        return;
    }
    text_copy(c->old_password, sizeof(c->old_password), body.old_password);
    text_copy(c->new_password, sizeof(c->new_password), body.new_password);
    store_param_int(&ask.params, person->subject.user_id);
    api_ask(arg, request, person, &ask, c, free_change);
}

static const struct api_route rows[] = {
    {{"GET", "/api/v1/me", PERM_SIGNED_IN, get_me, "本人信息与权限"}, NULL, 0, NULL},
    {{"PUT", "/api/v1/me/password", PERM_SIGNED_IN, put_password, "修改本人密码"},
     change_fields,
     2,
     NULL},
};
const struct api_routes api_routes_me = API_ROUTES(rows);
