/* Private to telephony: the pure rules of the voice bot: what it says about a caller it hands back.
 */
#ifndef TELEPHONY_BOT_RULES_H
#define TELEPHONY_BOT_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bot_report {
    bool done;                     /* the caller needs nothing more; else a human is wanted */
    uint32_t rounds;               /* questions and answers */
    char intent[64], summary[200]; /* UTF-8 */
};

/* Header X-Hotlined-Result of the bot's BYE: "outcome=human;rounds=3;intent=%E9%80%80;summary=...",
 * in any order, texts percent-encoded UTF-8 (RFC 3986). Whatever is unknown, broken or too long is
 * left out: a caller is handed to a human rather than lost. */
void bot_report_read(const char *header, struct bot_report *ret_report);

enum bot_place { BOT_NOWHERE, BOT_QUEUE, BOT_NODE };

/* User part of the address a bot refers its caller to: "queue-CODE" or "node-ID". BOT_NOWHERE:
 * neither. *ret_code lies in user. */
enum bot_place bot_place_read(const char *user, const char **ret_code);

#endif
