/* What a core has left over: counts at SCHED_IDLE, which runs only when nobody else wants the
 * core, so that interrupts and what the kernel does for others are seen, too.
 *   taskset -c 0 leftover      prints a count of rounds for each line of stdin; ends with stdin */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static _Atomic unsigned long rounds;

static void *count(void *arg)
{
    struct sched_param none = {0};

    if (pthread_setschedparam(pthread_self(), SCHED_IDLE, &none))
        return arg;
    for (volatile unsigned spin = 0;; spin++)
        if ((spin & 1023) == 0)
            atomic_fetch_add_explicit(&rounds, 1, memory_order_relaxed);
}

int main(void)
{
    pthread_t thread;
    char line[16];

    if (pthread_create(&thread, NULL, count, &rounds)) {
        fprintf(stderr, "leftover: no thread\n");
        return 1;
    }
    while (fgets(line, sizeof(line), stdin)) {
        printf("%lu\n", atomic_load(&rounds));
        fflush(stdout);
    }
    return 0;
}
