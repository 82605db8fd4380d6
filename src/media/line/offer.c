/* A browser's offer read, and our answer written (RFC 8829, 8839, 8842).
 *
 * Written by hand rather than on sofia's parser: half of what matters are attributes sofia
 * passes through as text, and the input is one m-line that we either serve or refuse. */
#include "media/line/line.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <hotlined/text.h>

#define OFFER_MAX   16384
#define FORMATS_MAX 32

/* A piece of the offer; not terminated. */
struct span {
    const char *at;
    size_t length;
};

struct offer {
    struct line_remote remote;
    bool in_audio;
    bool rtcp_mux, has_setup, setup_passive, has_fingerprint;
    int media_lines;
    struct span bundle;
    uint8_t formats[FORMATS_MAX]; /* payload types of the m-line, in its order */
    unsigned format_count;
    const char *why; /* first reason to refuse */
};

static void refuse(struct offer *offer, const char *why)
{
    if (offer->why == NULL)
        offer->why = why;
}

static bool span_is(struct span span, const char *text)
{
    return span.length == strlen(text) && memcmp(span.at, text, span.length) == 0;
}

/* Does the line begin with prefix? Then *ret_rest is what follows. */
static bool after(struct span line, const char *prefix, struct span *ret_rest)
{
    size_t size = strlen(prefix);

    if (line.length < size || memcmp(line.at, prefix, size) != 0)
        return false;
    *ret_rest = (struct span){line.at + size, line.length - size};
    return true;
}

/* Cuts the next word off rest; empty at the end. */
static struct span next_word(struct span *rest)
{
    struct span word;
    size_t i = 0;

    while (i < rest->length && rest->at[i] == ' ')
        i++;
    word.at = rest->at + i;
    word.length = 0;
    while (i + word.length < rest->length && word.at[word.length] != ' ')
        word.length++;
    rest->at = word.at + word.length;
    rest->length -= i + word.length;
    return word;
}

/* A decimal number up to max, the whole span; -1 otherwise. */
static int span_number(struct span span, int max)
{
    int value = 0;

    if (span.length == 0 || span.length > 6)
        return -1;
    for (size_t i = 0; i < span.length; i++) {
        if (!isdigit((unsigned char)span.at[i]))
            return -1;
        value = value * 10 + (span.at[i] - '0');
    }
    return value <= max ? value : -1;
}

static bool span_copy(struct span span, char *out, size_t size)
{
    if (span.length >= size)
        return false;
    memcpy(out, span.at, span.length);
    out[span.length] = '\0';
    return true;
}

/* ALPHA / DIGIT / "+" / "/" (RFC 8839 5.4). */
static bool is_ice_text(struct span span, size_t min, size_t max)
{
    if (span.length < min || span.length > max)
        return false;
    for (size_t i = 0; i < span.length; i++) {
        unsigned char c = (unsigned char)span.at[i];
        if (!isalnum(c) && c != '+' && c != '/')
            return false;
    }
    return true;
}

