/* rooms: base store */
/* with: tests/unit/pg_fixture.c */
/* The store against a real PostgreSQL: order, scopes, errors, outages, lanes. Statements are made
 * to take long by locking the table they read, so nothing here depends on a sleep. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <hotlined/loop.h>
#include <hotlined/store.h>
#include <hotlined/text.h>

#include "pg_fixture.h"

#define MANY 600

/* One program, one cluster; one loop and one store for each test. */
static struct pg_fixture pg;
static struct loop *loop;
static struct store *store;
static struct store_options options;
static int told_available, told_away;
static int heard;
static char heard_payload[64];

struct answer {
    int came;  /* times the callback came */
    int place; /* which answer of the test it was, from 0 */
    enum store_status status;
    int rows;
    char state[8], constraint[64];
    char text[256]; /* first cell, cut */
};
static int answers_seen;
static bool inside_query;

static void on_available(bool available, int64_t since, void *arg)
{
    (void)arg;
    assert_true(since > 1500000000000);
    assert_false(inside_query);
    *(available ? &told_available : &told_away) += 1;
}

static void on_config_changed(const char *payload, void *arg)
{
    (void)arg;
    heard++;
    text_copy(heard_payload, sizeof(heard_payload), payload);
}

static void note(const struct store_result *result, void *arg)
{
    struct answer *answer = arg;

    assert_false(inside_query);
    answer->came++;
    answer->place = answers_seen++;
    answer->status = store_status(result);
    answer->rows = store_rows(result);
    text_copy(answer->state, sizeof(answer->state), store_sqlstate(result));
    text_copy(answer->constraint, sizeof(answer->constraint), store_constraint(result));
    if (answer->status == STORE_OK && answer->rows)
        text_copy(answer->text, sizeof(answer->text), store_text(result, 0, 0));
}

static time_t now_s(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec;
}

/* Runs the loop until it is so. */
#define until(condition)                                                                           \
    do {                                                                                           \
        time_t end_ = now_s() + 20;                                                                \
        while (!(condition)) {                                                                     \
            if (now_s() > end_)                                                                    \
                fail_msg("waited in vain for: %s", #condition);                                    \
            loop_run_once(loop, 20);                                                               \
        }                                                                                          \
    } while (0)

static void open_store(int fast, int slow, int timeout_ms)
{
    static const struct store_handlers handlers = {on_available, on_config_changed};

    options = (struct store_options){pg.app, fast, slow, timeout_ms, 20000};
    told_available = told_away = heard = answers_seen = 0;
    assert_int_equal(loop_create(&loop), 0);
    assert_int_equal(store_create(loop, &options, &handlers, NULL, &store), 0);
    until(store_is_available(store));
    assert_int_equal(told_available, 1);
}

static int close_store(void **state)
{
    (void)state;
    store_destroy(store, 1000);
    store = NULL;
    loop_destroy(loop);
    loop = NULL;
    return 0;
}

static int ask_with(enum store_lane lane, enum store_statement statement,
                    const struct store_scope *scope, const struct store_params *params,
                    struct answer *answer, struct store_request **ret_request)
{
    int err;

    inside_query = true;
    err = store_query(store, lane, statement, scope, params, note, answer, ret_request);
    inside_query = false;
    return err;
}

/* settings_prompt_next answers version, "CENTER/CODE-VERSION.wav": an echo of its parameters. */
static void ask_echo(const char *center, const char *code, struct answer *answer)
{
    struct store_params params = {0};

    store_param_text(&params, center);
    store_param_text(&params, code);
    assert_int_equal(
        ask_with(STORE_FAST, STMT_SETTINGS_PROMPT_NEXT, &STORE_SCOPE_DAEMON, &params, answer, NULL),
        0);
}

/* settings_team_list answers one document of the teams in sight; it waits while team is locked. */
static struct store_request *ask_teams(enum store_lane lane, const struct store_scope *scope,
                                       struct answer *answer)
{
    struct store_params params = {0};
    struct store_request *request;

    store_param_null(&params);
    assert_int_equal(ask_with(lane, STMT_SETTINGS_TEAM_LIST, scope, &params, answer, &request), 0);
    return request;
}

static void lock_teams(void)
{
    pg_do(&pg, "BEGIN; LOCK TABLE team IN ACCESS EXCLUSIVE MODE");
}

static void unlock_teams(void)
{
    pg_do(&pg, "ROLLBACK");
}

/* Backends of the daemon that stand at the lock. */
static int64_t standing(void)
{
    return pg_number(&pg,
                     "SELECT count(*) FROM pg_stat_activity WHERE usename = 'hotlined_app' AND "
                     "wait_event_type = 'Lock'");
}

/* All connections, those of facts and of the listener too, are set up and rest. */
static void all_idle(int count)
{
    until(pg_number(&pg, "SELECT count(*) FROM pg_stat_activity WHERE usename = 'hotlined_app' AND "
                         "state = 'idle' AND query <> ''") == count);
    for (int i = 0; i < 10; i++)
        loop_run_once(loop, 20); /* the answers are on their way */
}

/* --- order ---------------------------------------------------------------------------------- */

static void every_named_statement_prepares(void **state)
{
    (void)state;
    open_store(1, 1, 5000); /* available only when the server took every one of them */
    assert_true(STORE_STATEMENT_COUNT > 50);
    assert_int_equal(told_away, 0);
}

static void answers_come_in_order_with_hundreds_in_flight(void **state)
{
    static struct answer answers[MANY];

    (void)state;
    memset(answers, 0, sizeof(answers));
    open_store(1, 1, 5000);
    for (int i = 0; i < MANY; i++) {
        char code[16];
        snprintf(code, sizeof(code), "p%d", i);
        ask_echo(i % 7 == 3 ? "no number" : "1", code, &answers[i]);
    }
    assert_int_equal(answers_seen, 0);
    until(answers_seen == MANY);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(answers[i].came, 1);
        assert_int_equal(answers[i].place, i);
        assert_int_equal(answers[i].status, i % 7 == 3 ? STORE_INVALID : STORE_OK);
        assert_int_equal(answers[i].rows, i % 7 == 3 ? 0 : 1);
    }
}

