/* Which addresses are in the world outside. A connector's host is what an administrator typed: it
 * may be a name that leads to this machine or into its network. */
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include <hotlined/query.h>

struct network4 {
    uint32_t address;
    unsigned bits;
};

/* IANA's special-purpose registry (RFC 6890) without what is global. */
static const struct network4 closed4[] = {
    {0x00000000, 8},  {0x0a000000, 8},  {0x64400000, 10}, {0x7f000000, 8},  {0xa9fe0000, 16},
    {0xac100000, 12}, {0xc0000000, 24}, {0xc0000200, 24}, {0xc0586300, 24}, {0xc0a80000, 16},
    {0xc6120000, 15}, {0xc6336400, 24}, {0xcb007100, 24}, {0xe0000000, 3},
};

static bool is_public4(uint32_t address)
{
    for (size_t i = 0; i < sizeof(closed4) / sizeof(closed4[0]); i++)
        if ((address ^ closed4[i].address) >> (32 - closed4[i].bits) == 0)
            return false;
    return true;
}

static uint32_t embedded4(const uint8_t *b)
{
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/* Inside 2000::/3, and not global: protocol assignments with Teredo (2001::/23), which leads to
 * addresses nobody has looked at, and documentation (2001:db8::/32, 3fff::/20). */
static bool is_assigned6(const uint8_t b[16])
{
    bool protocol = b[0] == 0x20 && b[1] == 0x01 && b[2] < 2;
    bool documentation = (b[0] == 0x20 && b[1] == 0x01 && b[2] == 0x0d && b[3] == 0xb8) ||
                         (b[0] == 0x3f && b[1] == 0xff && b[2] < 0x10);

    return protocol || documentation;
}

/* Only 2000::/3 is global unicast; 6to4 and NAT64 carry an address of the other kind. */
static bool is_public6(const uint8_t b[16])
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    static const uint8_t nat64[12] = {0x00, 0x64, 0xff, 0x9b};

    if (memcmp(b, mapped, sizeof(mapped)) == 0 || memcmp(b, nat64, sizeof(nat64)) == 0)
        return is_public4(embedded4(b + 12));
    if (b[0] == 0x20 && b[1] == 0x02)
        return is_public4(embedded4(b + 2));
    return b[0] >> 5 == 1 && !is_assigned6(b);
}

bool query_address_is_public(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET)
        return is_public4(
            ntohl(((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr));
    if (address->sa_family == AF_INET6)
        return is_public6(((const struct sockaddr_in6 *)(const void *)address)->sin6_addr.s6_addr);
    return false;
}
