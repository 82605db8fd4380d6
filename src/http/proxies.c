/* Who is behind a proxy: X-Forwarded-For, believed only where a proxy we trust has written.
 *
 * Each proxy adds, on the right, the address it was asked from. So the header is read from the
 * right for as long as the addresses are proxies of ours; the first other one is the client, and
 * what stands left of it anybody may have invented. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include <hotlined/metrics.h>

#include "http/room.h"

#define ADDRESS_TEXT 48 /* INET6_ADDRSTRLEN and a little */

static struct metric malformed = {
    .name = "hotlined_http_forwarded_malformed_total",
    .help = "Requests of trusted proxies whose X-Forwarded-For has no address where one is due.",
    .kind = METRIC_COUNTER};

int http_proxies_init(struct http_proxies *proxies, const char *list)
{
    metric_register(&malformed);
    for (list += strspn(list, NETWORK_SEPARATORS); *list;
         list += strspn(list, NETWORK_SEPARATORS)) {
        size_t length = strcspn(list, NETWORK_SEPARATORS);

        if (proxies->count == HTTP_MAX_PROXIES ||
            !network_parse(list, length, &proxies->networks[proxies->count]))
            return -EINVAL;
        proxies->count++;
        list += length;
    }
    return 0;
}

bool http_proxies_have(const struct http_proxies *proxies, const struct sockaddr *address)
{
    for (unsigned i = 0; i < proxies->count; i++)
        if (network_has(&proxies->networks[i], address))
            return true;
    return false;
}

/* --- one address ---------------------------------------------------------------------------- */

/* Some proxies write the port, too: "192.0.2.1:4711", "[2001:db8::1]:4711". Takes it off; false
 * where brackets or port are none. */
static bool take_port_off(const char **text, size_t *length)
{
    const char *end = *text + *length, *colon = memchr(*text, ':', *length);
    size_t digits;

    if (**text == '[') {
        const char *bracket = memchr(*text, ']', *length);
        if (!bracket)
            return false;
        colon = bracket + 1 < end ? bracket + 1 : NULL;
        if (colon && *colon != ':')
            return false;
        *text += 1;
        *length = (size_t)(bracket - *text);
    } else if (colon && !memchr(colon + 1, ':', (size_t)(end - colon - 1))) {
        *length = (size_t)(colon - *text);
    } else {
        colon = NULL; /* of IPv6 each colon belongs to the address */
    }
    digits = colon ? strspn(colon + 1, "0123456789") : 0;
    return !colon || (digits && digits <= 5 && colon + 1 + digits == end);
}

static void fill(const struct network *host, struct sockaddr_storage *ret_address)
{
    struct sockaddr_in *four = (struct sockaddr_in *)(void *)ret_address;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)(void *)ret_address;

    memset(ret_address, 0, sizeof(*ret_address));
    ret_address->ss_family = (sa_family_t)host->family;
    if (host->family == AF_INET)
        memcpy(&four->sin_addr, host->address, 4);
    else
        memcpy(&six->sin6_addr, host->address, 16);
}

/* Between two commas: an address with blanks around it. */
static bool read_address(const char *text, size_t length, struct sockaddr_storage *ret_address)
{
    struct network host;

    for (; length && strchr(" \t", *text); length--)
        text++;
    while (length && strchr(" \t", text[length - 1]))
        length--;
    if (!length || !take_port_off(&text, &length) || length >= ADDRESS_TEXT ||
        memchr(text, '/', length) || !network_parse(text, length, &host))
        return false;
    fill(&host, ret_address);
    return true;
}

/* --- the header ----------------------------------------------------------------------------- */

/* One line of the header, read from its end. 1 = the client is found, 0 = only proxies of ours in
 * it, -EINVAL. */
static int read_line(const struct http_proxies *proxies, const char *line,
                     struct sockaddr_storage *client)
{
    const char *end = line + strlen(line), *from;

    for (;; end = from - 1) {
        from = end;
        while (from > line && from[-1] != ',')
            from--;
        if (!read_address(from, (size_t)(end - from), client))
            return -EINVAL;
        if (!http_proxies_have(proxies, (struct sockaddr *)client))
            return 1;
        if (from == line)
            return 0;
    }
}

int http_proxies_client(const struct http_proxies *proxies, const char *const *lines,
                        unsigned count, struct sockaddr_storage *ret_client)
{
    struct sockaddr_storage client;
    int found = 0;

    if (!count)
        return -ENOENT;
    while (!found && count--)
        found = read_line(proxies, lines[count], &client);
    if (found < 0)
        return found;
    *ret_client = client; /* of nothing but proxies the one farthest away: it asks for itself */
    return 0;
}

struct lines {
    const char *lines[HTTP_HEADERS_MAX];
    unsigned count;
};

static enum MHD_Result take_line(void *arg, enum MHD_ValueKind kind, const char *name,
                                 const char *value)
{
    struct lines *found = arg;

    (void)kind;
    if (strcasecmp(name, "X-Forwarded-For") == 0 && found->count < HTTP_HEADERS_MAX)
        found->lines[found->count++] = value ? value : "";
    return MHD_YES;
}

void http_proxies_look_behind(struct http_request *request)
{
    const struct http_proxies *proxies = &request->http->proxies;
    struct lines found = {.count = 0};

    if (!http_proxies_have(proxies, (struct sockaddr *)&request->client))
        return;
    (void)MHD_get_connection_values(request->connection, MHD_HEADER_KIND, take_line, &found);
    if (http_proxies_client(proxies, found.lines, found.count, &request->client) == -EINVAL)
        metric_add(&malformed, 1);
    (void)http_address_text((struct sockaddr *)&request->client, request->peer,
                            sizeof(request->peer));
}
