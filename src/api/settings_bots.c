/* The voice bot: nodes and quotas are the region's; when its callers meet it, and who sees what it
 * learns, is each center's. What became of the talks: bots.c. */
#include <stddef.h>
#include <string.h>

#include "api/settings.h"

static const char missing_node[] = "没有这个机器人节点";
static const char missing_center[] = "没有这个中心，或不属于您管理的中心";

static const struct settings_kind node_kind = {.name = "bot",
                                               .missing = missing_node,
                                               .permission = PERM_REGION_WRITE,
                                               .update = STMT_SETTINGS_BOT_PEER_UPDATE,
                                               .updated = "bot.update"};
#define SHARE_KIND(need, action)                                                                   \
    {                                                                                              \
        .name = "center", .missing = missing_center, .permission = need,                           \
        .update = STMT_SETTINGS_BOT_SHARE_SAVE, .updated = action                                  \
    }
static const struct settings_kind quota_kind = SHARE_KIND(PERM_REGION_WRITE, "bot.quota");
static const struct settings_kind policy_kind = SHARE_KIND(PERM_SETTINGS_WRITE, "bot.policy");
static const struct settings_kind data_kind = SHARE_KIND(PERM_SETTINGS_WRITE, "bot.data");

static bool is_one_of(const char *text, const char *const *words)
{
    for (; *words; words++)
        if (strcmp(text, *words) == 0)
            return true;
    return false;
}

/* --- nodes ---------------------------------------------------------------------------------- */

struct node_body {
    const char *name, *transport, *host, *sip_user;
    int64_t port, channels;
    bool record, enabled;
};

#define NODE(name, title, kind, flags, min, max)                                                   \
    {                                                                                              \
#name, title, kind, offsetof(struct node_body, name), flags, min, max                      \
    }
#define NODE_FIELDS(required)                                                                      \
    NODE(name, "名称", HTTP_TEXT, required, 1, 20),                                                \
        NODE(transport, "传输方式", HTTP_TEXT, 0, 1, 8),                                           \
        NODE(host, "地址", HTTP_TEXT, required, 1, 127),                                           \
        NODE(port, "端口", HTTP_INT, 0, 1, 65535),                                                 \
        NODE(sip_user, "呼叫用户名", HTTP_TEXT, 0, 1, 31),                                         \
        NODE(channels, "通道数", HTTP_INT, 0, 0, 10000), NODE(record, "录音", HTTP_BOOL, 0, 0, 0), \
        NODE(enabled, "启用", HTTP_BOOL, 0, 0, 0)
static const struct http_field new_node_fields[] = {NODE_FIELDS(HTTP_REQUIRED)};
static const struct http_field node_fields[] = {NODE_FIELDS(0)};

