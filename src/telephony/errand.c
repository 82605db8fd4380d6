/* 转IVR, 转满意度: a caller is sent into a flow by the agent he talks to.
 *
 * For good (release): the agent goes to his summary, the flow has the call from there on. Or on an
 * errand (suspend): he stands in a flow for a while, typing a number, and is with the same agent
 * again when that flow ends or would pass him on; the call's own flow stays where it was. The
 * survey after a talk is the first of the two, into the center's own small flow. */
#include <string.h>

#include <hotlined/directory.h>
#include <hotlined/id.h>
#include <hotlined/ivr.h>
#include <hotlined/log.h>
#include <hotlined/loop.h>
#include <hotlined/media.h>
#include <hotlined/stage.h>
#include <hotlined/telephony.h>
#include <hotlined/text.h>

#include "telephony/agent.h"
#include "telephony/call.h"
#include "telephony/errand.h"
#include "telephony/leg.h"
#include "telephony/menu.h"
#include "telephony/room.h"
#include "telephony/said.h"
#include "telephony/scene.h"
#include "telephony/talk.h"
#include "telephony/views.h"

struct destination {
    struct ivr_flow *flow; /* borrowed */
    int32_t flow_id, flow_version;
    uint16_t node;
    bool own;                   /* the flow the call came through: its path is kept */
    char target[IVR_NAME_SIZE]; /* for people */
};

static void show(struct telephony *t, int32_t user_id)
{
    struct agent *agent = agent_find(t, user_id);

    if (agent)
        view_agent_changed(t, agent);
}

/* --- where to ------------------------------------------------------------------------------- */

static bool find_node(struct destination *to, const char *node)
{
    struct ivr_node found;

    to->node = node[0] ? ivr_flow_find(to->flow, node) : IVR_MAIN;
    if (!node[0])
        return true;
    if (!ivr_flow_node(to->flow, to->node, &found))
        return false;
    text_copy(to->target, sizeof(to->target), found.name);
    return true;
}

/* "" and "": the main menu of the call's own flow. */
static bool find_destination(struct telephony *t, const struct call *call, const char *flow_code,
                             const char *node, struct destination *ret_to)
{
    const struct dir_flow *flow =
        flow_code[0] ? directory_flow(t->directory, call->center_id, flow_code) : NULL;

    *ret_to = (struct destination){.flow = call_beside(t, call)->flow,
                                   .flow_id = call->flow_id,
                                   .flow_version = call->flow_version,
                                   .own = true};
    text_copy(ret_to->target, sizeof(ret_to->target), flow_code[0] ? flow_code : "主菜单");
    if (flow_code[0]) {
        if (!flow)
            return false;
        ret_to->flow = flow->flow;
        ret_to->flow_id = flow->id;
        ret_to->flow_version = flow->version;
        ret_to->own = false;
    }
    return ret_to->flow && find_node(ret_to, node);
}

/* What was collected goes with him; the path of menus is that of its flow. */
static void start_anew(struct ivr_run *run)
{
    struct ivr_run fresh = {.variable_count = run->variable_count, .key_seq = run->key_seq};

    memcpy(fresh.variables, run->variables, sizeof(fresh.variables));
    *run = fresh;
}

static void take_flow(struct telephony *t, struct call *call, const struct destination *to)
{
    struct call_side *side = call_beside(t, call);
    struct ivr_flow *before = side->flow;

    side->flow = ivr_flow_ref(to->flow);
    ivr_flow_unref(before);
    call->flow_id = to->flow_id;
    call->flow_version = to->flow_version;
    if (!to->own)
        start_anew(&call->ivr);
}

static void note(struct telephony *t, struct call *call, enum errand_mode mode, const char *target)
{
    call->errand = (struct errand){.mode = (uint8_t)mode,
                                   .user_id = call->agent,
                                   .talk = call->talk.id,
                                   .since_ms = loop_wall_ms(t->loop)};
    text_copy(call->errand.target, sizeof(call->errand.target), target);
}

/* --- for good ------------------------------------------------------------------------------- */

static void release(struct telephony *t, struct call *call, const struct destination *to,
                    enum errand_mode mode)
{
    log_info("call", "released_to_flow", "call=%s agent=%d target=%s", UUID_TEXT(&call->id),
             call->agent, to->target);
    note(t, call, mode, to->target);
    talk_end(t, call, "agent", true);
    take_flow(t, call, to);
    call->agent = 0;
    call->state = CALL_MENU;
    menu_enter(t, call, to->node);
}