/* SDP token characters (RFC 8866 9), as a mid must be. */
static bool is_token(struct span span)
{
    for (size_t i = 0; i < span.length; i++) {
        unsigned char c = (unsigned char)span.at[i];
        if (!isalnum(c) && strchr("!#$%&'*+-.^_`{|}~", c) == NULL)
            return false;
    }
    return span.length > 0;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void take_fingerprint(struct offer *offer, struct span rest)
{
    struct span algorithm = next_word(&rest);
    struct span hex = next_word(&rest);

    if (offer->has_fingerprint || algorithm.length != 7 ||
        strncasecmp(algorithm.at, "sha-256", 7) != 0)
        return; /* others may stand beside it (RFC 8122 5) */
    if (hex.length != 32 * 3 - 1) {
        refuse(offer, "浏览器证书指纹格式不正确");
        return;
    }
    for (size_t i = 0; i < 32; i++) {
        int high = hex_digit(hex.at[i * 3]);
        int low = hex_digit(hex.at[i * 3 + 1]);
        if (high < 0 || low < 0 || (i < 31 && hex.at[i * 3 + 2] != ':')) {
            refuse(offer, "浏览器证书指纹格式不正确");
            return;
        }
        offer->remote.fingerprint[i] = (uint8_t)(high << 4 | low);
    }
    offer->has_fingerprint = true;
}

static void take_setup(struct offer *offer, struct span value)
{
    offer->has_setup = true;
    offer->setup_passive = false;
    if (span_is(value, "actpass"))
        offer->remote.setup = LINE_SETUP_ACTPASS;
    else if (span_is(value, "active"))
        offer->remote.setup = LINE_SETUP_ACTIVE;
    else
        offer->setup_passive = true;
}

/* a=rtpmap:126 telephone-event/8000 */
static void take_rtpmap(struct offer *offer, struct span rest)
{
    int type = span_number(next_word(&rest), 127);
    struct span name = next_word(&rest);
    bool listed = false;

    for (unsigned i = 0; i < offer->format_count; i++)
        listed = listed || offer->formats[i] == type;
    if (type < 0 || !listed)
        return;
    if (offer->remote.telephone_event < 0 && name.length == 20 &&
        strncasecmp(name.at, "telephone-event/8000", 20) == 0)
        offer->remote.telephone_event = type;
}

static void take_media(struct offer *offer, struct span rest)
{
    struct span kind = next_word(&rest);
    int port = span_number(next_word(&rest), 65535);
    struct span proto = next_word(&rest);

    offer->media_lines++;
    offer->in_audio = offer->media_lines == 1 && span_is(kind, "audio");
    if (!offer->in_audio) {
        refuse(offer, "线路只接受一路音频，不接受视频、数据或第二路音频");
        return;
    }
    if (port <= 0)
        refuse(offer, "浏览器没有提供音频端口");
    if (!span_is(proto, "UDP/TLS/RTP/SAVPF") && !span_is(proto, "TCP/TLS/RTP/SAVPF") &&
        !span_is(proto, "RTP/SAVPF"))
        refuse(offer, "浏览器没有使用加密的音频传输（SAVPF）");
    else
        (void)span_copy(proto, offer->remote.proto, sizeof(offer->remote.proto));
    for (struct span word = next_word(&rest); word.length > 0; word = next_word(&rest)) {
        int type = span_number(word, 127);
        if (type < 0) {
            refuse(offer, "音频编码列表格式不正确");
        } else if (offer->format_count < FORMATS_MAX) {
            offer->formats[offer->format_count++] = (uint8_t)type;
            offer->remote.pcma = offer->remote.pcma || type == SDP_PT_PCMA;
            offer->remote.pcmu = offer->remote.pcmu || type == SDP_PT_PCMU;
        }
    }
}

static bool take_direction(struct offer *offer, struct span line)
{
    if (span_is(line, "a=sendrecv"))
        offer->remote.direction = SDP_SENDRECV;
    else if (span_is(line, "a=sendonly"))
        offer->remote.direction = SDP_SENDONLY;
    else if (span_is(line, "a=recvonly"))
        offer->remote.direction = SDP_RECVONLY;
    else if (span_is(line, "a=inactive"))
        offer->remote.direction = SDP_INACTIVE;
    else
        return false;
    return true;
}

static void take_line(struct offer *offer, struct span line)
{
    struct span rest;

    if (after(line, "m=", &rest)) {
        take_media(offer, rest);
    } else if (after(line, "a=ice-ufrag:", &rest)) {
        if (!is_ice_text(rest, 4, 256) ||
            !span_copy(rest, offer->remote.ufrag, sizeof(offer->remote.ufrag)))
            refuse(offer, "ICE 用户名格式不正确");
    } else if (after(line, "a=ice-pwd:", &rest)) {
        if (!is_ice_text(rest, 22, 256) ||
            !span_copy(rest, offer->remote.pwd, sizeof(offer->remote.pwd)))
            refuse(offer, "ICE 密码格式不正确");
    } else if (after(line, "a=fingerprint:", &rest)) {
        take_fingerprint(offer, rest);
    } else if (after(line, "a=setup:", &rest)) {
        take_setup(offer, rest);
    } else if (after(line, "a=mid:", &rest)) {
        if (!is_token(rest) || !span_copy(rest, offer->remote.mid, sizeof(offer->remote.mid)))
            refuse(offer, "媒体标识（mid）格式不正确");
    } else if (after(line, "a=group:BUNDLE", &rest)) {
        offer->bundle = rest;
    } else if (after(line, "a=rtpmap:", &rest)) {
        take_rtpmap(offer, rest);
    } else if (span_is(line, "a=rtcp-mux")) {
        offer->rtcp_mux = true;
    } else {
        (void)take_direction(offer, line);
    }
}

/* What must be there once all lines are read. */
static void check_whole(struct offer *offer)
{
    const struct line_remote *remote = &offer->remote;

    if (offer->media_lines == 0)
        refuse(offer, "浏览器的会话描述里没有音频");
    if (remote->ufrag[0] == '\0' || remote->pwd[0] == '\0')
        refuse(offer, "会话描述缺少 ICE 用户名或密码");
    if (!offer->has_fingerprint)
        refuse(offer, "会话描述缺少 SHA-256 证书指纹");
    if (!offer->has_setup || offer->setup_passive)
        refuse(offer, "浏览器必须作为 DTLS 的主动方（setup 应为 actpass 或 active）");
    if (!offer->rtcp_mux)
        refuse(offer, "浏览器必须支持 RTCP 复用（rtcp-mux）");
    if (!remote->pcma && !remote->pcmu)
        refuse(offer, "浏览器没有提供 G.711（PCMA 或 PCMU）编码");
}

static bool bundle_has(struct span group, const char *mid)
{
    for (struct span word = next_word(&group); word.length > 0; word = next_word(&group)) {
        if (span_is(word, mid))
            return true;
    }
    return false;
}

int line_offer_parse(const char *text, size_t length, struct line_remote *ret_remote, char *why,
                     size_t why_size)
{
    struct offer offer = {.remote = {.telephone_event = -1}, .bundle = {"", 0}};
    const char *end = text + length;

    if (length > OFFER_MAX || memchr(text, '\0', length) != NULL || length < 3 ||
        memcmp(text, "v=0", 3) != 0)
        refuse(&offer, "不是有效的会话描述（SDP）");
    for (const char *at = text; offer.why == NULL && at < end;) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *stop = newline != NULL ? newline : end;
        struct span line = {at, (size_t)(stop - at)};

        if (line.length > 0 && line.at[line.length - 1] == '\r')
            line.length--;
        take_line(&offer, line);
        at = stop < end ? stop + 1 : end;
    }
    check_whole(&offer);
    if (offer.why != NULL) {
        (void)text_copy(why, why_size, offer.why);
        return -EINVAL;
    }
    offer.remote.bundle = offer.remote.mid[0] != '\0' && bundle_has(offer.bundle, offer.remote.mid);
    *ret_remote = offer.remote;
    return 0;
}

