/* Memory of a busy time is given back when it is over. */
#include <malloc.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include <hotlined/log.h>

#include "main/trim.h"

#define BUSY           20          /* calls at once; less is not worth the trouble */
#define QUIET_MS       (40 * 1000) /* SIP's finished transactions live 32 s */
#define START_QUIET_MS (5 * 1000)  /* after a start there are none */

bool trim_is_due(struct trim *trim, unsigned calls, uint64_t now_ms)
{
    if (calls > trim->most)
        trim->most = calls;
    if ((trim->most < BUSY && trim->given_back) || calls > trim->most / 10) {
        trim->quiet_since = 0;
        return false;
    }
    if (!trim->quiet_since)
        trim->quiet_since = now_ms;
    if (now_ms - trim->quiet_since < (trim->most < BUSY ? START_QUIET_MS : QUIET_MS))
        return false;
    *trim = (struct trim){.most = calls, .given_back = true};
    return true;
}

static long resident_kb(void)
{
    FILE *file = fopen("/proc/self/statm", "re");
    long total, pages = 0;

    if (!file)
        return 0;
    if (fscanf(file, "%ld %ld", &total, &pages) != 2)
        pages = 0;
    fclose(file);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static long long clock_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

void trim_memory(void)
{
    long before = resident_kb();
    long long began = clock_us();

    (void)malloc_trim(0);
    log_info("main", "memory_trimmed", "before_kb=%ld after_kb=%ld took_us=%lld", before,
             resident_kb(), clock_us() - began);
}
