/* rooms: base */
/* The configuration file: what is good, and every way it can be wrong, with line and remedy. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <hotlined/config.h>
#include <hotlined/log.h>
#include <hotlined/text.h>

static char path[64];
static struct config config;
static struct text problems;

static int begin(void **state)
{
    int fd;

    (void)state;
    snprintf(path, sizeof(path), "/tmp/hotlined-conf-XXXXXX");
    fd = mkstemp(path);
    if (fd < 0)
        return -1;
    close(fd);
    return 0;
}

static int end(void **state)
{
    (void)state;
    text_done(&problems);
    return unlink(path);
}

static void write_file(const char *content)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_true(fputs(content, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static int load(const char *content)
{
    write_file(content);
    text_clear(&problems);
    config_defaults(&config);
    return config_load(path, &config, &problems);
}

/* What every good file needs besides what the test is about. */
#define GOOD_MEDIA "media: { public_address = \"192.0.2.7\"; };\n"

/* --- good ----------------------------------------------------------------------------------- */

static void the_file_that_is_delivered_is_good(void **state)
{
    struct config defaults;

    (void)state;
    text_clear(&problems);
    config_defaults(&config);
    if (config_load("conf/hotlined.conf", &config, &problems))
        fail_msg("%s", problems.data);
    assert_string_equal(config.recording_dir, "/var/lib/hotlined/recordings");
    assert_string_equal(config.prompt_dir, "/var/lib/hotlined/prompts");
    /* It shows the defaults: whoever leaves a line out gets what he read there. */
    config_defaults(&defaults);
    memcpy(config.recording_dir, defaults.recording_dir, CONFIG_TEXT);
    memcpy(config.prompt_dir, defaults.prompt_dir, CONFIG_TEXT);
    memcpy(config.media_public_address, defaults.media_public_address, CONFIG_TEXT);
    text_clear(&problems);
    config_reload(&defaults, &config, &problems);
    assert_string_equal(problems.data ? problems.data : "", "");
}

/* Limits that somebody meets one day stand in the guide he reads then, with their defaults. */
static void the_guide_names_the_limits(void **state)
{
    static const struct {
        const char *name;
        size_t offset;
    } limits[] = {{"disk_alarm_percent", offsetof(struct config, disk_alarm_percent)},
                  {"disk_clean_percent", offsetof(struct config, disk_clean_percent)},
                  {"disk_stop_percent", offsetof(struct config, disk_stop_percent)},
                  {"http.sign_in_failures_per_address",
                   offsetof(struct config, http_sign_in_failures_per_address)}};
    static char guide[64 * 1024];
    FILE *f = fopen("docs/deployment.zh-CN.md", "r");

    (void)state;
    assert_non_null(f);
    guide[fread(guide, 1, sizeof(guide) - 1, f)] = 0;
    fclose(f);
    config_defaults(&config);
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        char name[80], value[16];
        const char *line;

        snprintf(name, sizeof(name), "`%s`", limits[i].name);
        snprintf(value, sizeof(value), " %d", *(int *)((char *)&config + limits[i].offset));
        line = strstr(guide, name);
        if (!line || !memmem(line, strcspn(line, "\n"), value, strlen(value)))
            fail_msg("%s with its default%s", name, value);
    }
    assert_non_null(strstr(guide, "`http.trusted_proxies`"));
}

/* The line of the guide that has the setting's name, then the port as it is by default. */
static void expect_port(const char *guide, const char *name, const char *value)
{
    char quoted[80];
    const char *line;

    snprintf(quoted, sizeof(quoted), "| `%s`", name);
    line = strstr(guide, quoted);
    if (!line || !memmem(line, strcspn(line, "\n"), value, strlen(value)))
        fail_msg("docs/deployment.zh-CN.md does not say that %s is%s by default", name, value);
}

/* A setting of the delivered file that is a listener or a port and is not in the guide was
 * forgotten. */
static void expect_listed(const char *guide)
{
    FILE *f = fopen("conf/hotlined.conf", "r");
    char line[300], group[40] = "", name[40], full[90];
    int ports = 0;

    assert_non_null(f);
    while (fgets(line, sizeof(line), f)) {
        if (sscanf(line, "%39[a-z]: {", name) == 1 && strstr(line, ": {"))
            (void)text_copy(group, sizeof(group), name);
        if (sscanf(line, " %39[a-z0-9_] =", name) != 1 ||
            (!strstr(name, "listen") && !strstr(name, "port")))
            continue;
        ports++;
        snprintf(full, sizeof(full), "`%s.%s`", group, name);
        if (!strstr(guide, full))
            fail_msg("docs/deployment.zh-CN.md does not name %s", full);
    }
    fclose(f);
    assert_int_equal(ports, 7);
}

