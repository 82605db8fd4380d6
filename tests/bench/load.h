/* What the two sides of the call load share: the clock, timers, one UDP socket a side. */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sip_text.h"

struct load_options {
    struct sockaddr_in server, callers, agents;
    char server_text[32], callers_text[32], agents_text[32]; /* host:port */
    char service[32];
    char sdp[2][256];   /* of callers, of agents */
    uint32_t talk_ms;   /* agents end the talk after it */
    uint32_t answer_ms; /* callers give up without a 200 */
};

uint64_t now_us(void);

/* Timers of 1 ms; an id has one due time at most, a later load_timer_set replaces it. */
struct timers {
    struct timer_slot *slots;
    uint64_t *due_ms; /* by id; 0 = none */
    size_t ids;
    uint64_t at_ms; /* done up to here */
};

void timers_init(struct timers *timers, size_t ids, uint64_t now_ms);
void timers_set(struct timers *timers, uint32_t id, uint64_t due_ms);
void timers_stop(struct timers *timers, uint32_t id);
void timers_run(struct timers *timers, uint64_t now_ms, void (*due)(uint32_t id));
void timers_free(struct timers *timers);

/* A bound non-blocking socket with large buffers; ends the program when there is none. */
int udp_open(struct sockaddr_in *own);
/* Reads all that has come, each message with a zero byte behind it. */
void udp_read(int fd, void (*message)(const struct sip_text *message));
void udp_write(int fd, const struct sockaddr_in *to, const char *text, int len);
extern uint64_t udp_lost; /* messages the kernel refused to take */

/* Callers: one INVITE each, stay until the BYE of the other side. */
void callers_start(const struct load_options *options);
/* A run of at most this many calls begins; callers_finish frees it. */
void callers_begin(size_t count);
void callers_call(uint32_t index, unsigned second);
size_t callers_open(void);
int callers_fd(void);
void callers_read(void);
void callers_due(uint64_t now_ms);
/* Ends what is still up, so that the daemon is left as it was found. */
void callers_give_up(void);
/* JSON of all calls to stdout, without the closing brace. */
void callers_report(void);
void callers_finish(void);

/* Agents: every INVITE is answered at once, the talk ended after talk_ms. */
void agents_start(const struct load_options *options);
/* Before a run: its calls must find room. Counts start anew. */
void agents_make_room(size_t calls);
int agents_fd(void);
void agents_read(void);
void agents_due(uint64_t now_ms);
size_t agents_talks(void);
size_t agents_again(void);
void agents_end(void);

#endif
