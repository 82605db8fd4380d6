/* Many pages that save in the same moment, each on a connection of its own that is kept.
 *   load_saves PORT BURSTS PAUSE_MS BODY-FILE     stdin: a line "COOKIE CSRF" for each page
 * In the body each @ID@ becomes a new UUID. Prints {"ms":[[...], ...]}, a list for each burst: from
 * the request to the last byte of its answer. Ends with an error at any answer but 201. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PAGES_MAX = 1000, HEAD_MAX = 512, REQUEST_MAX = 16384, ANSWER_MAX = 8192 };

static struct page {
    char cookie[200], csrf[64];
    int64_t asked_us, answered_us; /* answered: 0 = not yet */
    char answer[ANSWER_MAX];
    size_t length;
} pages[PAGES_MAX];
static struct pollfd fds[PAGES_MAX];
static int count;
static char body_text[REQUEST_MAX];

static void fail(const char *what)
{
    fprintf(stderr, "load_saves: %s\n", what);
    exit(1);
}

static int64_t now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

static void read_body(const char *path)
{
    FILE *file = fopen(path, "r");
    size_t n = file ? fread(body_text, 1, sizeof(body_text) - 1, file) : 0;

    if (!n || n == sizeof(body_text) - 1)
        fail("no body, or too much of it");
    fclose(file);
}

static void open_pages(uint16_t port)
{
    struct sockaddr_in server = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char line[300];

    while (count < PAGES_MAX && fgets(line, sizeof(line), stdin)) {
        struct page *page = &pages[count];
        if (sscanf(line, "%199s %63s", page->cookie, page->csrf) != 2)
            fail("a line without cookie and token");
        fds[count].fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        fds[count].events = POLLIN;
        if (connect(fds[count].fd, (struct sockaddr *)&server, sizeof(server)))
            fail("cannot connect");
        count++;
    }
}

static void add_uuid(char *out)
{
    uint8_t b[16];

    if (getrandom(b, sizeof(b), 0) != sizeof(b))
        fail("no random bytes");
    b[6] = (b[6] & 0x0F) | 0x40, b[8] = (b[8] & 0x3F) | 0x80; /* RFC 9562 5.4 */
    for (int i = 0; i < 16; i++)
        out += sprintf(out, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", b[i]);
}

static size_t make_body(char *out)
{
    size_t length = 0;

    for (const char *at = body_text; *at;) {
        if (strncmp(at, "@ID@", 4) == 0) {
            add_uuid(out + length);
            length += 36, at += 4;
        } else {
            out[length++] = *at++;
        }
        if (length > REQUEST_MAX)
            fail("the body is too long");
    }
    return length;
}

static void ask(int n)
{
    struct page *page = &pages[n];
    char body[REQUEST_MAX + 64], request[REQUEST_MAX + HEAD_MAX];
    size_t size = make_body(body);
    int length = snprintf(request, sizeof(request),
                          "POST /api/v1/records HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: %s\r\n"
                          "X-CSRF-Token: %s\r\nContent-Type: application/json\r\n"
                          "Content-Length: %zu\r\n\r\n%.*s",
                          page->cookie, page->csrf, size, (int)size, body);

    page->length = 0;
    page->answered_us = 0;
    page->asked_us = now_us();
    if (send(fds[n].fd, request, (size_t)length, 0) != length)
        fail("cannot send");
}

/* Head and body are there? */
static bool is_whole(const struct page *page)
{
    const char *body = strstr(page->answer, "\r\n\r\n");
    const char *length = strcasestr(page->answer, "\r\nContent-Length:");

    return body && length && length < body &&
           page->answer + page->length >= body + 4 + strtoul(length + 17, NULL, 10);
}

static bool hear(int n)
{
    struct page *page = &pages[n];
    ssize_t got =
        recv(fds[n].fd, page->answer + page->length, ANSWER_MAX - 1 - page->length, MSG_DONTWAIT);

    if (got <= 0)
        fail("a connection ended, or an answer is too long");
    page->length += (size_t)got;
    page->answer[page->length] = 0;
    if (!is_whole(page))
        return false;
    page->answered_us = now_us();
    if (strncmp(page->answer, "HTTP/1.1 201", 12) != 0)
        fail(page->answer);
    return true;
}

static void burst(void)
{
    int open = count;

    for (int n = 0; n < count; n++)
        ask(n);
    while (open) {
        if (poll(fds, (nfds_t)count, 10000) <= 0)
            fail("no answer in 10 s");
        for (int n = 0; n < count; n++)
            if (fds[n].revents && hear(n))
                open--;
    }
}

static void print_burst(bool first)
{
    printf("%s[", first ? "" : ",");
    for (int n = 0; n < count; n++)
        printf("%s%.3f", n ? "," : "", (double)(pages[n].answered_us - pages[n].asked_us) / 1000);
    printf("]");
}

int main(int argc, char *argv[])
{
    if (argc != 5)
        fail("usage: load_saves PORT BURSTS PAUSE_MS BODY-FILE");
    read_body(argv[4]);
    open_pages((uint16_t)atoi(argv[1]));
    printf("{\"ms\":[");
    for (int i = 0; i < atoi(argv[2]); i++) {
        burst();
        print_burst(i == 0);
        usleep((useconds_t)atoi(argv[3]) * 1000);
    }
    printf("]}\n");
    return 0;
}
