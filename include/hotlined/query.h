/* Questions to systems outside (查询接口): one HTTP request and its JSON answer, for flows and for
 * the page that tries a connector.
 *
 * On the loop and never in its way: names are looked up, connections made and answers read by
 * events. A question has its answer within timeout_ms of query_ask(), or it is over; so many are
 * under way for a center and in all, and no more. The certificate of an https address must be good
 * and that of its host. Redirects are not followed. Addresses of this machine and of private
 * networks are refused, whatever name leads there, unless the configuration names the host. */
#ifndef HOTLINED_QUERY_H
#define HOTLINED_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
struct query;
struct sockaddr;

#define QUERY_MOST            64 /* at a time */
#define QUERY_MOST_OF_CENTER  16
#define QUERY_MAX_ANSWER      65536
#define QUERY_URL_SIZE        2048 /* with the fields of a GET */
#define QUERY_MAX_HEADERS     8
#define QUERY_MAX_HEADER_NAME 64

/* private_hosts: names and addresses between blanks that may be on this machine or in a private
 * network; must outlive the room. */
int query_create(struct loop *loop, const char *private_hosts, struct query **ret_query);
/* What is under way is forgotten: nobody is called back. NULL is fine. */
void query_destroy(struct query *query);

struct query_header {
    const char *name, *value;
};

struct query_ask { /* borrowed during the call */
    int32_t center_id;
    const char *url;  /* http:// or https:// */
    const char *body; /* NULL = GET, else the JSON of a POST */
    struct query_header headers[QUERY_MAX_HEADERS];
    unsigned header_count;
    uint32_t timeout_ms;
};

enum query_end { QUERY_ANSWERED, QUERY_FAILED, QUERY_TIMEOUT };

struct query_answer { /* valid during the call */
    enum query_end end;
    int status;       /* ANSWERED */
    const char *body; /* with a 0 behind it; "" */
    size_t length;
    const char *why; /* Chinese, where it was not answered; "" */
    uint32_t ms;
};
/* Exactly once, never inside query_ask(), unless it is cancelled before. */
typedef void query_answer_h(const struct query_answer *answer, void *arg);

/* 0 and *ret_id (never 0), or -EBUSY too many under way, -EINVAL no such address, -ENOMEM. */
int query_ask(struct query *query, const struct query_ask *ask, query_answer_h *fn, void *arg,
              uint32_t *ret_id);
/* Nothing for one that is over. */
void query_cancel(struct query *query, uint32_t id);

/* NULL: good; else what is wrong with it, in Chinese. */
const char *query_url_problem(const char *url);
/* Not one of this machine, of a private network or of nobody. */
bool query_address_is_public(const struct sockaddr *address);

/* --- connectors (connector.c) ------------------------------------------------------------------
 */

struct query_field {
    const char *name, *value;
};
/* Asks a connector, {"url","method","headers":[{"name","value"}],"secret_name","secret_value",
 * "timeout_ms","center_id"}: fields go behind the address of a GET and into the JSON of a POST.
 * timeout_ms: at most so long, too. As query_ask(); -EINVAL also for a document that is none. */
int query_connector_ask(struct query *query, const char *connector,
                        const struct query_field *fields, unsigned count, uint32_t timeout_ms,
                        query_answer_h *fn, void *arg, uint32_t *ret_id);

/* --- answers ------------------------------------------------------------------------------------
 */

/* The value at "a.b" (b inside a; numbers count in lists) of a JSON answer, as text. False: there
 * is none, it is a list or an object, or it does not fit. */
bool query_take(const char *body, const char *path, char *out, size_t size);

#endif