/* PLAT-04: every port we listen on, with protocol and direction. */
static void the_guide_lists_every_port(void **state)
{
    static const struct {
        const char *name;
        size_t offset;
    } listeners[] = {{"http.tls_listen", offsetof(struct config, https_listen)},
                     {"http.listen", offsetof(struct config, http_listen)},
                     {"sip.listen", offsetof(struct config, sip_listen)}};
    static char guide[64 * 1024];
    FILE *f = fopen("docs/deployment.zh-CN.md", "r");
    char value[64], host[64];
    uint16_t port;

    (void)state;
    assert_non_null(f);
    guide[fread(guide, 1, sizeof(guide) - 1, f)] = 0;
    fclose(f);
    config_defaults(&config);
    for (size_t i = 0; i < sizeof(listeners) / sizeof(listeners[0]); i++) {
        assert_int_equal(
            config_split_address((const char *)&config + listeners[i].offset, host, &port), 0);
        snprintf(value, sizeof(value), "| %u |", port);
        expect_port(guide, listeners[i].name, value);
    }
    assert_string_equal(config.sip_tls_listen, "");
    expect_port(guide, "sip.tls_listen", "不监听");
    snprintf(value, sizeof(value), "| %d–%d | UDP |", config.media_port_min, config.media_port_max);
    expect_port(guide, "media.port_min", value);
    snprintf(value, sizeof(value), "| %d | UDP、TCP |", config.line_port);
    expect_port(guide, "media.line_port", value);
    expect_port(guide, "sip.listen", "UDP、TCP");
    expect_port(guide, "http.tls_listen", "| TCP | 入 |");
    expect_listed(guide);
}

static void settings_are_taken(void **state)
{
    (void)state;
    assert_int_equal(
        load("process: { state_dir = \"/srv/h\"; log_level = \"debug\"; workers = 7;\n"
             "  prompt_dir = \"/srv/p\"; };\n"
             "database: { conninfo = \"hostaddr=10.0.0.5 dbname=h\"; };\n"
             "http: { listen = \"[::1]:81\"; tls_listen = \"\"; };\n"
             "media: { address = \"10.0.0.1\"; port_min = 30000; port_max = 30100; };\n"
             "tts: { engine = \"http\"; url = \"https://10.0.0.9/say\"; };\n"
             "asr: { engine = \"command\"; command = \"hear\"; sessions = 3; };\n"),
        0);
    assert_string_equal(config.asr_command, "hear");
    assert_int_equal(config.asr_sessions, 3);
    assert_int_equal(config.asr_tries, 6);
    assert_string_equal(config.state_dir, "/srv/h");
    assert_string_equal(config.recording_dir, "/srv/h/recordings");
    assert_string_equal(config.prompt_dir, "/srv/p");
    assert_int_equal(config.log_level, LOG_LEVEL_DEBUG);
    assert_int_equal(config.workers, 7);
    assert_int_equal(config.drain_s, 300); /* not in the file: the default */
    assert_int_equal(config.media_port_max, 30100);
    assert_string_equal(config.http_listen, "[::1]:81");
}

/* --- wrong ---------------------------------------------------------------------------------- */

struct wrong {
    const char *content;
    int line;
    const char *says; /* after FILE:LINE: */
    const char *remedy;
};

static void assert_said(const struct wrong *w)
{
    char head[400];

    if (load(w->content) != 1)
        fail_msg("not one error in:\n%s\n%s", w->content, problems.data ? problems.data : "");
    snprintf(head, sizeof(head), "%s:%d: %s", path, w->line, w->says);
    if (strncmp(problems.data, head, strlen(head)) != 0)
        fail_msg("said: %sexpected: %s", problems.data, head);
    if (!strstr(problems.data, w->remedy))
        fail_msg("said: %swithout remedy: %s", problems.data, w->remedy);
    assert_int_equal(problems.data[problems.length - 1], '\n');
}

