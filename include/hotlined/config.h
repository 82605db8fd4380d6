/* conf/hotlined.conf: what belongs to the process. Everything that is business lives in the
 * database. Parsed by libconfig; one table in base/config.c names every setting with type,
 * limits, default and remedy. `hotlined --check` prints every error with file, line, what was
 * found and what to do. Reload (SIGHUP) re-reads it; settings marked "reload" take effect,
 * changes to others are logged as "needs a restart". */
#ifndef HOTLINED_CONFIG_H
#define HOTLINED_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

struct text;

#define CONFIG_TEXT        256
#define CONFIG_MAX_PROXIES 16

struct config {
    /* process */
    char state_dir[CONFIG_TEXT]; /* outbox, recordings, prompts, config snapshot, TLS made by us */
    char recording_dir[CONFIG_TEXT]; /* default state_dir/recordings */
    char prompt_dir[CONFIG_TEXT];    /* default state_dir/prompts */
    char web_dir[CONFIG_TEXT];       /* built pages (src/web/dist) */
    int log_level;                   /* reload. enum log_level */
    int workers;                     /* threads of the worker pool */
    int drain_s;                     /* SIGTERM: how long running calls may finish */
    int max_calls;                   /* call slots; more INVITEs get 503 */
    int max_agents;
    /* disk.h: free room in percent; 0 = never */
    int disk_alarm_percent, disk_clean_percent, disk_stop_percent;

    /* database */
    char db_conninfo[CONFIG_TEXT]; /* libpq; socket directory or hostaddr, never a name */
    int db_fast_connections;
    int db_slow_connections;

    /* http */
    char http_listen[CONFIG_TEXT];     /* "127.0.0.1:8080"; plain HTTP is refused off loopback */
    char https_listen[CONFIG_TEXT];    /* "0.0.0.0:8443" or "" for none */
    char tls_certificate[CONFIG_TEXT]; /* PEM; "" = made at first start in state_dir/tls */
    char tls_key[CONFIG_TEXT];
    int http_connections_per_address;       /* more are refused; 0 = no limit */
    int http_sign_in_failures_per_address;  /* in 15 minutes; more wait; 0 = no limit */
    char http_trusted_proxies[CONFIG_TEXT]; /* addresses and networks, by spaces; "" = none */

    /* sip */
    char sip_listen[CONFIG_TEXT];      /* "0.0.0.0:5060": UDP and TCP */
    char sip_tls_listen[CONFIG_TEXT];  /* "0.0.0.0:5061" or "" */
    char sip_public_host[CONFIG_TEXT]; /* in Contact and Via; "" = address of the listener */
    char sip_realm[CONFIG_TEXT];
    int sip_phones_md5_only; /* 1: SHA-256 is not offered to desk phones */
    int sip_ban_s;           /* how long who guesses passwords or numbers gets no answer */

    /* media */
    char media_address[CONFIG_TEXT];        /* local address RTP sockets bind to */
    char media_public_address[CONFIG_TEXT]; /* written into SDP; default media_address */
    int media_port_min, media_port_max;     /* plain RTP legs, even ports */
    int line_port;                          /* one UDP and TCP port for all browser lines */
    int media_threads;
    int dscp_audio, dscp_signal; /* 46 and 24 */
    int rtp_timeout_s;           /* a leg without RTP this long is ended; default 30 */

    /* tts */
    char tts_engine[CONFIG_TEXT];  /* "espeak", "command" or "http" */
    int tts_sessions;              /* texts that are spoken at a time, of all centers */
    char tts_command[CONFIG_TEXT]; /* engine=command: reads text on stdin, writes WAV on stdout */
    char tts_url[CONFIG_TEXT];     /* engine=http: POST text, answers WAV */

    /* asr */
    char asr_engine[CONFIG_TEXT];  /* "" = none, "command" or "http" */
    char asr_command[CONFIG_TEXT]; /* engine=command: reads a WAV on stdin, writes JSON on stdout */
    char asr_url[CONFIG_TEXT];     /* engine=http: POST of a WAV, answers JSON */
    int asr_sessions;              /* recordings that are heard at a time, of all centers */
    int asr_timeout_s;             /* for one of them */
    int asr_tries, asr_retry_s;    /* given up after so many; the second one comes after so long */

    /* query */
    char query_private_hosts[CONFIG_TEXT]; /* may be asked though private, by spaces; "" = none */

    char tts_voices[CONFIG_TEXT]; /* "code:name,code:name"; "" = the engine's own */
};

void config_defaults(struct config *config);
/* Reads and checks all of it. Returns the number of errors (0 = good); each error is one line
 * "FILE:LINE: setting: what is wrong (found VALUE). What to do." appended to problems. */
int config_load(const char *path, struct config *ret_config, struct text *problems);
/* Copies the reloadable settings; names of changed settings that need a restart go to notes. */
void config_reload(struct config *current, const struct config *loaded, struct text *notes);
/* Splits "host:port" / "[v6]:port". 0 or -EINVAL. */
int config_split_address(const char *text, char host[64], uint16_t *ret_port);

#endif
