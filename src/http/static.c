/* The pages: files of web_dir; index.html for the application's own addresses. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "http/room.h"

#define PATH_SIZE 600

static const char *type_of(const char *path)
{
    static const struct {
        const char *ending, *type;
    } types[] = {
        {".html", "text/html; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".mjs", "text/javascript; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".json", "application/json"},
        {".map", "application/json"},
        {".svg", "image/svg+xml"},
        {".png", "image/png"},
        {".jpg", "image/jpeg"},
        {".ico", "image/x-icon"},
        {".woff2", "font/woff2"},
        {".wav", "audio/wav"},
        {".mp3", "audio/mpeg"},
        {".txt", "text/plain; charset=utf-8"},
        {".webmanifest", "application/manifest+json"},
    };
    size_t length = strlen(path);

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        size_t ending = strlen(types[i].ending);
        if (length > ending && strcasecmp(path + length - ending, types[i].ending) == 0)
            return types[i].type;
    }
    return "application/octet-stream";
}

/* No segment may begin with a dot: neither ".." nor hidden files are ours to show. */
static bool is_safe(const char *path)
{
    return path[0] == '/' && !strstr(path, "/.") && !strstr(path, "//") && !strchr(path, '\\');
}

static int open_regular(const char *path, struct stat *ret_status)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd >= 0 && (fstat(fd, ret_status) || !S_ISREG(ret_status->st_mode))) {
        close(fd);
        return -1;
    }
    return fd;
}

static bool is_known_already(struct http_request *request, const struct http_content *content)
{
    const char *known = http_header(request, "If-None-Match");
    char tag[64];

    snprintf(tag, sizeof(tag), "\"%" PRIx64 "-%" PRIx64 "\"", content->modified, content->size);
    return known && strcmp(known, tag) == 0;
}

static void serve(struct http_request *request, int fd, const struct stat *status, const char *path)
{
    struct http_content content = {fd, (uint64_t)status->st_size,
                                   (uint64_t)status->st_mtim.tv_sec * 1000 +
                                       (uint64_t)status->st_mtim.tv_nsec / 1000000,
                                   type_of(path)};

    /* Vite puts a hash of the content into the names under /assets. */
    http_add_header(request, "Cache-Control",
                    strncmp(request->path, "/assets/", 8) == 0
                        ? "public, max-age=31536000, immutable"
                        : "no-cache");
    if (is_known_already(request, &content)) {
        close(fd);
        http_answer_empty(request, 304);
        return;
    }
    http_answer_content(request, &content);
}

/* A name with a dot is a file: missing, it is a 404, or a browser would take HTML for a script. */
static bool is_application_address(const char *path)
{
    const char *last = strrchr(path, '/');

    return strncmp(path, "/assets/", 8) != 0 && !strchr(last, '.');
}

void http_serve_page(struct http_request *request)
{
    const char *root = request->http->web_dir;
    struct stat status;
    char path[PATH_SIZE];
    int fd = -1;

    if (is_safe(request->path) &&
        snprintf(path, sizeof(path), "%s%s", root, request->path) < (int)sizeof(path))
        fd = open_regular(path, &status);
    if (fd < 0 && is_safe(request->path) && is_application_address(request->path) &&
        snprintf(path, sizeof(path), "%s/index.html", root) < (int)sizeof(path))
        fd = open_regular(path, &status);
    if (fd < 0)
        http_problem(request, 404, "request.unknown", "没有这个地址", NULL);
    else
        serve(request, fd, &status, path);
}
