/* One question after the other step by step: its name is looked up, its address judged, the
 * connection made, the answer read. One timer each: first it begins the work (so that nothing is
 * called back inside query_ask()), then it is the limit, at last it clears away (libevent's objects
 * must not be freed in their own callbacks). */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>

#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <event2/dns.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <event2/util.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <hotlined/log.h>
#include <hotlined/loop.h>
#include <hotlined/query.h>
#include <hotlined/text.h>

#define MAX_ANSWER_HEADERS 16384

enum step { STEP_BEGIN, STEP_LOOKUP, STEP_EXCHANGE, STEP_OVER };

struct asking;

struct lookup { /* outlives its question when that is cancelled: libevent calls back all the same */
    struct asking *asking;
};

struct asking {
    struct asking *next, **previous;
    struct query *query;
    uint32_t id;
    enum step step;
    query_answer_h *fn;
    void *arg;
    int32_t center_id;
    struct loop_timer timer;
    uint64_t begun_at;
    uint32_t timeout_ms;
    struct evhttp_uri *url; /* owned, as all below */
    char *body;
    struct evkeyvalq headers;
    struct lookup *lookup;
    struct evdns_getaddrinfo_request *names;
    struct evhttp_connection *connection;
};

struct query {
    struct loop *loop;
    const char *private_hosts;
    struct evdns_base *dns;
    SSL_CTX *tls;
    struct asking *askings;
    unsigned count;
    uint32_t next_id;
};

/* --- addresses ------------------------------------------------------------------------------ */

static bool is_tls(const struct evhttp_uri *url)
{
    return strcmp(evhttp_uri_get_scheme(url), "https") == 0;
}

/* Without the brackets of an IPv6 address. */
static bool host_of(const struct evhttp_uri *url, char *out, size_t size)
{
    const char *host = evhttp_uri_get_host(url);
    size_t length = host ? strlen(host) : 0;

    if (length > 2 && host[0] == '[' && host[length - 1] == ']') {
        host++;
        length -= 2;
    }
    if (!length || length >= size)
        return false;
    memcpy(out, host, length);
    out[length] = 0;
    return true;
}

/* "127.1", "2130706433", "0x7f.1": spellings of an address that only some programs know. No name
 * ends in a number (RFC 3696 section 2), so they are not asked of a name server either. */
static bool is_odd_number(const char *host)
{
    size_t end = strlen(host), begin, digits;
    struct in_addr address;
    bool hex;

    if (strchr(host, ':') || inet_pton(AF_INET, host, &address) == 1)
        return false;
    if (host[end - 1] == '.') /* the root, of a whole name */
        end--;
    for (begin = end; begin && host[begin - 1] != '.'; begin--)
        ;
    hex = end - begin >= 2 && host[begin] == '0' && (host[begin + 1] | 0x20) == 'x';
    digits = strspn(host + begin + 2 * hex, hex ? "0123456789abcdefABCDEF" : "0123456789");
    return begin < end && begin + 2 * hex + digits >= end;
}

const char *query_url_problem(const char *text)
{
    struct evhttp_uri *url;
    const char *problem = NULL, *scheme;
    char host[256];

    if (strlen(text) >= QUERY_URL_SIZE)
        return "地址太长，连同送出的字段最多 2047 个字符";
    for (const char *c = text; *c; c++)
        if ((unsigned char)*c <= ' ' || (unsigned char)*c >= 0x7f)
            return "地址不能有空格、中文或控制字符";
    url = evhttp_uri_parse(text);
    scheme = url ? evhttp_uri_get_scheme(url) : NULL;
    if (!scheme || (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0))
        problem = "地址应以 https:// 或 http:// 开头";
    else if (!host_of(url, host, sizeof(host)))
        problem = "地址里没有主机名";
    else if (is_odd_number(host))
        problem = "主机名的最后一段不能是数字；IPv4 地址应为四段数字，如 192.0.2.1";
    else if (evhttp_uri_get_userinfo(url) || evhttp_uri_get_fragment(url))
        problem = "地址不能带用户名或“#”；口令请写在保密的请求头里";
    if (url)
        evhttp_uri_free(url);
    return problem;
}

