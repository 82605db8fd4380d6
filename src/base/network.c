/* Networks and the addresses in them. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include <hotlined/network.h>
#include <hotlined/text.h>

#define NETWORK_TEXT 64 /* an address, "/", bits */

int network_address(const struct sockaddr *address, uint8_t ret_bytes[16])
{
    const struct in6_addr *six;

    if (address->sa_family == AF_INET) {
        memcpy(ret_bytes, &((const struct sockaddr_in *)(const void *)address)->sin_addr, 4);
        return AF_INET;
    }
    if (address->sa_family != AF_INET6)
        return AF_UNSPEC;
    six = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
    if (IN6_IS_ADDR_V4MAPPED(six)) {
        memcpy(ret_bytes, six->s6_addr + 12, 4);
        return AF_INET;
    }
    memcpy(ret_bytes, six, 16);
    return AF_INET6;
}

static bool parse_address(const char *text, struct network *network)
{
    *network = (struct network){.family = AF_INET, .bits = 32};
    if (inet_pton(AF_INET, text, network->address) == 1)
        return true;
    *network = (struct network){.family = AF_INET6, .bits = 128};
    return inet_pton(AF_INET6, text, network->address) == 1;
}

static void unmap(struct network *network)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

    if (network->family != AF_INET6 || network->bits < 96 ||
        memcmp(network->address, mapped, sizeof(mapped)) != 0)
        return;
    network->family = AF_INET;
    network->bits -= 96;
    memmove(network->address, network->address + 12, 4);
}

bool network_parse(const char *text, size_t length, struct network *ret_network)
{
    char copy[NETWORK_TEXT] = "", *slash;
    struct network network;
    int64_t bits;

    if (!length || length >= sizeof(copy))
        return false;
    memcpy(copy, text, length);
    slash = strchr(copy, '/');
    if (slash)
        *slash = 0;
    if (!parse_address(copy, &network))
        return false;
    bits = network.bits;
    if (slash && text_to_int(slash + 1, 0, bits, &bits))
        return false;
    network.bits = (unsigned)bits;
    unmap(&network);
    *ret_network = network;
    return true;
}

static bool prefix_equal(const uint8_t *a, const uint8_t *b, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;

    return memcmp(a, b, whole) == 0 && (rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0);
}

bool network_has(const struct network *network, const struct sockaddr *address)
{
    uint8_t bytes[16];

    return network_address(address, bytes) == network->family &&
           prefix_equal(bytes, network->address, network->bits);
}
