/* STUN messages: parse, check, write. */
#include "media/line/stun.h"

#include <errno.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#define STUN_COOKIE          0x2112a442u
#define STUN_FINGERPRINT_XOR 0x5354554eu
#define INTEGRITY_SIZE       20
#define FINGERPRINT_ATTR     8 /* header and value */

static uint16_t get16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void put16(uint8_t *p, uint16_t value)
{
    p[0] = (uint8_t)(value >> 8);
    p[1] = (uint8_t)value;
}

static void put32(uint8_t *p, uint32_t value)
{
    put16(p, (uint16_t)(value >> 16));
    put16(p + 2, (uint16_t)value);
}

/* CRC-32 of ISO 3309, four bits a step: no table to initialise, checks are rare. */
static uint32_t crc32_of(const uint8_t *bytes, size_t length)
{
    static const uint32_t nibble[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
        0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
        0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
    };
    uint32_t crc = 0xffffffffu;
    for (size_t i = 0; i < length; i++) {
        crc = nibble[(crc ^ bytes[i]) & 15] ^ (crc >> 4);
        crc = nibble[(crc ^ (bytes[i] >> 4)) & 15] ^ (crc >> 4);
    }
    return ~crc;
}

/* HMAC-SHA1 over head (whose length field is patched) and the attributes before the integrity
 * attribute: RFC 8489 14.5 counts the message as ending right after that attribute. */
static bool integrity_of(const uint8_t *bytes, size_t offset, const char *key, size_t key_length,
                         uint8_t ret_mac[INTEGRITY_SIZE])
{
    uint8_t copy[STUN_MAX_SIZE];
    unsigned size = 0;

    if (offset > sizeof(copy))
        return false;
    memcpy(copy, bytes, offset);
    put16(copy + 2, (uint16_t)(offset - STUN_HEADER_SIZE + 4 + INTEGRITY_SIZE));
    return HMAC(EVP_sha1(), key, (int)key_length, copy, offset, ret_mac, &size) != NULL &&
           size == INTEGRITY_SIZE;
}

static int parse_xor_address(const uint8_t *value, size_t length, const uint8_t *header,
                             struct stun_address *ret_address)
{
    struct stun_address address = {0};
    size_t ip_size;

    if (length < 4)
        return -EINVAL;
    address.family = value[1] == 1 ? 4 : value[1] == 2 ? 6 : 0;
    ip_size = address.family == 4 ? 4 : 16;
    if (address.family == 0 || length != 4 + ip_size)
        return -EINVAL;
    address.port = (uint16_t)(get16(value + 2) ^ (STUN_COOKIE >> 16));
    for (size_t i = 0; i < ip_size; i++) /* cookie and transaction lie side by side in the header */
        address.ip[i] = value[4 + i] ^ header[4 + i];
    *ret_address = address;
    return 0;
}

static void note_unknown(struct stun_message *message, uint16_t type)
{
    if (type >= 0x8000)
        return; /* comprehension-optional */
    if (message->unknown_count < sizeof(message->unknown) / sizeof(message->unknown[0]))
        message->unknown[message->unknown_count++] = type;
}

/* One attribute before MESSAGE-INTEGRITY. The first of its kind counts. */
static int take_attribute(struct stun_message *message, const uint8_t *header, uint16_t type,
                          const uint8_t *value, size_t length)
{
    switch (type) {
    case STUN_USERNAME:
        if (length == 0 || length > 513)
            return -EINVAL;
        if (message->username == NULL) {
            message->username = (const char *)value;
            message->username_length = length;
        }
        return 0;
    case STUN_USE_CANDIDATE:
        message->use_candidate = true;
        return 0;
    case STUN_XOR_MAPPED_ADDRESS:
        return parse_xor_address(value, length, header, &message->mapped);
    case STUN_ERROR_CODE:
        if (length < 4)
            return -EINVAL;
        message->error_code = (uint16_t)((value[2] & 7) * 100 + value[3]);
        return 0;
    case STUN_PRIORITY:
        return length == 4 ? 0 : -EINVAL;
    case STUN_MAPPED_ADDRESS:
    case STUN_UNKNOWN_ATTRIBUTES:
    case STUN_REALM:
    case STUN_NONCE:
        return 0;
    default:
        note_unknown(message, type);
        return 0;
    }
}

static int take_fingerprint(struct stun_message *message, const uint8_t *bytes, size_t offset,
                            size_t length, size_t value_length)
{
    if (value_length != 4 || offset + FINGERPRINT_ATTR != length)
        return -EINVAL; /* must be the last attribute */
    if (get32(bytes + offset + 4) != (crc32_of(bytes, offset) ^ STUN_FINGERPRINT_XOR))
        return -EINVAL;
    message->has_fingerprint = true;
    return 0;
}