bool line_remote_same_session(const struct line_remote *a, const struct line_remote *b)
{
    return memcmp(a->fingerprint, b->fingerprint, sizeof(a->fingerprint)) == 0 &&
           strcmp(a->mid, b->mid) == 0;
}

bool line_remote_same_credentials(const struct line_remote *a, const struct line_remote *b)
{
    return strcmp(a->ufrag, b->ufrag) == 0 && strcmp(a->pwd, b->pwd) == 0;
}

/* --- the answer ---------------------------------------------------------------------------- */

/* Text that grows in a fixed buffer; overflow is seen at the end. */
struct page {
    char *out;
    size_t size;
    size_t length;
};

static void __attribute__((format(printf, 2, 3))) put(struct page *page, const char *format, ...)
{
    size_t room = page->length < page->size ? page->size - page->length : 0;
    va_list ap;
    int n;

    va_start(ap, format);
    n = vsnprintf(room > 0 ? page->out + page->length : NULL, room, format, ap);
    va_end(ap);
    page->length += n > 0 ? (size_t)n : 0;
}

static const char *answer_direction(enum sdp_direction offered)
{
    switch (offered) {
    case SDP_SENDONLY:
        return "recvonly";
    case SDP_RECVONLY:
        return "sendonly";
    case SDP_INACTIVE:
        return "inactive";
    case SDP_SENDRECV:
        break;
    }
    return "sendrecv";
}

static void put_codecs(struct page *page, const struct line_remote *remote)
{
    if (remote->pcma)
        put(page, "a=rtpmap:8 PCMA/8000\r\n");
    if (remote->pcmu)
        put(page, "a=rtpmap:0 PCMU/8000\r\n");
    if (remote->telephone_event >= 0)
        put(page, "a=rtpmap:%d telephone-event/8000\r\na=fmtp:%d 0-15\r\n", remote->telephone_event,
            remote->telephone_event);
    put(page, "a=ptime:20\r\n");
}

static void put_session(struct page *page, const struct line_remote *remote,
                        const struct line_answer *answer)
{
    put(page, "v=0\r\no=- %llu %llu IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n",
        (unsigned long long)answer->session_id, (unsigned long long)answer->version);
    put(page, "a=ice-lite\r\n");
    if (remote->bundle)
        put(page, "a=group:BUNDLE %s\r\n", remote->mid);
    put(page, "a=msid-semantic: WMS *\r\n");
}

static void put_transport(struct page *page, const struct line_answer *answer)
{
    put(page, "a=ice-ufrag:%s\r\na=ice-pwd:%s\r\n", answer->local->ufrag, answer->local->pwd);
    put(page, "a=fingerprint:sha-256 %s\r\na=setup:passive\r\na=rtcp-mux\r\n", answer->fingerprint);
    /* Priorities of RFC 8445 5.1.2.1 and RFC 6544 4.2: UDP before TCP. */
    put(page, "a=candidate:1 1 udp 2130706431 %s %u typ host\r\n", answer->address, answer->port);
    put(page, "a=candidate:2 1 tcp 1671430143 %s %u typ host tcptype passive\r\n", answer->address,
        answer->port);
    put(page, "a=end-of-candidates\r\n");
}

int line_answer_print(const struct line_remote *remote, const struct line_answer *answer, char *out,
                      size_t size)
{
    struct page page = {out, size, 0};
    bool v6 = strchr(answer->address, ':') != NULL;

    put_session(&page, remote, answer);
    put(&page, "m=audio %u %s", answer->port, remote->proto);
    if (remote->pcma)
        put(&page, " 8");
    if (remote->pcmu)
        put(&page, " 0");
    if (remote->telephone_event >= 0)
        put(&page, " %d", remote->telephone_event);
    put(&page, "\r\nc=IN %s %s\r\na=rtcp:%u IN %s %s\r\n", v6 ? "IP6" : "IP4", answer->address,
        answer->port, v6 ? "IP6" : "IP4", answer->address);
    if (remote->mid[0] != '\0')
        put(&page, "a=mid:%s\r\n", remote->mid);
    put(&page, "a=%s\r\na=msid:hotlined audio\r\n", answer_direction(remote->direction));
    put_codecs(&page, remote);
    put_transport(&page, answer);
    return page.length < page.size ? (int)page.length : -ENOSPC;
}
