/* Trunks and the number plan: the region's. */
#include <arpa/inet.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "api/settings.h"

struct trunk_body {
    const char *name, *transport, *host, *allowed_ips, *username, *password, *realm;
    const char *in_username, *in_password;
    int64_t port, max_channels, priority, options_interval_s;
    bool registers, enabled;
};

/* Texts must fit into struct sip_trunk_conf, in UTF-8. */
#define FIELD(name, title, kind, min, max)                                                         \
    {                                                                                              \
#name, title, kind, offsetof(struct trunk_body, name), 0, min, max                         \
    }
static const struct http_field trunk_fields[] = {
    FIELD(name, "名称", HTTP_TEXT, 1, 20),
    FIELD(transport, "传输方式", HTTP_TEXT, 1, 8),
    FIELD(host, "对端地址", HTTP_TEXT, 1, 127),
    FIELD(port, "对端端口", HTTP_INT, 1, 65535),
    FIELD(allowed_ips, "允许的来源地址", HTTP_TEXT, 0, 255),
    FIELD(username, "我方用户名", HTTP_TEXT, 0, 63),
    FIELD(password, "我方密码", HTTP_TEXT, 0, 127),
    FIELD(realm, "认证域", HTTP_TEXT, 0, 63),
    FIELD(in_username, "对方用户名", HTTP_TEXT, 0, 63),
    FIELD(in_password, "对方密码", HTTP_TEXT, 0, 127),
    FIELD(max_channels, "最大通道数", HTTP_INT, 0, 100000),
    FIELD(priority, "呼出优先级", HTTP_INT, 0, 1000),
    FIELD(options_interval_s, "健康检查间隔（秒）", HTTP_INT, 0, 3600),
    FIELD(registers, "向对端注册", HTTP_BOOL, 0, 0),
    FIELD(enabled, "启用", HTTP_BOOL, 0, 0),
};

/* --- what is right -------------------------------------------------------------------------- */

/* One address, or a network as address/length. */
static bool is_network(const char *text, size_t length)
{
    char copy[64];
    unsigned char bytes[16];
    char *slash;
    int64_t bits;
    bool six;

    if (length >= sizeof(copy))
        return false;
    memcpy(copy, text, length);
    copy[length] = 0;
    slash = strchr(copy, '/');
    if (slash)
        *slash = 0;
    six = inet_pton(AF_INET6, copy, bytes) == 1;
    if (!six && inet_pton(AF_INET, copy, bytes) != 1)
        return false;
    return !slash || text_to_int(slash + 1, 0, six ? 128 : 32, &bits) == 0;
}

static bool are_networks(const char *text)
{
    while (*text) {
        size_t length;
        text += strspn(text, " ");
        length = strcspn(text, ", ");
        if (!is_network(text, length))
            return false;
        text += length;
        text += strspn(text, " ");
        if (*text && *text++ != ',')
            return false;
    }
    return true;
}

static bool is_plain(const char *text) /* goes into SIP headers as it is */
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == '"' || *text == '\\' || *text == 0x7f)
            return false;
    return true;
}

static void check_credentials(const struct trunk_body *body, cJSON *errors)
{
    const struct {
        const char *field, *value;
    } texts[] = {{"username", body->username},
                 {"password", body->password},
                 {"realm", body->realm},
                 {"in_username", body->in_username},
                 {"in_password", body->in_password},
                 {"name", body->name}};

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (texts[i].value && !is_plain(texts[i].value))
            settings_complain(errors, texts[i].field, "不能含有引号、反斜线和控制字符");
}

static bool read_trunk(struct http_request *request, struct trunk_body *body)
{
    cJSON *errors;

    if (!http_read_body(request, SETTINGS_BODY(trunk_fields), body))
        return false;
    errors = cJSON_CreateObject();
    if (body->name && settings_is_blank(body->name))
        settings_complain(errors, "name", "请填写名称");
    if (body->transport && strcmp(body->transport, "udp") != 0 &&
        strcmp(body->transport, "tcp") != 0 && strcmp(body->transport, "tls") != 0)
        settings_complain(errors, "transport", "传输方式应为 udp、tcp 或 tls");
    if (body->host &&
        !settings_consists_of(body->host, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                          "0123456789.-_:[]"))
        settings_complain(errors, "host", "对端地址应为 IP 地址或主机名");
    if (body->allowed_ips && !are_networks(body->allowed_ips))
        settings_complain(errors, "allowed_ips",
                          "应为 IP 地址或网段，用逗号分隔，如 10.1.2.3,10.1.0.0/16");
    check_credentials(body, errors);
    return !settings_refuse(request, errors);
}

/* --- routes --------------------------------------------------------------------------------- */

static void list_trunks(struct http_request *request, void *arg)
{
    struct api_ask ask = {.statement = STMT_SETTINGS_TRUNK_LIST, .permission = PERM_REGION_WRITE};

    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

static void update_trunk(struct http_request *request, void *arg)
{
    struct api_ask ask = {
        .statement = STMT_SETTINGS_TRUNK_UPDATE,
        .permission = PERM_REGION_WRITE,
        .answer = API_RESULT,
        .missing = "没有这条中继",
        .action = "trunk.update",
        .object_kind = "trunk",
    };
    struct trunk_body body = {0};
    int64_t version;
    size_t length;
    int32_t id;

    if (!api_path_int(request, "id", &id) || !api_if_match(request, &version) ||
        !read_trunk(request, &body))
        return;
    store_param_int(&ask.params, id);
    store_param_int(&ask.params, version);
    store_param_text(&ask.params, http_body(request, &length));
    snprintf(ask.object_id, sizeof(ask.object_id), "%d", id);
    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

static void list_numbers(struct http_request *request, void *arg)
{
    struct api_ask ask = {.statement = STMT_SETTINGS_NUMBER_LIST, .permission = PERM_REGION_WRITE};
    int32_t center;

    if (!api_query_center(arg, request, PERM_REGION_WRITE, &center))
        return;
    if (center)
        store_param_int(&ask.params, center);
    else
        store_param_null(&ask.params);
    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

static const struct api_route routes[] = {
    {.http = {"GET", "/api/v1/settings/trunks", PERM_REGION_WRITE, list_trunks, "中继列表"}},
    {{"PUT", "/api/v1/settings/trunks/{id}", PERM_REGION_WRITE, update_trunk, "修改中继"},
     SETTINGS_BODY(trunk_fields),
     .if_match = true},
    {.http = {"GET", "/api/v1/settings/numbers", PERM_REGION_WRITE, list_numbers, "号码表"},
     .query = "center_id"},
};
const struct api_routes api_routes_trunks = API_ROUTES(routes);
