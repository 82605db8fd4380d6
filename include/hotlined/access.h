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
    PERM_SETTINGS_READ,
    PERM_SETTINGS_WRITE, /* users, queues, memberships, flows, prompts of the center */
    PERM_REGION_WRITE,   /* centers, trunks, numbers */
    PERM_AUDIT_READ,
    PERM_COUNT
};

/* Stable names used in roles in the database: "agent.work", "call.read" ... NULL if invalid. */
const char *permission_name(enum permission permission);
enum permission permission_find(const char *name); /* PERM_INVALID if unknown */

#define ACCESS_MAX_CENTERS 64

struct access_subject {
    int32_t user_id;
    int32_t center_id;
    int32_t team_id;                     /* 0 = none */
    bool regional;                       /* user of the regional center */
    uint8_t scope[PERM_COUNT];           /* enum access_scope per permission */
    int32_t granted[ACCESS_MAX_CENTERS]; /* other centers granted for reading or acting */
    uint8_t granted_count;
};

/* Adds a role's permission; the widest scope wins. */
void access_grant(struct access_subject *subject, enum permission permission,
                  enum access_scope scope);
bool access_may(const struct access_subject *subject, enum permission permission);
/* On an object of a center, a team (0 = none) and a person (0 = nobody's). */
bool access_may_on(const struct access_subject *subject, enum permission permission,
                   int32_t center_id, int32_t team_id, int32_t user_id);
/* Centers the permission reaches, out of all existing ones; returns the count. */
size_t access_centers(const struct access_subject *subject, enum permission permission,
                      const int32_t *all_centers, size_t all_count, int32_t *ret_centers,
                      size_t max);

#endif
