/* Access: who may do what, where. Pure: roles are sets of permissions, each with a scope.
 *
 *   permission  what: "call.read", "record.write" ...          (table in src/access/access.c)
 *   scope       on whom: self < team < center < region
 *
 * A subject's centers are its own plus those granted to it. Scope region means every granted
 * center and, for users of the regional center with such a role, every center. RLS in the
 * database is the second wall and gets the list access_centers() gives. */
#ifndef HOTLINED_ACCESS_H
#define HOTLINED_ACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum access_scope { ACCESS_NONE, ACCESS_SELF, ACCESS_TEAM, ACCESS_CENTER, ACCESS_REGION };

enum permission {
    PERM_INVALID = 0, /* forgetting one in a route table fails at start */
    PERM_PUBLIC,      /* no session needed */
    PERM_SIGNED_IN,   /* any session */
    PERM_AGENT_WORK,  /* sign in as agent, take calls, own states */
    PERM_CALL_DIAL,   /* call numbers outside */
    PERM_CALL_READ,   /* call log */
    PERM_RECORDING_PLAY,
    PERM_NUMBER_REVEAL, /* see unmasked numbers */
    PERM_RECORD_READ,   /* registrations */
    PERM_RECORD_WRITE,
    PERM_MONITOR_READ,
    PERM_REPORT_READ,
    PERM_LIST_WRITE, /* the black list of numbers; the white one with settings.write, too */
    PERM_SETTINGS_READ,
    PERM_SETTINGS_WRITE, /* users, queues, memberships, flows, prompts of the center */
    PERM_REGION_WRITE,   /* centers, trunks, numbers */
    PERM_AUDIT_READ,
    PERM_CALL_EXPORT,        /* lists of calls, states and recordings as files */
    PERM_RECORDING_DOWNLOAD, /* a recording as a file with a watermark */
    PERM_CONTACT_READ,       /* address books; one's own is one's own to write */
    PERM_CONTACT_WRITE,      /* the center's address book */
    PERM_VOICEMAIL_READ,     /* messages that callers left */
    PERM_VOICEMAIL_WORK,     /* take them, call back, finish them */
    PERM_VOICEMAIL_ASSIGN,
    PERM_VOICEMAIL_DELETE,  /* for good, with its file */
    PERM_CALLBACK_WORK,     /* callers who gave up: see whom to call back, and call */
    PERM_MONITOR_LISTEN,    /* 监听 */
    PERM_MONITOR_INTERVENE, /* 密语、强插、接话 */
    PERM_MONITOR_FORCE,     /* 强拆, states of others */
    PERM_MONITOR_QUEUE,     /* move callers who wait */
    PERM_RECORDING_PAUSE,   /* of one's own talk */
    PERM_KEY_WRITE,         /* keys of other systems */
    PERM_SMS_READ,          /* messages sent, and replies */
    PERM_SMS_DELIVER,       /* tell what became of them: keys of gateways only */
    PERM_TICKET_READ,       /* tickets one made, has or worked on; of the center */
    PERM_TICKET_CREATE,     /* of registrations that are one's own; of the center's */
    PERM_TICKET_WORK,       /* accept, forward, return, finish, void, open again */
    PERM_TICKET_ASSIGN,     /* give other people's to somebody */
    PERM_KNOWLEDGE_READ,    /* what is published, and what is shared */
    PERM_KNOWLEDGE_EDIT,    /* classes and drafts */
    PERM_KNOWLEDGE_PUBLISH, /* and withdraw */
    PERM_COUNT
};

/* Stable names used in roles in the database: "agent.work", "call.read" ... NULL if invalid. */
const char *permission_name(enum permission permission);
enum permission permission_find(const char *name); /* PERM_INVALID if unknown */

/* What a center can be without (CC-36). The region switches each off for one center: its people
 * then lose the permissions that serve nothing else, and the routes of the function (table in
 * src/api/functions.c) answer 403. Titles and permissions: src/access/functions.c. */