static void keep_path(const struct store_result *result, void *arg)
{
    answers_seen++;
    text_copy(arg, 64, store_text(result, 0, 1));
}

static void each_answer_belongs_to_its_question(void **state)
{
    static char paths[MANY][64];

    (void)state;
    open_store(3, 1, 5000);
    for (int i = 0; i < MANY; i++) {
        struct store_params params = {0};
        char code[16];
        snprintf(code, sizeof(code), "p%d", i);
        store_param_int(&params, 1 + i % 2);
        store_param_text(&params, code);
        assert_int_equal(store_query(store, STORE_FAST, STMT_SETTINGS_PROMPT_NEXT,
                                     &STORE_SCOPE_DAEMON, &params, keep_path, paths[i], NULL),
                         0);
        memset(&params, 'x', sizeof(params)); /* they were copied */
    }
    until(answers_seen == MANY);
    for (int i = 0; i < MANY; i++) {
        char expected[64];
        int length =
            snprintf(expected, sizeof(expected), "%s/p%d-1-", i % 2 ? "city" : "region", i);
        assert_memory_equal(paths[i], expected, (size_t)length); /* what follows is random */
    }
}

static void a_text_of_megabytes_goes_through(void **state)
{
    struct store_params params = {0};
    struct answer big = {0}, small = {0};
    struct text json = {0};

    (void)state;
    open_store(1, 1, 20000);
    text_add(&json, "[{\"kind\":\"nonsense\",\"payload\":{\"a\":\"");
    for (int i = 0; i < 800000; i++)
        text_add(&json, "0123456789");
    text_add(&json, "\"}}]");
    store_param_text(&params, json.data);
    assert_int_equal(
        ask_with(STORE_FAST, STMT_INGEST_FACTS, &STORE_SCOPE_DAEMON, &params, &big, NULL), 0);
    text_done(&json);
    ask_echo("1", "after", &small);
    until(big.came && small.came);
    assert_string_equal(big.state, "HL001");
    assert_int_equal(small.status, STORE_OK);
}

struct chain {
    int left;
    struct answer last;
};

