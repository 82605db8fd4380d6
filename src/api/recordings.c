/* Recordings: played to a browser while they are decoded, and drawn.
 *
 * ask the database for the file -> open it -> audio: sent in small reads as the browser takes it;
 *                                             waveform: read through once on a worker */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/looks.h"
#include <hotlined/recorded.h>

#define LISTENED 256 /* who listened to what, remembered */

/* Whose file: recordings of talks, messages, whose ids are those of their recordings, or what
 * belongs to a ticket: whoever has that hears it, if he may hear recordings at all. */
struct kind {
    enum store_statement statement;
    enum permission permission;
    const char *missing;
    bool of_ticket; /* the path's id is the ticket's */
};
static const struct kind talks = {STMT_RECORDING_GET, PERM_RECORDING_PLAY,
                                  "没有这段录音，或您无权收听"};
static const struct kind copies = {STMT_RECORDING_GET, PERM_RECORDING_DOWNLOAD,
                                   "没有这段录音，或您无权下载"};
static const struct kind of_tickets = {STMT_TICKET_RECORDING, PERM_TICKET_READ,
                                       "没有这段录音，或您无权收听", .of_ticket = true};
static const struct kind messages = {STMT_VOICEMAIL_RECORDING, PERM_VOICEMAIL_READ,
                                     "没有这条留言，或您无权收听"};

struct play { /* from the question to the last byte */
    const struct kind *kind;
    struct uuid id, ticket;
    enum recorded_side side;
    const char *side_name;
    struct recorded recorded;
    struct recorded_waveform waveform;
    int error; /* of the waveform */
};

static void free_play(void *arg)
{
    struct play *play = arg;

    recorded_close(&play->recorded);
    free(play);
}

/* Of the path's recording; NULL = answered. */
static struct play *new_play(struct http_request *request, const struct kind *kind)
{
    struct play *play;
    struct uuid id, ticket = {0};

    if (kind->of_ticket && !api_path_uuid(request, "id", &ticket))
        return NULL;
    if (!api_path_uuid(request, kind->of_ticket ? "recording_id" : "id", &id))
        return NULL;
    play = calloc(1, sizeof(*play));
    if (!play) {
        api_unavailable(request);
        return NULL;
    }
    play->kind = kind;
    play->id = id;
    play->ticket = ticket;
    play->recorded.fd = -1;
    return play;
}

/* --- the file ------------------------------------------------------------------------------- */

static void audit(struct api *api, const struct api_person *person, const char *action,
                  const struct play *play, const char *detail)
{
    char id[UUID_TEXT_SIZE];

    api_audit(api, person, action, "recording", uuid_text(&play->id, id), detail);
}

static void answer_unreadable(struct http_request *request, const struct play *play, int error,
                              const char *path)
{
    char id[UUID_TEXT_SIZE];

    log_error("recording", "unreadable", "recording=%s path=%s errno=%d", uuid_text(&play->id, id),
              log_safe(path), -error);
    if (error == -ENOENT || error == -EPERM || error == -EISDIR)
        http_problem(request, 404, "recording.file_missing",
                     "录音文件已不在磁盘上，可能已按保存期限清理；如需找回请联系系统管理员", NULL);
    else
        http_problem(request, 503, "recording.unreadable",
                     "录音文件暂时读不出来，请稍后再试；仍不行请联系系统管理员", NULL);
}

/* Opens what statement recording_get found, or answers and returns false. */
static bool open_found(struct api *api, struct http_request *request,
                       const struct api_person *person, const struct store_result *result,
                       struct play *play)
{
    int r;

    if (!store_rows(result)) { /* a guessed id, perhaps of another center (GEN-04) */
        audit(api, person, "refused", play, http_path(request));
        api_missing(request, play->kind->missing);
        return false;
    }
    if (strcmp(store_text(result, 0, 1), "deleted") == 0) {
        http_problem(request, 410, "recording.expired", "录音已按保存期限清除", NULL);
        return false;
    }
    r = recorded_open(api->deps.config->recording_dir, store_text(result, 0, 0), &play->recorded);
    if (r)
        answer_unreadable(request, play, r, store_text(result, 0, 0));
    return r == 0;
}

