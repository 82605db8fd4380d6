/* Teams (班组) and skill groups (技能组) of a center (CC-25). A member's level is his weight in the
 * queues that want the skill. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "api/settings.h"

#define NAME_MAX_CHARACTERS 20
#define CODE_MAX            40

static const struct settings_kind team_kind =
    SETTINGS_KIND("team", TEAM, PERM_SETTINGS_WRITE, "没有这个班组，或不属于您管理的中心");
static const struct settings_kind group_kind = SETTINGS_KIND(
    "skill_group", SKILL_GROUP, PERM_SETTINGS_WRITE, "没有这个技能组，或不属于您管理的中心");
static const char missing_member[] = "没有这个技能组，或该坐席不在其中";

struct group_body {
    int64_t center_id, level;
    const char *code, *name, *district;
    bool enabled;
};

#define FIELD(name, title, kind, flags, min, max)                                                  \
    {                                                                                              \
#name, title, kind, offsetof(struct group_body, name), flags, min, max                     \
    }
#define NAME(required) FIELD(name, "名称", HTTP_TEXT, required, 1, NAME_MAX_CHARACTERS)
#define DISTRICT       FIELD(district, "所属区县局", HTTP_TEXT, 0, 0, NAME_MAX_CHARACTERS)
#define ENABLED        FIELD(enabled, "启用", HTTP_BOOL, 0, 0, 0)
#define CENTER         FIELD(center_id, "中心", HTTP_INT, 0, 1, INT32_MAX)

static const struct http_field team_create_fields[] = {NAME(HTTP_REQUIRED), DISTRICT, ENABLED,
                                                       CENTER};
static const struct http_field team_update_fields[] = {NAME(0), DISTRICT, ENABLED};
/* The code is given once. */
static const struct http_field group_create_fields[] = {
    NAME(HTTP_REQUIRED), FIELD(code, "代码", HTTP_TEXT, HTTP_REQUIRED, 1, CODE_MAX), CENTER};
static const struct http_field group_update_fields[] = {NAME(0)};
static const struct http_field member_fields[] = {
    FIELD(level, "等级", HTTP_INT, HTTP_REQUIRED, 1, 100)};
#undef FIELD

static bool read_group(struct http_request *request, const struct http_field *fields, size_t count,
                       struct group_body *body)
{
    cJSON *errors;

    if (!http_read_body(request, fields, count, body))
        return false;
    errors = cJSON_CreateObject();
    if (body->name && settings_is_blank(body->name))
        settings_complain(errors, "name", "请填写名称");
    if (body->code && !settings_is_code(body->code))
        settings_complain(errors, "code", "代码应为小写字母开头，只用小写字母、数字和下划线");
    return !settings_refuse(request, errors);
}

/* Of both kinds of things: what differs is the kind. */
static void create(struct api *api, struct http_request *request, const struct settings_kind *kind,
                   const struct http_field *fields, size_t count)
{
    struct group_body body = {0};
    struct api_ask ask;

    if (!read_group(request, fields, count, &body) ||
        !settings_create(api, request, kind, body.center_id, &ask))
        return;
    snprintf(ask.detail, sizeof(ask.detail), "name=%s center=%s", body.name, ask.params.values[0]);
    api_ask(api, request, api_person(request), &ask, NULL, NULL);
}

static void change(struct api *api, struct http_request *request, const struct settings_kind *kind,
                   const struct http_field *fields, size_t count)
{
    struct group_body body = {0};
    struct api_ask ask;

    if (settings_update(request, kind, &ask) && read_group(request, fields, count, &body))
        api_ask(api, request, api_person(request), &ask, NULL, NULL);
}

static void take_away(struct api *api, struct http_request *request,
                      const struct settings_kind *kind)
{
    struct api_ask ask;

    if (settings_remove(request, kind, &ask))
        api_ask(api, request, api_person(request), &ask, NULL, NULL);
}

/* --- teams ----------------------------------------------------------------------------------- */

static void list_teams(struct http_request *request, void *arg)
{
    settings_list(arg, request, STMT_SETTINGS_TEAM_LIST);
}

