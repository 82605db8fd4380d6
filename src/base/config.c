/* The configuration file: one table says everything about every setting. */
#include <arpa/inet.h>
#include <errno.h>
#include <libconfig.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hotlined/config.h>
#include <hotlined/log.h>
#include <hotlined/network.h>
#include <hotlined/text.h>

enum kind { TEXT, NUMBER, LEVEL };

struct setting {
    const char *path; /* group.name in the file */
    enum kind kind;
    size_t offset;
    int min, max;             /* NUMBER */
    const char *default_text; /* TEXT, LEVEL */
    int default_number;
    bool reload;
    const char *remedy; /* what to write instead */
};

#define TEXT_AT(path, field, value, remedy)                                                        \
    {                                                                                              \
        path, TEXT, offsetof(struct config, field), 0, 0, value, 0, false, remedy                  \
    }
#define NUMBER_AT(path, field, low, high, value, remedy)                                           \
    {                                                                                              \
        path, NUMBER, offsetof(struct config, field), low, high, NULL, value, false, remedy        \
    }

static const struct setting settings[] = {
    TEXT_AT("process.state_dir", state_dir, "/var/lib/hotlined",
            "a directory the daemon may write to"),
    TEXT_AT("process.recording_dir", recording_dir, "",
            "a directory, or \"\" for state_dir/recordings"),
    TEXT_AT("process.prompt_dir", prompt_dir, "", "a directory, or \"\" for state_dir/prompts"),
    TEXT_AT("process.web_dir", web_dir, "/usr/local/share/hotlined/web",
            "the directory of the built pages"),
    {"process.log_level", LEVEL, offsetof(struct config, log_level), 0, 0, "info", 0, true,
     "\"error\", \"warn\", \"info\" or \"debug\""},
    NUMBER_AT("process.workers", workers, 1, 64, 2, "a number of threads from 1 to 64"),
    NUMBER_AT("process.drain_s", drain_s, 0, 86400, 300, "seconds from 0 to 86400"),
    NUMBER_AT("process.max_calls", max_calls, 1, 500000, 4000, "a number from 1 to 500000"),
    NUMBER_AT("process.max_agents", max_agents, 1, 20000, 1000, "a number from 1 to 20000"),
    NUMBER_AT("process.disk_alarm_percent", disk_alarm_percent, 0, 90, 10,
              "free room in percent from 0 to 90, 0 for no alarm"),
    NUMBER_AT("process.disk_clean_percent", disk_clean_percent, 0, 90, 5,
              "free room in percent from 0 to 90, 0 to remove nothing"),
    NUMBER_AT("process.disk_stop_percent", disk_stop_percent, 0, 90, 1,
              "free room in percent from 0 to 90, 0 to record to the end"),

    TEXT_AT("database.conninfo", db_conninfo,
            "host=/run/postgresql dbname=hotlined user=hotlined_app",
            "a libpq connection string with host=/socket/directory or hostaddr=ADDRESS"),
    NUMBER_AT("database.fast_connections", db_fast_connections, 1, 32, 4, "a number from 1 to 32"),
    NUMBER_AT("database.slow_connections", db_slow_connections, 1, 32, 2, "a number from 1 to 32"),

    TEXT_AT("http.listen", http_listen, "127.0.0.1:8080",
            "a loopback address with port: plain HTTP is for this machine only"),
    TEXT_AT("http.tls_listen", https_listen, "0.0.0.0:8443", "ADDRESS:PORT, or \"\" for none"),
    TEXT_AT("http.certificate", tls_certificate, "", "a PEM file, or \"\" together with key"),
    TEXT_AT("http.key", tls_key, "", "a PEM file, or \"\" together with certificate"),
    NUMBER_AT("http.connections_per_address", http_connections_per_address, 0, 100000, 1000,
              "a number from 1 to 100000, or 0 for no limit"),
    NUMBER_AT("http.sign_in_failures_per_address", http_sign_in_failures_per_address, 0, 100000, 60,
              "a number from 1 to 100000, or 0 for no limit"),
    TEXT_AT("http.trusted_proxies", http_trusted_proxies, "",
            "up to 16 IP addresses or networks separated by spaces, or \"\""),

    TEXT_AT("sip.listen", sip_listen, "0.0.0.0:5060", "ADDRESS:PORT for UDP and TCP"),
    TEXT_AT("sip.tls_listen", sip_tls_listen, "", "ADDRESS:PORT, or \"\" for none"),
    TEXT_AT("sip.public_host", sip_public_host, "", "the address far sides see, or \"\""),
    TEXT_AT("sip.realm", sip_realm, "hotlined", "the digest realm of desk phones"),
    NUMBER_AT("sip.ban_s", sip_ban_s, 1, 86400, 600, "seconds from 1 to 86400"),
    NUMBER_AT("sip.phones_md5_only", sip_phones_md5_only, 0, 1, 0,
              "1 for phones that cannot register when SHA-256 is offered, else 0"),

    TEXT_AT("media.address", media_address, "0.0.0.0", "a local IP address"),
    TEXT_AT("media.public_address", media_public_address, "",
            "the IP address written into SDP; needed when media.address is 0.0.0.0"),
    NUMBER_AT("media.port_min", media_port_min, 1024, 65534, 20000, "an even port below port_max"),
    NUMBER_AT("media.port_max", media_port_max, 1025, 65535, 40000, "a port above port_min"),
    NUMBER_AT("media.line_port", line_port, 1, 65535, 8444, "a port, the same for UDP and TCP"),
    NUMBER_AT("media.threads", media_threads, 1, 16, 1, "a number from 1 to 16"),
    NUMBER_AT("media.dscp_audio", dscp_audio, 0, 63, 46, "a DSCP value from 0 to 63"),
    NUMBER_AT("media.dscp_signal", dscp_signal, 0, 63, 24, "a DSCP value from 0 to 63"),
    NUMBER_AT("media.rtp_timeout_s", rtp_timeout_s, 5, 3600, 30, "seconds from 5 to 3600"),

    TEXT_AT("tts.engine", tts_engine, "espeak", "\"espeak\", \"command\" or \"http\""),
    NUMBER_AT("tts.sessions", tts_sessions, 1, 64, 2, "a number from 1 to 64"),
    TEXT_AT("tts.command", tts_command, "", "a command: text on stdin, WAV on stdout"),
    TEXT_AT("tts.url", tts_url, "", "http:// or https:// address of the engine"),
    TEXT_AT("asr.engine", asr_engine, "", "\"command\" or \"http\", or \"\" for none"),
    TEXT_AT("asr.command", asr_command, "", "a command: WAV on stdin, JSON on stdout"),
    TEXT_AT("asr.url", asr_url, "", "http:// or https:// address of the engine"),
    NUMBER_AT("asr.sessions", asr_sessions, 1, 64, 2, "a number from 1 to 64"),
    NUMBER_AT("asr.timeout_s", asr_timeout_s, 1, 3600, 60, "seconds from 1 to 3600"),
    NUMBER_AT("asr.tries", asr_tries, 1, 20, 6, "a number from 1 to 20"),
    NUMBER_AT("asr.retry_s", asr_retry_s, 1, 3600, 30, "seconds from 1 to 3600"),
    TEXT_AT("query.private_hosts", query_private_hosts, "",
            "names and addresses separated by spaces, or \"\""),
    TEXT_AT("tts.voices", tts_voices, "", "voices to choose from, code:name,code:name"),
};
#define SETTING_COUNT (sizeof(settings) / sizeof(settings[0]))

