/* Session descriptions on sofia's parser and printer, reduced to one G.711 stream. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <sofia-sip/sdp.h>
#include <sofia-sip/su_alloc.h>

#include <hotlined/sdp.h>
#include <hotlined/text.h>

enum { SDP_MAX_BYTES = 16 * 1024, DEFAULT_PTIME_MS = 20, DYNAMIC_FIRST = 96 };

/* --- reading ------------------------------------------------------------------------------- */

static bool is_codec(const sdp_rtpmap_t *map, unsigned payload, const char *name)
{
    return map->rm_pt == payload && map->rm_encoding && strcasecmp(map->rm_encoding, name) == 0 &&
           map->rm_rate == 8000;
}

/* G.711 keeps its static numbers; telephone-event is known by name under any dynamic one. */
static void read_codecs(const sdp_media_t *media, struct sdp_audio *audio)
{
    audio->telephone_event = -1;
    for (const sdp_rtpmap_t *map = media->m_rtpmaps; map; map = map->rm_next) {
        bool pcma = is_codec(map, SDP_PT_PCMA, "PCMA");
        bool pcmu = is_codec(map, SDP_PT_PCMU, "PCMU");

        if ((pcma || pcmu) && !audio->pcma && !audio->pcmu)
            audio->first_codec = pcma ? SDP_PT_PCMA : SDP_PT_PCMU;
        audio->pcma |= pcma;
        audio->pcmu |= pcmu;
        if (audio->telephone_event < 0 && map->rm_pt >= DYNAMIC_FIRST &&
            is_codec(map, map->rm_pt, "telephone-event"))
            audio->telephone_event = (int)map->rm_pt;
    }
}

static int attribute_number(const sdp_media_t *media, const char *name, int min, int max,
                            int otherwise)
{
    const sdp_attribute_t *attribute = sdp_attribute_find(media->m_attributes, name);
    char *end;
    long value;

    if (!attribute || !attribute->a_value)
        return otherwise;
    errno = 0;
    value = strtol(attribute->a_value, &end, 10); /* a=rtcp:5005 IN IP4 ... has a tail */
    if (errno || end == attribute->a_value || (*end && *end != ' ') || value < min || value > max)
        return otherwise;
    return (int)value;
}

static enum sdp_direction direction_of(const sdp_media_t *media)
{
    switch (media->m_mode) {
    case sdp_sendonly:
        return SDP_SENDONLY;
    case sdp_recvonly:
        return SDP_RECVONLY;
    case sdp_inactive:
        return SDP_INACTIVE;
    default:
        return SDP_SENDRECV;
    }
}

static int read_media(const sdp_session_t *session, const sdp_media_t *media,
                      struct sdp_audio *audio)
{
    const sdp_connection_t *connection =
        media->m_connections ? media->m_connections : session->sdp_connection;

    if (!connection || !connection->c_address ||
        (connection->c_addrtype != sdp_addr_ip4 && connection->c_addrtype != sdp_addr_ip6) ||
        !text_copy(audio->address, sizeof(audio->address), connection->c_address) ||
        media->m_port > UINT16_MAX)
        return -EINVAL;
    audio->port = (uint16_t)media->m_port;
    audio->rtcp_port =
        (uint16_t)attribute_number(media, "rtcp", 1, UINT16_MAX,
                                   audio->port && audio->port < UINT16_MAX ? audio->port + 1 : 0);
    audio->direction = direction_of(media);
    audio->ptime_ms = attribute_number(media, "ptime", 10, 200, DEFAULT_PTIME_MS);
    return 0;
}

/* Whatever line it is, the answer must name its kind again (RFC 3264 6): false for words of a
 * length that nobody uses and a shortened one would not be the same. */
static bool remember_line(const sdp_media_t *media, struct sdp_line *line)
{
    const char *kind = media->m_type_name ? media->m_type_name : "audio";
    const char *proto = media->m_proto_name ? media->m_proto_name : "RTP/AVP";
    const char *format = media->m_format && media->m_format->l_text ? media->m_format->l_text : "0";
    char number[4];

    if (media->m_rtpmaps) {
        snprintf(number, sizeof(number), "%u", (unsigned)media->m_rtpmaps->rm_pt);
        format = number;
    }
    return text_copy(line->kind, sizeof(line->kind), kind) &&
           text_copy(line->proto, sizeof(line->proto), proto) &&
           text_copy(line->format, sizeof(line->format), format);
}

static bool is_plain_audio(const sdp_media_t *media)
{
    return media->m_type == sdp_media_audio && media->m_proto == sdp_proto_rtp;
}

/* Ours is the first open audio line with a codec we speak, else the first such line of port 0. */
static const sdp_media_t *choose_line(const sdp_session_t *session, struct sdp_audio *audio)
{
    const sdp_media_t *chosen = NULL;

    for (const sdp_media_t *media = session->sdp_media; media; media = media->m_next) {
        struct sdp_audio codecs = {0};
        int index = (int)audio->media_lines++;

        if (audio->media_lines > SDP_MAX_LINES || !remember_line(media, &audio->lines[index]))
            return NULL;
        if (!is_plain_audio(media) || (chosen && (chosen->m_port || !media->m_port)))
            continue;
        read_codecs(media, &codecs);
        if (!codecs.pcma && !codecs.pcmu)
            continue;
        chosen = media;
        audio->audio_index = index;
    }
    return chosen;
}

