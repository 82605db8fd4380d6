/* Session descriptions of trunks and desk phones: what is read can be answered, and our answer can
 * be read. */
#include <string.h>

#include <hotlined/sdp.h>

#include "fuzz.h"

static void check(const struct sdp_audio *audio)
{
    MUST(strnlen(audio->address, sizeof(audio->address)) < sizeof(audio->address));
    MUST(audio->pcma || audio->pcmu);
    MUST(audio->first_codec == SDP_PT_PCMA ? audio->pcma : audio->pcmu);
    MUST(audio->telephone_event == -1 ||
         (audio->telephone_event >= 96 && audio->telephone_event <= 127));
    MUST(audio->ptime_ms >= 10 && audio->ptime_ms <= 200);
    MUST(audio->media_lines >= 1 && audio->media_lines <= SDP_MAX_LINES);
    MUST(audio->audio_index >= 0 && (unsigned)audio->audio_index < audio->media_lines);
}

static void answer(const struct sdp_audio *offer)
{
    struct sdp_local local = {.address = "192.0.2.1",
                              .port = 20000,
                              .session_id = 1,
                              .version = 1,
                              .codec = offer->first_codec,
                              .telephone_event = offer->telephone_event,
                              .direction = offer->direction};
    struct sdp_audio again;
    char body[4096];
    int length = sdp_audio_print(&local, offer, body, sizeof(body));

    MUST(length > 0 && (size_t)length == strlen(body));
    MUST(sdp_audio_parse(body, (size_t)length, &again) == 0);
    MUST(strcmp(again.address, local.address) == 0 && again.port == local.port);
    MUST(again.direction == local.direction && again.first_codec == local.codec);
    MUST(again.telephone_event == local.telephone_event);
    MUST(again.media_lines == offer->media_lines && again.audio_index == offer->audio_index);
    for (unsigned i = 0; i < again.media_lines; i++)
        MUST(strcmp(again.lines[i].kind, offer->lines[i].kind) == 0);
}

/* An offer of ours of every kind can be read, too. */
static void offer_both(const struct sdp_audio *seen)
{
    struct sdp_local local = {.address = "2001:db8::1",
                              .port = 20002,
                              .codec = seen->first_codec,
                              .both_codecs = true,
                              .telephone_event = 101,
                              .direction = seen->direction};
    struct sdp_audio again;
    char body[1024], small[64];
    int length = sdp_audio_print(&local, NULL, body, sizeof(body));

    MUST(length > 0 && sdp_audio_parse(body, (size_t)length, &again) == 0);
    MUST(again.pcma && again.pcmu && again.first_codec == local.codec);
    MUST(sdp_audio_print(&local, NULL, small, sizeof(small)) < 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sdp_audio audio;

    if (sdp_audio_parse((const char *)data, size, &audio) != 0)
        return 0;
    check(&audio);
    answer(&audio);
    offer_both(&audio);
    return 0;
}
