/* rooms: base media/line */
/* STUN messages: the RFC's own vectors, and bytes nobody should send. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "media/line/stun.h"

static const char password[] = "VOkJxbRl1RmTxUk/WvJxBt";

/* RFC 5769 2.1 */
static const uint8_t sample_request[] =
    "\x00\x01\x00\x58\x21\x12\xa4\x42\xb7\xe7\xa7\x01\xbc\x34\xd6\x86\xfa\x87\xdf\xae"
    "\x80\x22\x00\x10STUN test client\x00\x24\x00\x04\x6e\x00\x01\xff"
    "\x80\x29\x00\x08\x93\x2f\xf9\xb1\x51\x26\x3b\x36"
    "\x00\x06\x00\x09\x65\x76\x74\x6a\x3a\x68\x36\x76\x59\x20\x20\x20"
    "\x00\x08\x00\x14\x9a\xea\xa7\x0c\xbf\xd8\xcb\x56\x78\x1e\xf2\xb5\xb2\xd3\xf2\x49\xc1\xb5\x71"
    "\xa2"
    "\x80\x28\x00\x04\xe5\x7a\x3b\xcf";

/* RFC 5769 2.2 */
static const uint8_t sample_response_v4[] =
    "\x01\x01\x00\x3c\x21\x12\xa4\x42\xb7\xe7\xa7\x01\xbc\x34\xd6\x86\xfa\x87\xdf\xae"
    "\x80\x22\x00\x0b\x74\x65\x73\x74\x20\x76\x65\x63\x74\x6f\x72\x20"
    "\x00\x20\x00\x08\x00\x01\xa1\x47\xe1\x12\xa6\x43"
    "\x00\x08\x00\x14\x2b\x91\xf5\x99\xfd\x9e\x90\xc3\x8c\x74\x89\xf9\x2a\xf9\xba\x53\xf0\x6b\xe7"
    "\xd7"
    "\x80\x28\x00\x04\xc0\x7d\x4c\x96";

/* RFC 5769 2.3 */
static const uint8_t sample_response_v6[] =
    "\x01\x01\x00\x48\x21\x12\xa4\x42\xb7\xe7\xa7\x01\xbc\x34\xd6\x86\xfa\x87\xdf\xae"
    "\x80\x22\x00\x0b\x74\x65\x73\x74\x20\x76\x65\x63\x74\x6f\x72\x20"
    "\x00\x20\x00\x14\x00\x02\xa1\x47\x01\x13\xa9\xfa\xa5\xd3\xf1\x79\xbc\x25\xf4\xb5\xbe\xd2\xb9"
    "\xd9"
    "\x00\x08\x00\x14\xa3\x82\x95\x4e\x4b\xe6\x7b\xf1\x17\x84\xc9\x7c\x82\x92\xc2\x75\xbf\xe3\xed"
    "\x41"
    "\x80\x28\x00\x04\xc8\xfb\x0b\x4c";

static bool holds(const uint8_t *bytes, size_t length)
{
    struct stun_message message;

    return stun_parse(bytes, length, &message) == 0 && message.has_fingerprint &&
           stun_integrity_ok(bytes, &message, password, strlen(password));
}

static void rfc5769_request_is_read_and_its_integrity_holds(void **state)
{
    struct stun_message message;

    (void)state;
    assert_int_equal(stun_parse(sample_request, sizeof(sample_request) - 1, &message), 0);
    assert_int_equal(message.type, STUN_BINDING_REQUEST);
    assert_int_equal(message.username_length, 9);
    assert_memory_equal(message.username, "evtj:h6vY", 9);
    assert_int_equal(message.unknown_count, 0);
    assert_false(message.use_candidate);
    assert_true(holds(sample_request, sizeof(sample_request) - 1));
    assert_false(stun_integrity_ok(sample_request, &message, "VOkJxbRl1RmTxUk/WvJxBu", 22));
}

static void rfc5769_responses_give_the_mapped_address(void **state)
{
    static const uint8_t v6[16] = {0x20, 0x01, 0x0d, 0xb8, 0x12, 0x34, 0x56, 0x78,
                                   0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77};
    struct stun_message message;

    (void)state;
    assert_true(holds(sample_response_v4, sizeof(sample_response_v4) - 1));
    assert_int_equal(stun_parse(sample_response_v4, sizeof(sample_response_v4) - 1, &message), 0);
    assert_int_equal(message.mapped.family, 4);
    assert_int_equal(message.mapped.port, 32853);
    assert_memory_equal(message.mapped.ip, "\xc0\x00\x02\x01", 4);
    assert_true(holds(sample_response_v6, sizeof(sample_response_v6) - 1));
    assert_int_equal(stun_parse(sample_response_v6, sizeof(sample_response_v6) - 1, &message), 0);
    assert_int_equal(message.mapped.family, 6);
    assert_int_equal(message.mapped.port, 32853);
    assert_memory_equal(message.mapped.ip, v6, 16);
}

