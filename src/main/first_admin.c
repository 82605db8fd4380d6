/* hotlined --first-admin: an empty database becomes one that somebody can sign in to. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <hotlined/api.h>
#include <hotlined/loop.h>
#include <hotlined/store.h>
#include <hotlined/text.h>

#include "main/daemon.h"

#define WAIT_FOR_DB_MS 15000
#define PASSWORD_SIZE  256

struct making {
    char code[64], name[128], login[64];
    char hash[API_HASH_SIZE];
    struct loop *loop;
    struct store *store;
    struct loop_timer patience;
    bool asked, made;
};

static int refuse(const char *what)
{
    fprintf(stderr, "hotlined: %s\n", what);
    return -EINVAL;
}

/* --- what was given ------------------------------------------------------------------------- */

static bool consists_of(const char *text, const char *characters)
{
    return *text && !text[strspn(text, characters)];
}

static int split(const char *who, struct making *m)
{
    const char *name = strchr(who, ':');
    const char *login = name ? strrchr(who, ':') : NULL;

    if (!name || login == name || (size_t)(name - who) >= sizeof(m->code) ||
        (size_t)(login - name - 1) >= sizeof(m->name) ||
        !text_copy(m->login, sizeof(m->login), login + 1))
        return refuse("--first-admin takes CODE:NAME:LOGIN, for example region:热线中心:admin");
    memcpy(m->code, who, (size_t)(name - who));
    memcpy(m->name, name + 1, (size_t)(login - name - 1));
    return 0;
}

static int check(const struct making *m)
{
    if (!consists_of(m->code, "abcdefghijklmnopqrstuvwxyz0123456789_") || m->code[0] < 'a' ||
        strlen(m->code) > 31)
        return refuse("CODE begins with a to z and goes on with a to z, 0 to 9, _ (at most 31)");
    if (!m->name[strspn(m->name, " \t")])
        return refuse("NAME, the name of the center, is empty");
    if (!consists_of(m->login,
                     "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-") ||
        strlen(m->login) > 32)
        return refuse("LOGIN consists of letters, digits, . _ - (at most 32)");
    return 0;
}

static bool read_line(const char *prompt, char *line)
{
    if (isatty(STDIN_FILENO))
        fputs(prompt, stderr);
    if (!fgets(line, PASSWORD_SIZE, stdin))
        return false;
    line[strcspn(line, "\r\n")] = 0;
    if (isatty(STDIN_FILENO))
        fputc('\n', stderr);
    return true;
}

/* A person types it twice, unseen; a pipe says it once. */
static int ask_password(char *password)
{
    struct termios shown, hidden;
    bool tty = tcgetattr(STDIN_FILENO, &shown) == 0, same = true;
    char again[PASSWORD_SIZE] = "";

    if (tty) {
        hidden = shown;
        hidden.c_lflag &= ~(tcflag_t)ECHO;
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
    }
    if (!read_line("Password: ", password))
        *password = 0;
    if (tty)
        same = read_line("Again: ", again) && strcmp(again, password) == 0;
    if (tty)
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
    explicit_bzero(again, sizeof(again));
    if (!*password)
        return refuse("no password on standard input");
    return same ? 0 : refuse("the two passwords are not the same");
}

static int read_password(struct making *m)
{
    char password[PASSWORD_SIZE];
    const char *weakness;
    int err = ask_password(password);

    if (!err) {
        weakness = api_password_weakness(password, m->login);
        err = weakness ? refuse(weakness) : api_password_hash(password, m->hash);
    }
    explicit_bzero(password, sizeof(password));
    return err;
}

/* --- making it ------------------------------------------------------------------------------ */

static void answered(const struct store_result *result, void *arg)
{
    struct making *m = arg;

    m->made = store_status(result) == STORE_OK;
    if (m->made)
        printf("%s: sign in as %s\n", store_text(result, 0, 0), m->login);
    else if (strncmp(store_sqlstate(result), "HL", 2) == 0)
        refuse(store_message(result));
    else
        fprintf(stderr,
                "hotlined: the database refused (SQLSTATE %s); is HOTLINED_ADMIN_DB its owner?\n",
                store_sqlstate(result));
    loop_stop(m->loop);
}

static void on_available(bool available, int64_t since_ms, void *arg)
{
    struct making *m = arg;
    struct store_params params = {0};

    (void)since_ms;
    if (!available || m->asked)
        return;
    store_param_text(&params, m->code);
    store_param_text(&params, m->name);
    store_param_text(&params, m->login);
    store_param_text(&params, m->hash);
    m->asked = store_query(m->store, STORE_FAST, STMT_FIRST_ADMIN, &STORE_SCOPE_DAEMON, &params,
                           answered, m, NULL) == 0;
}

static void no_patience(void *arg)
{
    struct making *m = arg;

    refuse("no answer from the database; is HOTLINED_ADMIN_DB right, was --migrate run?");
    loop_stop(m->loop);
}

static void make(struct making *m, const char *conninfo)
{
    static const struct store_handlers handlers = {on_available, NULL};
    struct store_options options = {.conninfo = conninfo,
                                    .fast_connections = 1,
                                    .slow_connections = 1,
                                    .fast_timeout_ms = 10000,
                                    .slow_timeout_ms = 10000};

    if (loop_create(&m->loop))
        return;
    loop_timer_init(&m->patience, m->loop, no_patience, m);
    loop_timer_start(&m->patience, WAIT_FOR_DB_MS);
    if (store_create(m->loop, &options, &handlers, m, &m->store) == 0)
        loop_run(m->loop);
    if (m->store)
        store_destroy(m->store, 1000);
    loop_timer_done(&m->patience);
    loop_destroy(m->loop);
}

int first_admin(const char *admin_conninfo, const char *who)
{
    struct making m = {0};

    if (split(who, &m) || check(&m) || read_password(&m))
        return EXIT_FAILURE;
    make(&m, admin_conninfo);
    return m.made ? EXIT_SUCCESS : EXIT_FAILURE;
}
