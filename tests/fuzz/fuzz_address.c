/* Addresses and lists of networks. First line of the input: an address; the rest: a list. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "media/peer.h"
#include "sip/room.h"

static void check_text(const struct sockaddr *address)
{
    char text[64], route[128], list[100];
    union addr again;

    address_text(address, text, sizeof(text));
    MUST(addr_parse(text, 5060, &again) == 0);
    MUST(address_equal(address, &again.sa) && address_equal(address, address));
    address_route(NULL, address, route, sizeof(route));
    MUST(strncmp(route, "sip:", 4) == 0 && strstr(route, ";transport=udp"));
    snprintf(list, sizeof(list), "203.0.113.1, %s;x/8", text);
    MUST(address_in_list(address, list));
    MUST(address_in_list(address, "0.0.0.0/0 ::/0"));
    snprintf(list, sizeof(list), "%s/129", text);
    MUST(!address_in_list(address, list));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_in in = {data, size};
    char *line = fuzz_line(&in), *list = fuzz_text(in.at, in.left);
    struct sockaddr nothing = {.sa_family = AF_UNIX};
    union addr address;

    if (line && addr_parse(line, 5060, &address) == 0) {
        check_text(&address.sa);
        (void)address_in_list(&address.sa, list);
        MUST(addr_port(&address) == 5060 && addr_equal(&address, &address));
        MUST(addr_same_host(&address, &address));
        (void)addr_is_any(&address);
    }
    MUST(!address_in_list(&nothing, list) && !address_equal(&nothing, &nothing));
    free(list);
    free(line);
    return 0;
}
