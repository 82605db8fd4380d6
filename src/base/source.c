/* Keys of source addresses. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include <hotlined/source.h>

static void key_of_four(const struct in_addr *address, uint8_t key[SOURCE_KEY_SIZE])
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

    memcpy(key, mapped, sizeof(mapped));
    memcpy(key + sizeof(mapped), address, 4);
}

static void key_of_six(const struct in6_addr *address, uint8_t key[SOURCE_KEY_SIZE])
{
    memset(key, 0, SOURCE_KEY_SIZE);
    memcpy(key, address->s6_addr, IN6_IS_ADDR_V4MAPPED(address) ? 16 : 8);
}

bool source_key(const struct sockaddr *source, uint8_t ret_key[SOURCE_KEY_SIZE])
{
    if (source->sa_family == AF_INET)
        key_of_four(&((const struct sockaddr_in *)(const void *)source)->sin_addr, ret_key);
    else if (source->sa_family == AF_INET6)
        key_of_six(&((const struct sockaddr_in6 *)(const void *)source)->sin6_addr, ret_key);
    else
        return false;
    return true;
}

bool source_key_of_text(const char *address, uint8_t ret_key[SOURCE_KEY_SIZE])
{
    struct in6_addr six;
    struct in_addr four;

    if (inet_pton(AF_INET, address, &four) == 1)
        key_of_four(&four, ret_key);
    else if (inet_pton(AF_INET6, address, &six) == 1)
        key_of_six(&six, ret_key);
    else
        return false;
    return true;
}

uint32_t source_hash(uint64_t seed, const uint8_t key[SOURCE_KEY_SIZE])
{
    uint64_t half[2], hash = seed;

    memcpy(half, key, sizeof(half));
    for (int i = 0; i < 2; i++) {
        hash = (hash ^ half[i]) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 29;
    }
    return (uint32_t)((hash * UINT64_C(0xbf58476d1ce4e5b9)) >> 32);
}
