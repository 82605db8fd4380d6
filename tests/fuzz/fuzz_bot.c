/* What a voice bot says: its report (the first line) and what is said there (the input whole).
 * Every text within its field, one line of UTF-8; and what a dialog keeps lies within its room,
 * however often it is told. */
#include <stdlib.h>
#include <string.h>

#include <hotlined/text.h>

#include "fuzz.h"
#include "telephony/bot_dialog.h"
#include "telephony/bot_rules.h"

static void check_text(const char *text, size_t size)
{
    MUST(strnlen(text, size) < size && text_is_utf8(text, strlen(text)));
    for (; *text; text++)
        MUST((unsigned char)*text >= ' ' && *text != 127);
}
#define TEXT(field) check_text(field, sizeof(field))

static void check_report(const char *line)
{
    struct bot_report report;
    const char *code;

    bot_report_read(line, &report);
    TEXT(report.intent);
    TEXT(report.summary);
    MUST(report.rounds <= 1000);
    if (bot_place_read(line, &code))
        MUST(*code && code > line && code < line + strlen(line));
}

static void check_message(const struct bot_message *message)
{
    MUST(message->slot_count <= BOT_SLOTS && message->turn_count <= BOT_MESSAGE_TURNS);
    TEXT(message->intent);
    for (unsigned i = 0; i < message->slot_count; i++) {
        TEXT(message->slots[i].name);
        TEXT(message->slots[i].value);
        MUST(message->slots[i].name[0]);
    }
    for (unsigned i = 0; i < message->turn_count; i++) {
        TEXT(message->turns[i].text);
        MUST(message->turns[i].text[0]);
        MUST(message->turns[i].at_ms >= -1 && message->turns[i].at_ms <= BOT_AT_MAX_MS);
    }
}

static void check_dialog(const struct bot_dialog *dialog)
{
    MUST(dialog->turn_count <= BOT_TURNS && dialog->slot_count <= BOT_SLOTS);
    MUST(dialog->used <= BOT_TEXTS);
    for (unsigned i = 0; i < dialog->turn_count; i++)
        check_text(dialog->texts + dialog->turns[i].text, BOT_TEXTS - dialog->turns[i].text);
}

/* Told forty times, as by a bot that repeats itself. */
static void keep(const struct bot_message *message)
{
    static struct bot_dialog dialog;

    memset(&dialog, 0, sizeof(dialog));
    for (int round = 0; round < 40; round++) {
        for (unsigned i = 0; i < message->slot_count; i++)
            if (bot_dialog_set(&dialog, &message->slots[i]))
                MUST(!bot_dialog_set(&dialog, &message->slots[i]));
        for (unsigned i = 0; i < message->turn_count; i++)
            (void)bot_dialog_say(&dialog, message->turns[i].by_bot, round, message->turns[i].text);
    }
    check_dialog(&dialog);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct bot_message message;
    struct fuzz_in in = {data, size};
    char *line = fuzz_line(&in);
    size_t length;
    struct fuzz_in whole = {data, size};
    uint8_t *copy = fuzz_piece(&whole, size, &length);

    if (line)
        check_report(line);
    if (!bot_message_read((const char *)copy, length, &message)) {
        check_message(&message);
        keep(&message);
    }
    free(copy);
    free(line);
    return 0;
}