static void ask_for_file(struct api *api, struct http_request *request, struct play *play,
                         void (*then)(struct api *api, struct http_request *request,
                                      const struct api_person *person,
                                      const struct store_result *result, void **state))
{
    const struct api_person *person = api_person(request);
    struct api_ask ask = {
        .statement = play->kind->statement, .permission = play->kind->permission, .then = then};
    struct text users = {0};

    store_param_uuid(&ask.params, &play->id);
    api_param_users(api, person, play->kind->permission, &ask.params, &users);
    if (play->kind->of_ticket) {
        store_param_uuid(&ask.params, &play->ticket);
        store_param_int(&ask.params, person->subject.team_id);
    }
    api_ask(api, request, person, &ask, play, free_play);
    text_done(&users);
}

/* --- audio ---------------------------------------------------------------------------------- */

/* A player asks for many pieces of one recording; it is audited once, when it begins at the first
 * byte. Who begins elsewhere without having been seen to listen is audited too, or skipping one
 * byte would be a way to listen unnoticed. Control thread only; full = the oldest is forgotten. */
static bool is_new_listening(int32_t user_id, const struct uuid *id, const char *range)
{
    static struct {
        int32_t user_id;
        struct uuid id;
    } listened[LISTENED];
    static unsigned next;
    bool from_start =
        !range || strncmp(range, "bytes=", 6) != 0 || strtoull(range + 6, NULL, 10) == 0;

    for (unsigned i = 0; i < LISTENED; i++)
        if (listened[i].user_id == user_id && uuid_equal(&listened[i].id, id))
            return from_start;
    listened[next].user_id = user_id;
    listened[next].id = *id;
    next = (next + 1) % LISTENED;
    return true;
}

static ssize_t read_audio(void *arg, uint64_t at, char *out, size_t size)
{
    struct play *play = arg;

    return recorded_wav_read(&play->recorded, play->side, at, out, size);
}

static void play_found(struct api *api, struct http_request *request,
                       const struct api_person *person, const struct store_result *result,
                       void **state)
{
    struct play *play = *state;
    struct http_source source = {
        .type = "audio/wav", .read = read_audio, .done = free_play, .arg = play};

    if (!open_found(api, request, person, result, play))
        return;
    if (is_new_listening(person->subject.user_id, &play->id, http_header(request, "Range")))
        audit(api, person, "recording.play", play, play->side_name);
    source.size = recorded_wav_size(&play->recorded, play->side);
    *state = NULL; /* the source's from here on */
    http_answer_source(request, &source);
}

static bool read_side(struct http_request *request, struct play *play)
{
    static const char *const names[] = {
        [RECORDED_BOTH] = "both", [RECORDED_LEFT] = "left", [RECORDED_RIGHT] = "right"};
    const char *wanted = http_query(request, "side");

    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(names[i], wanted ? wanted : "both") == 0) {
            play->side = (enum recorded_side)i;
            play->side_name = names[i];
            return true;
        }
    api_field_problem(request, "side", "声道应为 both、left（来电人）或 right（坐席）");
    return false;
}

static void play_of(struct api *api, struct http_request *request, const struct kind *kind)
{
    struct play *play = new_play(request, kind);

    if (!play)
        return;
    if (read_side(request, play))
        ask_for_file(api, request, play, play_found);
    else
        free_play(play);
}

/* --- a copy to take away -------------------------------------------------------------------- */

/* Each copy has a number of its own, in the file and in the audit log, so that one that turns up
 * somewhere says who took it. */
static void hand_over(struct api *api, struct http_request *request,
                      const struct api_person *person, const struct store_result *result,
                      void **state)
{
    struct play *play = *state;
    struct uuid copy = uuid_new(loop_wall_ms(api->loop));
    char id[UUID_TEXT_SIZE], name[80], detail[120];
    struct http_source source = {.type = "audio/wav",
                                 .read = read_audio,
                                 .done = free_play,
                                 .arg = play,
                                 .download_name = name};

    if (!open_found(api, request, person, result, play))
        return;
    snprintf(play->recorded.mark, sizeof(play->recorded.mark), "hotlined download=%s user=%d",
             uuid_text(&copy, id), person->subject.user_id);
    snprintf(name, sizeof(name), "录音_%s.wav", id);
    snprintf(detail, sizeof(detail), "download=%s side=%s", id, play->side_name);
    audit(api, person, "recording.download", play, detail);
    source.size = recorded_wav_size(&play->recorded, play->side);
    *state = NULL; /* the source's from here on */
    http_answer_source(request, &source);
}

