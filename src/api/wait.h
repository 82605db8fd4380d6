/* Waits: what ask.c (database, systems outside) and work.c (workers) share. */
#ifndef API_WAIT_H
#define API_WAIT_H

#include "api/room.h"

struct api_wait {
    struct api_wait *next, **previous;
    struct api *api; /* NULL: the API stopped; only state is still to be freed */
    struct http_request *request;
    struct api_person person;
    bool has_person;
    void *state;
    void (*free_state)(void *state);
    struct store_request *query; /* asking */
    struct api_ask ask;
    uint32_t outside; /* asking a system outside; 0 = not */
    void (*told)(struct api *api, struct http_request *request, const struct api_person *person,
                 const struct query_answer *answer, void **state);
    worker_work_h *work; /* working */
    int32_t speaks_for;  /* its session of speech is this center's; 0 = it needs none */
    uint64_t queued;     /* it waits for one, as the so manieth; 0 = not */
    uint64_t give_up_ms; /* monotonic; when it waits no longer */
    api_worked_h *worked;
};

/* NULL = no memory. It is among api->waits. */
struct api_wait *api_wait_new(struct api *api, struct http_request *request,
                              const struct api_person *person, void *state,
                              void (*free_state)(void *state));
void api_wait_free(struct api_wait *wait);
const struct api_person *api_wait_person(const struct api_wait *wait);
/* There is no wait: answers, and frees state. */
void api_wait_refuse(struct http_request *request, void *state, void (*free_state)(void *state));

#endif
