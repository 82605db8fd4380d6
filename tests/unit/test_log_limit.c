/* rooms: base */
/* Log lines that strangers cause: bounded, and the rest is counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <hotlined/log.h>
#include <hotlined/log_limit.h>

static int real_stderr, pipe_read;
static char said[65536];

static void listen_to_log(void)
{
    int ends[2];

    assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    real_stderr = dup(STDERR_FILENO);
    assert_int_not_equal(dup2(ends[1], STDERR_FILENO), -1);
    close(ends[1]);
    pipe_read = ends[0];
}

static void stop_listening(void)
{
    assert_int_not_equal(dup2(real_stderr, STDERR_FILENO), -1);
    close(real_stderr);
    close(pipe_read);
}

static unsigned lines_with(const char *text)
{
    size_t length = strlen(said);
    ssize_t got = read(pipe_read, said + length, sizeof(said) - 1 - length);
    unsigned count = 0;

    said[length + (size_t)(got > 0 ? got : 0)] = 0;
    for (const char *at = said; (at = strstr(at, text)); at++)
        count++;
    return count;
}

static void flood(struct log_limit *limit, unsigned lines)
{
    for (unsigned i = 0; i < lines; i++)
        if (log_limit_take(limit))
            log_warn("test", "stranger", "number=%u", i);
}

static void a_flood_is_five_lines_and_a_sum_then_it_may_speak_again(void **state)
{
    struct log_limit limit, other;
    struct loop *loop;
    uint64_t began;

    (void)state;
    assert_int_equal(loop_create(&loop), 0);
    log_limit_init(&limit, loop, "test", "stranger", "one");
    log_limit_init(&other, loop, "test", "stranger", "two");
    listen_to_log();
    began = loop_now_ms(loop);
    flood(&limit, 100);
    flood(&other, 1);
    assert_int_equal(lines_with("number="), LOG_LIMIT_LINES + 1);
    assert_int_equal(lines_with("withheld="), 0);
    while (lines_with("why=one withheld=95") == 0) {
        loop_run_once(loop, 50);
        assert_true(loop_now_ms(loop) - began < 10000);
    }
    assert_true(loop_now_ms(loop) - began >= LOG_LIMIT_WINDOW_MS);
    flood(&limit, 7);
    assert_int_equal(lines_with("number="), 2 * LOG_LIMIT_LINES + 1);
    log_limit_done(&limit);
    log_limit_done(&other);
    assert_int_equal(lines_with("why=one withheld=2"), 1);
    assert_int_equal(lines_with("why=two"), 0);
    stop_listening();
    loop_destroy(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_flood_is_five_lines_and_a_sum_then_it_may_speak_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
