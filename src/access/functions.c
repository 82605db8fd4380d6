/* The functions of a center: what they are called, and which permissions serve nothing else. */
#include <string.h>

#include <hotlined/access.h>

#define PERMISSIONS_EACH 4

static const struct {
    const char *name, *title, *group, *requirements;
    enum permission permissions[PERMISSIONS_EACH]; /* PERM_INVALID = no more */
} functions[FUNCTION_COUNT] = {
    [FUNCTION_AGENT] =
        {"agent", "坐席签入与状态切换", "坐席", "CC-10 CC-19 CC-20 CC-22", {PERM_AGENT_WORK}},
    [FUNCTION_CALLER_HISTORY] = {"caller_history", "来电人历史", "坐席", "CC-01", {0}},
    [FUNCTION_DIAL] = {"dial", "坐席外呼、点击拨号", "坐席", "CC-03 CC-17", {PERM_CALL_DIAL}},
    [FUNCTION_HOLD] = {"hold", "保持", "坐席", "CC-21", {0}},
    [FUNCTION_MUTE] = {"mute", "静音", "坐席", "CC-21", {0}},
    [FUNCTION_KEYS] = {"keys", "通话中按键", "坐席", "CC-17", {0}},
    [FUNCTION_TRANSFER] = {"transfer", "来电转接", "坐席", "CC-13", {0}},
    [FUNCTION_TRANSFER_CENTER] = {"transfer_center", "转往其他中心", "坐席", "XFER-01", {0}},
    [FUNCTION_CONSULT] = {"consult", "磋商", "坐席", "CC-13", {0}},
    [FUNCTION_THREE_WAY] = {"three_way", "三方通话", "坐席", "CC-18", {0}},
    [FUNCTION_HELP] = {"help", "求助", "坐席", "CC-12", {0}},
    [FUNCTION_TO_IVR] = {"to_ivr", "转IVR", "坐席", "CC-15", {0}},
    [FUNCTION_SURVEY] = {"survey", "满意度调查", "坐席", "CC-11 CC-24", {0}},
    [FUNCTION_WRAP_UP] = {"wrap_up", "电话小结", "坐席", "CC-06", {0}},
    [FUNCTION_AUTO_ANSWER] = {"auto_answer", "自动应答", "坐席", "CC-07", {0}},
    [FUNCTION_ANNOUNCE] = {"announce", "播报工号", "坐席", "CC-09", {0}},
    [FUNCTION_CALL_LOG] = {"call_log", "通话记录", "查询", "CC-14", {PERM_CALL_READ}},
    [FUNCTION_CALL_EXPORT] = {"call_export", "通话数据导出", "查询", "CC-14", {PERM_CALL_EXPORT}},
    [FUNCTION_QUERIES] = {"queries", "综合查询", "查询", "QRY-01", {0}},
    [FUNCTION_RECORDING_PLAY] =
        {"recording_play", "录音调听", "查询", "CC-04 CC-05", {PERM_RECORDING_PLAY}},
    [FUNCTION_RECORDING_DOWNLOAD] =
        {"recording_download", "录音下载", "查询", "CC-05", {PERM_RECORDING_DOWNLOAD}},
    [FUNCTION_RECORDING_NOTES] = {"recording_notes", "录音备注", "查询", "CC-05", {0}},
    [FUNCTION_CONTACTS] =
        {"contacts", "客户通讯录", "业务", "CC-02", {PERM_CONTACT_READ, PERM_CONTACT_WRITE}},
    [FUNCTION_RECORDS] =
        {"records", "业务登记", "业务", "CC-37", {PERM_RECORD_READ, PERM_RECORD_WRITE}},
    [FUNCTION_VOICEMAIL] = {"voicemail",
                            "语音留言",
                            "业务",
                            "VM-01",
                            {PERM_VOICEMAIL_READ, PERM_VOICEMAIL_WORK, PERM_VOICEMAIL_ASSIGN,
                             PERM_VOICEMAIL_DELETE}},
    [FUNCTION_CALLBACK] = {"callback", "排队回拨", "业务", "VM-08", {PERM_CALLBACK_WORK}},
    [FUNCTION_TICKETS] = {"tickets",
                          "工单",
                          "业务",
                          "CC-08 CC-31",
                          {PERM_TICKET_READ, PERM_TICKET_CREATE, PERM_TICKET_WORK,
                           PERM_TICKET_ASSIGN}},
    [FUNCTION_LISTEN] = {"listen", "监听", "班长", "CC-12 CC-16", {0}},
    [FUNCTION_WHISPER] = {"whisper", "密语", "班长", "CC-16", {0}},
    [FUNCTION_BARGE] = {"barge", "强插", "班长", "CC-16", {0}},
    [FUNCTION_TAKE_OVER] = {"take_over", "接话", "班长", "CC-16", {0}},
    [FUNCTION_DISCONNECT] = {"disconnect", "强拆", "班长", "CC-16", {0}},
    [FUNCTION_FORCE_STATE] = {"force_state", "强制示闲、示忙、签出", "班长", "CC-16", {0}},
    [FUNCTION_WALL] = {"wall", "实时监控", "班长", "CC-16 CC-27", {PERM_MONITOR_READ}},
    [FUNCTION_QUEUE_MOVES] = {"queue_moves", "排队调度", "班长", "CC-32", {PERM_MONITOR_QUEUE}},
    [FUNCTION_REPORTS] = {"reports", "数据报表", "管理", "CC-28", {PERM_REPORT_READ}},
    [FUNCTION_FLOW_EDITOR] = {"flow_editor", "IVR导航", "管理", "CC-23", {0}},
    [FUNCTION_PROMPTS] = {"prompts", "提示音维护", "管理", "CC-23", {0}},
    [FUNCTION_SKILLS] = {"skills", "专业技能分组", "管理", "CC-25", {0}},
    [FUNCTION_CALENDARS] = {"calendars", "工作时间设定", "管理", "CC-26", {0}},
    [FUNCTION_QUEUE_SETTINGS] = {"queue_settings", "接听策略管理", "管理", "CC-29", {0}},
    [FUNCTION_REASONS] = {"reasons", "示忙原因与小结类型维护", "管理", "CC-06 CC-20", {0}},
    [FUNCTION_NUMBER_LISTS] =
        {"number_lists", "黑名单与白名单", "管理", "CC-33 CC-34", {PERM_LIST_WRITE}},
    [FUNCTION_BOT] = {"bot", "语音机器人", "管理", "NLU-03", {0}},
    [FUNCTION_KNOWLEDGE] = {"knowledge",
                            "知识库",
                            "业务",
                            "KB-06 KB-07",
                            {PERM_KNOWLEDGE_READ, PERM_KNOWLEDGE_EDIT, PERM_KNOWLEDGE_PUBLISH}},
};