/* --- and back ------------------------------------------------------------------------------- */

/* Music, so that the agent knows his caller is still away; he may talk with whoever is beside him.
 */
static void play_waiting(struct telephony *t, const struct call *call)
{
    struct agent *agent = agent_find(t, call->agent);
    struct media_play list = {.count = 1, .loop = true};

    list.audio[0] = prompt_for(t, call, "hold_music");
    if (!list.audio[0] || !agent || !agent_media(t, agent) ||
        media_play(t->media, agent_media(t, agent), &list))
        log_error("call", "music_missing", "agent=%d prompt=hold_music", call->agent);
}

static void suspend(struct telephony *t, struct call *call, const struct destination *to)
{
    struct call_side *side = call_beside(t, call);

    note(t, call, ERRAND_SUSPEND, to->target);
    call->errand.before = call->ivr;
    call->errand.flow_id = call->flow_id;
    call->errand.flow_version = call->flow_version;
    side->flow_before = ivr_flow_ref(side->flow);
    take_flow(t, call, to);
    talk_put_aside(t, call, false);
    scene_far(call)->place = STAGE_FLOW;
    scene_play(t, call);
    play_waiting(t, call);
    log_info("call", "sent_to_flow", "call=%s agent=%d target=%s", UUID_TEXT(&call->id),
             call->agent, to->target);
    menu_enter(t, call, to->node);
}

void errand_run(struct telephony *t, struct call *call, struct ivr_flow *flow, const char *target)
{
    struct destination to = {.flow = flow, .node = IVR_MAIN};

    text_copy(to.target, sizeof(to.target), target);
    suspend(t, call, &to);
}

/* What he typed there is known to the call's own flow, and to the agent's page, from now on. */
static void keep_variables(struct ivr_run *own, const struct ivr_run *errand)
{
    for (unsigned i = 0; i < errand->variable_count; i++)
        if (!ivr_variable_is_given(errand->variables[i].name) &&
            ivr_set_variable(own, errand->variables[i].name, errand->variables[i].value))
            log_warn("call", "variable_lost", "name=%s", log_safe(errand->variables[i].name));
}

void errand_drop(struct telephony *t, struct call *call, const char *exit)
{
    struct call_side *side = call_beside(t, call);
    struct ivr_flow *errand = side->flow;

    if (!errand_is_out(call))
        return;
    menu_leave(t, call, exit);
    if (call->said.state == SAID_OPEN)
        said_over(t, call);
    else
        keep_variables(&call->errand.before, &call->ivr);
    call->errand.before.key_seq = call->ivr.key_seq;
    call->ivr = call->errand.before;
    call->flow_id = call->errand.flow_id;
    call->flow_version = call->errand.flow_version;
    side->flow = side->flow_before;
    side->flow_before = NULL;
    ivr_flow_unref(errand);
    call->errand.mode = ERRAND_NONE;
    call->play_token = ++t->next_token; /* what was said to him is over */
}

void errand_return(struct telephony *t, struct call *call, const char *exit)
{
    struct leg *leg = call_leg_find(t, call->leg);
    struct agent *agent = agent_find(t, call->agent);

    if (!errand_is_out(call))
        return;
    errand_drop(t, call, exit);
    if (leg && leg->media)
        media_stop_play(t->media, leg->media);
    if (agent && agent_media(t, agent))
        media_stop_play(t->media, agent_media(t, agent));
    scene_far(call)->place = STAGE_MAIN;
    scene_play(t, call);
    log_info("call", "back_from_flow", "call=%s agent=%d exit=%s", UUID_TEXT(&call->id),
             call->agent, exit);
    show(t, call->agent);
}

/* --- the survey ----------------------------------------------------------------------------- */

/* The survey that callers of the call's queue are asked; NULL = none. */
static const struct dir_survey *survey_of(struct telephony *t, const struct call *call)
{
    const struct dir_queue *queue = directory_queue(t->directory, call->queue_id);

    return !call->outbound && queue && queue->survey
               ? directory_survey(t->directory, call->center_id)
               : NULL;
}

static void ask_survey(struct telephony *t, struct call *call, const struct dir_survey *survey)
{
    struct destination to = {.flow = survey->flow, .node = IVR_MAIN};

    text_copy(to.target, sizeof(to.target), "满意度调查");
    release(t, call, &to, ERRAND_SURVEY);
}

bool errand_survey_after(struct telephony *t, struct call *call)
{
    const struct dir_survey *survey = survey_of(t, call);

    if (!survey || !survey->automatic || call->state != CALL_TALKING || errand_is_out(call))
        return false;
    ask_survey(t, call, survey);
    return true;
}

