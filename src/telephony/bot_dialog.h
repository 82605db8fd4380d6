/* Private to telephony: what was said to a voice bot, and what it made of it (NLU-02).
 *
 * A bot tells it while it talks, by INFO in its dialog (docs/flows.md): JSON of at most
 * SIP_BODY_SIZE
 *
 *     {"intent": "退税进度", "slots": {"taxpayer_no": "9145…", "period": "2026-10"},
 *      "turns": [{"who": "bot", "text": "请问…", "at_ms": 0}, {"who": "caller", "text": "…"}]}
 *
 * each part of which may be missing. It is read whole and checked field by field; where anything is
 * wrong nothing of it is taken. Pure: no I/O, no clock. */
#ifndef TELEPHONY_BOT_DIALOG_H
#define TELEPHONY_BOT_DIALOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BOT_INTENT        64
#define BOT_TEXT          900 /* bytes of a turn, the last zero among them; longer ones are cut */
#define BOT_SLOT_NAME     48
#define BOT_SLOT_VALUE    200
#define BOT_MESSAGE_TURNS 16 /* of one message */
#define BOT_SLOTS         16
#define BOT_TURNS         100   /* of a call */
#define BOT_TEXTS         16384 /* bytes of all its turns */
#define BOT_AT_MAX_MS     86400000

struct bot_slot {
    char name[BOT_SLOT_NAME], value[BOT_SLOT_VALUE]; /* value "" = none any more */
};

struct bot_message {
    bool has_intent;
    char intent[BOT_INTENT];
    struct bot_slot slots[BOT_SLOTS];
    struct {
        bool by_bot;
        int64_t at_ms; /* since it answered; -1 = now */
        char text[BOT_TEXT];
    } turns[BOT_MESSAGE_TURNS];
    uint8_t slot_count, turn_count;
};

/* NULL, or what is wrong with it: a constant in ASCII. */
const char *bot_message_read(const char *json, size_t length, struct bot_message *ret_message);

/* All of a call, whatever bots it was with. Zeroed memory is an empty one. */
struct bot_dialog {
    struct bot_turn {
        bool by_bot;
        uint16_t text; /* begins so far into texts */
        int64_t at_ms; /* wall-clock UTC */
    } turns[BOT_TURNS];
    struct bot_slot slots[BOT_SLOTS]; /* in the order in which they were first told */
    uint8_t turn_count, slot_count;
    bool left_out; /* more was said than there is room for */
    uint16_t used;
    char texts[BOT_TEXTS];
};

/* false: no room; left_out says so from now on. */
bool bot_dialog_say(struct bot_dialog *dialog, bool by_bot, int64_t at_ms, const char *text);
/* false: it was so already, or there is no room (left_out). */
bool bot_dialog_set(struct bot_dialog *dialog, const struct bot_slot *slot);

#endif
