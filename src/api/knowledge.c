/* Reading the knowledge base (KB-06, KB-07): what is in force, one's own and what others share with
 * the region. What its authors do with it is in knowledge_edit.c. */
#include <stdio.h>
#include <string.h>

#include "api/knowledge.h"

#define SEARCH_DEFAULT 20
#define SEARCH_MAX     50

static const char missing_item[] = "没有这条知识，或已撤回、过期，或您无权查看";
static const char missing_version[] = "没有这条知识的这个版本，或您无权查看";

/* "3" or "3,7": ids that fit an int, so that PostgreSQL takes them. */
static bool are_ids(const char *text)
{
    for (;;) {
        size_t digits = strspn(text, SETTINGS_DIGITS);

        if (digits == 0 || digits > 9)
            return false;
        text += digits;
        if (!*text)
            return true;
        if (*text++ != ',')
            return false;
    }
}

bool knowledge_param_classes(struct http_request *request, struct store_params *params,
                             struct text *text)
{
    const char *classes = http_query(request, "class_id");

    if (!classes || !*classes) {
        store_param_null(params);
        return true;
    }
    if (!are_ids(classes)) {
        api_field_problem(request, "class_id", "知识类别应为编号，多个用逗号分开");
        return false;
    }
    text_addf(text, "{%s}", classes);
    store_param_text(params, text->failed ? "{}" : text->data);
    return true;
}

static void list_classes(struct http_request *request, void *arg)
{
    const struct api_person *person = api_person(request);
    struct api_ask ask = {.statement = STMT_KB_CLASS_LIST, .permission = PERM_KNOWLEDGE_READ};

    store_param_int(&ask.params, person->subject.center_id);
    api_ask(arg, request, person, &ask, NULL, NULL);
}

/* With words the best first, without the newest first. */
static void list_items(struct http_request *request, void *arg)
{
    const struct api_person *person = api_person(request);
    const char *words = http_query(request, "q");
    bool search = words && *words;
    struct api_ask ask = {.lane = STORE_SLOW,
                          .statement = search ? STMT_KB_ITEM_SEARCH : STMT_KB_ITEM_LIST,
                          .permission = PERM_KNOWLEDGE_READ};
    struct text classes = {0};

    if ((!search || api_param_query_text(request, &ask.params, "q")) &&
        knowledge_param_classes(request, &ask.params, &classes)) {
        if (search)
            store_param_int(&ask.params, person->subject.center_id);
        if (api_param_query_limit(request, &ask.params, SEARCH_DEFAULT, SEARCH_MAX) &&
            (search || api_param_query_cursor(request, &ask.params)))
            api_ask(arg, request, person, &ask, NULL, NULL);
    }
    text_done(&classes);
}

static void read_item(struct http_request *request, void *arg)
{
    struct api_ask ask = {
        .statement = STMT_KB_ITEM_GET, .permission = PERM_KNOWLEDGE_READ, .missing = missing_item};

    if (knowledge_name_one(request, NULL, &ask))
        api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

static void read_version(struct http_request *request, void *arg)
{
    struct api_ask ask = {.statement = STMT_KB_VERSION_GET,
                          .permission = PERM_KNOWLEDGE_READ,
                          .missing = missing_version};
    int32_t version;

    if (!knowledge_name_one(request, NULL, &ask) || !api_path_int(request, "version", &version))
        return;
    store_param_int(&ask.params, version);
    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

#define ITEMS "/api/v1/knowledge/items"
static const struct api_route routes[] = {
    {.http = {"GET", "/api/v1/knowledge/classes", PERM_KNOWLEDGE_READ, list_classes, "知识类别"}},
    {.http = {"GET", ITEMS, PERM_KNOWLEDGE_READ, list_items, "检索和浏览知识"},
     .query = "q class_id limit after"},
    {.http = {"GET", ITEMS "/{id}", PERM_KNOWLEDGE_READ, read_item, "查看知识"}},
    {.http = {"GET", ITEMS "/{id}/versions/{version}", PERM_KNOWLEDGE_READ, read_version,
              "查看知识的以前版本"}},
};
const struct api_routes api_routes_knowledge = API_ROUTES(routes);