static int read_session(const sdp_session_t *session, struct sdp_audio *audio)
{
    const sdp_media_t *media;

    if (!session || session->sdp_version[0] != 0)
        return -EINVAL;
    media = choose_line(session, audio);
    if (!media)
        return -ENOTSUP;
    read_codecs(media, audio);
    return read_media(session, media, audio);
}

/* --- what sofia must not see ---------------------------------------------------------------- */

#define TOKEN_CHARS                                                                                \
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ%!#$&'*+-.^_`{|}~"

#define DIGITS "0123456789"

/* 4000 or 4000/2: sofia would take what stands behind the digits for the protocol. */
static bool is_clean_port(const char *word)
{
    size_t digits = strspn(word, DIGITS);

    if (word[digits] != '/')
        return digits > 0 && !word[digits];
    return digits > 0 && word[digits + 1] && !word[digits + 1 + strspn(word + digits + 1, DIGITS)];
}

/* RTP/AVP: tokens with one slash between them (RFC 8866 9). What begins with a slash, sofia would
 * take for the port's number of ports, and could not read our answer again. */
static bool is_clean_proto(const char *word)
{
    for (;; word++) {
        size_t token = strspn(word, TOKEN_CHARS);

        word += token;
        if (token == 0 || (*word && *word != '/'))
            return false;
        if (!*word)
            return true;
    }
}

static bool is_clean_word(size_t place, const char *word)
{
    enum { PORT = 1, PROTO = 2 };

    if (place == PORT)
        return is_clean_port(word);
    if (place == PROTO)
        return is_clean_proto(word);
    return !word[strspn(word, TOKEN_CHARS)];
}

/* "audio 4000 RTP/AVP 8 0": words of token characters, one blank or more between them. */
static bool is_clean_media(const char *line, size_t length)
{
    char copy[512];
    size_t words = 0;
    char *save = NULL;

    if (length >= sizeof(copy))
        return false;
    memcpy(copy, line, length);
    copy[length] = 0;
    for (char *word = strtok_r(copy, " \t", &save); word; word = strtok_r(NULL, " \t", &save)) {
        if (!is_clean_word(words, word))
            return false;
        words++;
    }
    return words >= 4;
}

/* sofia 1.12.11 takes memory for ever on an m= line whose formats hold a character that no token
 * may have (found by damaging descriptions at random): one INVITE would end the process. Such
 * lines, and control characters anywhere, are refused before it sees them. */
static bool is_clean(const char *body, size_t length)
{
    const char *end = body + length;

    while (body < end) {
        size_t size = 0;

        while (body + size < end && body[size] != '\r' && body[size] != '\n') {
            unsigned char c = (unsigned char)body[size++];

            if ((c < ' ' && c != '\t') || c == 127)
                return false;
        }
        size_t blanks = 0; /* sofia skips them before a line's letter */
        while (blanks < size && (body[blanks] == ' ' || body[blanks] == '\t'))
            blanks++;
        if (size - blanks >= 2 && body[blanks] == 'm' && body[blanks + 1] == '=' &&
            !is_clean_media(body + blanks + 2, size - blanks - 2))
            return false;
        body += size + (body + size < end);
    }
    return true;
}

int sdp_audio_parse(const char *body, size_t length, struct sdp_audio *ret_audio)
{
    struct sdp_audio audio = {.telephone_event = -1};
    su_home_t home[1] = {SU_HOME_INIT(home)};
    sdp_parser_t *parser;
    int err;

    if (!body || length == 0 || length > SDP_MAX_BYTES || !is_clean(body, length))
        return -EINVAL;
    su_home_init(home);
    /* The sanity check is ours: it would refuse descriptions without s= or t=, which gateways
     * do send, and accept a missing address. */
    parser = sdp_parse(home, body, (issize_t)length, sdp_f_insane | sdp_f_c_missing);
    err = read_session(sdp_session(parser), &audio);
    sdp_parser_free(parser);
    su_home_deinit(home);
    if (!err)
        *ret_audio = audio;
    return err;
}

/* --- writing ------------------------------------------------------------------------------- */

/* Everything one description points to, so that nothing has to be allocated. */
struct draft {
    sdp_connection_t connection;
    sdp_origin_t origin;
    sdp_time_t time;
    sdp_session_t session;
    sdp_media_t media[SDP_MAX_LINES];
    sdp_list_t refused[SDP_MAX_LINES];
    sdp_rtpmap_t maps[3];
    sdp_attribute_t ptime;
};

static sdp_rtpmap_t *add_map(sdp_rtpmap_t **tail, sdp_rtpmap_t *map, unsigned payload,
                             const char *encoding)
{
    map->rm_size = sizeof(*map);
    map->rm_encoding = encoding;
    map->rm_rate = 8000;
    map->rm_pt = payload & 0x7F;
    *tail = map;
    return map;
}