static void ask_again(const struct store_result *result, void *arg)
{
    struct chain *chain = arg;
    struct store_params params = {0};

    assert_int_equal(store_status(result), STORE_OK);
    store_param_int(&params, 1);
    store_param_text(&params, "again");
    if (--chain->left)
        assert_int_equal(store_query(store, STORE_FAST, STMT_SETTINGS_PROMPT_NEXT,
                                     &STORE_SCOPE_DAEMON, &params, ask_again, chain, NULL),
                         0);
}

static void a_callback_may_ask_again(void **state)
{
    struct chain chain = {.left = 200};
    struct store_params params = {0};

    (void)state;
    open_store(1, 1, 5000);
    store_param_int(&params, 1);
    store_param_text(&params, "first");
    assert_int_equal(store_query(store, STORE_FAST, STMT_SETTINGS_PROMPT_NEXT, &STORE_SCOPE_DAEMON,
                                 &params, ask_again, &chain, NULL),
                     0);
    until(!chain.left);
}

/* --- scopes --------------------------------------------------------------------------------- */

static void GEN_04_scopes_do_not_leak_on_one_connection(void **state)
{
    static const int32_t first[] = {1}, second[] = {2}, both[] = {1, 2};
    const struct store_scope scopes[] = {
        {first, 1, 7}, {NULL, 0, 7}, {second, 1, 7}, {both, 2, 7}, {NULL, 0, 0}};
    static struct answer answers[250], wrong[250];

    (void)state;
    memset(answers, 0, sizeof(answers));
    memset(wrong, 0, sizeof(wrong));
    open_store(1, 1, 5000);
    for (int i = 0; i < 250; i++) {
        const struct store_scope *scope = i % 6 == 5 ? &STORE_SCOPE_DAEMON : &scopes[i % 6];
        ask_teams(STORE_FAST, scope, &answers[i]);
        if (i % 6 == 3) /* one that fails in the middle of its transaction, with a wide scope */
            ask_echo("wrong", "x", &wrong[i]);
    }
    until(answers[249].came);
    for (int i = 0; i < 250; i++) {
        bool sees_first = i % 6 == 0 || i % 6 == 3 || i % 6 == 5;
        bool sees_second = i % 6 == 2 || i % 6 == 3 || i % 6 == 5;
        assert_int_equal(answers[i].status, STORE_OK);
        assert_int_equal(strstr(answers[i].text, "region team") != NULL, sees_first);
        assert_int_equal(strstr(answers[i].text, "city team") != NULL, sees_second);
    }
}

/* --- errors --------------------------------------------------------------------------------- */

static void errors_have_their_status(void **state)
{
    struct answer bad = {0}, ours = {0}, once = {0}, twice = {0}, denied = {0};
    struct store_params ingest = {0}, session = {0}, failure = {0};

    (void)state;
    open_store(1, 1, 5000);
    ask_echo("12monkeys", "x", &bad);
    store_param_text(&ingest, "[{\"kind\":\"nonsense\",\"payload\":{}}]");
    assert_int_equal(
        ask_with(STORE_FAST, STMT_INGEST_FACTS, &STORE_SCOPE_DAEMON, &ingest, &ours, NULL), 0);
    store_param_text(&session, "00ff");
    store_param_int(&session, 77);
    store_param_text(&session, "csrf");
    store_param_text(&session, "127.0.0.1");
    store_param_time(&session, 1764000000123);
    for (int i = 0; i < 2; i++)
        assert_int_equal(ask_with(STORE_FAST, STMT_SESSION_CREATE, &STORE_SCOPE_DAEMON, &session,
                                  i ? &twice : &once, NULL),
                         0);
    store_param_int(&failure, 999); /* a center that is not: row-level security says no */
    store_param_text(&failure, "x");
    assert_int_equal(
        ask_with(STORE_FAST, STMT_LOGIN_FAILED, &STORE_SCOPE_DAEMON, &failure, &denied, NULL), 0);
    until(denied.came);
    assert_int_equal(bad.status, STORE_INVALID);
    assert_string_equal(bad.state, "22P02");
    assert_int_equal(ours.status, STORE_INVALID);
    assert_string_equal(ours.state, "HL001");
    assert_int_equal(once.status, STORE_OK);
    assert_int_equal(twice.status, STORE_CONFLICT);
    assert_string_equal(twice.state, "23505");
    assert_string_equal(twice.constraint, "session_pkey");
    assert_int_equal(denied.status, STORE_FAILED);
    assert_int_equal(pg_number(&pg, "SELECT (extract(epoch FROM expires_at) * 1000)::bigint FROM "
                                    "session WHERE token_hash = '00ff'"),
                     1764000000123);
    pg_do(&pg, "DELETE FROM session");
}