/* --- what the agent does -------------------------------------------------------------------- */

/* A caller he may send somewhere: not while somebody else is in it, or his number is said. */
enum telephony_result errand_may_send(struct telephony *t, int32_t user_id,
                                      const struct uuid *call_id, bool outbound,
                                      struct call **ret_call)
{
    struct call *call = call_find_by_id(t, call_id, user_id);

    if (!call || call->agent != user_id)
        return TELEPHONY_STALE;
    if (call->outbound && !outbound)
        return TELEPHONY_OUTBOUND;
    if (call->state != CALL_TALKING)
        return TELEPHONY_STALE;
    if (errand_is_out(call))
        return TELEPHONY_IN_FLOW;
    if (call->consult.by)
        return TELEPHONY_CONSULTING;
    if (scene_far(call)->occupied)
        return TELEPHONY_STALE;
    *ret_call = call;
    return TELEPHONY_OK;
}

enum telephony_result telephony_to_flow(struct telephony *t, int32_t user_id,
                                        const struct uuid *call_id, bool come_back,
                                        const char *flow_code, const char *node)
{
    struct destination to;
    struct call *call;
    enum telephony_result result = errand_may_send(t, user_id, call_id, false, &call);

    if (result != TELEPHONY_OK)
        return result;
    if (!find_destination(t, call, flow_code, node, &to))
        return TELEPHONY_NO_FLOW;
    if (come_back) {
        suspend(t, call, &to);
        show(t, user_id);
    } else {
        release(t, call, &to, ERRAND_RELEASE);
    }
    return TELEPHONY_OK;
}

enum telephony_result telephony_from_flow(struct telephony *t, int32_t user_id,
                                          const struct uuid *call_id)
{
    struct call *call = call_find_by_id(t, call_id, user_id);

    if (!call || call->agent != user_id || !errand_is_out(call))
        return TELEPHONY_STALE;
    errand_return(t, call, "taken_back");
    return TELEPHONY_OK;
}

enum telephony_result telephony_survey(struct telephony *t, int32_t user_id,
                                       const struct uuid *call_id)
{
    const struct dir_survey *survey;
    struct call *call;
    enum telephony_result result = errand_may_send(t, user_id, call_id, false, &call);

    if (result != TELEPHONY_OK)
        return result;
    survey = survey_of(t, call);
    if (!survey)
        return TELEPHONY_NO_SURVEY;
    ask_survey(t, call, survey);
    return TELEPHONY_OK;
}

/* --- what he may choose --------------------------------------------------------------------- */

static void add_target(struct text *out, bool *first, const char *flow, const char *node,
                       const char *name)
{
    text_add(out, *first ? "" : ",");
    *first = false;
    text_add_name(out, '{', "flow");
    text_add_json(out, flow);
    text_add_name(out, ',', "node");
    text_add_json(out, node);
    text_add_name(out, ',', "name");
    text_add_json(out, name);
    text_add(out, "}");
}

/* Menus and questions of the call's own flow; the main menu has been named. */
static void add_menus(struct text *out, bool *first, const struct call *call,
                      const struct ivr_flow *flow)
{
    uint16_t main_menu = call->ivr.depth ? call->ivr.menus[0] : IVR_NO_NODE;
    struct ivr_node node;

    for (uint16_t at = 0; ivr_flow_node(flow, at, &node); at++)
        if (at == main_menu)
            continue;
        else if (strcmp(node.type, "menu") == 0 || strcmp(node.type, "collect") == 0)
            add_target(out, first, "", node.id, node.name);
}

void telephony_flow_targets_json(struct telephony *t, int32_t user_id, const struct uuid *call_id,
                                 struct text *out)
{
    struct call *call = call_find_by_id(t, call_id, user_id);
    const struct ivr_flow *own = call ? call_beside(t, call)->flow : NULL;
    size_t count;
    const struct dir_flow *flows = directory_flows(t->directory, &count);
    bool first = true;

    text_add(out, "{\"next\":null,\"items\":[");
    if (own)
        add_target(out, &first, "", "", "主菜单");
    if (own)
        add_menus(out, &first, call, own);
    for (size_t i = 0; call && i < count; i++)
        if (flows[i].center_id == call->center_id && flows[i].flow && flows[i].id != call->flow_id)
            add_target(out, &first, flows[i].code, "", flows[i].name);
    text_add(out, "]}");
}