static void draft_codecs(struct draft *draft, const struct sdp_local *local, sdp_media_t *media)
{
    static const char *const names[] = {[SDP_PT_PCMU] = "PCMU", [SDP_PT_PCMA] = "PCMA"};
    unsigned first = local->codec == SDP_PT_PCMU ? SDP_PT_PCMU : SDP_PT_PCMA;
    unsigned other = first == SDP_PT_PCMU ? SDP_PT_PCMA : SDP_PT_PCMU;
    sdp_rtpmap_t *last = add_map(&media->m_rtpmaps, &draft->maps[0], first, names[first]);

    if (local->both_codecs)
        last = add_map(&last->rm_next, &draft->maps[1], other, names[other]);
    if (local->telephone_event >= 0) {
        last = add_map(&last->rm_next, &draft->maps[2], (unsigned)local->telephone_event,
                       "telephone-event");
        last->rm_fmtp = "0-15";
    }
}

static unsigned mode_of(enum sdp_direction direction)
{
    static const unsigned modes[] = {[SDP_SENDRECV] = sdp_sendrecv,
                                     [SDP_SENDONLY] = sdp_sendonly,
                                     [SDP_RECVONLY] = sdp_recvonly,
                                     [SDP_INACTIVE] = sdp_inactive};
    return modes[direction];
}

static void draft_audio(struct draft *draft, const struct sdp_local *local, sdp_media_t *media)
{
    media->m_type = sdp_media_audio;
    media->m_type_name = "audio";
    media->m_proto = sdp_proto_rtp;
    media->m_proto_name = "RTP/AVP";
    media->m_port = local->port;
    media->m_mode = mode_of(local->direction);
    draft_codecs(draft, local, media);
    draft->ptime =
        (sdp_attribute_t){.a_size = sizeof(draft->ptime), .a_name = "ptime", .a_value = "20"};
    media->m_attributes = &draft->ptime;
}

/* A line we do not take: the same kind, port 0. The mode of a refused line says nothing, sendrecv
 * keeps it from being printed. */
static void draft_refusal(const struct sdp_line *line, sdp_list_t *format, sdp_media_t *media)
{
    media->m_type = sdp_media_x;
    media->m_type_name = line->kind;
    media->m_proto = sdp_proto_x;
    media->m_proto_name = line->proto;
    media->m_mode = sdp_sendrecv;
    format->l_size = sizeof(*format);
    format->l_text = line->format;
    media->m_format = format;
}

static void draft_session(struct draft *draft, const struct sdp_local *local)
{
    draft->connection = (sdp_connection_t){
        .c_size = sizeof(draft->connection),
        .c_nettype = sdp_net_in,
        .c_addrtype = strchr(local->address, ':') ? sdp_addr_ip6 : sdp_addr_ip4,
        .c_address = local->address,
    };
    draft->origin = (sdp_origin_t){
        .o_size = sizeof(draft->origin),
        .o_username = "hotlined",
        .o_id = local->session_id,
        .o_version = local->version,
        .o_address = &draft->connection,
    };
    draft->time.t_size = sizeof(draft->time);
    draft->session.sdp_size = sizeof(draft->session);
    draft->session.sdp_origin = &draft->origin;
    draft->session.sdp_subject = "-";
    draft->session.sdp_connection = &draft->connection;
    draft->session.sdp_time = &draft->time;
    draft->session.sdp_media = &draft->media[0];
}

static int print_draft(const struct draft *draft, char *out, size_t size)
{
    su_home_t home[1] = {SU_HOME_INIT(home)};
    char body[4096];
    sdp_printer_t *printer;
    int length = -ENOSPC;

    su_home_init(home);
    printer = sdp_print(home, &draft->session, body, sizeof(body), 0);
    if (sdp_message(printer) && (size_t)sdp_message_size(printer) < size) {
        length = (int)sdp_message_size(printer);
        memcpy(out, sdp_message(printer), (size_t)length);
        out[length] = 0;
    }
    sdp_printer_free(printer);
    su_home_deinit(home);
    return length;
}

int sdp_audio_print(const struct sdp_local *local, const struct sdp_audio *offer, char *out,
                    size_t size)
{
    struct draft draft = {0};
    unsigned lines = offer && offer->media_lines ? offer->media_lines : 1;
    unsigned ours = offer ? (unsigned)offer->audio_index : 0;

    if (lines > SDP_MAX_LINES || ours >= lines || local->telephone_event > 127)
        return -ENOSPC;
    draft_session(&draft, local);
    for (unsigned i = 0; i < lines; i++) {
        sdp_media_t *media = &draft.media[i];

        media->m_size = sizeof(*media);
        media->m_session = &draft.session;
        media->m_next = i + 1 < lines ? media + 1 : NULL;
        if (i == ours)
            draft_audio(&draft, local, media);
        else
            draft_refusal(&offer->lines[i], &draft.refused[i], media);
    }
    return print_draft(&draft, out, size);
}