int stun_parse(const uint8_t *bytes, size_t length, struct stun_message *ret_message)
{
    struct stun_message message = {0};
    size_t offset = STUN_HEADER_SIZE;

    if (length < STUN_HEADER_SIZE || length > STUN_MAX_SIZE || length % 4 != 0)
        return -EINVAL;
    if ((bytes[0] & 0xc0) != 0 || get32(bytes + 4) != STUN_COOKIE ||
        get16(bytes + 2) != length - STUN_HEADER_SIZE)
        return -EINVAL;
    message.type = get16(bytes);
    message.transaction = bytes + 8;
    while (offset < length) {
        uint16_t type;
        size_t value_length, padded;
        int error = 0;

        if (length - offset < 4)
            return -EINVAL;
        type = get16(bytes + offset);
        value_length = get16(bytes + offset + 2);
        padded = (value_length + 3) & ~(size_t)3;
        if (padded > length - offset - 4)
            return -EINVAL;
        if (type == STUN_FINGERPRINT) {
            error = take_fingerprint(&message, bytes, offset, length, value_length);
        } else if (message.integrity_offset != 0) {
            ; /* unprotected: must not count */
        } else if (type == STUN_MESSAGE_INTEGRITY) {
            if (value_length != INTEGRITY_SIZE)
                return -EINVAL;
            message.integrity_offset = offset;
        } else {
            error = take_attribute(&message, bytes, type, bytes + offset + 4, value_length);
        }
        if (error != 0)
            return error;
        offset += 4 + padded;
    }
    *ret_message = message;
    return 0;
}

bool stun_integrity_ok(const uint8_t *bytes, const struct stun_message *message, const char *key,
                       size_t key_length)
{
    uint8_t mac[INTEGRITY_SIZE];

    if (message->integrity_offset == 0 ||
        !integrity_of(bytes, message->integrity_offset, key, key_length, mac))
        return false;
    return CRYPTO_memcmp(mac, bytes + message->integrity_offset + 4, INTEGRITY_SIZE) == 0;
}

void stun_begin(struct stun_writer *writer, uint8_t *out, size_t size, uint16_t type,
                const uint8_t transaction[STUN_TRANSACTION_SIZE])
{
    *writer = (struct stun_writer){.out = out, .size = size, .length = STUN_HEADER_SIZE};
    if (size < STUN_HEADER_SIZE) {
        writer->overflow = true;
        return;
    }
    put16(out, type);
    put16(out + 2, 0);
    put32(out + 4, STUN_COOKIE);
    memcpy(out + 8, transaction, STUN_TRANSACTION_SIZE);
}

void stun_add(struct stun_writer *writer, uint16_t type, const void *value, size_t length)
{
    size_t padded = (length + 3) & ~(size_t)3;
    uint8_t *at;

    if (writer->overflow || length > UINT16_MAX || 4 + padded > writer->size - writer->length) {
        writer->overflow = true;
        return;
    }
    at = writer->out + writer->length;
    put16(at, type);
    put16(at + 2, (uint16_t)length);
    memset(at + 4, 0, padded);
    if (length > 0)
        memcpy(at + 4, value, length);
    writer->length += 4 + padded;
    put16(writer->out + 2, (uint16_t)(writer->length - STUN_HEADER_SIZE));
}

void stun_add_xor_address(struct stun_writer *writer, const struct stun_address *address)
{
    uint8_t value[20] = {0};
    size_t ip_size = address->family == 4 ? 4 : 16;

    if (writer->overflow)
        return;
    value[1] = address->family == 4 ? 1 : 2;
    put16(value + 2, (uint16_t)(address->port ^ (STUN_COOKIE >> 16)));
    for (size_t i = 0; i < ip_size; i++)
        value[4 + i] = address->ip[i] ^ writer->out[4 + i];
    stun_add(writer, STUN_XOR_MAPPED_ADDRESS, value, 4 + ip_size);
}

size_t stun_finish(struct stun_writer *writer, const char *key, size_t key_length)
{
    uint8_t value[INTEGRITY_SIZE];

    if (key != NULL && !writer->overflow) {
        if (!integrity_of(writer->out, writer->length, key, key_length, value))
            return 0;
        stun_add(writer, STUN_MESSAGE_INTEGRITY, value, INTEGRITY_SIZE);
    }
    if (writer->overflow || writer->size - writer->length < FINGERPRINT_ATTR)
        return 0;
    /* The CRC covers a header whose length already counts this attribute. */
    put16(writer->out + 2, (uint16_t)(writer->length - STUN_HEADER_SIZE + FINGERPRINT_ATTR));
    put32(value, crc32_of(writer->out, writer->length) ^ STUN_FINGERPRINT_XOR);
    stun_add(writer, STUN_FINGERPRINT, value, 4);
    return writer->length;
}
