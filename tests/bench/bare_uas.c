/* The bare library as a baseline: a user agent server on sofia-sip's nua with its media off, as the
 * daemon uses it, and nothing else. Every INVITE is answered at once, every BYE ends its dialog.
 *   bare_uas HOST:PORT     runs until SIGTERM */
#include <stdio.h>
#include <stdlib.h>

#include <sofia-sip/nua.h>
#include <sofia-sip/sip_status.h>
#include <sofia-sip/su.h>
#include <sofia-sip/su_log.h>
#include <sofia-sip/tport_tag.h>

static const char sdp[] = "v=0\r\no=bare 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\n"
                          "t=0 0\r\nm=audio 9 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n";

static void on_event(nua_event_t event, int status, char const *phrase, nua_t *nua,
                     nua_magic_t *magic, nua_handle_t *nh, nua_hmagic_t *hmagic, sip_t const *sip,
                     tagi_t tags[])
{
    int state = nua_callstate_init;

    (void)status, (void)phrase, (void)nua, (void)magic, (void)hmagic, (void)sip;
    if (event == nua_i_invite) {
        nua_respond(nh, SIP_200_OK, SIPTAG_CONTENT_TYPE_STR("application/sdp"),
                    SIPTAG_PAYLOAD_STR(sdp), TAG_END());
    } else if (event == nua_i_state) {
        tl_gets(tags, NUTAG_CALLSTATE_REF(state), TAG_END());
        if (state == nua_callstate_terminated)
            nua_handle_destroy(nh);
    }
}

int main(int argc, char **argv)
{
    su_root_t *root;
    nua_t *nua;
    char url[128];

    if (argc != 2 || su_init())
        return 2;
    su_log_set_level(su_log_default, 0);
    root = su_root_create(NULL);
    su_root_threading(root, 0);
    snprintf(url, sizeof(url), "sip:%s", argv[1]);
    nua = nua_create(root, on_event, NULL, NUTAG_URL(url), NUTAG_MEDIA_ENABLE(0),
                     NUTAG_AUTOALERT(0), NUTAG_AUTOANSWER(0), NUTAG_SESSION_TIMER(0),
                     TPTAG_UDP_RMEM(4 * 1024 * 1024), TAG_END());
    if (!nua) {
        fprintf(stderr, "bare_uas: cannot listen on %s\n", argv[1]);
        return 1;
    }
    printf("ready\n");
    fflush(stdout);
    su_root_run(root); /* ended by a signal */
    return 0;
}
