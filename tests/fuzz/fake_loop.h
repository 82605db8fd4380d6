/* The loop without waiting; beside hotlined/loop.h. */
#ifndef FUZZ_FAKE_LOOP_H
#define FUZZ_FAKE_LOOP_H

#include <hotlined/loop.h>

/* So much later: what is due fires. */
void fake_loop_pass(struct loop *loop, uint64_t ms);
unsigned fake_loop_armed(const struct loop *loop); /* timers that run */

#endif
