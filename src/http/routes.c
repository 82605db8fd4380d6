/* The route table: "/api/v1/calls/{id}" against what was asked for. */
#include <errno.h>
#include <string.h>

#include "http/room.h"

int http_row_init(struct http_row *row, const struct http_route *route, void *arg)
{
    const char *at = route->path;

    if (!route->method || !route->handler || route->permission <= 0 || !at || *at != '/')
        return -EINVAL;
    *row = (struct http_row){.route = route, .arg = arg};
    while (*at) {
        const char *from = at + 1;
        size_t length = strcspn(from, "/");
        bool is_param = length > 2 && from[0] == '{' && from[length - 1] == '}';
        if (row->segment_count == HTTP_MAX_SEGMENTS)
            return -E2BIG;
        row->segments[row->segment_count++] =
            (struct http_segment){from + is_param, length - 2 * is_param, is_param};
        row->literal_count += !is_param;
        at = from + length;
    }
    return 0;
}

static bool segment_matches(const struct http_segment *segment, const char *text, size_t length)
{
    if (segment->is_param)
        return length > 0 && length < HTTP_PARAM_SIZE;
    return segment->length == length && memcmp(segment->text, text, length) == 0;
}

static bool row_matches(const struct http_row *row, const char *path)
{
    const char *at = path;
    unsigned i = 0;

    for (; *at == '/' && i < row->segment_count; i++) {
        size_t length = strcspn(at + 1, "/");
        if (!segment_matches(&row->segments[i], at + 1, length))
            return false;
        at += 1 + length;
    }
    return !*at && i == row->segment_count;
}

static void take_params(struct http_request *request, const struct http_row *row)
{
    const char *at = request->path;

    request->param_count = 0;
    for (unsigned i = 0; i < row->segment_count; i++) {
        const struct http_segment *segment = &row->segments[i];
        size_t length = strcspn(at + 1, "/");
        if (segment->is_param && request->param_count < HTTP_MAX_PARAMS) {
            struct http_param *param = &request->params[request->param_count++];
            param->name = segment->text;
            param->name_length = segment->length;
            memcpy(param->value, at + 1, length); /* segment_matches() looked at the length */
            param->value[length] = 0;
        }
        at += 1 + length;
    }
}

static bool method_matches(const struct http_row *row, const char *method)
{
    return strcmp(row->route->method, method) == 0 ||
           (strcmp(method, "HEAD") == 0 && strcmp(row->route->method, "GET") == 0);
}

const struct http_row *http_find_row(struct http_request *request, struct text *ret_allow)
{
    const struct http *http = request->http;
    const struct http_row *best = NULL;

    for (size_t i = 0; i < http->row_count; i++) {
        const struct http_row *row = &http->rows[i];
        if (!row_matches(row, request->path))
            continue;
        if (!method_matches(row, request->method)) {
            text_addf(ret_allow, "%s%s", ret_allow->length ? ", " : "", row->route->method);
            continue;
        }
        if (!best || row->literal_count > best->literal_count)
            best = row; /* /users/me goes before /users/{id} */
    }
    if (best)
        take_params(request, best);
    return best;
}
