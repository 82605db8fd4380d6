/* Command line of hotlined. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hotlined/config.h>
#include <hotlined/log.h>
#include <hotlined/store.h>
#include <hotlined/text.h>

#include "main/daemon.h"

#define DEFAULT_CONFIG "/etc/hotlined/hotlined.conf"

enum action { RUN, CHECK, MIGRATE, RENDER, FIRST_ADMIN };

static void usage(FILE *out)
{
    fputs(
        "Usage: hotlined [--config FILE] [--check | --migrate | --render-prompts]\n"
        "       hotlined [--config FILE] --first-admin CODE:NAME:LOGIN\n"
        "       hotlined --version | --help\n"
        "\n"
        "  --config FILE      default " DEFAULT_CONFIG "\n"
        "  --check            check the configuration file and say every error\n"
        "  --migrate          bring the database schema up to date, as its owner: the\n"
        "                     environment variable HOTLINED_ADMIN_DB says how to connect\n"
        "  --render-prompts   make the audio of published prompts that have none\n"
        "  --first-admin CODE:NAME:LOGIN\n"
        "                     make the regional center with this code and name, when there is "
        "none,\n"
        "                     and its first administrator, who makes everybody else in the pages;\n"
        "                     the password is read from standard input; connects as --migrate "
        "does\n",
        out);
}

/* NULL, having said so, when nobody said how to connect as the owner. */
static const char *owner_conninfo(void)
{
    const char *admin = getenv("HOTLINED_ADMIN_DB");

    if (admin && *admin)
        return admin;
    fputs("hotlined: set HOTLINED_ADMIN_DB to the owner's connection, for example\n"
          "  HOTLINED_ADMIN_DB='host=/run/postgresql dbname=hotlined user=hotlined'\n",
          stderr);
    return NULL;
}

static int migrate(void)
{
    const char *admin = owner_conninfo();
    struct text report = {0};
    int applied;

    if (!admin)
        return EXIT_FAILURE;
    applied = store_migrate(admin, &report);
    if (report.data)
        fputs(report.data, stdout);
    text_done(&report);
    return applied < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int make_first_admin(const char *who)
{
    const char *admin = owner_conninfo();

    return admin ? first_admin(admin, who) : EXIT_FAILURE;
}

static int load(const char *path, struct config *config)
{
    struct text problems = {0};
    int errors;

    config_defaults(config);
    errors = config_load(path, config, &problems);
    if (errors)
        fprintf(stderr, "%s%d error(s) in %s\n", problems.data ? problems.data : "", errors, path);
    text_done(&problems);
    return errors;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},
        {"check", no_argument, NULL, 'k'},
        {"migrate", no_argument, NULL, 'm'},
        {"render-prompts", no_argument, NULL, 'r'},
        {"first-admin", required_argument, NULL, 'f'},
        {"version", no_argument, NULL, 'v'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    const char *path = DEFAULT_CONFIG, *who = "";
    enum action action = RUN;
    static struct config config;

    for (int option; (option = getopt_long(argc, argv, "c:h", options, NULL)) != -1;)
        switch (option) {
        case 'c':
            path = optarg;
            break;
        case 'k':
            action = CHECK;
            break;
        case 'm':
            action = MIGRATE;
            break;
        case 'r':
            action = RENDER;
            break;
        case 'f':
            action = FIRST_ADMIN;
            who = optarg;
            break;
        case 'v':
            printf("hotlined %s schema %d\n", HOTLINED_VERSION, store_schema_version());
            return EXIT_SUCCESS;
        case 'h':
            usage(stdout);
            return EXIT_SUCCESS;
        default:
            usage(stderr);
            return EXIT_FAILURE;
        }
    if (optind < argc) {
        fprintf(stderr, "hotlined: unexpected argument \"%s\"\n", argv[optind]);
        return EXIT_FAILURE;
    }
    if (load(path, &config))
        return EXIT_FAILURE;
    log_set_level((enum log_level)config.log_level);
    switch (action) {
    case CHECK:
        printf("%s: good\n", path);
        return EXIT_SUCCESS;
    case MIGRATE:
        return migrate();
    case RENDER:
        return render_prompts(&config);
    case FIRST_ADMIN:
        return make_first_admin(who);
    case RUN:
        break;
    }
    return daemon_run(path, &config);
}