static bool read_node(struct http_request *request, const struct http_field *fields, size_t count)
{
    static const char *const transports[] = {"udp", "tcp", "tls", NULL};
    static const char host[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:-";
    struct node_body body = {0};
    cJSON *errors;

    if (!http_read_body(request, fields, count, &body))
        return false;
    errors = cJSON_CreateObject();
    if (body.transport && !is_one_of(body.transport, transports))
        settings_complain(errors, "transport", "传输方式应为 udp、tcp 或 tls");
    if (body.host && !settings_consists_of(body.host, host))
        settings_complain(errors, "host", "地址只能是 IP 地址或域名");
    if (body.sip_user &&
        !settings_consists_of(body.sip_user, "abcdefghijklmnopqrstuvwxyz"
                                             "ABCDEFGHIJKLMNOPQRSTUVWXYZ_.-" SETTINGS_DIGITS))
        settings_complain(errors, "sip_user", "用户名只能由字母、数字、_、. 和 - 组成");
    if (body.name && settings_is_blank(body.name))
        settings_complain(errors, "name", "名称不能为空");
    return !settings_refuse(request, errors);
}

static void list_nodes(struct http_request *request, void *arg)
{
    struct api_ask ask = {.statement = STMT_SETTINGS_BOT_PEERS, .permission = PERM_REGION_WRITE};

    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

/* Of no center, so not by settings_create(). */
static void post_node(struct http_request *request, void *arg)
{
    struct api_ask ask = {.statement = STMT_SETTINGS_BOT_PEER_CREATE,
                          .permission = PERM_REGION_WRITE,
                          .answer = API_RESULT,
                          .status = 201,
                          .missing = missing_node,
                          .action = "bot.create",
                          .object_kind = "bot"};
    size_t length;

    if (!read_node(request, SETTINGS_BODY(new_node_fields)))
        return;
    store_param_text(&ask.params, http_body(request, &length));
    text_copy(ask.detail, sizeof(ask.detail), http_body(request, &length));
    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

static void put_node(struct http_request *request, void *arg)
{
    struct api_ask ask;

    if (settings_update(request, &node_kind, &ask) &&
        read_node(request, SETTINGS_BODY(node_fields)))
        api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

/* --- shares: of the path's center, as far as the permission reaches --------------------------- */

struct share_body {
    bool allowed;
    int64_t guaranteed, most, share_percent;
    const char *policy, *calendar_code, *data;
};

#define SHARE(name, title, kind, flags, min, max)                                                  \
    {                                                                                              \
#name, title, kind, offsetof(struct share_body, name), flags, min, max                     \
    }
static const struct http_field quota_fields[] = {
    SHARE(allowed, "许可使用", HTTP_BOOL, 0, 0, 0),
    SHARE(guaranteed, "保底通道数", HTTP_INT, 0, 0, 10000),
    SHARE(most, "最多通道数", HTTP_INT, 0, 0, 10000),
};
static const struct http_field policy_fields[] = {
    SHARE(policy, "接入策略", HTTP_TEXT, HTTP_REQUIRED, 1, 20),
    SHARE(share_percent, "百分比", HTTP_INT, 0, 0, 100),
    SHARE(calendar_code, "工作日历", HTTP_TEXT, 0, 1, 47),
};
static const struct http_field data_fields[] = {
    SHARE(data, "机器人数据", HTTP_TEXT, HTTP_REQUIRED, 1, 10),
};

static void list_shares(struct http_request *request, void *arg)
{
    struct api_ask ask = {.statement = STMT_SETTINGS_BOT_SHARES, .permission = PERM_SETTINGS_READ};

    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

static bool check_share(struct http_request *request, const struct share_body *body)
{
    static const char *const policies[] = {"off",   "always", "out_of_hours", "busy", "key",
                                           "share", NULL};
    static const char *const data[] = {"own", "shared", NULL};
    cJSON *errors = cJSON_CreateObject();

    if (body->policy && !is_one_of(body->policy, policies))
        settings_complain(errors, "policy",
                          "接入策略应为 off、always、out_of_hours、busy、key 或 share");
    if (body->data && !is_one_of(body->data, data))
        settings_complain(errors, "data",
                          "机器人数据应为 own（仅本中心）或 shared（与自治区共享）");
    return !settings_refuse(request, errors);
}

static void put_share(struct http_request *request, struct api *api,
                      const struct settings_kind *kind, const struct http_field *fields,
                      size_t count)
{
    struct share_body body = {0};
    struct api_ask ask;
    int32_t id, center;

    // Form first (version, types), as everywhere; then whose it is; only then what it means.
    if (settings_update(request, kind, &ask) && http_read_body(request, fields, count, &body) &&
        api_path_int(request, "id", &id) &&
        api_check_center(api, request, kind->permission, id, &center) &&
        check_share(request, &body))
        api_ask(api, request, api_person(request), &ask, NULL, NULL);
}

static void put_quota(struct http_request *request, void *arg)
{
    put_share(request, arg, &quota_kind, SETTINGS_BODY(quota_fields));
}

static void put_policy(struct http_request *request, void *arg)
{
    put_share(request, arg, &policy_kind, SETTINGS_BODY(policy_fields));
}

static void put_data(struct http_request *request, void *arg)
{
    put_share(request, arg, &data_kind, SETTINGS_BODY(data_fields));
}

#define BASE "/api/v1/settings/bots"
static const struct api_route routes[] = {
    {.http = {"GET", BASE "/nodes", PERM_REGION_WRITE, list_nodes, "语音机器人节点"}},
    {{"POST", BASE "/nodes", PERM_REGION_WRITE, post_node, "新增语音机器人节点"},
     SETTINGS_BODY(new_node_fields)},
    {{"PUT", BASE "/nodes/{id}", PERM_REGION_WRITE, put_node, "修改语音机器人节点"},
     SETTINGS_BODY(node_fields),
     .if_match = true},
    {.http = {"GET", BASE "/shares", PERM_SETTINGS_READ, list_shares, "各中心的机器人配额与策略"}},
    {{"PUT", BASE "/shares/{id}", PERM_REGION_WRITE, put_quota, "设置机器人许可与配额"},
     SETTINGS_BODY(quota_fields),
     .if_match = true},
    {{"PUT", BASE "/shares/{id}/policy", PERM_SETTINGS_WRITE, put_policy, "设置机器人接入策略"},
     SETTINGS_BODY(policy_fields),
     .if_match = true},
    {{"PUT", BASE "/shares/{id}/data", PERM_SETTINGS_WRITE, put_data, "设置机器人数据是否共享"},
     SETTINGS_BODY(data_fields),
     .if_match = true},
};
const struct api_routes api_routes_settings_bots = API_ROUTES(routes);
