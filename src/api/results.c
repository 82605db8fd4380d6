/* What call control answered, told to people: status, code and Chinese sentence of each result. */
#include <stdio.h>

#include "api/results.h"

static const struct {
    int status;
    const char *code, *title;
} problems[] = {
    [TELEPHONY_NOT_AGENT] = {403, "agent.none", "您没有工号，不能签入话务"},
    [TELEPHONY_NOT_SIGNED_IN] = {409, "agent.not_signed_in", "您还没有签入话务，请先签入"},
    [TELEPHONY_SIGNED_IN_ELSEWHERE] = {409, "agent.signed_in_elsewhere",
                                       "您已在别处签入，是否迁移到本机？"},
    [TELEPHONY_IN_CALL] = {409, "agent.in_call", "正在通话或振铃，请先结束通话"},
    [TELEPHONY_NO_LINE] = {409, "agent.no_line", "语音线路未连通，请检查麦克风和网络后重试"},
    [TELEPHONY_STALE] = {409, "call.stale", "这通来电已结束，或已由他人接听"},
    [TELEPHONY_WRAP_UP_MISSING] = {409, "agent.wrap_up_missing",
                                   "本队列要求填写小结，请先选择小结代码并保存"},
    [TELEPHONY_BAD_REASON] = {422, "agent.bad_reason", "状态或原因不存在，请重新选择"},
    [TELEPHONY_BAD_OFFER] = {422, "line.bad_offer", "浏览器的语音线路请求无法识别"},
    [TELEPHONY_NO_PHONE] = {409, "agent.no_phone", "您的话机没有注册，请检查话机后重试"},
    [TELEPHONY_BAD_NUMBER] = {422, "number.bad", "号码应为 3 至 20 位数字，可带 * # 和开头的 +"},
    [TELEPHONY_NUMBER_REFUSED] = {422, "number.refused", "本中心的外呼规则不允许拨打这个号码"},
    [TELEPHONY_NO_TRUNK] = {503, "trunk.none", "没有可用的外线，请稍后再拨，或请管理员检查中继"},
    [TELEPHONY_NO_QUEUE] = {422, "transfer.queue", "没有这个队列，请重新选择"},
    [TELEPHONY_QUEUE_EMPTY] = {409, "transfer.no_agent", "该队列现在没有坐席签入，通话未转出"},
    [TELEPHONY_QUEUE_FULL] = {409, "transfer.full", "该队列排队已满，通话未转出"},
    [TELEPHONY_QUEUE_CLOSED] = {409, "transfer.dedicated",
                                "该队列只接其他中心转入的来电，通话未转出"},
    [TELEPHONY_OUTBOUND] = {409, "transfer.outbound", "呼出的电话不能转入队列"},
    [TELEPHONY_NO_COLLEAGUE] = {422, "consult.colleague",
                                "该坐席没有签入，或不在本中心，请重新选择"},
    [TELEPHONY_COLLEAGUE_BUSY] = {409, "consult.busy",
                                  "该坐席正在通话、整理，或线路未连通，请选择其他坐席"},
    [TELEPHONY_CONSULTING] = {409, "consult.open", "正在磋商，请先取回、转出或结束磋商"},
    [TELEPHONY_NO_FLOW] = {422, "flow.none", "本中心没有这个流程或菜单，请重新选择"},
    [TELEPHONY_IN_FLOW] = {409, "flow.open", "来电人正在语音流程中，请等待其返回或先取回"},
    [TELEPHONY_NO_SURVEY] = {409, "survey.off", "本中心或该队列没有启用满意度调查"},
    [TELEPHONY_LISTENING] = {409, "monitor.listening",
                             "监听时麦克风始终关闭，需要说话请改为密语或强插"},
    [TELEPHONY_ANNOUNCING] = {409, "call.announcing", "正在向对方播报您的工号，播完再操作"},
    [TELEPHONY_DIALING] = {409, "call.dialing", "对方还没有接听，接通后才能操作"},
    [TELEPHONY_NOT_RECORDED] = {409, "recording.never", "按本中心的录音规则，这通电话不录音"},
    [TELEPHONY_NO_PAUSE] = {409, "recording.no_pause", "本中心不允许暂停录音，请联系管理员"},
    [TELEPHONY_WATCHED] = {409, "monitor.watched", "已有两人在监听这通电话，请稍后再试"},
    [TELEPHONY_NO_CHANNEL] =
        {503, "trunk.share",
         "本中心可用的外线通道已用满，请稍后再拨；经常如此请联系自治区调整份额"},
    [TELEPHONY_NO_PROMPT] = {422, "prompt.none", "本中心没有这个提示音，请检查代码"},
    [TELEPHONY_NO_CENTER] = {422, "center.none", "没有这个中心，请重新选择"},
    [TELEPHONY_CENTER_CLOSED] = {409, "center.refused", "现在不能转往该中心"},
    [TELEPHONY_NOT_NOW] = {503, "server.not_now", "系统正忙或正在停机，暂不能呼出，请稍后再拨"},
    [TELEPHONY_BUSY] = {503, "server.full", "系统坐席数已满，请联系管理员"},
};

