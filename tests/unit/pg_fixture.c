/* A PostgreSQL cluster for one test program. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <libpq-fe.h>

#include "pg_fixture.h"

extern char **environ;

static void script(const char *command, const char *directory)
{
    char *const argv[] = {(char *)"scripts/pg", (char *)command, (char *)directory, NULL};
    pid_t pid;
    int status;

    if (posix_spawn(&pid, argv[0], NULL, NULL, argv, environ))
        fail_msg("scripts/pg cannot be run: start the test from the top of the project");
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (status != 0)
        fail_msg("scripts/pg %s %s ended with status %d", command, directory, status);
}

/* A shell that waits until the other end of its standard input is closed, by pg_end() or by the
 * death of the test, and then clears away. */
static void start_guard(struct pg_fixture *pg)
{
    static const char clear[] = "cat >/dev/null; scripts/pg stop \"$0\"; rm -rf \"$0\"";
    char *const argv[] = {(char *)"sh", (char *)"-c", (char *)clear, pg->directory, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    pid_t pid;
    int ends[2];

    assert_return_code(pipe2(ends, O_CLOEXEC), errno);
    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    assert_int_equal(posix_spawn_file_actions_adddup2(&actions, ends[0], 0), 0);
    assert_int_equal(posix_spawnattr_init(&attributes), 0);
    assert_int_equal(posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID), 0);
    assert_int_equal(posix_spawn(&pid, "/bin/sh", &actions, &attributes, argv, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    close(ends[0]);
    pg->guard_fd = ends[1];
    pg->guard_pid = pid;
}

void pg_server_start(struct pg_fixture *pg)
{
    script("start", pg->directory);
    pg->admin = PQconnectdb(pg->superuser);
    if (PQstatus(pg->admin) != CONNECTION_OK)
        fail_msg("%s", PQerrorMessage(pg->admin));
}

void pg_server_stop(struct pg_fixture *pg)
{
    script("stop", pg->directory); /* ends what the admin has open, locks too */
    PQfinish(pg->admin);
    pg->admin = NULL;
}

void pg_start(struct pg_fixture *pg)
{
    static const char form[] = "host=%s/run user=%s dbname=hotlined options='-c "
                               "client_min_messages=warning'";

    memset(pg, 0, sizeof(*pg));
    snprintf(pg->directory, sizeof(pg->directory), "/tmp/hotlined-pg-XXXXXX");
    assert_non_null(mkdtemp(pg->directory));
    snprintf(pg->app, sizeof(pg->app), form, pg->directory, "hotlined_app");
    snprintf(pg->owner, sizeof(pg->owner), form, pg->directory, "hotlined");
    snprintf(pg->superuser, sizeof(pg->superuser), form, pg->directory, "postgres");
    start_guard(pg);
    pg_server_start(pg);
}

void pg_end(struct pg_fixture *pg)
{
    if (pg->admin)
        PQfinish(pg->admin);
    close(pg->guard_fd);
    while (waitpid(pg->guard_pid, NULL, 0) < 0 && errno == EINTR)
        ;
    assert_int_not_equal(access(pg->directory, F_OK), 0);
}

static PGresult *ask(struct pg_fixture *pg, const char *sql)
{
    PGresult *result = PQexec(pg->admin, sql);
    ExecStatusType status = PQresultStatus(result);

    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        fail_msg("%s\n%s", sql, PQerrorMessage(pg->admin));
    return result;
}

void pg_do(struct pg_fixture *pg, const char *sql)
{
    PQclear(ask(pg, sql));
}

int64_t pg_number(struct pg_fixture *pg, const char *sql)
{
    PGresult *result = ask(pg, sql);
    int64_t number;

    assert_int_equal(PQntuples(result), 1);
    number = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
    PQclear(result);
    return number;
}