static void a_statement_that_takes_too_long_is_STORE_TIMEOUT(void **state)
{
    struct answer late = {0}, later = {0};

    (void)state;
    open_store(1, 1, 1500); /* the question behind must never need as long */
    lock_teams();
    ask_teams(STORE_FAST, &STORE_SCOPE_DAEMON, &late);
    ask_echo("1", "behind", &later);
    until(late.came && later.came);
    unlock_teams();
    assert_int_equal(late.status, STORE_TIMEOUT);
    assert_string_equal(late.state, "57014");
    assert_int_equal(later.status, STORE_OK);
    assert_int_equal(told_away, 0);
}

/* --- outages -------------------------------------------------------------------------------- */

static void a_server_process_that_hangs_is_given_up(void **state)
{
    struct answer stuck = {0}, next = {0};
    pid_t backend;

    (void)state;
    open_store(1, 1, 2000); /* time to stop it before PostgreSQL itself gives up */
    lock_teams();
    ask_teams(STORE_FAST, &STORE_SCOPE_DAEMON, &stuck);
    until(standing() == 1);
    backend = (pid_t)pg_number(&pg, "SELECT pid FROM pg_stat_activity WHERE usename = "
                                    "'hotlined_app' AND wait_event_type = 'Lock'");
    assert_return_code(kill(backend, SIGSTOP), errno);
    until(stuck.came);
    assert_int_equal(stuck.status, STORE_UNKNOWN);
    assert_int_equal(told_away, 1);
    kill(backend, SIGCONT);
    unlock_teams();
    until(store_is_available(store));
    ask_echo("1", "next", &next);
    until(next.came);
    assert_int_equal(next.status, STORE_OK);
}

static void a_connection_ended_in_mid_query_is_STORE_UNKNOWN(void **state)
{
    struct answer cut[3] = {0}, after = {0};

    (void)state;
    open_store(1, 1, 5000);
    lock_teams();
    for (int i = 0; i < 3; i++)
        ask_teams(STORE_FAST, &STORE_SCOPE_DAEMON, &cut[i]);
    until(standing() == 1);
    pg_do(&pg, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = "
               "'hotlined_app' AND wait_event_type = 'Lock'");
    unlock_teams();
    until(cut[0].came && cut[1].came && cut[2].came);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(cut[i].status, STORE_UNKNOWN);
        assert_int_equal(cut[i].rows, 0);
    }
    until(told_available == 2);
    assert_int_equal(told_away, 1);
    ask_echo("1", "after", &after);
    until(after.came);
    assert_int_equal(after.status, STORE_OK);
}

/* The socket is dead before the loop knows: the question is still answered later, once. */
static void a_question_to_a_dead_connection_is_answered_later(void **state)
{
    struct answer answers[8] = {0};

    (void)state;
    open_store(1, 1, 5000);
    pg_do(&pg, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = "
               "'hotlined_app'");
    while (pg_number(&pg, "SELECT count(*) FROM pg_stat_activity WHERE usename = 'hotlined_app'"))
        ; /* a question to the server each time: not a busy wait of ours */
    for (int i = 0; i < 8; i++)
        ask_echo("1", "dead", &answers[i]);
    until(answers_seen == 8);
    for (int i = 0; i < 8; i++) {
        assert_int_equal(answers[i].came, 1);
        assert_in_range(answers[i].status, STORE_UNAVAILABLE, STORE_UNKNOWN);
    }
    until(told_available == 2);
}

static void one_connection_less_is_no_outage(void **state)
{
    struct answer after = {0};

    (void)state;
    open_store(2, 1, 5000);
    all_idle(5);
    lock_teams();
    ask_teams(STORE_FAST, &STORE_SCOPE_DAEMON, &after);
    until(standing() == 1);
    pg_do(&pg, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = "
               "'hotlined_app' AND wait_event_type = 'Lock'");
    unlock_teams();
    until(after.came);
    assert_int_equal(after.status, STORE_UNKNOWN);
    for (int i = 0; i < 50; i++) {
        struct answer good = {0};
        ask_echo("1", "good", &good);
        until(good.came);
        assert_int_equal(good.status, STORE_OK);
    }
    assert_int_equal(told_away, 0);
}

