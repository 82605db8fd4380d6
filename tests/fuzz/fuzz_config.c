/* The configuration file: a file without errors gives settings within their limits. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <hotlined/config.h>
#include <hotlined/text.h>

#include "fuzz.h"

/* libconfig forgets a text before a mistake in the grammar: the daemon ends then anyway. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libconfig.so\n";
}

#define TEXT(field) MUST(strnlen(field, sizeof(field)) < sizeof(field))

static void check(const struct config *c)
{
    char host[64];
    uint16_t port;

    TEXT(c->state_dir);
    TEXT(c->recording_dir);
    TEXT(c->db_conninfo);
    TEXT(c->tts_url);
    TEXT(c->tts_voices);
    MUST(c->state_dir[0] && c->recording_dir[0] && c->prompt_dir[0]);
    MUST(c->workers >= 1 && c->workers <= 64 && c->max_calls >= 1 && c->max_calls <= 500000);
    MUST(c->media_port_min % 2 == 0 && c->media_port_min + 3 <= c->media_port_max);
    MUST(c->media_port_min >= 1024 && c->media_port_max <= 65535);
    MUST(c->line_port < c->media_port_min || c->line_port > c->media_port_max);
    MUST(c->dscp_audio >= 0 && c->dscp_audio <= 63);
    MUST(config_split_address(c->http_listen, host, &port) == 0);
    MUST(strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0);
    MUST(config_split_address(c->sip_listen, host, &port) == 0);
}

static void load(const uint8_t *data, size_t size)
{
    struct config config, current;
    struct text problems = {0}, notes = {0};
    char path[64];
    int fd = memfd_create("fuzz", MFD_CLOEXEC), errors;

    MUST(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    config_defaults(&config);
    current = config;
    errors = config_load(path, &config, &problems);
    MUST(errors >= 0 && (errors > 0) == (problems.length > 0));
    if (errors == 0) {
        check(&config);
        config_reload(&current, &config, &notes);
        MUST(current.log_level == config.log_level);
    }
    text_done(&problems);
    text_done(&notes);
    close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size), host[64];
    uint16_t port;

    /* "@include" would read files of this machine. */
    if (!strstr(text, "@"))
        load(data, size);
    if (config_split_address(text, host, &port) == 0)
        MUST(host[0] && strnlen(host, sizeof(host)) < sizeof(host));
    free(text);
    return 0;
}