static void each_error_has_line_and_remedy(void **state)
{
    static const struct wrong wrongs[] = {
        {GOOD_MEDIA "process: {\n  workers = 0;\n};\n", 3,
         "process.workers: wrong value (found 0).", "Write a number of threads from 1 to 64."},
        {GOOD_MEDIA "process: {\n  workers = 65;\n};\n", 3,
         "process.workers: wrong value (found 65)", "from 1 to 64"},
        {GOOD_MEDIA "process: {\n  workers = \"two\";\n};\n", 3,
         "process.workers: wrong value (found \"two\")", "from 1 to 64"},
        {GOOD_MEDIA "process: {\n  workers = 5000000000L;\n};\n", 3,
         "process.workers: wrong value (found 5000000000)", "from 1 to 64"},
        {GOOD_MEDIA "process: { workers = 2.5; };\n", 2, "process.workers: wrong value (found 2.5)",
         "from 1 to 64"},
        {GOOD_MEDIA "process: { workers = true; };\n", 2,
         "process.workers: wrong value (found true)", "from 1 to 64"},
        {GOOD_MEDIA "process: { workers = { a = 1; }; };\n", 2,
         "process.workers: wrong value (found a group or list)", "from 1 to 64"},
        {GOOD_MEDIA "process: { log_level = \"loud\"; };\n", 2,
         "process.log_level: wrong value (found \"loud\")", "\"debug\""},
        {GOOD_MEDIA "process: { state_dir = 5; };\n", 2, "process.state_dir: wrong value (found 5)",
         "a directory"},
        {GOOD_MEDIA "process: { state_dir = \"\"; };\n", 2, "process.state_dir: no directory",
         "Write a"},
        {GOOD_MEDIA "\n\nprocess: { sate_dir = \"/x\"; };\n", 4,
         "process.sate_dir: there is no such setting. Did you mean process.state_dir?", "Correct"},
        {GOOD_MEDIA "sip: { listn = \"x\"; };\n", 2,
         "sip.listn: there is no such setting. Did you mean sip.listen?", "remove"},
        {GOOD_MEDIA "workers = 2;\n", 2, "workers: stands outside a group.", "Put it into process"},
        {GOOD_MEDIA "process: {\n  workers = ;\n};\n", 3, "syntax error", "name = value;"},
        {GOOD_MEDIA "http: { listen = \"0.0.0.0:8080\"; };\n", 2,
         "http.listen: plain HTTP off this machine (found \"0.0.0.0:8080\")", "http.tls_listen"},
        {GOOD_MEDIA "http: { listen = \"8080\"; };\n", 2,
         "http.listen: not an address (found \"8080\")", "IP:PORT"},
        {GOOD_MEDIA "http: { listen = \"localhost:8080\"; };\n", 2, "http.listen: ", "127.0.0.1"},
        {GOOD_MEDIA "http: { tls_listen = \"0.0.0.0:99999\"; };\n", 2,
         "http.tls_listen: not an address", "IP:PORT"},
        {GOOD_MEDIA "http: { certificate = \"/etc/c.pem\"; };\n", 2,
         "http: certificate and key go together", "Name both"},
        {GOOD_MEDIA "http: { key = \"/etc/k.pem\"; };\n", 2,
         "http: certificate and key go together", "Name both"},
        {GOOD_MEDIA "http: { connections_per_address = -1; };\n", 2,
         "http.connections_per_address: wrong value (found -1)", "0 for no limit"},
        {GOOD_MEDIA "http: { trusted_proxies = \"192.0.2.1, gateway\"; };\n", 2,
         "http.trusted_proxies: no list of IP addresses and networks, or more than 16 (found "
         "\"gateway\")",
         "separated by spaces"},
        {GOOD_MEDIA
         "http: { trusted_proxies = \"::1 ::2 ::3 ::4 ::5 ::6 ::7 ::8 ::9 ::a ::b ::c ::d "
         "::e ::f ::10 ::11\"; };\n",
         2,
         "http.trusted_proxies: no list of IP addresses and networks, or more than 16 (found "
         "\"::11\")",
         "separated by spaces"},
        {GOOD_MEDIA "sip: { ban_s = 0; };\n", 2, "sip.ban_s: wrong value (found 0)",
         "from 1 to 86400"},
        {GOOD_MEDIA "sip: { listen = \"\"; };\n", 2, "sip.listen: not an address", "IP:PORT"},
        {GOOD_MEDIA "sip: { tls_listen = \"::1:5061:\"; };\n", 2, "sip.tls_listen: not an address",
         "[::1]:8080"},
        {"process: { workers = 2; };\n", 0,
         "media.public_address: far sides could not send here (found \"\")", "IP address"},
        {"media: { public_address = \"gw.example\"; };\n", 1,
         "media.public_address: far sides could not send here (found \"gw.example\")",
         "IP address"},
        {"media: { address = \"eth0\"; public_address = \"192.0.2.7\"; };\n", 1,
         "media.address: not an IP address (found \"eth0\")", "local IP address"},
        {"media: { public_address = \"192.0.2.7\"; port_min = 20000; port_max = 20002; };\n", 1,
         "media.port_max: too few ports (found 20000 to 20002)", "above port_min"},
        {"media: { public_address = \"192.0.2.7\"; port_min = 20001; };\n", 1,
         "media.port_min: odd (found 20001)", "even port"},
        {"media: { public_address = \"192.0.2.7\"; line_port = 20500; };\n", 1,
         "media.line_port: inside port_min..port_max (found 20500)", "outside"},
        {GOOD_MEDIA "tts: { engine = \"robot\"; };\n", 2,
         "tts.engine: no such engine (found \"robot\")", "\"espeak\""},
        {GOOD_MEDIA "tts: { engine = \"command\"; };\n", 0, "tts.command: missing",
         "command to run"},
        {GOOD_MEDIA "tts: { engine = \"http\"; url = \"httpx\"; };\n", 2, "tts.url: missing",
         "its address"},
        {GOOD_MEDIA "asr: { engine = \"espeak\"; };\n", 2,
         "asr.engine: no such engine (found \"espeak\")", "Write \"\", \"command\" or"},
        {GOOD_MEDIA "asr: { engine = \"http\"; };\n", 0, "asr.url: missing", "its address"},
        {GOOD_MEDIA "database: { conninfo = \"host=db.example dbname=h\"; };\n", 2,
         "database.conninfo: names a host", "hostaddr=ADDRESS"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++)
        assert_said(&wrongs[i]);
}

static void all_errors_are_said_at_once(void **state)
{
    (void)state;
    assert_int_equal(load("process: { workers = 0; log_level = 3; bogus = 1; };\n"
                          "tts: { engine = \"x\"; };\n" GOOD_MEDIA),
                     4);
    assert_non_null(strstr(problems.data, ":1: process.workers"));
    assert_non_null(strstr(problems.data, ":1: process.log_level"));
    assert_non_null(strstr(problems.data, ":1: process.bogus"));
    assert_non_null(strstr(problems.data, ":2: tts.engine"));
}

static void a_file_that_is_not_there_is_an_error(void **state)
{
    (void)state;
    text_clear(&problems);
    config_defaults(&config);
    assert_int_equal(config_load("/nonexistent/hotlined.conf", &config, &problems), 1);
    assert_non_null(strstr(problems.data, "/nonexistent/hotlined.conf:0: cannot be read. Check"));
}

static void a_text_that_is_too_long_is_refused(void **state)
{
    struct text content = {0};

    (void)state;
    text_add(&content, GOOD_MEDIA "process: { web_dir = \"/");
    for (int i = 0; i < CONFIG_TEXT; i++)
        text_add(&content, "x");
    text_add(&content, "\"; };\n");
    assert_int_equal(load(content.data), 1);
    assert_non_null(strstr(problems.data, ":2: process.web_dir: wrong value"));
    text_done(&content);
}

/* --- reload --------------------------------------------------------------------------------- */

static void reload_takes_what_it_may_and_names_the_rest(void **state)
{
    struct config running, loaded;
    struct text notes = {0};

    (void)state;
    config_defaults(&running);
    loaded = running;
    config_reload(&running, &loaded, &notes);
    assert_int_equal(notes.length, 0);
    loaded.log_level = LOG_LEVEL_DEBUG;
    loaded.max_calls = 5;
    snprintf(loaded.sip_listen, sizeof(loaded.sip_listen), "127.0.0.1:5555");
    config_reload(&running, &loaded, &notes);
    assert_int_equal(running.log_level, LOG_LEVEL_DEBUG);
    assert_int_equal(running.max_calls, 4000);
    assert_string_equal(running.sip_listen, "0.0.0.0:5060");
    assert_string_equal(notes.data, "process.max_calls,sip.listen");
    text_done(&notes);
}

/* --- addresses ------------------------------------------------------------------------------ */

static void addresses_are_split(void **state)
{
    static const char *const bad[] = {
        "",
        "1.2.3.4",
        "1.2.3.4:",
        ":80",
        "1.2.3.4:x",
        "[::1]80",
        "[]:80",
        "[::1:80",
        "a:65536",
        "a:-1",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        ":1"};
    char host[64];
    uint16_t port;

    (void)state;
    assert_int_equal(config_split_address("1.2.3.4:5060", host, &port), 0);
    assert_string_equal(host, "1.2.3.4");
    assert_int_equal(port, 5060);
    assert_int_equal(config_split_address("[2001:db8::1]:65535", host, &port), 0);
    assert_string_equal(host, "2001:db8::1");
    assert_int_equal(port, 65535);
    assert_int_equal(config_split_address("127.0.0.1:0", host, &port), 0);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (config_split_address(bad[i], host, &port) != -EINVAL)
            fail_msg("taken: %s", bad[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_file_that_is_delivered_is_good),
        cmocka_unit_test(the_guide_names_the_limits),
        cmocka_unit_test(the_guide_lists_every_port),
        cmocka_unit_test(settings_are_taken),
        cmocka_unit_test(each_error_has_line_and_remedy),
        cmocka_unit_test(all_errors_are_said_at_once),
        cmocka_unit_test(a_file_that_is_not_there_is_an_error),
        cmocka_unit_test(a_text_that_is_too_long_is_refused),
        cmocka_unit_test(reload_takes_what_it_may_and_names_the_rest),
        cmocka_unit_test(addresses_are_split),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