static void every_flipped_bit_is_noticed(void **state)
{
    uint8_t bytes[sizeof(sample_request) - 1];

    (void)state;
    for (size_t bit = 0; bit < sizeof(bytes) * 8; bit++) {
        memcpy(bytes, sample_request, sizeof(bytes));
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_false(holds(bytes, sizeof(bytes)));
    }
}

static size_t write_request(uint8_t *out, size_t size, uint16_t extra)
{
    static const uint8_t transaction[12] = "abcdefghijkl";
    struct stun_writer writer;

    stun_begin(&writer, out, size, STUN_BINDING_REQUEST, transaction);
    stun_add(&writer, STUN_USERNAME, "abcd:efgh1", 10);
    stun_add(&writer, STUN_USE_CANDIDATE, NULL, 0);
    if (extra != 0)
        stun_add(&writer, extra, "x", 1);
    return stun_finish(&writer, password, strlen(password));
}

static void what_is_written_is_read_back(void **state)
{
    struct stun_message message;
    uint8_t out[256];
    size_t length = write_request(out, sizeof(out), 0);

    (void)state;
    assert_true(length > 0);
    assert_true(holds(out, length));
    assert_int_equal(stun_parse(out, length, &message), 0);
    assert_true(message.use_candidate);
    assert_int_equal(message.username_length, 10);
}

static void too_small_a_buffer_writes_nothing(void **state)
{
    uint8_t out[256];
    size_t need = write_request(out, sizeof(out), 0);

    (void)state;
    for (size_t size = 0; size < need; size++) {
        uint8_t *exact = malloc(size + 1); /* ASan sees a byte too many */
        assert_non_null(exact);
        assert_int_equal(write_request(exact, size, 0), 0);
        free(exact);
    }
}

static void unknown_required_attributes_are_reported_optional_ones_ignored(void **state)
{
    struct stun_message message;
    uint8_t out[256];
    size_t length = write_request(out, sizeof(out), 0x7777);

    (void)state;
    assert_int_equal(stun_parse(out, length, &message), 0);
    assert_int_equal(message.unknown_count, 1);
    assert_int_equal(message.unknown[0], 0x7777);
    length = write_request(out, sizeof(out), 0xc057);
    assert_int_equal(stun_parse(out, length, &message), 0);
    assert_int_equal(message.unknown_count, 0);
}

/* Unprotected attributes behind MESSAGE-INTEGRITY must not move a line's pair. */
static void attributes_behind_the_integrity_do_not_count(void **state)
{
    static const uint8_t transaction[12] = {0};
    uint8_t out[256], plain[256];
    struct stun_writer writer;
    struct stun_message message;
    size_t length;

    (void)state;
    stun_begin(&writer, plain, sizeof(plain), STUN_BINDING_REQUEST, transaction);
    stun_add(&writer, STUN_USERNAME, "a:b", 3);
    length = stun_finish(&writer, password, strlen(password)) - 8; /* without fingerprint */
    stun_begin(&writer, out, sizeof(out), STUN_BINDING_REQUEST, transaction);
    memcpy(out + 20, plain + 20, length - 20);
    writer.length = length;
    stun_add(&writer, STUN_USE_CANDIDATE, NULL, 0);
    length = stun_finish(&writer, NULL, 0);
    assert_int_equal(stun_parse(out, length, &message), 0);
    assert_false(message.use_candidate);
    assert_true(stun_integrity_ok(out, &message, password, strlen(password)));
}

static void random_and_damaged_bytes_never_pass_or_crash(void **state)
{
    unsigned seed = getenv("SEED") != NULL ? (unsigned)atol(getenv("SEED")) : (unsigned)time(NULL);
    struct stun_message message;

    (void)state;
    print_message("SEED=%u\n", seed);
    srand(seed);
    for (int i = 0; i < 200000; i++) {
        size_t size = (size_t)rand() % 160;
        uint8_t *bytes = malloc(size + 1);
        assert_non_null(bytes);
        for (size_t at = 0; at < size; at++)
            bytes[at] = (uint8_t)rand();
        if (i % 2 == 0 && size >= 20) { /* deep into the attributes: a right header */
            memcpy(bytes, sample_request, 20);
            bytes[2] = (uint8_t)((size - 20) >> 8);
            bytes[3] = (uint8_t)(size - 20);
            for (size_t at = 20; at + 4 <= size; at += 8)
                bytes[at] = bytes[at + 2] = 0, bytes[at + 3] &= 15;
        }
        if (stun_parse(bytes, size, &message) == 0) {
            assert_true(message.username == NULL ||
                        message.username + message.username_length <= (char *)bytes + size);
            assert_false(stun_integrity_ok(bytes, &message, password, strlen(password)));
        }
        free(bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc5769_request_is_read_and_its_integrity_holds),
        cmocka_unit_test(rfc5769_responses_give_the_mapped_address),
        cmocka_unit_test(every_flipped_bit_is_noticed),
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(too_small_a_buffer_writes_nothing),
        cmocka_unit_test(unknown_required_attributes_are_reported_optional_ones_ignored),
        cmocka_unit_test(attributes_behind_the_integrity_do_not_count),
        cmocka_unit_test(random_and_damaged_bytes_never_pass_or_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
