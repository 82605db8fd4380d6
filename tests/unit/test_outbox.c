/* rooms: base store */
/* with: tests/unit/outbox_stage.c tests/unit/pg_fixture.c */
/* The outbox: nothing is lost and nothing counts twice, whatever dies meanwhile. Real PostgreSQL,
 * real files, real kills. */
#include "outbox_stage.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <hotlined/id.h>
#include <hotlined/log.h>
#include <hotlined/text.h>

/* --- the way -------------------------------------------------------------------------------- */

static void facts_arrive_in_order(void **state)
{
    (void)state;
    open_outbox();
    for (int i = 0; i < 1700; i++)
        emit();
    assert_int_equal(fact_outbox_pending(stage.outbox), 1700);
    until(!fact_outbox_pending(stage.outbox));
    assert_int_equal(stage.shipped, 1700);
    assert_arrived(1700);
    until(in_file("SELECT coalesce(sum(count), 0) FROM fact") == 0);
}

static void one_fact_is_applied_once(void **state)
{
    struct uuid id = uuid_new(NOON);
    char text[UUID_TEXT_SIZE], payload[200];

    (void)state;
    snprintf(payload, sizeof(payload),
             "{\"id\":\"%s\",\"action\":\"test\",\"detail\":\"0\",\"at_ms\":1}",
             uuid_text(&id, text));
    open_outbox();
    for (int i = 0; i < 3; i++) {
        emit_as(&id, "audit", payload);
        emit_as(&id, "audit", payload);
        until(!fact_outbox_pending(stage.outbox));
    }
    assert_arrived(1);
}

/* --- PostgreSQL goes ------------------------------------------------------------------------ */

static void cut_connections(void)
{
    pg_do(&stage.pg, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = "
                     "'hotlined_app'");
}

static void nothing_is_lost_or_doubled_when_postgresql_goes(void **state)
{
    (void)state;
    open_outbox();
    while (stage.emitted < 5000) {
        for (int i = 0; i < 25; i++)
            emit();
        loop_run_once(stage.loop, 0);
        if (stage.emitted % 2000 == 1000)
            pg_server_stop(&stage.pg);
        else if (stage.emitted % 2000 == 0)
            pg_server_start(&stage.pg);
        else if (stage.pg.admin && stage.emitted % 350 == 0)
            cut_connections(); /* in the middle of a batch: its fate is unknown */
    }
    if (!stage.pg.admin)
        pg_server_start(&stage.pg);
    until(!fact_outbox_pending(stage.outbox));
    assert_arrived(5000);
    until(in_file("SELECT coalesce(sum(count), 0) FROM fact") == 0);
    assert_int_equal(in_file("SELECT count(*) FROM rejected"), 0);
}

static void a_statement_that_takes_too_long_is_sent_again(void **state)
{
    (void)state;
    open_outbox_at(stage.pg.app, 300);
    until(store_is_available(stage.store));
    pg_do(&stage.pg, "BEGIN; LOCK TABLE audit_log IN ACCESS EXCLUSIVE MODE");
    for (int i = 0; i < 40; i++)
        emit();
    until(pg_number(&stage.pg,
                    "SELECT count(*) FROM pg_stat_activity WHERE usename = 'hotlined_app' AND "
                    "wait_event_type = 'Lock'") == 1);
    until(pg_number(&stage.pg,
                    "SELECT count(*) FROM pg_stat_activity WHERE usename = 'hotlined_app' AND "
                    "wait_event_type = 'Lock'") == 0); /* timed out */
    assert_int_equal(fact_outbox_pending(stage.outbox), 40);
    pg_do(&stage.pg, "ROLLBACK");
    until(!fact_outbox_pending(stage.outbox));
    assert_arrived(40);
}

/* A trouble of PostgreSQL is no fault of the facts: they wait. */
/* How often the server's log says so. */
static int64_t said(const char *words)
{
    char sql[300];

    snprintf(sql, sizeof(sql),
             "SELECT (length(log) - length(replace(log, '%s', ''))) / %zu FROM "
             "pg_read_file('server.log') AS log",
             words, strlen(words));
    return pg_number(&stage.pg, sql);
}

static void a_read_only_database_rejects_no_fact(void **state)
{
    int64_t before;

    (void)state;
    pg_do(&stage.pg, "ALTER ROLE hotlined_app SET default_transaction_read_only = on");
    open_outbox();
    until(store_is_available(stage.store));
    before = said("read-only transaction");
    for (int i = 0; i < 30; i++)
        emit();
    until(said("read-only transaction") >= before + 3);
    assert_int_equal(fact_outbox_pending(stage.outbox), 30);
    pg_do(&stage.pg, "ALTER ROLE hotlined_app RESET default_transaction_read_only");
    cut_connections();
    until(!fact_outbox_pending(stage.outbox));
    assert_arrived(30);
    assert_int_equal(in_file("SELECT count(*) FROM rejected"), 0);
}

