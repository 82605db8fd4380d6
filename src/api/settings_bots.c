/* The voice bot: nodes and quotas are the region's, when its callers meet it is each center's. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "api/settings.h"

static const char missing_node[] = "没有这个机器人节点";
static const char missing_center[] = "没有这个中心，或不属于您管理的中心";

struct node_body {
    const char *name, *transport, *host, *sip_user;
    int64_t port, channels;
    bool record, enabled;
};

#define NODE(name, title, kind, flags, min, max)                                                   \
    {                                                                                              \
#name, title, kind, offsetof(struct node_body, name), flags, min, max                      \
    }
static const struct http_field new_node_fields[] = {
    NODE(name, "名称", HTTP_TEXT, HTTP_REQUIRED, 1, 20),
    NODE(transport, "传输方式", HTTP_TEXT, 0, 1, 8),
    NODE(host, "地址", HTTP_TEXT, HTTP_REQUIRED, 1, 127),
    NODE(port, "端口", HTTP_INT, 0, 1, 65535),
    NODE(sip_user, "呼叫用户名", HTTP_TEXT, 0, 1, 31),
    NODE(channels, "通道数", HTTP_INT, 0, 0, 10000),
    NODE(record, "录音", HTTP_BOOL, 0, 0, 0),
    NODE(enabled, "启用", HTTP_BOOL, 0, 0, 0),
};
static const struct http_field node_fields[] = {
    NODE(name, "名称", HTTP_TEXT, 0, 1, 20),
    NODE(transport, "传输方式", HTTP_TEXT, 0, 1, 8),
    NODE(host, "地址", HTTP_TEXT, 0, 1, 127),
    NODE(port, "端口", HTTP_INT, 0, 1, 65535),
    NODE(sip_user, "呼叫用户名", HTTP_TEXT, 0, 1, 31),
    NODE(channels, "通道数", HTTP_INT, 0, 0, 10000),
    NODE(record, "录音", HTTP_BOOL, 0, 0, 0),
    NODE(enabled, "启用", HTTP_BOOL, 0, 0, 0),
};

struct quota_body {
    bool allowed;
    int64_t guaranteed, most;
};

static const struct http_field quota_fields[] = {
    {"allowed", "许可使用", HTTP_BOOL, offsetof(struct quota_body, allowed), 0, 0, 0},
    {"guaranteed", "保底通道数", HTTP_INT, offsetof(struct quota_body, guaranteed), 0, 0, 10000},
    {"most", "最多通道数", HTTP_INT, offsetof(struct quota_body, most), 0, 0, 10000},
};

struct policy_body {
    const char *policy, *calendar_code;
    int64_t share_percent;
};

static const struct http_field policy_fields[] = {
    {"policy", "接入策略", HTTP_TEXT, offsetof(struct policy_body, policy), HTTP_REQUIRED, 1, 20},
    {"share_percent", "百分比", HTTP_INT, offsetof(struct policy_body, share_percent), 0, 0, 100},
    {"calendar_code", "工作日历", HTTP_TEXT, offsetof(struct policy_body, calendar_code), 0, 1, 47},
};

static bool is_one_of(const char *text, const char *const *words)
{
    for (; *words; words++)
        if (strcmp(text, *words) == 0)
            return true;
    return false;
}

/* --- nodes ---------------------------------------------------------------------------------- */