static bool may_be_private(const struct query *query, const char *host)
{
    size_t length = strlen(host);

    for (const char *at = query->private_hosts; *at;) {
        size_t word = strcspn(at, " ");
        if (word == length && strncasecmp(at, host, length) == 0)
            return true;
        at += word + strspn(at + word, " ");
    }
    return false;
}

/* --- the end -------------------------------------------------------------------------------- */

static void clear_away(struct asking *a)
{
    *a->previous = a->next;
    if (a->next)
        a->next->previous = a->previous;
    a->query->count--;
    if (a->lookup)
        a->lookup->asking = NULL;
    if (a->names)
        evdns_getaddrinfo_cancel(a->names);
    if (a->connection)
        evhttp_connection_free(a->connection);
    evhttp_uri_free(a->url);
    evhttp_clear_headers(&a->headers);
    free(a->body);
    loop_timer_done(&a->timer);
    free(a);
}

static void finish(struct asking *a, struct query_answer *answer)
{
    if (a->step == STEP_OVER)
        return;
    a->step = STEP_OVER;
    loop_timer_start(&a->timer, 0);
    answer->ms = (uint32_t)(loop_now_ms(a->query->loop) - a->begun_at);
    if (!answer->body)
        answer->body = "";
    if (!answer->why)
        answer->why = "";
    a->fn(answer, a->arg);
}

static void fail(struct asking *a, const char *why)
{
    finish(a, &(struct query_answer){.end = QUERY_FAILED, .why = why});
}

/* --- the exchange --------------------------------------------------------------------------- */

static void on_answer(struct evhttp_request *request, void *arg)
{
    struct asking *a = arg;
    struct query_answer answer = {.end = QUERY_ANSWERED};
    struct evbuffer *input;

    if (a->step == STEP_OVER)
        return;
    if (!request || !evhttp_request_get_response_code(request)) {
        fail(a, "对方没有给出完整的回答，或回答太长、证书不可信");
        return;
    }
    input = evhttp_request_get_input_buffer(request);
    answer.status = evhttp_request_get_response_code(request);
    answer.length = evbuffer_get_length(input);
    evbuffer_add(input, "", 1); /* the 0 behind it */
    answer.body = (const char *)evbuffer_pullup(input, -1);
    finish(a, &answer);
}

/* The certificate must be good, and be that of this host. */
static SSL *tls_to(struct query *query, const char *host)
{
    SSL *ssl = SSL_new(query->tls);
    unsigned char address[16];
    bool number = inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
    bool good = ssl && (number ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host)
                               : SSL_set1_host(ssl, host) && SSL_set_tlsext_host_name(ssl, host));

    if (good)
        return ssl;
    SSL_free(ssl);
    return NULL;
}

static struct bufferevent *channel_to(struct asking *a, const char *host)
{
    struct event_base *base = loop_event_base(a->query->loop);
    struct bufferevent *channel;
    SSL *ssl;

