/* A call out of an item of work: a message, or somebody who gave up waiting. */
#ifndef API_CALL_BACK_H
#define API_CALL_BACK_H

#include "api/room.h"

/* The item is claimed first, in PostgreSQL and by one statement, and with the id that the call will
 * have; then the call is made; the claim is given back when it is refused. So each item is called
 * by one agent, and after a crash the journal tells whether it was. */
struct call_back_kind {
    enum store_statement claim;   /* $1 item, $2 user, $3 call -> result, number, by */
    enum store_statement unclaim; /* $1 call */
    enum permission permission;
    const char *object_kind, *action; /* of the audit log */
    const char *missing;              /* Chinese title of 404 */
    /* Answers for a result that is neither ok nor missing. */
    void (*refuse)(struct http_request *request, const char *result, const char *by);
};

/* Answers POST .../{id}/call: 201 {call_id}, or why not. */
void call_back_begin(struct api *api, struct http_request *request,
                     const struct call_back_kind *kind);
/* Answers what a function said with {"result":...}: ok = 204, missing = 404 and a trace of it, else
 * refuse(). For api_ask.then; state is a struct work_step. */
struct work_step {
    const char *action, *object_kind, *missing; /* constants */
    char object_id[40], detail[200];
    void (*refuse)(struct http_request *request, const char *result, const char *by);
};
void work_step_said(struct api *api, struct http_request *request, const struct api_person *person,
                    const struct store_result *result, void **state);
/* Starts such a step; ask->params are filled. Answers 503 without memory. */
void work_step_ask(struct api *api, struct http_request *request, struct api_ask *ask,
                   const struct work_step *step);
/* The same where a wait before this one has its own copy of the person. */
void work_step_ask_as(struct api *api, struct http_request *request,
                      const struct api_person *person, struct api_ask *ask,
                      const struct work_step *step);

#endif
