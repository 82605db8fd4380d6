/* X-Forwarded-For behind trusted proxies. First line of the input: the list of proxies; each other
 * line: one of the header. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "http/room.h"

enum { LINES = 20 };

static bool is_same(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
    return memcmp(a, b, sizeof(*a)) == 0;
}

/* What was found is an address, and printed it is found again, whatever stands left of it. */
static void check_client(const struct http_proxies *proxies, const char *const *lines,
                         const struct sockaddr_storage *client)
{
    const struct sockaddr *address = (const struct sockaddr *)client;
    char text[64], again[64 + 100];
    const char *line = again;
    struct sockaddr_storage found;

    MUST(client->ss_family == AF_INET || client->ss_family == AF_INET6);
    http_address_text(address, text, sizeof(text));
    if (!http_proxies_have(proxies, address)) {
        snprintf(again, sizeof(again), "%.90s, %s\t", lines[0], text);
        MUST(http_proxies_client(proxies, &line, 1, &found) == 0 && is_same(&found, client));
    }
    snprintf(again, sizeof(again), client->ss_family == AF_INET ? "%s:80" : "[%s]:80", text);
    MUST(http_proxies_client(proxies, &line, 1, &found) == 0 && is_same(&found, client));
}

static void check_lines(const struct http_proxies *proxies, const char **lines, unsigned count)
{
    static const struct sockaddr_storage nobody;
    struct sockaddr_storage client = nobody, other = nobody;
    const struct http_proxies none = {.count = 0};
    int result = http_proxies_client(proxies, lines, count, &client);

    MUST(result == 0 || result == (count ? -EINVAL : -ENOENT));
    MUST(result == 0 || is_same(&client, &nobody));
    if (result == 0)
        check_client(proxies, lines, &client);
    /* Nobody is trusted: the last address of the last line, and no other. */
    if (count && http_proxies_client(&none, lines, count, &other) == 0)
        MUST(http_proxies_have(proxies, (struct sockaddr *)&other) || is_same(&client, &other));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_in in = {data, size};
    struct http_proxies proxies = {.count = 0};
    char *list = fuzz_line(&in), *lines[LINES];
    unsigned count = 0;

    while (count < LINES && (lines[count] = fuzz_line(&in)))
        count++;
    if (list && http_proxies_init(&proxies, list))
        MUST(proxies.count <= HTTP_MAX_PROXIES);
    check_lines(&proxies, (const char **)lines, count);
    while (count)
        free(lines[--count]);
    free(list);
    return 0;
}