    if (!is_tls(a->url))
        return bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
    ssl = tls_to(a->query, host);
    if (!ssl)
        return NULL;
    channel = bufferevent_openssl_socket_new(base, -1, ssl, BUFFEREVENT_SSL_CONNECTING,
                                             BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
    if (!channel)
        SSL_free(ssl);
    return channel;
}

static void add_headers(struct asking *a, struct evhttp_request *request, const char *host)
{
    struct evkeyvalq *out = evhttp_request_get_output_headers(request);
    int port = evhttp_uri_get_port(a->url);
    struct evkeyval *header;
    char authority[300];

    snprintf(authority, sizeof(authority), strchr(host, ':') ? "[%s]" : "%s", host);
    if (port > 0)
        snprintf(authority + strlen(authority), sizeof(authority) - strlen(authority), ":%d", port);
    evhttp_add_header(out, "Host", authority);
    evhttp_add_header(out, "Connection", "close");
    evhttp_add_header(out, "Accept", "application/json");
    evhttp_add_header(out, "User-Agent", "hotlined");
    if (a->body) {
        evhttp_add_header(out, "Content-Type", "application/json; charset=utf-8");
        evbuffer_add(evhttp_request_get_output_buffer(request), a->body, strlen(a->body));
    }
    for (header = a->headers.tqh_first; header; header = header->next.tqe_next)
        evhttp_add_header(out, header->key, header->value);
}

static int send_request(struct asking *a, const char *host)
{
    struct evhttp_request *request = evhttp_request_new(on_answer, a);
    const char *path = evhttp_uri_get_path(a->url), *with = evhttp_uri_get_query(a->url);
    char target[QUERY_URL_SIZE + 8];

    if (!request)
        return -ENOMEM;
    add_headers(a, request, host);
    snprintf(target, sizeof(target), "%s%s%s", path && *path ? path : "/", with ? "?" : "",
             with ? with : "");
    return evhttp_make_request(a->connection, request, a->body ? EVHTTP_REQ_POST : EVHTTP_REQ_GET,
                               target)
               ? -EIO
               : 0; /* either way the request is the connection's */
}

/* To the very address that was judged: a name asked again might lead elsewhere. */
static void exchange(struct asking *a, const char *host, const char *address)
{
    int port = evhttp_uri_get_port(a->url);
    struct bufferevent *channel = channel_to(a, host);

    a->step = STEP_EXCHANGE;
    if (channel)
        a->connection = evhttp_connection_base_bufferevent_new(
            loop_event_base(a->query->loop), NULL, channel, address,
            (unsigned short)(port > 0         ? port
                             : is_tls(a->url) ? 443
                                              : 80));
    if (!a->connection) {
        if (channel)
            bufferevent_free(channel);
        fail(a, "系统繁忙，请稍后重试");
        return;
    }
    evhttp_connection_set_max_body_size(a->connection, QUERY_MAX_ANSWER);
    evhttp_connection_set_max_headers_size(a->connection, MAX_ANSWER_HEADERS);
    if (send_request(a, host))
        fail(a, "连接不上对方");
}

/* --- the name ------------------------------------------------------------------------------- */

/* The first address that may be asked; why not, where there is none. */
static const char *judge(struct asking *a, const char *host, const struct evutil_addrinfo *found,
                         char *out, size_t size)
{
    bool any = may_be_private(a->query, host);

    for (const struct evutil_addrinfo *at = found; at; at = at->ai_next) {
        const void *where =
            at->ai_family == AF_INET
                ? (const void *)&((const struct sockaddr_in *)(const void *)at->ai_addr)->sin_addr
                : (const void *)&((const struct sockaddr_in6 *)(const void *)at->ai_addr)
                      ->sin6_addr;
        if ((at->ai_family != AF_INET && at->ai_family != AF_INET6) ||
            (!any && !query_address_is_public(at->ai_addr)))
            continue;
        if (inet_ntop(at->ai_family, where, out, (socklen_t)size))
            return NULL;
    }
    return "主机的地址在本机或内部网络，服务器配置（query.private_hosts）没有允许它";
}

static void on_names(int result, struct evutil_addrinfo *found, void *arg)
{
    struct lookup *lookup = arg;
    struct asking *a = lookup->asking;
    char host[256], address[64];
    const char *why;

    free(lookup);
    if (a) {
        a->lookup = NULL;
        a->names = NULL;
    }
    if (a && a->step == STEP_LOOKUP && result) {
        fail(a, "找不到这个主机名");
    } else if (a && a->step == STEP_LOOKUP) {
        (void)host_of(a->url, host, sizeof(host));
        why = judge(a, host, found, address, sizeof(address));
        if (why)
            fail(a, why);
        else
            exchange(a, host, address);
    }
    if (found)
        evutil_freeaddrinfo(found);
}

static void begin(struct asking *a)
{
    struct evutil_addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_protocol = IPPROTO_TCP};
    struct evdns_getaddrinfo_request *names;
    struct lookup *lookup = malloc(sizeof(*lookup));
    uint32_t id = a->id;
    struct query *query = a->query;
    char host[256];

    a->step = STEP_LOOKUP;
    loop_timer_start(&a->timer, a->timeout_ms);
    (void)host_of(a->url, host, sizeof(host));
    if (!lookup) {
        fail(a, "系统繁忙，请稍后重试");
        return;
    }
    lookup->asking = a;
    a->lookup = lookup;
    names = evdns_getaddrinfo(query->dns, host, NULL, &hints, on_names, lookup);
    if (names && a->id == id && a->lookup)
        a->names = names; /* else it was answered at once: an address, or known */
}

/* --- one question --------------------------------------------------------------------------- */

