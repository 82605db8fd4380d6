/* Networks: an address, and how many of its bits count. IPv4 mapped into IPv6 is IPv4, on both
 * sides of every comparison. */
#ifndef HOTLINED_NETWORK_H
#define HOTLINED_NETWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sockaddr;

#define NETWORK_SEPARATORS ", ;\t" /* of lists of them */

struct network {
    int family; /* AF_INET, AF_INET6 */
    uint8_t address[16];
    unsigned bits; /* 32 or 128: one address */
};

/* "192.0.2.1", "192.0.2.0/24", "2001:db8::/32": so many characters of text. False for others. */
bool network_parse(const char *text, size_t length, struct network *ret_network);
bool network_has(const struct network *network, const struct sockaddr *address);
/* The bytes of an address (4 or 16). Returns its family, AF_UNSPEC for those that have none. */
int network_address(const struct sockaddr *address, uint8_t ret_bytes[16]);

#endif
