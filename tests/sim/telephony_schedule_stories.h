/* The shortener on trial: a fault is planted into a simulated device. Included by
 * test_telephony.c. */

/* A leg whose far side has sent a re-INVITE without offer goes on hearing its music: found in talk,
 * by way of a caller, an agent, a line and a queue. */
static void fail_by_the_planted_fault(struct schedule *schedule)
{
    uint64_t seed = 5;

    for (bool well = true; well; seed++) {
        assert_true(seed < 100);
        schedule_options(schedule, seed);
        schedule->options.plant = W_PLANT_MUSIC_GOES_ON;
        schedule->count = 0;
        well = schedule_by_chance(schedule, false);
    }
}

static void a_planted_fault_is_shortened_to_a_few_events(void **state)
{
    struct schedule *schedule = schedule_new(), *read = schedule_new();
    unsigned before;
    char path[500];

    (void)state;
    fail_by_the_planted_fault(schedule);
    assert_non_null(strstr(schedule->verdict, "music"));
    before = schedule->count;
    assert_true(schedule_shorten(schedule, 60));
    schedule_tell(schedule, path, sizeof(path));
    fprintf(stderr, "# %u events became %u\n", before, schedule->count);
    assert_true(before > 100);
    assert_true(schedule->count <= 25);
    assert_true(schedule_read(read, path)); /* what was written fails in the same way */
    assert_false(schedule_again(read, false));
    assert_string_equal(read->verdict, schedule->verdict);
    read->options.plant = W_NO_PLANT; /* and the fault it was */
    assert_true(schedule_again(read, false));
    remove(path);
    schedule_free(read);
    schedule_free(schedule);
}

#define SCHEDULE_STORIES cmocka_unit_test(a_planted_fault_is_shortened_to_a_few_events)