static void on_timer(void *arg)
{
    struct asking *a = arg;

    switch (a->step) {
    case STEP_BEGIN:
        begin(a);
        return;
    case STEP_LOOKUP:
    case STEP_EXCHANGE:
        finish(a, &(struct query_answer){.end = QUERY_TIMEOUT, .why = "对方没有及时回答"});
        return;
    case STEP_OVER:
        clear_away(a);
        return;
    }
}

static unsigned under_way_of(const struct query *query, int32_t center_id)
{
    unsigned count = 0;

    for (const struct asking *a = query->askings; a; a = a->next) /* QUERY_MOST at most */
        count += a->center_id == center_id;
    return count;
}

static bool take_headers(struct asking *a, const struct query_ask *ask)
{
    TAILQ_INIT(&a->headers);
    for (unsigned i = 0; i < ask->header_count; i++)
        if (evhttp_add_header(&a->headers, ask->headers[i].name, ask->headers[i].value))
            return false;
    return true;
}

int query_ask(struct query *query, const struct query_ask *ask, query_answer_h *fn, void *arg,
              uint32_t *ret_id)
{
    struct asking *a;

    if (query->count >= QUERY_MOST || under_way_of(query, ask->center_id) >= QUERY_MOST_OF_CENTER)
        return -EBUSY;
    if (query_url_problem(ask->url))
        return -EINVAL;
    a = calloc(1, sizeof(*a));
    if (!a)
        return -ENOMEM;
    *a = (struct asking){.query = query,
                         .fn = fn,
                         .arg = arg,
                         .center_id = ask->center_id,
                         .begun_at = loop_now_ms(query->loop),
                         .timeout_ms = ask->timeout_ms,
                         .url = evhttp_uri_parse(ask->url),
                         .body = ask->body ? strdup(ask->body) : NULL};
    if (!take_headers(a, ask) || !a->url || (ask->body && !a->body)) {
        if (a->url)
            evhttp_uri_free(a->url);
        evhttp_clear_headers(&a->headers);
        free(a->body);
        free(a);
        return -EINVAL;
    }
    a->id = ++query->next_id ? query->next_id : ++query->next_id;
    a->next = query->askings;
    a->previous = &query->askings;
    if (a->next)
        a->next->previous = &a->next;
    query->askings = a;
    query->count++;
    loop_timer_init(&a->timer, query->loop, on_timer, a);
    loop_timer_start(&a->timer, 0);
    *ret_id = a->id;
    return 0;
}

void query_cancel(struct query *query, uint32_t id)
{
    for (struct asking *a = query->askings; a; a = a->next)
        if (a->id == id && a->step != STEP_OVER) {
            a->step = STEP_OVER;
            loop_timer_start(&a->timer, 0);
        }
}

/* --- life ----------------------------------------------------------------------------------- */

static SSL_CTX *tls_new(void)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_client_method());

    if (tls && SSL_CTX_set_default_verify_paths(tls) &&
        SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION)) {
        SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
        return tls;
    }
    SSL_CTX_free(tls);
    return NULL;
}

int query_create(struct loop *loop, const char *private_hosts, struct query **ret_query)
{
    struct query *query = calloc(1, sizeof(*query));
    struct event_base *base = loop_event_base(loop);

    if (!query)
        return -ENOMEM;
    query->loop = loop;
    query->private_hosts = private_hosts;
    query->tls = tls_new();
    query->dns =
        evdns_base_new(base, EVDNS_BASE_INITIALIZE_NAMESERVERS | EVDNS_BASE_DISABLE_WHEN_INACTIVE);
    if (!query->dns) { /* a machine without name servers: addresses and its own list of hosts */
        log_warn("query", "no_name_servers", "only=addresses");
        query->dns = evdns_base_new(base, EVDNS_BASE_DISABLE_WHEN_INACTIVE);
    }
    if (!query->dns || !query->tls) {
        query_destroy(query);
        return -ENOMEM;
    }
    *ret_query = query;
    return 0;
}

void query_destroy(struct query *query)
{
    if (!query)
        return;
    while (query->askings)
        clear_away(query->askings);
    if (query->dns)
        evdns_base_free(query->dns, 1);
    SSL_CTX_free(query->tls);
    free(query);
}
