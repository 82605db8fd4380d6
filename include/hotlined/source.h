/* Where something comes from, as a key for tables that count what one house does: an IPv4 address
 * (also mapped into IPv6), of IPv6 the /64, which one house has. */
#ifndef HOTLINED_SOURCE_H
#define HOTLINED_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

struct sockaddr;

#define SOURCE_KEY_SIZE 16

/* False for families that have no address. */
bool source_key(const struct sockaddr *source, uint8_t ret_key[SOURCE_KEY_SIZE]);
/* The key of an address in digits; false when it is none. */
bool source_key_of_text(const char *address, uint8_t ret_key[SOURCE_KEY_SIZE]);
/* With a seed nobody outside knows, nobody can choose addresses that meet in one bucket. */
uint32_t source_hash(uint64_t seed, const uint8_t key[SOURCE_KEY_SIZE]);

#endif