static void a_stopped_server_is_STORE_UNAVAILABLE(void **state)
{
    struct answer refused = {0}, cancelled = {0}, after = {0};

    (void)state;
    open_store(2, 2, 5000);
    pg_server_stop(&pg);
    until(told_away);
    assert_false(store_is_available(store));
    ask_echo("1", "refused", &refused);
    store_cancel(ask_teams(STORE_SLOW, &STORE_SCOPE_DAEMON, &cancelled));
    assert_int_equal(refused.came, 0);
    until(refused.came);
    assert_int_equal(refused.status, STORE_UNAVAILABLE);
    assert_string_equal(refused.state, "");
    pg_server_start(&pg);
    until(store_is_available(store));
    assert_int_equal(told_away, 1);
    assert_int_equal(told_available, 2);
    assert_int_equal(cancelled.came, 0);
    ask_echo("1", "after", &after);
    until(after.came);
    assert_int_equal(after.status, STORE_OK);
}

static void what_waits_in_the_lane_fails_with_the_last_connection(void **state)
{
    static struct answer answers[40];

    (void)state;
    memset(answers, 0, sizeof(answers));
    open_store(1, 1, 5000);
    lock_teams();
    for (int i = 0; i < 40; i++)
        ask_teams(STORE_SLOW, &STORE_SCOPE_DAEMON, &answers[i]);
    until(standing() == 1);
    pg_server_stop(&pg);
    until(answers_seen == 40);
    assert_int_equal(answers[0].status, STORE_UNKNOWN); /* the only one that was sent */
    for (int i = 1; i < 40; i++)
        assert_int_equal(answers[i].status, STORE_UNAVAILABLE);
    pg_server_start(&pg);
    until(store_is_available(store));
}

static void a_database_of_another_version_is_refused(void **state)
{
    static const struct store_handlers handlers = {on_available, on_config_changed};
    struct answer refused = {0};

    (void)state;
    pg_do(&pg, "INSERT INTO schema_version (version, name) VALUES (9999, 'from the future')");
    options = (struct store_options){pg.app, 1, 1, 5000, 5000};
    told_available = told_away = answers_seen = 0;
    assert_int_equal(loop_create(&loop), 0);
    assert_int_equal(store_create(loop, &options, &handlers, NULL, &store), 0);
    for (int i = 0; i < 20; i++) /* some tries of it */
        loop_run_once(loop, 20);
    assert_false(store_is_available(store));
    ask_echo("1", "x", &refused);
    until(refused.came);
    assert_int_equal(refused.status, STORE_UNAVAILABLE);
    pg_do(&pg, "DELETE FROM schema_version WHERE version = 9999");
    until(store_is_available(store));
}

/* --- lanes ---------------------------------------------------------------------------------- */

static void a_slow_lane_does_not_hold_up_the_fast_one(void **state)
{
    struct answer slow[6] = {0}, fast = {0};

    (void)state;
    open_store(1, 2, 5000);
    lock_teams();
    for (int i = 0; i < 6; i++)
        ask_teams(STORE_SLOW, &STORE_SCOPE_DAEMON, &slow[i]);
    until(standing() == 2);
    ask_echo("1", "fast", &fast);
    until(fast.came);
    assert_int_equal(fast.status, STORE_OK);
    assert_int_equal(answers_seen, 1);
    unlock_teams();
    until(answers_seen == 7);
    for (int i = 0; i < 6; i++)
        assert_int_equal(slow[i].status, STORE_OK);
}

static void a_full_lane_says_so_at_once(void **state)
{
    static struct answer dropped;
    struct store_params params = {0};
    unsigned taken = 0;
    int err;

    (void)state;
    open_store(1, 1, 20000);
    lock_teams();
    store_param_null(&params);
    while ((err = ask_with(STORE_FAST, STMT_SETTINGS_TEAM_LIST, &STORE_SCOPE_DAEMON, &params,
                           &dropped, NULL)) == 0)
        taken++;
    assert_int_equal(err, -EAGAIN);
    assert_in_range(taken, 4096, 4200);
    unlock_teams();
    until(answers_seen == (int)taken);
    assert_int_equal(
        ask_with(STORE_FAST, STMT_SETTINGS_TEAM_LIST, &STORE_SCOPE_DAEMON, &params, &dropped, NULL),
        0);
    until(answers_seen == (int)taken + 1);
}