static void a_missing_right_rejects_no_fact(void **state)
{
    int64_t before = said("permission denied for function ingest_facts");

    (void)state;
    open_outbox();
    until(store_is_available(stage.store));
    pg_do(&stage.pg, "REVOKE EXECUTE ON FUNCTION ingest_facts(jsonb) FROM hotlined_app");
    emit();
    until(said("permission denied for function ingest_facts") >= before + 3);
    assert_int_equal(fact_outbox_pending(stage.outbox), 1);
    pg_do(&stage.pg, "GRANT EXECUTE ON FUNCTION ingest_facts(jsonb) TO hotlined_app");
    until(!fact_outbox_pending(stage.outbox));
    assert_arrived(1);
    assert_int_equal(in_file("SELECT count(*) FROM rejected"), 0);
}

static void closing_ships_what_it_can(void **state)
{
    (void)state;
    open_outbox();
    until(store_is_available(stage.store));
    for (int i = 0; i < 900; i++)
        emit();
    close_outbox(20000);
    assert_arrived(900);
}

static void closing_in_mid_shipping_loses_nothing(void **state)
{
    (void)state;
    for (int round = 0; round < 12; round++) {
        open_outbox();
        until(store_is_available(stage.store));
        for (int i = 0; i < 100; i++)
            emit();
        for (int turn = 0; turn < round; turn++)
            loop_run_once(stage.loop, 1);
        close_outbox(0);
    }
    open_outbox();
    until(!fact_outbox_pending(stage.outbox));
    assert_arrived(1200);
}

/* --- the process goes ----------------------------------------------------------------------- */

static void emit_until_killed(void)
{
    open_outbox_at(NOWHERE, 1000);
    for (;;) {
        emit();
        if (stage.emitted % 50 == 0)
            loop_run_once(stage.loop, 1);
    }
}

static void committed_facts_survive_a_kill(void **state)
{
    int64_t committed;
    int status;
    pid_t child = fork();

    (void)state;
    assert_return_code(child, errno);
    if (child == 0)
        emit_until_killed();
    while (in_file("SELECT coalesce(sum(count), 0) FROM fact") < 2000)
        assert_int_equal(waitpid(child, NULL, WNOHANG), 0);
    assert_return_code(kill(child, SIGKILL), errno);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    open_outbox();
    committed = (int64_t)fact_outbox_pending(stage.outbox);
    assert_true(committed >= 2000);
    until(!fact_outbox_pending(stage.outbox));
    assert_arrived((unsigned)committed); /* the first ones, without a gap */
}

/* --- bad facts ------------------------------------------------------------------------------ */

static void a_bad_fact_is_put_aside_and_the_rest_arrives(void **state)
{
    struct uuid strange, broken, foreign;

    (void)state;
    open_outbox();
    for (int i = 0; i < 900; i++) {
        if (i == 123) {
            strange = uuid_new(NOON);
            emit_as(&strange, "no_such_kind", "{\"a\":1}");
        }
        if (i == 500) {
            broken = uuid_new(NOON);
            emit_as(&broken, "audit", "{\"this is no JSON");
        }
        if (i == 501) {
            foreign = uuid_new(NOON);
            emit_as(&foreign, "audit", "{\"id\":\"no uuid\"}");
        }
        emit();
    }
    until(!fact_outbox_pending(stage.outbox));
    assert_arrived(900);
    assert_int_equal(in_file("SELECT count(*) FROM rejected"), 3);
    assert_int_equal(in_file("SELECT count(*) FROM rejected WHERE json LIKE '%no_such_kind%' AND "
                             "why <> ''"),
                     1);
    until(in_file("SELECT coalesce(sum(count), 0) FROM fact") == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(facts_arrive_in_order),
        TEST(one_fact_is_applied_once),
        TEST(nothing_is_lost_or_doubled_when_postgresql_goes),
        TEST(a_statement_that_takes_too_long_is_sent_again),
        TEST(a_read_only_database_rejects_no_fact),
        TEST(a_missing_right_rejects_no_fact),
        TEST(closing_ships_what_it_can),
        TEST(closing_in_mid_shipping_loses_nothing),
        TEST(committed_facts_survive_a_kill),
        TEST(a_bad_fact_is_put_aside_and_the_rest_arrives),
    };

    return cmocka_run_group_tests(tests, stage_begin, stage_end);
}
