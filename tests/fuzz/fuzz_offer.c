/* A browser's offer, and our answer to it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "media/line/line.h"

static void check(const struct line_remote *remote)
{
    size_t ufrag = strnlen(remote->ufrag, sizeof(remote->ufrag));
    size_t pwd = strnlen(remote->pwd, sizeof(remote->pwd));

    MUST(ufrag >= 4 && ufrag <= 256 && pwd >= 22 && pwd <= 256);
    MUST(strnlen(remote->mid, sizeof(remote->mid)) < sizeof(remote->mid));
    MUST(strnlen(remote->proto, sizeof(remote->proto)) < sizeof(remote->proto));
    MUST(remote->pcma || remote->pcmu);
    MUST(remote->telephone_event >= -1 && remote->telephone_event <= 127);
    MUST(!remote->bundle || remote->mid[0]);
}

/* Our answer, made an offer by turning its roles, is one that we can read: what we write is
 * well-formed, and nothing of theirs broke a line. */
static void answer(const struct line_remote *remote, const char *address)
{
    static const struct line_credentials local = {"abcdefgh", "abcdefghijklmnopqrstuvwx"};
    struct line_answer answer = {
        .local = &local,
        .fingerprint = "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:"
                       "88:99:AA:BB:CC:DD:EE:FF",
        .address = address,
        .port = 8444,
        .session_id = 1,
        .version = 2};
    struct line_remote again;
    char out[4096], why[128], small[200];
    int length = line_answer_print(remote, &answer, out, sizeof(out));
    char *setup;

    MUST(length > 0 && (size_t)length == strlen(out));
    setup = strstr(out, "a=setup:passive");
    MUST(setup != NULL);
    memcpy(setup, "a=setup:actpass", 15);
    MUST(line_offer_parse(out, (size_t)length, &again, why, sizeof(why)) == 0);
    MUST(strcmp(again.ufrag, local.ufrag) == 0 && strcmp(again.pwd, local.pwd) == 0);
    MUST(strcmp(again.mid, remote->mid) == 0 && again.bundle == remote->bundle);
    MUST(again.pcma == remote->pcma && again.pcmu == remote->pcmu);
    MUST(again.telephone_event == remote->telephone_event);
    MUST(line_remote_same_session(remote, remote) && line_remote_same_credentials(remote, remote));
    (void)line_remote_same_session(remote, &again);
    (void)line_remote_same_credentials(remote, &again);
    MUST(line_answer_print(remote, &answer, small, sizeof(small)) < 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct line_remote remote;
    char why[100] = "";

    if (line_offer_parse((const char *)data, size, &remote, why, sizeof(why)) != 0) {
        MUST(why[0] && strnlen(why, sizeof(why)) < sizeof(why));
        return 0;
    }
    check(&remote);
    answer(&remote, "192.0.2.1");
    answer(&remote, "2001:db8::1");
    return 0;
}