_Static_assert(FUNCTION_COUNT <= 64, "access_subject.off is a set of bits");

static bool is_function(enum function function)
{
    return function > FUNCTION_NONE && function < FUNCTION_COUNT;
}

const char *function_name(enum function function)
{
    return is_function(function) ? functions[function].name : NULL;
}

const char *function_title(enum function function)
{
    return is_function(function) ? functions[function].title : "";
}

const char *function_group(enum function function)
{
    return is_function(function) ? functions[function].group : "";
}

const char *function_requirements(enum function function)
{
    return is_function(function) ? functions[function].requirements : "";
}

enum function function_find(const char *name)
{
    for (int i = FUNCTION_NONE + 1; name && i < FUNCTION_COUNT; i++)
        if (strcmp(functions[i].name, name) == 0)
            return (enum function)i;
    return FUNCTION_NONE;
}

void access_switch_off(struct access_subject *subject, enum function function)
{
    if (!is_function(function))
        return;
    subject->off |= 1ull << function;
    for (int i = 0; i < PERMISSIONS_EACH; i++)
        subject->scope[functions[function].permissions[i]] = ACCESS_NONE;
}

bool access_has(const struct access_subject *subject, enum function function)
{
    return !(subject->off >> function & 1);
}

enum function access_taken_by(const struct access_subject *subject, enum permission permission)
{
    for (int i = FUNCTION_NONE + 1; i < FUNCTION_COUNT; i++)
        for (int p = 0; p < PERMISSIONS_EACH; p++)
            if (permission && functions[i].permissions[p] == permission &&
                !access_has(subject, (enum function)i))
                return (enum function)i;
    return FUNCTION_NONE;
}
