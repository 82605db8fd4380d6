/* People: who they are, what they may do, and the desk phone on their desk. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "api/settings.h"

#define LOGIN_CHARACTERS   "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-"
#define PHONE_PASSWORD_MIN 8
#define ROLES_MAX          20

struct user_body {
    const char *login, *name, *agent_no, *password, *extension, *phone_password;
    const cJSON *roles;
    int64_t center_id, team_id, auto_answer_ms;
    bool enabled, auto_answer_internal;
};

#define FIELD(name, title, kind, flags, min, max)                                                  \
    {                                                                                              \
#name, title, kind, offsetof(struct user_body, name), flags, min, max                      \
    }
#define USER_FIELDS(required)                                                                      \
    FIELD(login, "登录名", HTTP_TEXT, required, 1, 32),                                            \
        FIELD(name, "姓名", HTTP_TEXT, required, 1, 20),                                           \
        FIELD(agent_no, "工号", HTTP_TEXT, 0, 0, 8),                                               \
        FIELD(team_id, "班组", HTTP_INT, 0, 1, INT32_MAX),                                         \
        FIELD(roles, "角色", HTTP_JSON, 0, 0, 0), FIELD(enabled, "启用", HTTP_BOOL, 0, 0, 0),      \
        FIELD(password, "密码", HTTP_TEXT, 0, 0, 128),                                             \
        FIELD(extension, "分机号", HTTP_TEXT, 0, 0, 16),                                           \
        FIELD(phone_password, "话机密码", HTTP_TEXT, 0, 0, 64),                                    \
        FIELD(auto_answer_ms, "自动应答延时", HTTP_MS, 0, 0, 60000),                               \
        FIELD(auto_answer_internal, "内部来电自动应答", HTTP_BOOL, 0, 0, 0)

static const char missing_user[] = "没有这个用户，或不属于您管理的中心";

static const struct http_field create_fields[] = {
    USER_FIELDS(HTTP_REQUIRED),
    FIELD(center_id, "中心", HTTP_INT, 0, 1, INT32_MAX),
};
static const struct http_field update_fields[] = {USER_FIELDS(0)};

struct user_change {
    int32_t user_id; /* 0 = a new one */
    int32_t center_id;
    int64_t version;
    char *document; /* the body without its secrets */
    char *password; /* NULL = stays */
    char hash[API_HASH_SIZE];
    char ha1_md5[33], ha1_sha256[65]; /* "" = stay */
    char what[160];                   /* for the audit log */
    int err;
};

/* --- what is right -------------------------------------------------------------------------- */

static bool are_roles(const cJSON *roles)
{
    const cJSON *role;

    if (!cJSON_IsArray(roles) || cJSON_GetArraySize(roles) > ROLES_MAX)
        return false;
    cJSON_ArrayForEach(role, roles)
    {
        if (!cJSON_IsString(role))
            return false;
    }
    return true;
}

static void check_phone(const struct user_body *body, cJSON *errors)
{
    if (*body->extension &&
        (strlen(body->extension) < 2 || !settings_consists_of(body->extension, SETTINGS_DIGITS)))
        settings_complain(errors, "extension", "分机号应为 2 到 16 位数字");
    if (!*body->phone_password)
        return;
    if (!*body->extension)
        settings_complain(errors, "extension", "设置话机密码时请同时填写分机号");
    if (strlen(body->phone_password) < PHONE_PASSWORD_MIN)
        settings_complain(errors, "phone_password", "话机密码至少 8 个字符");
}

static void check_password(const struct user_body *body, cJSON *errors)
{
    const char *weakness =
        *body->password ? api_password_weakness(body->password, body->login) : NULL;

    if (weakness)
        settings_complain(errors, "password", weakness);
}

/* Optional texts that were left out are "" afterwards. */
static bool read_user(struct http_request *request, const struct http_field *fields, size_t count,
                      struct user_body *body)
{
    cJSON *errors;

