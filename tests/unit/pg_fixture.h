/* A real PostgreSQL for one test program: a cluster of its own in a temporary directory, made by
 * scripts/pg, removed when the program ends, however it ends. Every function fails the test when
 * the database does not do as it is told. Programs run from the top of the project. */
#ifndef TESTS_PG_FIXTURE_H
#define TESTS_PG_FIXTURE_H

#include <stdbool.h>
#include <stdint.h>

struct pg_fixture {
    char directory[128];
    char app[256];   /* conninfo of the daemon's role */
    char owner[256]; /* of the owner of the schema */
    char superuser[256];
    void *admin; /* PGconn of the superuser; NULL while stopped */
    int guard_fd, guard_pid;
};

/* Initialised and running, empty: apply the schema with store_migrate(pg->owner, ...). */
void pg_start(struct pg_fixture *pg);
/* Stops the server and removes its directory. */
void pg_end(struct pg_fixture *pg);

void pg_server_stop(struct pg_fixture *pg);
void pg_server_start(struct pg_fixture *pg);

/* As the superuser, to whom row-level security does not apply. Several statements may stand in
 * one text. */
void pg_do(struct pg_fixture *pg, const char *sql);
int64_t pg_number(struct pg_fixture *pg, const char *sql); /* the first cell */

#endif
