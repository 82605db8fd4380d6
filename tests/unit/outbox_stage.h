/* What the tests of the outbox stand on: real PostgreSQL with one center, a directory for the file,
 * and facts that are numbered, so that each can be looked for where it should be. */
#ifndef TESTS_OUTBOX_STAGE_H
#define TESTS_OUTBOX_STAGE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <time.h>

#include <hotlined/fact.h>
#include <hotlined/loop.h>
#include <hotlined/store.h>

#include "pg_fixture.h"

#define NOON    1768449600000 /* 2026-01-15 12:00 in China: one month, one partition */
#define NOWHERE "hostaddr=127.0.0.1 port=1 user=x dbname=x"

extern struct outbox_stage {
    struct pg_fixture pg;
    struct loop *loop;
    struct store *store;
    struct fact_outbox *outbox;
    char directory[64], path[96];
    unsigned emitted; /* by emit() */
    unsigned shipped; /* facts, in so many batches */
    unsigned batches;
    uint64_t batch_at, shortest_gap_ms; /* between two batches */
    int troubles, fulls, overs;         /* how often each was told */
    bool inside_emit;
} stage;

/* One database for all tests of a program; nothing in it, in the directory and told before each. */
int stage_begin(void **state);
int stage_end(void **state);
int stage_clear(void **state);
int stage_leave(void **state);
#define TEST(f) cmocka_unit_test_setup_teardown(f, stage_clear, stage_leave)

/* Loop, store and outbox. */
void open_outbox(void);
void open_outbox_at(const char *conninfo, int timeout_ms);
void close_outbox(int timeout_ms);

void emit_as(const struct uuid *id, const char *kind, const char *payload);
/* The next fact: an audit line whose detail is its number. */
void emit(void);
/* All facts from 0 to count - 1 are in the journal once, were applied once, in order. */
void assert_arrived(unsigned count);
/* Reads the outbox's file as another program would; -1 while there is nothing to read. */
int64_t in_file(const char *sql);

time_t now_s(void);

/* Runs the loop until it is so. */
#define until(condition)                                                                           \
    do {                                                                                           \
        time_t end_ = now_s() + 120;                                                               \
        while (!(condition)) {                                                                     \
            if (now_s() > end_)                                                                    \
                fail_msg("waited in vain for: %s", #condition);                                    \
            loop_run_once(stage.loop, 20);                                                         \
        }                                                                                          \
    } while (0)

#endif