    body->login = body->name = body->agent_no = "";
    body->password = body->extension = body->phone_password = "";
    if (!http_read_body(request, fields, count, body))
        return false;
    errors = cJSON_CreateObject();
    if (*body->login && !settings_consists_of(body->login, LOGIN_CHARACTERS))
        settings_complain(errors, "login", "登录名只能用字母、数字、点、横线和下划线");
    if (*body->name && settings_is_blank(body->name))
        settings_complain(errors, "name", "请填写姓名");
    if (*body->agent_no && !settings_consists_of(body->agent_no, SETTINGS_DIGITS))
        settings_complain(errors, "agent_no", "工号应为 1 到 8 位数字");
    if (body->roles && !cJSON_IsNull(body->roles) && !are_roles(body->roles))
        settings_complain(errors, "roles", "角色应为角色代码的列表，最多 20 个");
    check_password(body, errors);
    check_phone(body, errors);
    return !settings_refuse(request, errors);
}

/* --- secrets -------------------------------------------------------------------------------- */

static void hex_digest(const EVP_MD *kind, const char *text, char *out, size_t size)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;

    out[0] = 0;
    if (EVP_Digest(text, strlen(text), digest, &length, kind, NULL) != 1 || 2 * length >= size)
        return;
    for (unsigned i = 0; i < length; i++)
        snprintf(out + 2 * (size_t)i, 3, "%02x", digest[i]);
}

/* What digest authentication keeps instead of the password (RFC 7616 3.4.2); the realm is part of
 * it, so another realm in the configuration file needs all desk phones' passwords again. */
static void hash_phone(const struct api *api, const struct user_body *body,
                       struct user_change *change)
{
    char text[16 + CONFIG_TEXT + 64 * 4 + 8];

    if (!*body->phone_password)
        return;
    snprintf(text, sizeof(text), "%s:%s:%s", body->extension, api->deps.config->sip_realm,
             body->phone_password);
    hex_digest(EVP_md5(), text, change->ha1_md5, sizeof(change->ha1_md5));
    hex_digest(EVP_sha256(), text, change->ha1_sha256, sizeof(change->ha1_sha256));
    explicit_bzero(text, sizeof(text));
}

/* The statement keeps what it gets in logs and errors, so it does not get passwords. */
static char *document_without_secrets(struct http_request *request)
{
    size_t length;
    cJSON *json = cJSON_Parse(http_body(request, &length));
    char *text;

    cJSON_DeleteItemFromObjectCaseSensitive(json, "password");
    cJSON_DeleteItemFromObjectCaseSensitive(json, "phone_password");
    cJSON_DeleteItemFromObjectCaseSensitive(json, "center_id");
    text = cJSON_PrintUnformatted(json);
    cJSON_Delete(json);
    return text;
}

static void free_change(void *state)
{
    struct user_change *change = state;

    if (change->password)
        explicit_bzero(change->password, strlen(change->password));
    free(change->password);
    free(change->document);
    free(change);
}

/* --- saving --------------------------------------------------------------------------------- */

static void param_unless_empty(struct store_params *params, const char *text)
{
    if (*text)
        store_param_text(params, text);
    else
        store_param_null(params);
}

static void save(struct api *api, struct http_request *request, const struct api_person *person,
                 const struct user_change *change)
{
    struct api_ask ask = {
        .permission = PERM_SETTINGS_WRITE,
        .answer = API_RESULT,
        .missing = missing_user,
        .object_kind = "user",
    };

    if (change->user_id) {
        ask.statement = STMT_SETTINGS_USER_UPDATE;
        ask.action = "user.update";
        store_param_int(&ask.params, change->user_id);
        store_param_int(&ask.params, change->version);
        snprintf(ask.object_id, sizeof(ask.object_id), "%d", change->user_id);
    } else {
        ask.statement = STMT_SETTINGS_USER_CREATE;
        ask.action = "user.create";
        ask.status = 201;
        store_param_int(&ask.params, change->center_id);
    }
    text_copy(ask.detail, sizeof(ask.detail), change->what);
    store_param_text(&ask.params, change->document);
    param_unless_empty(&ask.params, change->hash);
    param_unless_empty(&ask.params, change->ha1_md5);
    param_unless_empty(&ask.params, change->ha1_sha256);
    api_ask(api, request, person, &ask, NULL, NULL);
}

static void hash_password(void *state)
{
    struct user_change *change = state;

    change->err = api_password_hash(change->password, change->hash);
}

static void hashed(struct api *api, struct http_request *request, const struct api_person *person,
                   void **state)
{
    const struct user_change *change = *state;

    if (change->err)
        http_problem(request, 500, "password.failed", "密码处理失败，没有保存，请重试", NULL);
    else
        save(api, request, person, change);
}