static bool check_node(struct http_request *request, const struct node_body *body)
{
    static const char *const transports[] = {"udp", "tcp", "tls", NULL};
    static const char host[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:-";
    cJSON *errors = cJSON_CreateObject();

    if (body->transport && !is_one_of(body->transport, transports))
        settings_complain(errors, "transport", "传输方式应为 udp、tcp 或 tls");
    if (body->host && !settings_consists_of(body->host, host))
        settings_complain(errors, "host", "地址只能是 IP 地址或域名");
    if (body->sip_user &&
        !settings_consists_of(body->sip_user, "abcdefghijklmnopqrstuvwxyz"
                                              "ABCDEFGHIJKLMNOPQRSTUVWXYZ_.-" SETTINGS_DIGITS))
        settings_complain(errors, "sip_user", "用户名只能由字母、数字、_、. 和 - 组成");
    if (body->name && settings_is_blank(body->name))
        settings_complain(errors, "name", "名称不能为空");
    return !settings_refuse(request, errors);
}

static void list_nodes(struct http_request *request, void *arg)
{
    struct api_ask ask = {.statement = STMT_SETTINGS_BOT_PEERS, .permission = PERM_REGION_WRITE};

    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

static void post_node(struct http_request *request, void *arg)
{
    struct api_ask ask = {.statement = STMT_SETTINGS_BOT_PEER_CREATE,
                          .permission = PERM_REGION_WRITE,
                          .answer = API_RESULT,
                          .status = 201,
                          .missing = missing_node,
                          .action = "bot.create",
                          .object_kind = "bot"};
    struct node_body body = {0};
    size_t length;

    if (!http_read_body(request, SETTINGS_BODY(new_node_fields), &body) ||
        !check_node(request, &body))
        return;
    store_param_text(&ask.params, http_body(request, &length));
    text_copy(ask.detail, sizeof(ask.detail), http_body(request, &length));
    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

static void put_node(struct http_request *request, void *arg)
{
    struct api_ask ask = {.statement = STMT_SETTINGS_BOT_PEER_UPDATE,
                          .permission = PERM_REGION_WRITE,
                          .answer = API_RESULT,
                          .missing = missing_node,
                          .action = "bot.update",
                          .object_kind = "bot"};
    struct node_body body = {0};
    int64_t version;
    size_t length;
    int32_t id;

    if (!api_path_int(request, "id", &id) || !api_if_match(request, &version) ||
        !http_read_body(request, SETTINGS_BODY(node_fields), &body) || !check_node(request, &body))
        return;
    snprintf(ask.object_id, sizeof(ask.object_id), "%d", id);
    store_param_int(&ask.params, id);
    store_param_int(&ask.params, version);
    store_param_text(&ask.params, http_body(request, &length));
    text_copy(ask.detail, sizeof(ask.detail), http_body(request, &length));
    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

/* --- shares --------------------------------------------------------------------------------- */

static void list_shares(struct http_request *request, void *arg)
{
    struct api_ask ask = {.statement = STMT_SETTINGS_BOT_SHARES, .permission = PERM_SETTINGS_READ};

    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

/* Of the path's center, as far as the permission reaches. */
static void save_share(struct http_request *request, struct api *api, enum permission permission,
                       const char *action, int32_t center, int64_t version)
{
    struct api_ask ask = {.statement = STMT_SETTINGS_BOT_SHARE_SAVE,
                          .permission = permission,
                          .answer = API_RESULT,
                          .missing = missing_center,
                          .action = action,
                          .object_kind = "center"};
    size_t length;

    snprintf(ask.object_id, sizeof(ask.object_id), "%d", center);
    store_param_int(&ask.params, center);
    store_param_int(&ask.params, version);
    store_param_text(&ask.params, http_body(request, &length));
    text_copy(ask.detail, sizeof(ask.detail), http_body(request, &length));
    api_ask(api, request, api_person(request), &ask, NULL, NULL);
}

/* The path's center, as far as the permission reaches; asked for after the body was found good. */
static bool read_center(struct api *api, struct http_request *request, enum permission permission,
                        int32_t *ret_center)
{
    int32_t wanted;

    return api_path_int(request, "center_id", &wanted) &&
           api_check_center(api, request, permission, wanted, ret_center);
}

static void put_quota(struct http_request *request, void *arg)
{
    struct quota_body body = {0};
    int64_t version;
    int32_t center;

    if (api_if_match(request, &version) &&
        http_read_body(request, SETTINGS_BODY(quota_fields), &body) &&
        read_center(arg, request, PERM_REGION_WRITE, &center))
        save_share(request, arg, PERM_REGION_WRITE, "bot.quota", center, version);
}

static void put_policy(struct http_request *request, void *arg)
{
    static const char *const policies[] = {"off",   "always", "out_of_hours", "busy", "key",
                                           "share", NULL};
    struct policy_body body = {0};
    cJSON *errors;
    int64_t version;
    int32_t center;

    if (!api_if_match(request, &version) ||
        !http_read_body(request, SETTINGS_BODY(policy_fields), &body) ||
        !read_center(arg, request, PERM_SETTINGS_WRITE, &center))
        return;
    errors = cJSON_CreateObject();
    if (!is_one_of(body.policy, policies))
        settings_complain(errors, "policy",
                          "接入策略应为 off、always、out_of_hours、busy、key 或 share");
    if (!settings_refuse(request, errors))
        save_share(request, arg, PERM_SETTINGS_WRITE, "bot.policy", center, version);
}

/* --- now ------------------------------------------------------------------------------------ */

static void get_use(struct http_request *request, void *arg)
{
    struct api *api = arg;
    const struct api_person *person = api_person(request);
    bool region = person->subject.scope[PERM_MONITOR_READ] == ACCESS_REGION;
    struct text json = {0};

    telephony_bots_json(api->deps.telephony, region ? 0 : person->subject.center_id, &json);
    if (json.failed)
        api_unavailable(request);
    else
        http_answer_json(request, 200, json.data);
    text_done(&json);
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
    {{"PUT", BASE "/shares/{center_id}", PERM_REGION_WRITE, put_quota, "设置机器人许可与配额"},
     SETTINGS_BODY(quota_fields),
     .if_match = true},
    {{"PUT", BASE "/shares/{center_id}/policy", PERM_SETTINGS_WRITE, put_policy,
      "设置机器人接入策略"},
     SETTINGS_BODY(policy_fields),
     .if_match = true},
    {.http = {"GET", "/api/v1/monitor/bots", PERM_MONITOR_READ, get_use, "机器人通道使用情况"}},
};
const struct api_routes api_routes_bots = API_ROUTES(routes);
