/* Files as answers, with Range (RFC 9110 §14), so that a player can jump in a recording. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "http/room.h"

#define BLOCK_SIZE (64 * 1024)

static int parse_number(const char **at, uint64_t *ret_value)
{
    uint64_t value = 0;
    const char *from = *at;

    for (; **at >= '0' && **at <= '9'; (*at)++) {
        if (value > (UINT64_MAX - 9) / 10)
            return -ERANGE;
        value = value * 10 + (uint64_t)(**at - '0');
    }
    *ret_value = value;
    return *at == from ? -EINVAL : 0;
}

/* What is no single well-formed range is answered as if it were not there, as the RFC allows. */
int http_parse_range(const char *header, uint64_t size, uint64_t *ret_first, uint64_t *ret_last)
{
    uint64_t first = 0, last = 0;
    bool has_first, has_last;

    if (!header || strncmp(header, "bytes=", 6) != 0)
        return 0;
    header += 6;
    has_first = parse_number(&header, &first) == 0;
    if (*header++ != '-')
        return 0;
    has_last = parse_number(&header, &last) == 0;
    if (*header || (!has_first && !has_last) || (has_first && has_last && last < first))
        return 0;
    if (!has_first) { /* the last so many bytes */
        first = last < size ? size - last : 0;
        if (!last)
            return -ERANGE;
        last = UINT64_MAX;
    } else if (!has_last) {
        last = UINT64_MAX;
    }
    if (first >= size)
        return -ERANGE;
    *ret_first = first;
    *ret_last = last < size ? last : size - 1;
    return 1;
}

static int which_part(struct http_request *request, uint64_t size, const char *tag,
                      uint64_t *ret_first, uint64_t *ret_last)
{
    const char *condition = http_header(request, "If-Range");

    if (condition && strcmp(condition, tag) != 0)
        return 0;
    return http_parse_range(http_header(request, "Range"), size, ret_first, ret_last);
}

static void refuse_range(struct http_request *request, uint64_t size)
{
    char value[48];

    snprintf(value, sizeof(value), "bytes */%" PRIu64, size);
    http_add_header(request, "Content-Range", value);
    http_problem(request, 416, "request.range", "请求的范围超出文件大小", NULL);
}

void http_answer_content(struct http_request *request, const struct http_content *content)
{
    uint64_t first = 0, last = content->size ? content->size - 1 : 0;
    struct MHD_Response *response;
    char tag[64], range[80];
    int part;

    snprintf(tag, sizeof(tag), "\"%" PRIx64 "-%" PRIx64 "\"", content->modified, content->size);
    part = which_part(request, content->size, tag, &first, &last);
    if (part < 0) {
        close(content->fd);
        refuse_range(request, content->size);
        return;
    }
    response = MHD_create_response_from_fd_at_offset64(content->size ? last - first + 1 : 0,
                                                       content->fd, first);
    if (!response)
        close(content->fd);
    else
        (void)MHD_add_response_header(response, "Content-Type", content->type);
    http_add_header(request, "Accept-Ranges", "bytes");
    http_add_header(request, "ETag", tag);
    if (part) {
        snprintf(range, sizeof(range), "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, first, last,
                 content->size);
        http_add_header(request, "Content-Range", range);
    }
    http_answer(request, part ? 206 : 200, response);
}

static void name_download(struct http_request *request, const char *name)
{
    struct text header = {0};

    if (!name)
        return;
    /* RFC 6266: the name in UTF-8, percent-encoded, so that Chinese names survive. */
    text_add(&header, "attachment; filename*=UTF-8''");
    for (const unsigned char *c = (const unsigned char *)name; *c; c++)
        if ((*c >= '0' && *c <= '9') || (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
            *c == '.' || *c == '-' || *c == '_')
            text_add_bytes(&header, c, 1);
        else
            text_addf(&header, "%%%02X", *c);
    if (!header.failed)
        http_add_header(request, "Content-Disposition", header.data);
    text_done(&header);
}

void http_answer_file(struct http_request *request, const char *path, const char *type,
                      const char *download_name)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat status;

    if (fd < 0 || fstat(fd, &status) || !S_ISREG(status.st_mode)) {
        if (fd >= 0)
            close(fd);
        http_problem(request, 404, "file.missing", "文件不存在", NULL);
        return;
    }
    name_download(request, download_name);
    http_answer_content(request,
                        &(struct http_content){fd, (uint64_t)status.st_size,
                                               (uint64_t)status.st_mtim.tv_sec * 1000 +
                                                   (uint64_t)status.st_mtim.tv_nsec / 1000000,
                                               type});
}

void http_answer_download(struct http_request *request, const char *type, const void *bytes,
                          size_t length, const char *download_name)
{
    name_download(request, download_name);
    http_answer_bytes(request, 200, type, bytes, length);
}

/* --- content made while it is sent ---------------------------------------------------------- */

struct made_content { /* one answer's use of a source */
    struct http_source source;
    uint64_t first;
};

static ssize_t read_made(void *arg, uint64_t at, char *out, size_t size)
{
    struct made_content *made = arg;
    ssize_t got = made->source.read(made->source.arg, made->first + at, out, size);

    if (got < 0)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    return got ? got : MHD_CONTENT_READER_END_OF_STREAM;
}

static void free_made(void *arg)
{
    struct made_content *made = arg;

    made->source.done(made->source.arg);
    free(made);
}

void http_answer_source(struct http_request *request, const struct http_source *source)
{
    struct made_content *made = calloc(1, sizeof(*made));
    uint64_t first = 0, last = source->size ? source->size - 1 : 0;
    struct MHD_Response *response = NULL;
    char range[80];
    int part = http_parse_range(http_header(request, "Range"), source->size, &first, &last);

    if (part < 0 || !made) {
        free(made);
        source->done(source->arg);
        if (part < 0)
            refuse_range(request, source->size);
        else
            http_answer(request, 503, NULL);
        return;
    }
    *made = (struct made_content){*source, first};
    response = MHD_create_response_from_callback(source->size ? last - first + 1 : 0, BLOCK_SIZE,
                                                 read_made, made, free_made);
    if (!response)
        free_made(made);
    else
        (void)MHD_add_response_header(response, "Content-Type", source->type);
    name_download(request, source->download_name);
    http_add_header(request, "Accept-Ranges", "bytes");
    if (part) {
        snprintf(range, sizeof(range), "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, first, last,
                 source->size);
        http_add_header(request, "Content-Range", range);
    }
    http_answer(request, part ? 206 : 200, response);
}
