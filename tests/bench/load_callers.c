/* Taxpayers who ask for a queue and stay until the agent ends the talk. A call's number is in its
 * Call-ID and tags; whatever the daemon sends is found by it without a search. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "load.h"

enum { T1_MS = 500, LONG_TALK_MS = 14000 };
enum call_state {
    CALL_NONE,
    CALL_ASKED,
    CALL_PROCEEDING,
    CALL_UP,
    CALL_GOOD,
    CALL_REFUSED,
    CALL_FAILED
};

struct call {
    uint64_t asked_us;
    double ms; /* of a good call: INVITE to BYE less the talk; of a refused one: to its answer */
    uint32_t wait_ms;
    uint16_t status;
    uint16_t second;
    uint8_t state;
    char remote[80], target[80]; /* their tag and Contact once it is up */
};

static const struct load_options *options;
static struct call *calls;
static struct timers timers;
static size_t open_calls, asked, repeated, retry_after;
static unsigned statuses[700];
static uint32_t run_id;
static int fd;

static void ask(uint32_t index)
{
    char text[SIP_TEXT_MAX];
    int len = snprintf(text, sizeof(text),
                       "INVITE sip:%s@%s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bKi%x-%u\r\n"
                       "From: <sip:13877%06u@%s>;tag=c%u\r\nTo: <sip:%s@%s>\r\n"
                       "Call-ID: %x-%u\r\nCSeq: 1 INVITE\r\nContact: <sip:caller@%s>\r\n"
                       "Max-Forwards: 70\r\nContent-Type: application/sdp\r\n"
                       "Content-Length: %zu\r\n\r\n%s",
                       options->service, options->server_text, options->callers_text, run_id, index,
                       index % 1000000, options->callers_text, index, options->service,
                       options->server_text, run_id, index, options->callers_text,
                       strlen(options->sdp[0]), options->sdp[0]);

    udp_write(fd, &options->server, text, len);
}

/* ACK, CANCEL and BYE carry no body. branch: the INVITE's for a CANCEL and the ACK of a refusal. */
static void send_request(uint32_t index, const char *method, unsigned cseq, char branch,
                         const char *target, const char *remote)
{
    char text[SIP_TEXT_MAX];
    int len =
        snprintf(text, sizeof(text),
                 "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bK%c%x-%u\r\n"
                 "From: <sip:13877%06u@%s>;tag=c%u\r\nTo: <sip:%s@%s>%s%s\r\n"
                 "Call-ID: %x-%u\r\nCSeq: %u %s\r\nMax-Forwards: 70\r\n"
                 "Content-Length: 0\r\n\r\n",
                 method, target, options->callers_text, branch, run_id, index, index % 1000000,
                 options->callers_text, index, options->service, options->server_text,
                 remote[0] ? ";tag=" : "", remote, run_id, index, cseq, method);

    udp_write(fd, &options->server, text, len);
}

static void keep(char *out, size_t size, struct piece text)
{
    snprintf(out, size, "%.*s", text.len, text.at ? text.at : "");
}

static void over(uint32_t index, enum call_state state)
{
    struct call *call = &calls[index];

    timers_stop(&timers, index);
    call->state = (uint8_t)state;
    open_calls--;
}

static void answered(uint32_t index, const struct sip_text *m)
{
    struct call *call = &calls[index];

    if (call->state < CALL_UP) {
        keep(call->remote, sizeof(call->remote), sip_text_tag(sip_text_header(m->text, "To")));
        keep(call->target, sizeof(call->target),
             sip_text_address(sip_text_header(m->text, "Contact")));
        call->state = CALL_UP;
        timers_set(&timers, index, now_us() / 1000 + LONG_TALK_MS);
    }
    send_request(index, "ACK", 1, 'a', call->target, call->remote);
    if (call->state == CALL_FAILED) /* given up while the answer was under way */
        send_request(index, "BYE", 2, 'b', call->target, call->remote);
}

static void refused(uint32_t index, const struct sip_text *m)
{
    struct call *call = &calls[index];
    char target[80], remote[80];

    snprintf(target, sizeof(target), "sip:%s@%s", options->service, options->server_text);
    keep(remote, sizeof(remote), sip_text_tag(sip_text_header(m->text, "To")));
    send_request(index, "ACK", 1, 'i', target, remote);
    if (call->state > CALL_PROCEEDING)
        return;
    call->status = (uint16_t)m->status;
    call->ms = (double)(now_us() - call->asked_us) / 1000;
    if (m->status == 503 && sip_text_header(m->text, "Retry-After").len)
        retry_after++;
    if (m->status < 700)
        statuses[m->status]++;
    over(index, m->status == 503 ? CALL_REFUSED : CALL_FAILED);
}

static void response(uint32_t index, const struct sip_text *m)
{
    struct call *call = &calls[index];

    if (strcmp(m->method, "INVITE"))
        return;
    if (m->status >= 300) {
        refused(index, m);
    } else if (m->status >= 200) {
        answered(index, m);
    } else if (call->state == CALL_ASKED) {
        call->state = CALL_PROCEEDING;
        timers_set(&timers, index, call->asked_us / 1000 + options->answer_ms);
    }
}

static void hung_up(uint32_t index, const struct sip_text *bye)
{
    struct call *call = &calls[index];
    uint64_t at = now_us();
    char text[SIP_TEXT_MAX];
    int len = sip_text_answer(text, sizeof(text), bye, "200 OK", "", "", "");

    udp_write(fd, &options->server, text, len);
    if (call->state != CALL_UP)
        return;
    call->ms = (double)(at - call->asked_us) / 1000 - options->talk_ms;
    /* A BYE before the agent's: the daemon ended the call by itself. */
    over(index, call->ms >= 0 ? CALL_GOOD : CALL_FAILED);
}