/* The names of what was changed, never the values. */
static void describe(struct http_request *request, char *out, size_t size)
{
    struct text names = {0};
    size_t length;
    cJSON *json = cJSON_Parse(http_body(request, &length));
    const cJSON *item;

    cJSON_ArrayForEach(item, json) text_addf(&names, "%s%s", names.length ? "," : "", item->string);
    text_copy(out, size, names.failed || !names.data ? "" : names.data);
    text_done(&names);
    cJSON_Delete(json);
}

static void begin(struct api *api, struct http_request *request, const struct user_body *body,
                  const struct user_change *wanted)
{
    struct user_change *change = malloc(sizeof(*change));
    char *password = *body->password ? strdup(body->password) : NULL;
    char *document = document_without_secrets(request);

    if (!change || !document || (*body->password && !password)) {
        free(change);
        free(password);
        free(document);
        http_problem(request, 503, "server.memory", "系统繁忙，请稍后重试", NULL);
        return;
    }
    *change = *wanted;
    change->document = document;
    change->password = password;
    hash_phone(api, body, change);
    if (password) {
        api_work(api, request, api_person(request), hash_password, hashed, change, free_change);
        return;
    }
    save(api, request, api_person(request), change);
    free_change(change);
}

static void create_user(struct http_request *request, void *arg)
{
    struct user_body body = {0};
    struct user_change change = {0};

    if (!read_user(request, SETTINGS_BODY(create_fields), &body) ||
        !api_check_center(arg, request, PERM_SETTINGS_WRITE, body.center_id, &change.center_id))
        return;
    snprintf(change.what, sizeof(change.what), "login=%s center=%d", body.login, change.center_id);
    begin(arg, request, &body, &change);
}

static void update_user(struct http_request *request, void *arg)
{
    struct user_body body = {0};
    struct user_change change = {0};

    if (!api_path_int(request, "id", &change.user_id) || !api_if_match(request, &change.version) ||
        !read_user(request, SETTINGS_BODY(update_fields), &body))
        return;
    describe(request, change.what, sizeof(change.what));
    begin(arg, request, &body, &change);
}

static void delete_user(struct http_request *request, void *arg)
{
    struct api_ask ask = {
        .statement = STMT_SETTINGS_USER_DELETE,
        .permission = PERM_SETTINGS_WRITE,
        .answer = API_RESULT,
        .missing = missing_user,
        .action = "user.delete",
        .object_kind = "user",
    };
    int32_t id;

    if (!api_path_int(request, "id", &id))
        return;
    store_param_int(&ask.params, id);
    snprintf(ask.object_id, sizeof(ask.object_id), "%d", id);
    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

/* --- reading -------------------------------------------------------------------------------- */

static void list_users(struct http_request *request, void *arg)
{
    settings_list(arg, request, STMT_SETTINGS_USER_LIST);
}

static void get_user(struct http_request *request, void *arg)
{
    settings_get(arg, request, STMT_SETTINGS_USER_GET, "user", missing_user);
}

static void list_roles(struct http_request *request, void *arg)
{
    struct api_ask ask = {.statement = STMT_SETTINGS_ROLE_LIST, .permission = PERM_SETTINGS_READ};
    int32_t center;

    if (!settings_center(arg, request, PERM_SETTINGS_READ, &center))
        return;
    store_param_int(&ask.params, center);
    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

static const struct api_route routes[] = {
    {.http = {"GET", "/api/v1/settings/users", PERM_SETTINGS_READ, list_users, "用户列表"},
     .query = "center_id"},
    {{"POST", "/api/v1/settings/users", PERM_SETTINGS_WRITE, create_user, "新增用户"},
     SETTINGS_BODY(create_fields)},
    {.http = {"GET", "/api/v1/settings/users/{id}", PERM_SETTINGS_READ, get_user, "查看用户"}},
    {{"PUT", "/api/v1/settings/users/{id}", PERM_SETTINGS_WRITE, update_user, "修改用户"},
     SETTINGS_BODY(update_fields),
     .if_match = true},
    {.http = {"DELETE", "/api/v1/settings/users/{id}", PERM_SETTINGS_WRITE, delete_user,
              "删除用户"}},
    {.http = {"GET", "/api/v1/settings/roles", PERM_SETTINGS_READ, list_roles,
              "可授予本中心用户的角色"},
     .query = "center_id"},
};
const struct api_routes api_routes_users = API_ROUTES(routes);