static void create_team(struct http_request *request, void *arg)
{
    create(arg, request, &team_kind, SETTINGS_BODY(team_create_fields));
}

static void update_team(struct http_request *request, void *arg)
{
    change(arg, request, &team_kind, SETTINGS_BODY(team_update_fields));
}

static void delete_team(struct http_request *request, void *arg)
{
    take_away(arg, request, &team_kind);
}

/* --- skill groups ---------------------------------------------------------------------------- */

static void list_groups(struct http_request *request, void *arg)
{
    settings_list(arg, request, STMT_SETTINGS_SKILL_GROUP_LIST);
}

static void create_group(struct http_request *request, void *arg)
{
    create(arg, request, &group_kind, SETTINGS_BODY(group_create_fields));
}

static void update_group(struct http_request *request, void *arg)
{
    change(arg, request, &group_kind, SETTINGS_BODY(group_update_fields));
}

static void delete_group(struct http_request *request, void *arg)
{
    take_away(arg, request, &group_kind);
}

static bool path_member(struct http_request *request, struct api_ask *ask)
{
    int32_t group, user;

    if (!api_path_int(request, "id", &group) || !api_path_int(request, "user_id", &user))
        return false;
    ask->permission = PERM_SETTINGS_WRITE;
    ask->answer = API_RESULT;
    ask->object_kind = "skill_group";
    store_param_int(&ask->params, group);
    store_param_int(&ask->params, user);
    snprintf(ask->object_id, sizeof(ask->object_id), "%d", group);
    snprintf(ask->detail, sizeof(ask->detail), "user=%d", user);
    return true;
}

static void put_member(struct http_request *request, void *arg)
{
    struct api_ask ask = {.statement = STMT_SETTINGS_SKILL_MEMBER_PUT,
                          .missing = group_kind.missing,
                          .action = "skill_group.member"};
    struct group_body body = {0};

    if (!path_member(request, &ask) ||
        !http_read_body(request, SETTINGS_BODY(member_fields), &body))
        return;
    store_param_int(&ask.params, body.level);
    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

static void delete_member(struct http_request *request, void *arg)
{
    struct api_ask ask = {.statement = STMT_SETTINGS_SKILL_MEMBER_DELETE,
                          .missing = missing_member,
                          .action = "skill_group.member_delete"};

    if (path_member(request, &ask))
        api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

#define TEAMS  "/api/v1/settings/teams"
#define GROUPS "/api/v1/settings/skill-groups"
static const struct api_route routes[] = {
    {.http = {"GET", TEAMS, PERM_SETTINGS_READ, list_teams, "班组列表"}, .query = "center_id"},
    {{"POST", TEAMS, PERM_SETTINGS_WRITE, create_team, "新增班组"},
     SETTINGS_BODY(team_create_fields)},
    {{"PUT", TEAMS "/{id}", PERM_SETTINGS_WRITE, update_team, "修改班组"},
     SETTINGS_BODY(team_update_fields),
     .if_match = true},
    {.http = {"DELETE", TEAMS "/{id}", PERM_SETTINGS_WRITE, delete_team, "删除班组"}},
    {.http = {"GET", GROUPS, PERM_SETTINGS_READ, list_groups, "技能组列表"}, .query = "center_id"},
    {{"POST", GROUPS, PERM_SETTINGS_WRITE, create_group, "新增技能组"},
     SETTINGS_BODY(group_create_fields)},
    {{"PUT", GROUPS "/{id}", PERM_SETTINGS_WRITE, update_group, "修改技能组"},
     SETTINGS_BODY(group_update_fields),
     .if_match = true},
    {.http = {"DELETE", GROUPS "/{id}", PERM_SETTINGS_WRITE, delete_group, "删除技能组"}},
    {{"PUT", GROUPS "/{id}/members/{user_id}", PERM_SETTINGS_WRITE, put_member,
      "坐席加入技能组或修改等级"},
     SETTINGS_BODY(member_fields)},
    {.http = {"DELETE", GROUPS "/{id}/members/{user_id}", PERM_SETTINGS_WRITE, delete_member,
              "坐席退出技能组"}},
};
const struct api_routes api_routes_teams = API_ROUTES(routes);