static void download_recording(struct http_request *request, void *arg)
{
    struct play *play = new_play(request, &copies);

    if (!play)
        return;
    if (read_side(request, play))
        ask_for_file(arg, request, play, hand_over);
    else
        free_play(play);
}

static void play_recording(struct http_request *request, void *arg)
{
    play_of(arg, request, &talks);
}

static void play_message(struct http_request *request, void *arg)
{
    play_of(arg, request, &messages);
}

static void play_of_ticket(struct http_request *request, void *arg)
{
    play_of(arg, request, &of_tickets);
}

/* --- waveform ------------------------------------------------------------------------------- */

static void compute(void *arg)
{
    struct play *play = arg;

    play->error = recorded_waveform(&play->recorded, &play->waveform);
}

static void add_points(struct text *json, const char *name, const uint8_t points[RECORDED_POINTS])
{
    text_addf(json, ",\"%s\":[", name);
    for (unsigned i = 0; i < RECORDED_POINTS; i++)
        text_addf(json, "%s%u", i ? "," : "", points[i]);
    text_add(json, "]");
}

static void answer_waveform(struct api *api, struct http_request *request,
                            const struct api_person *person, void **state)
{
    struct play *play = *state;
    struct text json = {0};

    if (play->error) {
        answer_unreadable(request, play, play->error, "");
        return;
    }
    text_addf(&json, "{\"length_ms\":%" PRIu64, play->recorded.frames / 8);
    add_points(&json, "left", play->waveform.left);
    add_points(&json, "right", play->waveform.right);
    text_add(&json, "}");
    if (json.failed) {
        api_unavailable(request);
    } else {
        audit(api, person, "recording.waveform", play, "");
        http_answer_json(request, 200, json.data);
    }
    text_done(&json);
}

static void draw_found(struct api *api, struct http_request *request,
                       const struct api_person *person, const struct store_result *result,
                       void **state)
{
    struct play *play = *state;

    if (!open_found(api, request, person, result, play))
        return;
    *state = NULL; /* the next wait's */
    api_work(api, request, person, compute, answer_waveform, play, free_play);
}

static void draw_of(struct api *api, struct http_request *request, const struct kind *kind)
{
    struct play *play = new_play(request, kind);

    if (play)
        ask_for_file(api, request, play, draw_found);
}

static void draw_recording(struct http_request *request, void *arg)
{
    draw_of(arg, request, &talks);
}

static void draw_message(struct http_request *request, void *arg)
{
    draw_of(arg, request, &messages);
}

static void draw_of_ticket(struct http_request *request, void *arg)
{
    draw_of(arg, request, &of_tickets);
}

/* --- routes --------------------------------------------------------------------------------- */

static const struct api_route routes[] = {
    {{"GET", "/api/v1/recordings/{id}/audio", PERM_RECORDING_PLAY, play_recording, "收听录音"},
     NULL,
     0,
     "side"},
    {.http = {"GET", "/api/v1/recordings/{id}/download", PERM_RECORDING_DOWNLOAD,
              download_recording, "下载录音（文件带下载编号）"},
     .query = "side"},
    {{"GET", "/api/v1/recordings/{id}/waveform", PERM_RECORDING_PLAY, draw_recording,
      "查看录音波形"},
     NULL,
     0,
     NULL},
    {.http = {"GET", "/api/v1/voicemails/{id}/audio", PERM_VOICEMAIL_READ, play_message,
              "收听留言"},
     .query = "side"},
    {.http = {"GET", "/api/v1/voicemails/{id}/waveform", PERM_VOICEMAIL_READ, draw_message,
              "查看留言波形"}},
    {.http = {"GET", "/api/v1/tickets/{id}/recordings/{recording_id}/audio", PERM_RECORDING_PLAY,
              play_of_ticket, "收听工单的录音"},
     .query = "side"},
    {.http = {"GET", "/api/v1/tickets/{id}/recordings/{recording_id}/waveform", PERM_RECORDING_PLAY,
              draw_of_ticket, "查看工单录音的波形"}},
};
const struct api_routes api_routes_recordings = API_ROUTES(routes);
