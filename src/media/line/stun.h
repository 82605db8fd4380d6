/* STUN messages (RFC 8489) as ICE uses them: Binding with short-term credentials. Pure functions
 * on bytes; nothing here owns memory or knows sockets. */
#ifndef HOTLINED_MEDIA_LINE_STUN_H
#define HOTLINED_MEDIA_LINE_STUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STUN_HEADER_SIZE      20
#define STUN_TRANSACTION_SIZE 12
#define STUN_MAX_SIZE         1500 /* longer ones are refused */

enum stun_type {
    STUN_BINDING_REQUEST = 0x0001,
    STUN_BINDING_INDICATION = 0x0011,
    STUN_BINDING_SUCCESS = 0x0101,
    STUN_BINDING_ERROR = 0x0111
};

enum stun_attribute {
    STUN_MAPPED_ADDRESS = 0x0001,
    STUN_USERNAME = 0x0006,
    STUN_MESSAGE_INTEGRITY = 0x0008,
    STUN_ERROR_CODE = 0x0009,
    STUN_UNKNOWN_ATTRIBUTES = 0x000a,
    STUN_REALM = 0x0014,
    STUN_NONCE = 0x0015,
    STUN_XOR_MAPPED_ADDRESS = 0x0020,
    STUN_PRIORITY = 0x0024,
    STUN_USE_CANDIDATE = 0x0025,
    STUN_SOFTWARE = 0x8022,
    STUN_FINGERPRINT = 0x8028,
    STUN_ICE_CONTROLLED = 0x8029,
    STUN_ICE_CONTROLLING = 0x802a
};

/* A transport address: 4 or 16 bytes of IP in network order. */
struct stun_address {
    uint8_t family; /* 4 or 6; 0 = none */
    uint16_t port;  /* host order */
    uint8_t ip[16];
};

/* A parsed message; the pointers go into the caller's bytes. */
struct stun_message {
    uint16_t type;
    const uint8_t *transaction; /* STUN_TRANSACTION_SIZE bytes */
    const char *username;       /* NULL = none; not terminated */
    size_t username_length;
    size_t integrity_offset; /* of the MESSAGE-INTEGRITY attribute; 0 = none */
    bool has_fingerprint;    /* present, last and right (wrong = malformed) */
    bool use_candidate;
    struct stun_address mapped; /* XOR-MAPPED-ADDRESS of a response */
    uint16_t error_code;        /* of an error response, 0 = none */
    uint16_t unknown[4];        /* comprehension-required attributes we do not know */
    unsigned unknown_count;
};

/* 0, or -EINVAL for anything not well-formed to the last byte. Attributes behind
 * MESSAGE-INTEGRITY are ignored, FINGERPRINT excepted, as the RFC says. */
int stun_parse(const uint8_t *bytes, size_t length, struct stun_message *ret_message);
/* Does MESSAGE-INTEGRITY hold under key? False if there is none. Constant-time compare. */
bool stun_integrity_ok(const uint8_t *bytes, const struct stun_message *message, const char *key,
                       size_t key_length);

/* Writing: begin, add attributes, finish. Overflow is remembered and finish returns 0. */
struct stun_writer {
    uint8_t *out;
    size_t size;
    size_t length;
    bool overflow;
};
void stun_begin(struct stun_writer *writer, uint8_t *out, size_t size, uint16_t type,
                const uint8_t transaction[STUN_TRANSACTION_SIZE]);
void stun_add(struct stun_writer *writer, uint16_t type, const void *value, size_t length);
void stun_add_xor_address(struct stun_writer *writer, const struct stun_address *address);
/* Adds MESSAGE-INTEGRITY (if key is not NULL) and FINGERPRINT. Returns the whole length. */
size_t stun_finish(struct stun_writer *writer, const char *key, size_t key_length);

#endif