static void message(const struct sip_text *m)
{
    char *end;
    unsigned long run = strtoul(m->call_id.at, &end, 16);
    unsigned long index = *end == '-' ? strtoul(end + 1, NULL, 10) : asked;

    if (run != run_id || index >= asked)
        return;
    if (m->status)
        response((uint32_t)index, m);
    else if (!strcmp(m->method, "BYE"))
        hung_up((uint32_t)index, m);
}

static void fail(uint32_t index)
{
    struct call *call = &calls[index];
    char target[80];

    if (call->state == CALL_UP) {
        send_request(index, "BYE", 2, 'b', call->target, call->remote);
    } else {
        snprintf(target, sizeof(target), "sip:%s@%s", options->service, options->server_text);
        send_request(index, "CANCEL", 1, 'i', target, "");
    }
    over(index, CALL_FAILED);
}

static void due(uint32_t index)
{
    struct call *call = &calls[index];
    uint64_t now = now_us() / 1000;

    if (call->state != CALL_ASKED || now - call->asked_us / 1000 >= options->answer_ms) {
        fail(index);
        return;
    }
    repeated++;
    ask(index);
    call->wait_ms *= 2; /* RFC 3261 17.1.1.2, timer A */
    timers_set(&timers, index, now + call->wait_ms);
}

void callers_start(const struct load_options *given)
{
    struct sockaddr_in own = given->callers;

    options = given;
    fd = udp_open(&own);
}

void callers_begin(size_t count)
{
    static uint32_t runs;

    run_id = (uint32_t)(now_us() ^ (uint64_t)getpid() << 16 ^ ++runs) | 1;
    calls = calloc(count + 1, sizeof(*calls));
    if (!calls)
        abort();
    timers_init(&timers, count + 1, now_us() / 1000);
    open_calls = asked = repeated = retry_after = 0;
    memset(statuses, 0, sizeof(statuses));
}

void callers_call(uint32_t index, unsigned second)
{
    struct call *call = &calls[index];

    *call = (struct call){
        .asked_us = now_us(), .wait_ms = T1_MS, .state = CALL_ASKED, .second = (uint16_t)second};
    asked = index + 1;
    open_calls++;
    ask(index);
    timers_set(&timers, index, call->asked_us / 1000 + T1_MS);
}

size_t callers_open(void)
{
    return open_calls;
}

int callers_fd(void)
{
    return fd;
}

void callers_read(void)
{
    udp_read(fd, message);
}

void callers_due(uint64_t now_ms)
{
    timers_run(&timers, now_ms, due);
}

void callers_give_up(void)
{
    for (uint32_t i = 0; i < asked; i++)
        if (calls[i].state && calls[i].state < CALL_GOOD)
            fail(i);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void print_times(const char *name, double *ms, size_t n)
{
    qsort(ms, n, sizeof(*ms), by_size);
    printf("\"%s\":{\"n\":%zu", name, n);
    if (n) {
        printf(",\"p50\":%.2f,\"p90\":%.2f,\"p95\":%.2f,\"p99\":%.2f,\"max\":%.2f", ms[n / 2],
               ms[n * 9 / 10], ms[n * 95 / 100], ms[n * 99 / 100], ms[n - 1]);
    }
    printf("}");
}

/* Times of the calls in this state, of one second or (second < 0) of all. */
static size_t collect(double *ms, enum call_state state, int second)
{
    size_t n = 0;

    for (size_t i = 0; i < asked; i++)
        if (calls[i].state == state && (second < 0 || calls[i].second == second))
            ms[n++] = calls[i].ms;
    return n;
}

static void print_seconds(double *ms)
{
    unsigned last = asked ? calls[asked - 1].second : 0;

    printf(",\"seconds\":[");
    for (unsigned s = 0; s <= last; s++) {
        size_t refusals = collect(ms, CALL_REFUSED, (int)s),
               failures = collect(ms, CALL_FAILED, (int)s);
        size_t good = collect(ms, CALL_GOOD, (int)s);

        printf("%s{\"good\":%zu,\"refused\":%zu,\"failed\":%zu,", s ? "," : "", good, refusals,
               failures);
        print_times("setup_ms", ms, good);
        printf("}");
    }
    printf("]");
}

void callers_report(void)
{
    double *ms = malloc((asked + 1) * sizeof(*ms));
    size_t good, refusals;
    const char *comma = "";

    if (!ms)
        abort();
    good = collect(ms, CALL_GOOD, -1);
    refusals = collect(ms, CALL_REFUSED, -1);
    printf("{\"calls\":%zu,\"good\":%zu,\"refused\":%zu,\"refused_with_retry_after\":%zu,"
           "\"failed\":%zu,"
           "\"repeated\":%zu,\"statuses\":{",
           asked, good, refusals, retry_after, asked - good - refusals, repeated);
    for (size_t i = 0; i < sizeof(statuses) / sizeof(*statuses); i++) {
        if (statuses[i]) {
            printf("%s\"%zu\":%u", comma, i, statuses[i]);
            comma = ",";
        }
    }
    printf("},");
    print_times("refusal_ms", ms, refusals);
    printf(",");
    good = collect(ms, CALL_GOOD, -1);
    print_times("setup_ms", ms, good);
    print_seconds(ms);
    free(ms);
}

void callers_finish(void)
{
    free(calls);
    calls = NULL;
    asked = 0;
    timers_free(&timers);
}
