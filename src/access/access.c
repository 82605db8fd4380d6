/* Who may do what, where: pure rules over one flat subject. */
#include <string.h>

#include <hotlined/access.h>

static const char *const names[PERM_COUNT] = {
    [PERM_PUBLIC] = "public",
    [PERM_SIGNED_IN] = "signed_in",
    [PERM_AGENT_WORK] = "agent.work",
    [PERM_CALL_DIAL] = "call.dial",
    [PERM_CALL_READ] = "call.read",
    [PERM_RECORDING_PLAY] = "recording.play",
    [PERM_NUMBER_REVEAL] = "number.reveal",
    [PERM_RECORD_READ] = "record.read",
    [PERM_RECORD_WRITE] = "record.write",
    [PERM_MONITOR_READ] = "monitor.read",
    [PERM_REPORT_READ] = "report.read",
    [PERM_LIST_WRITE] = "list.write",
    [PERM_SETTINGS_READ] = "settings.read",
    [PERM_SETTINGS_WRITE] = "settings.write",
    [PERM_REGION_WRITE] = "region.write",
    [PERM_AUDIT_READ] = "audit.read",
    [PERM_CALL_EXPORT] = "call.export",
    [PERM_RECORDING_DOWNLOAD] = "recording.download",
    [PERM_CONTACT_READ] = "contact.read",
    [PERM_CONTACT_WRITE] = "contact.write",
    [PERM_VOICEMAIL_READ] = "voicemail.read",
    [PERM_VOICEMAIL_WORK] = "voicemail.work",
    [PERM_VOICEMAIL_ASSIGN] = "voicemail.assign",
    [PERM_VOICEMAIL_DELETE] = "voicemail.delete",
    [PERM_CALLBACK_WORK] = "callback.work",
    [PERM_MONITOR_LISTEN] = "monitor.listen",
    [PERM_MONITOR_INTERVENE] = "monitor.intervene",
    [PERM_MONITOR_FORCE] = "monitor.force",
    [PERM_MONITOR_QUEUE] = "monitor.queue",
    [PERM_RECORDING_PAUSE] = "recording.pause",
    [PERM_KEY_WRITE] = "key.write",
    [PERM_SMS_READ] = "sms.read",
    [PERM_SMS_DELIVER] = "sms.deliver",
    [PERM_TICKET_READ] = "ticket.read",
    [PERM_TICKET_CREATE] = "ticket.create",
    [PERM_TICKET_WORK] = "ticket.work",
    [PERM_TICKET_ASSIGN] = "ticket.assign",
    [PERM_KNOWLEDGE_READ] = "knowledge.read",
    [PERM_KNOWLEDGE_EDIT] = "knowledge.edit",
    [PERM_KNOWLEDGE_PUBLISH] = "knowledge.publish",
};

static bool is_valid(enum permission permission)
{
    return permission > PERM_INVALID && permission < PERM_COUNT;
}

const char *permission_name(enum permission permission)
{
    return is_valid(permission) ? names[permission] : NULL;
}

/* What is given by signing in cannot be given by a role. */
enum permission permission_find(const char *name)
{
    for (int i = PERM_AGENT_WORK; name && i < PERM_COUNT; i++)
        if (strcmp(names[i], name) == 0)
            return (enum permission)i;
    return PERM_INVALID;
}

void access_grant(struct access_subject *subject, enum permission permission,
                  enum access_scope scope)
{
    if (is_valid(permission) && scope > subject->scope[permission] && scope <= ACCESS_REGION)
        subject->scope[permission] = (uint8_t)scope;
}

bool access_may(const struct access_subject *subject, enum permission permission)
{
    if (permission == PERM_PUBLIC)
        return true;
    if (permission == PERM_SIGNED_IN)
        return subject->user_id > 0 || subject->system;
    return is_valid(permission) && subject->scope[permission] != ACCESS_NONE;
}

static bool is_granted(const struct access_subject *subject, int32_t center_id)
{
    for (unsigned i = 0; i < subject->granted_count; i++)
        if (subject->granted[i] == center_id)
            return true;
    return false;
}

/* Does the permission reach into a center other than the subject's own? Only with scope region:
 * a center granted to somebody whose role ends at his center stays closed. */
static bool reaches(const struct access_subject *subject, enum access_scope scope,
                    int32_t center_id)
{
    if (center_id == subject->center_id)
        return scope >= ACCESS_CENTER;
    return scope == ACCESS_REGION && (subject->regional || is_granted(subject, center_id));
}

bool access_may_on(const struct access_subject *subject, enum permission permission,
                   int32_t center_id, int32_t team_id, int32_t user_id)
{
    enum access_scope scope;

    if (permission == PERM_PUBLIC || permission == PERM_SIGNED_IN)
        return access_may(subject, permission);
    if (!access_may(subject, permission))
        return false;
    scope = (enum access_scope)subject->scope[permission];
    if (reaches(subject, scope, center_id))
        return true;
    if (center_id != subject->center_id)
        return false;
    if (scope == ACCESS_TEAM && team_id > 0 && team_id == subject->team_id)
        return true;
    return user_id > 0 && user_id == subject->user_id;
}

size_t access_centers(const struct access_subject *subject, enum permission permission,
                      const int32_t *all_centers, size_t all_count, int32_t *ret_centers,
                      size_t max)
{
    enum access_scope scope;
    size_t count = 0;

    if (!access_may(subject, permission))
        return 0;
    scope = permission <= PERM_SIGNED_IN ? ACCESS_CENTER
                                         : (enum access_scope)subject->scope[permission];
    for (size_t i = 0; i < all_count && count < max; i++)
        if (all_centers[i] == subject->center_id || reaches(subject, scope, all_centers[i]))
            ret_centers[count++] = all_centers[i];
    return count;
}