enum function {
    FUNCTION_NONE = 0, /* of routes that are always there */
    FUNCTION_AGENT,
    FUNCTION_CALLER_HISTORY,
    FUNCTION_DIAL,
    FUNCTION_HOLD,
    FUNCTION_MUTE,
    FUNCTION_KEYS,
    FUNCTION_TRANSFER,
    FUNCTION_TRANSFER_CENTER,
    FUNCTION_CONSULT,
    FUNCTION_THREE_WAY,
    FUNCTION_HELP,
    FUNCTION_TO_IVR,
    FUNCTION_SURVEY,
    FUNCTION_WRAP_UP,
    FUNCTION_AUTO_ANSWER,
    FUNCTION_ANNOUNCE,
    FUNCTION_CALL_LOG,
    FUNCTION_CALL_EXPORT,
    FUNCTION_QUERIES,
    FUNCTION_RECORDING_PLAY,
    FUNCTION_RECORDING_DOWNLOAD,
    FUNCTION_RECORDING_NOTES,
    FUNCTION_CONTACTS,
    FUNCTION_RECORDS,
    FUNCTION_VOICEMAIL,
    FUNCTION_CALLBACK,
    FUNCTION_TICKETS,
    FUNCTION_LISTEN,
    FUNCTION_WHISPER,
    FUNCTION_BARGE,
    FUNCTION_TAKE_OVER,
    FUNCTION_DISCONNECT,
    FUNCTION_FORCE_STATE,
    FUNCTION_WALL,
    FUNCTION_QUEUE_MOVES,
    FUNCTION_REPORTS,
    FUNCTION_FLOW_EDITOR,
    FUNCTION_PROMPTS,
    FUNCTION_SKILLS,
    FUNCTION_CALENDARS,
    FUNCTION_QUEUE_SETTINGS,
    FUNCTION_REASONS,
    FUNCTION_NUMBER_LISTS,
    FUNCTION_BOT,
    FUNCTION_KNOWLEDGE,
    FUNCTION_COUNT
};

/* Stable names kept in center.functions_off: "dial", "three_way" ... NULL and FUNCTION_NONE when
 * there is no such function. */
const char *function_name(enum function function);
enum function function_find(const char *name);
const char *function_title(enum function function); /* Chinese */
const char *function_group(enum function function); /* Chinese: under which head it is shown */
const char *function_requirements(enum function function); /* "CC-13" */

#define ACCESS_MAX_CENTERS 64

struct access_subject {
    int32_t user_id;
    int32_t center_id;
    int32_t team_id;                     /* 0 = none */
    bool regional;                       /* user of the regional center */
    bool system;                         /* another system's key: no person, user_id may be 0 */
    uint8_t scope[PERM_COUNT];           /* enum access_scope per permission */
    int32_t granted[ACCESS_MAX_CENTERS]; /* other centers granted for reading or acting */
    uint8_t granted_count;
    uint64_t off; /* bit of each enum function that the own center has not */
};

/* Adds a role's permission; the widest scope wins. */
void access_grant(struct access_subject *subject, enum permission permission,
                  enum access_scope scope);
/* To be called after all grants: takes the permissions away that serve this function only. */
void access_switch_off(struct access_subject *subject, enum function function);
/* Has the subject's center this function? O(1). FUNCTION_NONE: always. */
bool access_has(const struct access_subject *subject, enum function function);
/* The function with which the permission was taken away; FUNCTION_NONE = it was not. */
enum function access_taken_by(const struct access_subject *subject, enum permission permission);
bool access_may(const struct access_subject *subject, enum permission permission);
/* On an object of a center, a team (0 = none) and a person (0 = nobody's). */
bool access_may_on(const struct access_subject *subject, enum permission permission,
                   int32_t center_id, int32_t team_id, int32_t user_id);
/* Centers the permission reaches, out of all existing ones; returns the count. */
size_t access_centers(const struct access_subject *subject, enum permission permission,
                      const int32_t *all_centers, size_t all_count, int32_t *ret_centers,
                      size_t max);

#endif
