/* Api: the HTTP interface of docs/api.md; JSON and events on one side, services on the other.
 *
 * It owns the HTTP server: sessions guard every route, so the two begin and end together. It also
 * owns who is signed in, the hub of server-sent events, and what pages see while PostgreSQL is
 * away (problem "store.unavailable"; nothing is half-saved). */
#ifndef HOTLINED_API_H
#define HOTLINED_API_H

#include <stdbool.h>
#include <stdint.h>

struct api;
struct config;
struct directory;
struct fact_outbox;
struct http;
struct loop;
struct store;
struct telephony;
struct telephony_event;
struct query;
struct recognition;
struct text;
struct worker_pool;

struct api_deps {                /* all borrowed; they outlive the api */
    const struct config *config; /* http_listen, https_listen, tls_*, state_dir, web_dir, tts_* */
    struct store *store;
    struct fact_outbox *outbox;
    struct telephony *telephony;
    struct query *query;
    struct recognition *recognition;
    struct directory *directory;
    const struct disk *disk;
    struct worker_pool *workers;
};

/* Listens on config's addresses and serves from the next turn of the loop on. 0 or negative errno;
 * why is logged. */
int api_create(struct loop *loop, const struct api_deps *deps, struct api **ret_api);
/* Answers what is open with 503, ends the event streams, closes the listeners. To be called before
 * the rooms in deps are destroyed; jobs still on the worker pool may end after it. NULL is fine. */
void api_destroy(struct api *api);

/* What the rooms below tell; main wires them. */
void api_on_telephony_event(struct api *api, const struct telephony_event *event);
/* telephony_handlers.is_heard: whether a page that is open now would get such an event. */
bool api_is_heard(const struct api *api, const char *type, int32_t center_id, int32_t user_id);
void api_on_store(struct api *api, bool available, int64_t since_wall_ms);
void api_on_shipped(struct api *api); /* figures of today may have changed */
/* PostgreSQL tells that a list of work changed: "voicemail 3" = messages of center 3, "callback 3"
 * likewise; "ticket 3 {...}" = a step of one of its tickets, told as the JSON says; "knowledge 3 ID
 * published region" = an entry of its knowledge base. False: it is something else. */
bool api_on_work_changed(struct api *api, const char *payload);
void api_on_directory_changed(struct api *api); /* also: roles and sessions are read anew */

/* --- passwords of people (also for hotlined --first-admin) ---------------------------------- */

#define API_HASH_SIZE 160
/* "scrypt$N$r$p$salt$hash". Blocking (tens of ms): never on the loop. 0 or -EIO. */
int api_password_hash(const char *password, char ret_hash[API_HASH_SIZE]);
/* NULL when it is good enough, else what is wrong, in Chinese. login may not be part of it. */
const char *api_password_weakness(const char *password, const char *login);

/* The server, for its ports. */
struct http *api_http(const struct api *api);
/* The OpenAPI 3.1 document, made from the route tables. */
void api_openapi(struct text *out);

#endif