static void a_cancelled_question_is_not_answered(void **state)
{
    struct answer sent = {0}, waiting = {0}, kept = {0};
    struct store_request *first, *second;

    (void)state;
    open_store(1, 1, 5000);
    lock_teams();
    first = ask_teams(STORE_SLOW, &STORE_SCOPE_DAEMON, &sent);
    second = ask_teams(STORE_SLOW, &STORE_SCOPE_DAEMON, &waiting);
    ask_teams(STORE_SLOW, &STORE_SCOPE_DAEMON, &kept);
    until(standing() == 1);
    store_cancel(first);
    store_cancel(second);
    unlock_teams();
    until(kept.came);
    assert_int_equal(sent.came + waiting.came, 0);
}

static void a_change_of_configuration_is_heard(void **state)
{
    (void)state;
    open_store(1, 1, 5000);
    pg_do(&pg, "NOTIFY hotlined_config, 'queue'"); /* may come before LISTEN: asked for again */
    until(pg_number(&pg, "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'") == 1);
    pg_do(&pg, "NOTIFY hotlined_config, 'number_plan'");
    until(heard && strcmp(heard_payload, "number_plan") == 0);
    heard = 0;
    for (int i = 0; i < 20; i++)
        pg_do(&pg, "UPDATE app_user SET name = name || 'x' WHERE id = 77");
    until(heard >= 20);
    assert_string_equal(heard_payload, "app_user");
}

