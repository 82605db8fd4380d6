/* The daemon as its own peer: a call to one of its own centers goes out and comes in again by SIP,
 * so that it is the same call whether the center is here or in another daemon.
 *
 * What proves that an INVITE is ours is a word made at the start, which leaves the daemon only on
 * this way: nobody else can name it, whatever address he shows. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#include <openssl/crypto.h>

#include <hotlined/config.h>
#include <hotlined/text.h>

#include "sip/room.h"

#define HEADER "X-Hotlined-Self"

/* Where we listen; on every address: the machine itself. */
static void choose_address(struct sip *sip)
{
    char host[64] = "";
    uint16_t port = 0;
    bool six;

    if (config_split_address(sip->options.listen, host, &port))
        return; /* start_nua() says it */
    if (strcmp(host, "0.0.0.0") == 0)
        (void)text_copy(host, sizeof(host), "127.0.0.1");
    else if (strcmp(host, "::") == 0)
        (void)text_copy(host, sizeof(host), "::1");
    six = strchr(host, ':') != NULL;
    snprintf(sip->self.address, sizeof(sip->self.address), "%s%s%s:%u", six ? "[" : "", host,
             six ? "]" : "", port);
}

int self_init(struct sip *sip)
{
    unsigned char bytes[16];

    if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
        return -EIO;
    for (size_t i = 0; i < sizeof(bytes); i++)
        snprintf(sip->self.word + 2 * i, 3, "%02x", bytes[i]);
    choose_address(sip);
    return 0;
}

void self_uri(const struct sip *sip, const char *user, char *out, size_t size)
{
    snprintf(out, size, "sip:%s@%s;transport=udp", user, sip->self.address);
}

void self_header(const struct sip *sip, char *out, size_t size)
{
    snprintf(out, size, HEADER ": %s", sip->self.word);
}

bool self_sent(const struct sip *sip, const sip_t *request)
{
    size_t length = strlen(sip->self.word);

    for (const sip_unknown_t *header = request->sip_unknown; header; header = header->un_next)
        if (header->un_name && strcasecmp(header->un_name, HEADER) == 0)
            return header->un_value && strlen(header->un_value) == length &&
                   CRYPTO_memcmp(header->un_value, sip->self.word, length) == 0;
    return false;
}