static const struct {
    const char *name;
    enum log_level level;
} levels[] = {{"error", LOG_LEVEL_ERROR},
              {"warn", LOG_LEVEL_WARN},
              {"info", LOG_LEVEL_INFO},
              {"debug", LOG_LEVEL_DEBUG}};

struct loading {
    const char *file;
    struct config *config;
    struct text *problems;
    int errors;
    int line[SETTING_COUNT]; /* where each setting stands, 0 = not in the file */
};

static void complain(struct loading *l, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void complain(struct loading *l, int line, const char *format, ...)
{
    va_list ap;

    text_addf(l->problems, "%s:%d: ", l->file, line);
    va_start(ap, format);
    text_addv(l->problems, format, ap);
    va_end(ap);
    text_add(l->problems, "\n");
    l->errors++;
}

static void *field(struct config *config, const struct setting *s)
{
    return (char *)config + s->offset;
}

static bool set_level(int *out, const char *name)
{
    for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
        if (strcmp(levels[i].name, name) == 0) {
            *out = levels[i].level;
            return true;
        }
    return false;
}

void config_defaults(struct config *config)
{
    memset(config, 0, sizeof(*config));
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        const struct setting *s = &settings[i];
        if (s->kind == TEXT)
            text_copy(field(config, s), CONFIG_TEXT, s->default_text);
        else if (s->kind == NUMBER)
            *(int *)field(config, s) = s->default_number;
        else
            (void)set_level(field(config, s), s->default_text);
    }
}

/* --- one setting ---------------------------------------------------------------------------- */

