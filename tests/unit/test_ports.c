/* rooms: base media */
/* The range of RTP ports beside other programs that use some of it. */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/socket.h>
#include <unistd.h>

#include "media/ports.h"

/* Above 61000 the kernel gives no port to anybody by itself; HELD pairs stand side by side. */
enum { FIRST = 61200, HELD = 200, PAIRS = 400, OPEN_MAX = 64 };

static struct ports ports;
static int held[2 * HELD];

static int hold(uint16_t port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(inet_pton(AF_INET, "127.0.0.77", &at.sin_addr), 1);
    if (bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
        fail_msg("port %d: errno %d", port, errno);
    return fd;
}

/* An address of its own: nobody else on this machine is in the way. */
static void begin_range(uint16_t first, uint16_t last)
{
    struct ports_options options = {
        .address = "127.0.0.77", .first = first, .last = last, .open_max = OPEN_MAX};

    assert_int_equal(ports_init(&ports, &options), 0);
}

static void end_range(struct ports_pair *pairs, int count)
{
    for (int i = 0; i < count; i++)
        ports_give_back(&ports, pairs[i].port, pairs[i].fds);
    ports_done(&ports);
}

/* At each place where the stretch can lie: a range in its own order meets it whole, sooner or
 * later. */
static void a_stretch_that_somebody_else_holds_refuses_no_call(void **state)
{
    struct ports_pair pairs[OPEN_MAX];

    (void)state;
    for (int from = 0; from <= PAIRS - HELD; from += HELD) {
        for (int i = 0; i < 2 * HELD; i++)
            held[i] = hold((uint16_t)(FIRST + 2 * from + i));
        begin_range(FIRST, FIRST + 2 * PAIRS - 1);
        for (int i = 0; i < OPEN_MAX; i++) {
            assert_int_equal(ports_open(&ports, &pairs[i].port, pairs[i].fds), 0);
            assert_false(pairs[i].port >= FIRST + 2 * from &&
                         pairs[i].port < FIRST + 2 * (from + HELD));
        }
        end_range(pairs, OPEN_MAX);
        for (int i = 0; i < 2 * HELD; i++)
            assert_int_equal(close(held[i]), 0);
    }
}

static void every_pair_of_the_range_is_used_once(void **state)
{
    struct ports_pair pairs[OPEN_MAX];
    bool seen[OPEN_MAX] = {false};
    uint16_t port;
    int fds[2];

    (void)state;
    begin_range(FIRST - 1, FIRST + 2 * OPEN_MAX); /* an odd beginning and half a pair at the end */
    for (int i = 0; i < OPEN_MAX; i++) {
        assert_int_equal(ports_open(&ports, &pairs[i].port, pairs[i].fds), 0);
        assert_in_range(pairs[i].port, FIRST, FIRST + 2 * (OPEN_MAX - 1));
        assert_int_equal(pairs[i].port % 2, 0);
        assert_false(seen[(pairs[i].port - FIRST) / 2]);
        seen[(pairs[i].port - FIRST) / 2] = true;
    }
    assert_int_equal(ports_open(&ports, &port, fds), -EAGAIN);
    end_range(pairs, OPEN_MAX);
}

/* Who knows one port must not know the next. */
static void two_ranges_are_used_in_different_orders(void **state)
{
    struct ports_pair pairs[OPEN_MAX];
    uint16_t first[OPEN_MAX];
    int same = 0;

    (void)state;
    for (int round = 0; round < 2; round++) {
        begin_range(FIRST, FIRST + 2 * PAIRS - 1);
        for (int i = 0; i < OPEN_MAX; i++) {
            assert_int_equal(ports_open(&ports, &pairs[i].port, pairs[i].fds), 0);
            if (round == 0)
                first[i] = pairs[i].port;
            else
                same += first[i] == pairs[i].port;
        }
        end_range(pairs, OPEN_MAX);
    }
    assert_in_range(same, 0, 16); /* by chance 1 in 400 is */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stretch_that_somebody_else_holds_refuses_no_call),
        cmocka_unit_test(every_pair_of_the_range_is_used_once),
        cmocka_unit_test(two_ranges_are_used_in_different_orders),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
