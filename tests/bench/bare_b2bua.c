/* The bare library as a baseline of a queue call: a back-to-back user agent on sofia-sip's nua with
 * its media off and nothing else (no media, no queue, no records). A caller is answered at once, as
 * a queue does, then the agents' address is called; a BYE of either side ends the other.
 *   bare_b2bua HOST:PORT AGENTS_HOST:PORT     runs until SIGTERM */
#include <stdio.h>
#include <stdlib.h>

#define NUA_HMAGIC_T struct side
#include <sofia-sip/nua.h>
#include <sofia-sip/sip_status.h>
#include <sofia-sip/su.h>
#include <sofia-sip/su_log.h>
#include <sofia-sip/tport_tag.h>

struct side {
    nua_handle_t *handle;
    struct side *other; /* the call's other side, NULL once that has ended */
};

static const char sdp[] = "v=0\r\no=bare 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\n"
                          "t=0 0\r\nm=audio 9 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\na=inactive\r\n";
static char agents_url[128], own_url[128];

static struct side *new_side(nua_handle_t *nh)
{
    struct side *side = calloc(1, sizeof(*side));

    if (!side)
        abort();
    side->handle = nh;
    nua_handle_bind(nh, side);
    return side;
}

static void call_agent(nua_t *nua, struct side *caller)
{
    nua_handle_t *nh = nua_handle(nua, NULL, NUTAG_URL(agents_url), SIPTAG_TO_STR(agents_url),
                                  SIPTAG_FROM_STR(own_url), TAG_END());
    struct side *agent = new_side(nh);

    agent->other = caller;
    caller->other = agent;
    nua_invite(nh, SIPTAG_CONTENT_TYPE_STR("application/sdp"), SIPTAG_PAYLOAD_STR(sdp), TAG_END());
}

static void side_ended(struct side *side)
{
    if (side->other) {
        side->other->other = NULL;
        nua_bye(side->other->handle, TAG_END());
    }
    nua_handle_destroy(side->handle);
    free(side);
}

static void on_event(nua_event_t event, int status, char const *phrase, nua_t *nua,
                     nua_magic_t *magic, nua_handle_t *nh, struct side *side, sip_t const *sip,
                     tagi_t tags[])
{
    int state = nua_callstate_init;

    (void)status, (void)phrase, (void)magic, (void)sip;
    if (event == nua_i_invite && !side) {
        side = new_side(nh);
        nua_respond(nh, SIP_200_OK, SIPTAG_CONTENT_TYPE_STR("application/sdp"),
                    SIPTAG_PAYLOAD_STR(sdp), TAG_END());
        call_agent(nua, side);
    } else if (event == nua_i_state && side) {
        tl_gets(tags, NUTAG_CALLSTATE_REF(state), TAG_END());
        if (state == nua_callstate_terminated)
            side_ended(side);
    }
}

int main(int argc, char **argv)
{
    su_root_t *root;
    nua_t *nua;

    if (argc != 3 || su_init())
        return 2;
    su_log_set_level(su_log_default, 0);
    root = su_root_create(NULL);
    su_root_threading(root, 0);
    snprintf(own_url, sizeof(own_url), "sip:%s", argv[1]);
    snprintf(agents_url, sizeof(agents_url), "sip:agent@%s", argv[2]);
    nua = nua_create(root, on_event, NULL, NUTAG_URL(own_url), NUTAG_MEDIA_ENABLE(0),
                     NUTAG_AUTOALERT(0), NUTAG_AUTOANSWER(0), NUTAG_AUTOACK(1),
                     NUTAG_SESSION_TIMER(0), TPTAG_UDP_RMEM(4 * 1024 * 1024), TAG_END());
    if (!nua) {
        fprintf(stderr, "bare_b2bua: cannot listen on %s\n", own_url);
        return 1;
    }
    printf("ready\n");
    fflush(stdout);
    su_root_run(root); /* ended by a signal */
    return 0;
}