static void print_value(const config_setting_t *node, char *out, size_t size)
{
    switch (config_setting_type(node)) {
    case CONFIG_TYPE_STRING:
        snprintf(out, size, "\"%s\"", config_setting_get_string(node));
        break;
    case CONFIG_TYPE_INT:
    case CONFIG_TYPE_INT64:
        snprintf(out, size, "%lld", config_setting_get_int64(node));
        break;
    case CONFIG_TYPE_BOOL:
        snprintf(out, size, "%s", config_setting_get_bool(node) ? "true" : "false");
        break;
    case CONFIG_TYPE_FLOAT:
        snprintf(out, size, "%g", config_setting_get_float(node));
        break;
    default:
        snprintf(out, size, "a group or list");
    }
}

static void take(struct loading *l, size_t index, const config_setting_t *node)
{
    const struct setting *s = &settings[index];
    int type = config_setting_type(node), line = (int)config_setting_source_line(node);
    char found[300];
    bool good = false;

    l->line[index] = line;
    if (s->kind == NUMBER && type == CONFIG_TYPE_INT) {
        int value = config_setting_get_int(node);
        good = value >= s->min && value <= s->max;
        if (good)
            *(int *)field(l->config, s) = value;
    } else if (s->kind == TEXT && type == CONFIG_TYPE_STRING) {
        good = text_copy(field(l->config, s), CONFIG_TEXT, config_setting_get_string(node));
    } else if (s->kind == LEVEL && type == CONFIG_TYPE_STRING) {
        good = set_level(field(l->config, s), config_setting_get_string(node));
    }
    if (good)
        return;
    print_value(node, found, sizeof(found));
    complain(l, line, "%s: wrong value (found %s). Write %s.", s->path, found, s->remedy);
}

/* --- names ---------------------------------------------------------------------------------- */

/* Edit distance, for "did you mean": names are short. */
static unsigned distance(const char *a, const char *b)
{
    unsigned row[64], n = (unsigned)strlen(b);

    if (n >= 63 || strlen(a) >= 63)
        return 63;
    for (unsigned j = 0; j <= n; j++)
        row[j] = j;
    for (unsigned i = 1; a[i - 1]; i++) {
        unsigned diagonal = row[0];
        row[0] = i;
        for (unsigned j = 1; j <= n; j++) {
            unsigned change = diagonal + (a[i - 1] != b[j - 1]);
            unsigned other = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            diagonal = row[j];
            row[j] = change < other ? change : other;
        }
    }
    return row[n];
}

static const char *nearest(const char *path)
{
    const char *best = settings[0].path;

    for (size_t i = 1; i < SETTING_COUNT; i++)
        if (distance(path, settings[i].path) < distance(path, best))
            best = settings[i].path;
    return best;
}

static void take_group(struct loading *l, const config_setting_t *group)
{
    for (int i = 0; i < config_setting_length(group); i++) {
        const config_setting_t *node = config_setting_get_elem(group, (unsigned)i);
        char path[128];
        size_t at = 0;

        snprintf(path, sizeof(path), "%s.%s", config_setting_name(group),
                 config_setting_name(node) ? config_setting_name(node) : "?");
        while (at < SETTING_COUNT && strcmp(settings[at].path, path) != 0)
            at++;
        if (at < SETTING_COUNT)
            take(l, at, node);
        else
            complain(l, (int)config_setting_source_line(node),
                     "%s: there is no such setting. Did you mean %s? Correct or remove it.", path,
                     nearest(path));
    }
}

static void take_all(struct loading *l, const config_setting_t *root)
{
    for (int i = 0; i < config_setting_length(root); i++) {
        const config_setting_t *group = config_setting_get_elem(root, (unsigned)i);
        if (config_setting_is_group(group))
            take_group(l, group);
        else
            complain(l, (int)config_setting_source_line(group),
                     "%s: stands outside a group. Put it into process, database, http, sip, media, "
                     "tts, asr or query: { ... }.",
                     config_setting_name(group));
    }
}

/* --- what settings mean together ------------------------------------------------------------ */

static int line_of(const struct loading *l, const char *path)
{
    for (size_t i = 0; i < SETTING_COUNT; i++)
        if (strcmp(settings[i].path, path) == 0)
            return l->line[i];
    return 0;
}

int config_split_address(const char *text, char host[64], uint16_t *ret_port)
{
    const char *colon = strrchr(text, ':');
    size_t length = colon ? (size_t)(colon - text) : 0;
    int64_t port;

    if (!colon || text_to_int(colon + 1, 0, 65535, &port))
        return -EINVAL;
    if (text[0] == '[') {
        if (length < 3 || text[length - 1] != ']')
            return -EINVAL;
        text++;
        length -= 2;
    }
    if (!length || length >= 64)
        return -EINVAL;
    memcpy(host, text, length);
    host[length] = 0;
    *ret_port = (uint16_t)port;
    return 0;
}

