/* Private to telephony: callers sent into a flow by their agent (struct errand). */
#ifndef TELEPHONY_ERRAND_H
#define TELEPHONY_ERRAND_H

#include <stdbool.h>
#include <stdint.h>

#include <hotlined/telephony.h>

#include "telephony/call.h"

/* In a flow, and his agent waits for him. */
static inline bool errand_is_out(const struct call *call)
{
    return call->errand.mode == ERRAND_SUSPEND;
}
/* May the agent send the far one somewhere now? outbound: also one he called. */
enum telephony_result errand_may_send(struct telephony *t, int32_t user_id,
                                      const struct uuid *call_id, bool outbound,
                                      struct call **ret_call);
/* Into a flow of its own, from its beginning, and back; target is for people. */
void errand_run(struct telephony *t, struct call *call, struct ivr_flow *flow, const char *target);
/* He is with his agent again; exit: a constant of facts.md. Nothing when he is not out. */
void errand_return(struct telephony *t, struct call *call, const char *exit);
/* The same for a talk that is over: nobody stands anywhere any more. */
void errand_drop(struct telephony *t, struct call *call, const char *exit);
/* The agent hangs up. True: the caller stays and is asked how it was. */
bool errand_survey_after(struct telephony *t, struct call *call);

#endif
