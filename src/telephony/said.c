/* What is said to the far one for its agent, keys asked of it: the media half of what
 * other systems may do in a talk.
 *
 * It is an errand into a flow of one question, made here: the far one stands in STAGE_FLOW, so
 * nobody hears the keys, nothing of it is recorded, and whatever ends a talk ends this, too. */
#include <string.h>

#include <hotlined/id.h>
#include <hotlined/ivr.h>
#include <hotlined/log.h>
#include <hotlined/media.h>
#include <hotlined/telephony.h>
#include <hotlined/text.h>

#include "telephony/agent.h"
#include "telephony/call.h"
#include "telephony/errand.h"
#include "telephony/said.h"
#include "telephony/views.h"

#define DIGITS "digits" /* the variable of that flow */

/* Who is asked without a word hears a beep, so that he knows. */
static void add_prompt(struct text *json, const struct telephony_say *say)
{
    text_add_name(json, ',', "prompt");
    text_add_json(json, say->sound ? SAID_PROMPT : *say->prompt ? say->prompt : "beep");
}

/* Node "done" or "none" is where it ends: said_over(). NULL: no memory. */
static struct ivr_flow *flow_of(const struct telephony_say *say)
{
    struct text json = {0}, problems = {0};
    struct ivr_flow *flow = NULL;

    text_addf(&json, "{\"entry\":\"say\",\"nodes\":{\"say\":{\"type\":\"%s\",\"next\":\"done\"",
              say->asks ? "collect" : "play");
    add_prompt(&json, say);
    if (say->asks)
        text_addf(&json,
                  ",\"variable\":\"" DIGITS "\",\"min\":%d,\"max\":%d,\"end\":\"%s\","
                  "\"timeout_ms\":%d,\"retries\":0,\"failed\":\"none\"},"
                  "\"none\":{\"type\":\"hangup\"",
                  say->min, say->max, say->end, say->timeout_ms);
    text_add(&json, "},\"done\":{\"type\":\"hangup\"}}}");
    if (!json.failed && ivr_flow_parse(json.data, json.length, NULL, &flow, &problems))
        log_error("call", "said_flow", "problems=%s", problems.data ? log_safe(problems.data) : "");
    text_done(&problems);
    text_done(&json);
    return flow;
}

static void begin(struct telephony *t, struct call *call, const struct telephony_say *say,
                  struct ivr_flow *flow)
{
    struct call_side *side = call_beside(t, call);

    media_audio_unref(side->said);
    side->said = say->sound ? media_audio_ref(say->sound) : NULL;
    call->said = (struct said){.task = call->said.task + 1, .state = SAID_OPEN, .asks = say->asks};
    errand_run(t, call, flow, say->asks ? "按键采集" : "播放语音");
}

enum telephony_result telephony_say(struct telephony *t, int32_t user_id,
                                    const struct uuid *call_id, const struct telephony_say *say,
                                    uint32_t *ret_task)
{
    struct call *call;
    enum telephony_result result = errand_may_send(t, user_id, call_id, true, &call);
    struct ivr_flow *flow;

    if (result != TELEPHONY_OK)
        return result;
    if (*say->prompt && !prompt_for(t, call, say->prompt))
        return TELEPHONY_NO_PROMPT;
    flow = flow_of(say);
    if (!flow)
        return TELEPHONY_NOT_NOW;
    begin(t, call, say, flow);
    ivr_flow_unref(flow);
    *ret_task = call->said.task;
    view_agent_changed(t, agent_find(t, user_id));
    return TELEPHONY_OK;
}

void said_over(struct telephony *t, struct call *call)
{
    struct call_side *side = call_beside(t, call);
    const char *digits = ivr_variable(&call->ivr, DIGITS);
    struct ivr_node at;
    const char *id = ivr_flow_node(side->flow, call->ivr.node, &at) ? at.id : "";

    call->said.state = strcmp(id, "done") == 0   ? SAID_DONE
                       : strcmp(id, "none") == 0 ? SAID_NO_KEYS
                                                 : SAID_ENDED;
    if (call->said.asks && call->said.state == SAID_DONE)
        text_copy(call->said.digits, sizeof(call->said.digits), digits ? digits : "");
    media_audio_unref(side->said);
    side->said = NULL;
    log_info("call", "said", "call=%s agent=%d task=%u state=%d keys=%zu", UUID_TEXT(&call->id),
             call->agent, call->said.task, call->said.state, strlen(call->said.digits));
}