static bool is_ip(const char *host)
{
    unsigned char buf[16];

    return inet_pton(AF_INET, host, buf) == 1 || inet_pton(AF_INET6, host, buf) == 1;
}

static void check_address(struct loading *l, const char *path, const char *value, bool may_be_empty)
{
    char host[64];
    uint16_t port;

    if (may_be_empty && !value[0])
        return;
    if (config_split_address(value, host, &port) || !is_ip(host))
        complain(l, line_of(l, path),
                 "%s: not an address (found \"%s\"). Write IP:PORT, for example 127.0.0.1:8080 or "
                 "[::1]:8080.",
                 path, value);
}

static void check_loopback(struct loading *l)
{
    char host[64];
    uint16_t port;

    if (config_split_address(l->config->http_listen, host, &port) || !is_ip(host))
        return; /* said by check_address() */
    if (strncmp(host, "127.", 4) != 0 && strcmp(host, "::1") != 0)
        complain(
            l, line_of(l, "http.listen"),
            "http.listen: plain HTTP off this machine (found \"%s\"). Write 127.0.0.1:PORT and "
            "use http.tls_listen for other machines.",
            l->config->http_listen);
}

static void check_media(struct loading *l)
{
    const struct config *c = l->config;

    if (!is_ip(c->media_address))
        complain(l, line_of(l, "media.address"),
                 "media.address: not an IP address (found \"%s\"). Write a local IP address.",
                 c->media_address);
    if (c->media_public_address[0] ? !is_ip(c->media_public_address)
                                   : strcmp(c->media_address, "0.0.0.0") == 0)
        complain(l, line_of(l, "media.public_address"),
                 "media.public_address: far sides could not send here (found \"%s\"). Write the IP "
                 "address they reach this machine at.",
                 c->media_public_address);
    if (c->media_port_min % 2)
        complain(l, line_of(l, "media.port_min"),
                 "media.port_min: odd (found %d); RTP uses even ports. Write an even port.",
                 c->media_port_min);
    if (c->media_port_max < c->media_port_min + 3)
        complain(l, line_of(l, "media.port_max"),
                 "media.port_max: too few ports (found %d to %d). Write a port_max above port_min, "
                 "four ports for each call.",
                 c->media_port_min, c->media_port_max);
    if (c->line_port >= c->media_port_min && c->line_port <= c->media_port_max)
        complain(l, line_of(l, "media.line_port"),
                 "media.line_port: inside port_min..port_max (found %d). Write a port outside.",
                 c->line_port);
}

static void check_proxies(struct loading *l)
{
    const char *list = l->config->http_trusted_proxies;
    struct network network;
    unsigned count = 0;

    for (list += strspn(list, NETWORK_SEPARATORS); *list;
         list += strspn(list, NETWORK_SEPARATORS)) {
        size_t length = strcspn(list, NETWORK_SEPARATORS);

        if (!network_parse(list, length, &network) || ++count > CONFIG_MAX_PROXIES) {
            complain(l, line_of(l, "http.trusted_proxies"),
                     "http.trusted_proxies: no list of IP addresses and networks, or more than %d "
                     "(found \"%.*s\"). Write addresses like 192.0.2.7 or 192.0.2.0/24 separated "
                     "by spaces.",
                     CONFIG_MAX_PROXIES, (int)length, list);
            return;
        }
        list += length;
    }
}

/* Other paths are made by adding to this one. */
static void check_state_dir(struct loading *l)
{
    size_t length = strlen(l->config->state_dir);

    if (!length || length > CONFIG_TEXT - 64)
        complain(l, line_of(l, "process.state_dir"),
                 "process.state_dir: no directory to write to (found \"%s\"). Write a "
                 "path of at most %d bytes.",
                 l->config->state_dir, CONFIG_TEXT - 64);
}

/* First the alarm, then what may go goes, and recording stops last. */
static void check_disk(struct loading *l)
{
    const struct config *c = l->config;

    if (c->disk_stop_percent > c->disk_clean_percent && c->disk_clean_percent)
        complain(l, line_of(l, "process.disk_stop_percent"),
                 "process.disk_stop_percent: above disk_clean_percent (found %d and %d). Write a "
                 "smaller one: recording stops last.",
                 c->disk_stop_percent, c->disk_clean_percent);
    if (c->disk_clean_percent > c->disk_alarm_percent && c->disk_alarm_percent)
        complain(l, line_of(l, "process.disk_clean_percent"),
                 "process.disk_clean_percent: above disk_alarm_percent (found %d and %d). Write a "
                 "smaller one: the alarm comes first.",
                 c->disk_clean_percent, c->disk_alarm_percent);
}

