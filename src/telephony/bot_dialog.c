/* What was said to a voice bot: reading what it tells, keeping it with the call. */
#include <string.h>

#include <cjson/cJSON.h>

#include <hotlined/text.h>

#include "telephony/bot_dialog.h"

/* --- texts ------------------------------------------------------------------------------------ */

/* Line ends and tabs become spaces: what is said is one line. false: other control characters. */
static bool one_line(char *text)
{
    for (char *c = text; *c; c++) {
        if (*c == '\n' || *c == '\r' || *c == '\t')
            *c = ' ';
        else if ((unsigned char)*c < ' ' || *c == 127)
            return false;
    }
    return true;
}

/* cut: what is longer is cut, never within a character; else it is refused. */
static bool take(const char *value, bool cut, char *out, size_t size)
{
    size_t length = strlen(value);

    if ((length >= size && !cut) || !text_is_utf8(value, length))
        return false;
    (void)text_copy(out, size, value);
    return one_line(out);
}

static bool is_blank(const char *text)
{
    return !text[strspn(text, " ")];
}

/* --- the message ------------------------------------------------------------------------------ */

static const char *read_intent(const cJSON *item, struct bot_message *message)
{
    message->has_intent = true;
    return cJSON_IsString(item) && take(item->valuestring, false, message->intent, BOT_INTENT)
               ? NULL
               : "Bad Intent";
}

static const char *read_slots(const cJSON *slots, struct bot_message *message)
{
    const cJSON *item;

    if (!cJSON_IsObject(slots))
        return "Slots Are No Object";
    cJSON_ArrayForEach(item, slots)
    {
        struct bot_slot *slot = &message->slots[message->slot_count];
        if (message->slot_count == BOT_SLOTS)
            return "Too Many Slots";
        if (!take(item->string, false, slot->name, sizeof(slot->name)) || is_blank(slot->name))
            return "Bad Name Of A Slot";
        slot->value[0] = 0;
        if (!cJSON_IsNull(item) &&
            (!cJSON_IsString(item) ||
             !take(item->valuestring, false, slot->value, sizeof(slot->value))))
            return "Bad Value Of A Slot";
        message->slot_count++;
    }
    return NULL;
}

/* A whole number of ms that a dialog can last. */
static bool is_moment(const cJSON *item)
{
    return cJSON_IsNumber(item) && item->valuedouble >= 0 && item->valuedouble <= BOT_AT_MAX_MS &&
           item->valuedouble == (double)(int64_t)item->valuedouble;
}

static const char *read_turn(const cJSON *turn, struct bot_message *message)
{
    const char *who = NULL, *text = NULL;
    int64_t at_ms = -1;
    const cJSON *item;

    cJSON_ArrayForEach(item, turn)
    {
        if (strcmp(item->string, "who") == 0 && cJSON_IsString(item))
            who = item->valuestring;
        else if (strcmp(item->string, "text") == 0 && cJSON_IsString(item))
            text = item->valuestring;
        else if (strcmp(item->string, "at_ms") == 0 && is_moment(item))
            at_ms = (int64_t)item->valuedouble;
        else
            return "Unknown Or Bad Field Of A Turn";
    }
    if (!who || (strcmp(who, "bot") != 0 && strcmp(who, "caller") != 0))
        return "Turn Of Nobody";
    if (!text || !take(text, true, message->turns[message->turn_count].text, BOT_TEXT) ||
        is_blank(message->turns[message->turn_count].text))
        return "Bad Text Of A Turn";
    message->turns[message->turn_count].by_bot = *who == 'b';
    message->turns[message->turn_count].at_ms = at_ms;
    message->turn_count++;
    return NULL;
}

static const char *read_turns(const cJSON *turns, struct bot_message *message)
{
    const char *wrong = NULL;
    const cJSON *turn;

    if (!cJSON_IsArray(turns))
        return "Turns Are No List";
    cJSON_ArrayForEach(turn, turns)
    {
        if (message->turn_count == BOT_MESSAGE_TURNS)
            return "Too Many Turns";
        wrong = cJSON_IsObject(turn) ? read_turn(turn, message) : "Turn Is No Object";
        if (wrong)
            return wrong;
    }
    return NULL;
}

static const char *read_all(const cJSON *object, struct bot_message *message)
{
    const char *wrong = NULL;
    const cJSON *item;

    cJSON_ArrayForEach(item, object)
    {
        if (strcmp(item->string, "intent") == 0)
            wrong = read_intent(item, message);
        else if (strcmp(item->string, "slots") == 0 && !message->slot_count)
            wrong = read_slots(item, message);
        else if (strcmp(item->string, "turns") == 0 && !message->turn_count)
            wrong = read_turns(item, message);
        else
            wrong = "Unknown Field";
        if (wrong)
            return wrong;
    }
    return NULL;
}

const char *bot_message_read(const char *json, size_t length, struct bot_message *ret_message)
{
    const char *end = NULL, *wrong = "Not A JSON Object";
    cJSON *object = cJSON_ParseWithLengthOpts(json, length, &end, false);

    memset(ret_message, 0, sizeof(*ret_message));
    while (object && end < json + length && strchr(" \t\r\n", *end) && *end)
        end++;
    if (cJSON_IsObject(object) && end == json + length)
        wrong = read_all(object, ret_message);
    cJSON_Delete(object);
    return wrong;
}

/* --- the dialog ------------------------------------------------------------------------------- */

bool bot_dialog_say(struct bot_dialog *dialog, bool by_bot, int64_t at_ms, const char *text)
{
    size_t size = strlen(text) + 1;

    if (dialog->turn_count == BOT_TURNS || dialog->used + size > BOT_TEXTS) {
        dialog->left_out = true;
        return false;
    }
    memcpy(dialog->texts + dialog->used, text, size);
    dialog->turns[dialog->turn_count++] =
        (struct bot_turn){.by_bot = by_bot, .text = dialog->used, .at_ms = at_ms};
    dialog->used = (uint16_t)(dialog->used + size);
    return true;
}

static struct bot_slot *find_slot(struct bot_dialog *dialog, const char *name)
{
    for (unsigned i = 0; i < dialog->slot_count; i++)
        if (strcmp(dialog->slots[i].name, name) == 0)
            return &dialog->slots[i];
    return NULL;
}

bool bot_dialog_set(struct bot_dialog *dialog, const struct bot_slot *slot)
{
    struct bot_slot *old = find_slot(dialog, slot->name);

    if (old ? strcmp(old->value, slot->value) == 0 : !slot->value[0])
        return false;
    if (!old && dialog->slot_count == BOT_SLOTS) {
        dialog->left_out = true;
        return false;
    }
    if (!old)
        old = &dialog->slots[dialog->slot_count++];
    *old = *slot;
    return true;
}