static void what_was_missed_while_deaf_is_told(void **state)
{
    (void)state;
    open_store(1, 1, 5000);
    until(pg_number(&pg, "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'") == 1);
    heard = 0;
    pg_do(&pg, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'");
    until(heard == 1);
    assert_string_equal(heard_payload, "");
    assert_int_equal(told_away, 0);
    pg_do(&pg, "NOTIFY hotlined_config, 'trunk'");
    until(heard == 2);
    assert_string_equal(heard_payload, "trunk");
}

/* --- life ----------------------------------------------------------------------------------- */

static void destroy_answers_what_is_open(void **state)
{
    static struct answer answers[40];
    struct store_request *withdrawn;

    (void)state;
    memset(answers, 0, sizeof(answers));
    open_store(1, 1, 5000);
    lock_teams();
    for (int i = 0; i < 39; i++)
        ask_teams(i < 20 ? STORE_FAST : STORE_SLOW, &STORE_SCOPE_DAEMON, &answers[i]);
    withdrawn = ask_teams(STORE_SLOW, &STORE_SCOPE_DAEMON, &answers[39]);
    store_cancel(withdrawn);
    until(standing() == 2);
    store_destroy(store, 50);
    store = NULL;
    unlock_teams();
    assert_int_equal(answers_seen, 39);
    for (int i = 0; i < 39; i++) {
        assert_int_equal(answers[i].came, 1);
        assert_int_equal(answers[i].status, i < 21 ? STORE_UNKNOWN : STORE_UNAVAILABLE);
    }
}

static void destroy_lets_the_last_answers_come(void **state)
{
    static struct answer answers[100];

    (void)state;
    memset(answers, 0, sizeof(answers));
    open_store(2, 1, 5000);
    for (int i = 0; i < 100; i++)
        ask_echo("1", "last", &answers[i]);
    store_destroy(store, 20000);
    store = NULL;
    assert_int_equal(answers_seen, 100);
    for (int i = 0; i < 100; i++)
        assert_int_equal(answers[i].status, STORE_OK);
}

static void asks_in_vain(const struct store_result *result, void *arg)
{
    struct store_params params = {0};

    (void)result;
    store_param_null(&params);
    assert_int_equal(store_query(store, STORE_FAST, STMT_SETTINGS_TEAM_LIST, &STORE_SCOPE_DAEMON,
                                 &params, note, arg, NULL),
                     0);
}

static void a_question_asked_while_closing_is_refused(void **state)
{
    struct answer answer = {0};
    struct store_params params = {0};

    (void)state;
    open_store(1, 1, 5000);
    lock_teams();
    store_param_null(&params);
    assert_int_equal(store_query(store, STORE_FAST, STMT_SETTINGS_TEAM_LIST, &STORE_SCOPE_DAEMON,
                                 &params, asks_in_vain, &answer, NULL),
                     0);
    store_destroy(store, 20);
    store = NULL;
    unlock_teams();
    until(answer.came);
    assert_int_equal(answer.status, STORE_UNAVAILABLE);
}

static void no_server_at_all_is_no_harm(void **state)
{
    static const struct store_handlers handlers = {on_available, on_config_changed};
    struct answer answer = {0};

    (void)state;
    options = (struct store_options){"hostaddr=127.0.0.1 port=1 user=x dbname=x", 1, 1, 100, 100};
    told_available = told_away = answers_seen = 0;
    assert_int_equal(loop_create(&loop), 0);
    assert_int_equal(store_create(loop, &options, &handlers, NULL, &store), 0);
    for (int i = 0; i < 10; i++)
        loop_run_once(loop, 20);
    ask_echo("1", "x", &answer);
    until(answer.came);
    assert_int_equal(answer.status, STORE_UNAVAILABLE);
    assert_int_equal(told_available + told_away, 0);
}

static void end_sleep(void *arg)
{
    *(bool *)arg = true;
}

static void an_idle_store_sleeps(void **state)
{
    struct loop_timer timer;
    bool over = false;
    int turns = 0;

    (void)state;
    open_store(2, 2, 5000);
    all_idle(6);
    loop_timer_init(&timer, loop, end_sleep, &over);
    loop_timer_start(&timer, 700);
    for (; !over; turns++)
        loop_run_once(loop, -1);
    loop_timer_done(&timer);
    assert_in_range(turns, 1, 30); /* polling would be hundreds */
}

static int begin(void **state)
{
    struct text report = {0};

    (void)state;
    pg_start(&pg);
    if (store_migrate(pg.owner, &report) < 0)
        fail_msg("%s", report.data);
    text_done(&report);
    pg_do(&pg, "INSERT INTO center (id, code, kind, name) VALUES (1, 'region', 'regional', 'R'), "
               "(2, 'city', 'city', 'C');"
               "INSERT INTO team (center_id, name) VALUES (1, 'region team'), (2, 'city team');"
               "INSERT INTO app_user (id, center_id, login, name) VALUES (77, 1, 'u', 'U')");
    return 0;
}

static int end(void **state)
{
    (void)state;
    pg_end(&pg);
    return 0;
}

#define TEST(f) cmocka_unit_test_teardown(f, close_store)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_named_statement_prepares),
        TEST(answers_come_in_order_with_hundreds_in_flight),
        TEST(each_answer_belongs_to_its_question),
        TEST(a_text_of_megabytes_goes_through),
        TEST(a_callback_may_ask_again),
        TEST(GEN_04_scopes_do_not_leak_on_one_connection),
        TEST(errors_have_their_status),
        TEST(a_statement_that_takes_too_long_is_STORE_TIMEOUT),
        TEST(a_server_process_that_hangs_is_given_up),
        TEST(a_connection_ended_in_mid_query_is_STORE_UNKNOWN),
        TEST(a_question_to_a_dead_connection_is_answered_later),
        TEST(one_connection_less_is_no_outage),
        TEST(a_stopped_server_is_STORE_UNAVAILABLE),
        TEST(what_waits_in_the_lane_fails_with_the_last_connection),
        TEST(a_database_of_another_version_is_refused),
        TEST(a_slow_lane_does_not_hold_up_the_fast_one),
        TEST(a_full_lane_says_so_at_once),
        TEST(a_cancelled_question_is_not_answered),
        TEST(a_change_of_configuration_is_heard),
        TEST(what_was_missed_while_deaf_is_told),
        TEST(destroy_answers_what_is_open),
        TEST(destroy_lets_the_last_answers_come),
        TEST(a_question_asked_while_closing_is_refused),
        TEST(no_server_at_all_is_no_harm),
        TEST(an_idle_store_sleeps),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