const char *api_telephony_title(enum telephony_result result)
{
    return problems[result].title;
}

const char *api_dialing_range_title(enum dialing_range range)
{
    static const char *const titles[DIALING_RANGES] = {
        [DIALING_EMERGENCY] = "紧急号码", [DIALING_SERVICE] = "服务短号",
        [DIALING_LOCAL] = "本地固话",     [DIALING_MOBILE] = "手机",
        [DIALING_NATIONAL] = "国内长途",  [DIALING_PREMIUM] = "声讯",
        [DIALING_INTERNATIONAL] = "国际",
    };

    return range < DIALING_RANGES ? titles[range] : "";
}

void api_telephony_number_problem(struct api *api, struct http_request *request, int32_t center_id,
                                  const char *typed, enum telephony_result result)
{
    struct telephony_number number;
    char title[200];

    if (result != TELEPHONY_NUMBER_REFUSED ||
        !telephony_number(api->deps.telephony, center_id, typed, &number)) {
        api_field_problem(request, "number", problems[TELEPHONY_BAD_NUMBER].title);
        return;
    }
    snprintf(title, sizeof(title),
             "号码 %s 属于“%s”，本中心的外呼规则不允许拨打；确需拨打请由管理员在“外呼规则”中放开",
             number.number, api_dialing_range_title(number.range));
    api_field_problem(request, "number", title);
}

static void say_elsewhere(struct api *api, struct http_request *request, int32_t user_id)
{
    cJSON *more = cJSON_CreateObject();
    char where[64] = "", since[TIME_TEXT_SIZE];
    int64_t since_ms;

    if (telephony_signed_in_at(api->deps.telephony, user_id, where, &since_ms)) {
        cJSON_AddStringToObject(more, "where", where);
        cJSON_AddStringToObject(more, "since", time_text(since_ms, since));
    }
    http_problem_more(request, 409, problems[TELEPHONY_SIGNED_IN_ELSEWHERE].code,
                      problems[TELEPHONY_SIGNED_IN_ELSEWHERE].title, more);
}

void api_telephony_problem(struct api *api, struct http_request *request,
                           enum telephony_result result)
{
    if (result == TELEPHONY_SIGNED_IN_ELSEWHERE)
        say_elsewhere(api, request, api_person(request)->subject.user_id);
    else
        http_problem(request, problems[result].status, problems[result].code,
                     problems[result].title, NULL);
}

bool api_telephony_is_good(struct api *api, struct http_request *request,
                           enum telephony_result result)
{
    if (result == TELEPHONY_OK || result == TELEPHONY_LATER)
        return true;
    api_telephony_problem(api, request, result);
    return false;
}

void api_agent_answer(struct api *api, struct http_request *request, enum telephony_result result)
{
    if (api_telephony_is_good(api, request, result))
        http_answer_empty(request, 204);
}