/* Speech, either way: "espeak" speaks, and "" hears nothing. */
static void check_engine(struct loading *l, const char *group, const char *engine,
                         const char *command, const char *url)
{
    const char *built_in = strcmp(group, "tts") == 0 ? "espeak" : "";
    bool is_command = strcmp(engine, "command") == 0, is_http = strcmp(engine, "http") == 0;
    char path[16];

    snprintf(path, sizeof(path), "%s.%s", group,
             is_command ? "command"
             : is_http  ? "url"
                        : "engine");
    if (!is_command && !is_http && strcmp(engine, built_in) != 0)
        complain(l, line_of(l, path),
                 "%s: no such engine (found \"%s\"). Write \"%s\", \"command\" or \"http\".", path,
                 engine, built_in);
    if (is_command && !command[0])
        complain(l, line_of(l, path),
                 "%s: missing for engine \"command\". Write the command to run.", path);
    if (is_http && strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)
        complain(l, line_of(l, path),
                 "%s: missing for engine \"http\" (found \"%s\"). Write its address.", path, url);
}

static void check_rest(struct loading *l)
{
    const struct config *c = l->config;

    if (!c->tls_certificate[0] != !c->tls_key[0])
        complain(l, line_of(l, c->tls_key[0] ? "http.key" : "http.certificate"),
                 "http: certificate and key go together (found \"%s\" and \"%s\"). Name both, or "
                 "neither for one made at first start.",
                 c->tls_certificate, c->tls_key);
    check_engine(l, "tts", c->tts_engine, c->tts_command, c->tts_url);
    check_engine(l, "asr", c->asr_engine, c->asr_command, c->asr_url);
    if (strstr(c->db_conninfo, "host=") && !strstr(c->db_conninfo, "host=/") &&
        !strstr(c->db_conninfo, "hostaddr="))
        complain(l, line_of(l, "database.conninfo"),
                 "database.conninfo: names a host (found \"%s\"); looking a name up would stop the "
                 "loop. Write host=/socket/directory or hostaddr=ADDRESS.",
                 c->db_conninfo);
}

static void fill_directories(struct config *c)
{
    if (!c->recording_dir[0])
        snprintf(c->recording_dir, CONFIG_TEXT, "%.*s/recordings", CONFIG_TEXT - 16, c->state_dir);
    if (!c->prompt_dir[0])
        snprintf(c->prompt_dir, CONFIG_TEXT, "%.*s/prompts", CONFIG_TEXT - 16, c->state_dir);
}

int config_load(const char *path, struct config *ret_config, struct text *problems)
{
    struct loading l = {.file = path, .config = ret_config, .problems = problems};
    config_t file;

    config_init(&file);
    if (config_read_file(&file, path) != CONFIG_TRUE) {
        if (config_error_type(&file) == CONFIG_ERR_FILE_IO)
            complain(&l, 0, "cannot be read. Check that the file exists and may be read.");
        else
            complain(&l, config_error_line(&file),
                     "%s. Settings look like  name = value;  inside  group: { ... };",
                     config_error_text(&file));
    } else {
        take_all(&l, config_root_setting(&file));
        check_address(&l, "http.listen", ret_config->http_listen, false);
        check_address(&l, "http.tls_listen", ret_config->https_listen, true);
        check_address(&l, "sip.listen", ret_config->sip_listen, false);
        check_address(&l, "sip.tls_listen", ret_config->sip_tls_listen, true);
        check_loopback(&l);
        check_proxies(&l);
        check_state_dir(&l);
        check_media(&l);
        check_disk(&l);
        check_rest(&l);
        fill_directories(ret_config);
    }
    config_destroy(&file);
    return l.errors;
}

void config_reload(struct config *current, const struct config *loaded, struct text *notes)
{
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        const struct setting *s = &settings[i];
        const char *from = (const char *)loaded + s->offset;
        char *to = field(current, s);
        size_t size = s->kind == TEXT ? CONFIG_TEXT : sizeof(int);
        bool same = s->kind == TEXT ? strcmp(from, to) == 0 : memcmp(from, to, size) == 0;

        if (same)
            continue;
        if (s->reload)
            memcpy(to, from, size);
        else
            text_addf(notes, "%s%s", notes->length ? "," : "", s->path);
    }
}
