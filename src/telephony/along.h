/* What travels with a call from one center to another (XFER-17): who sent it, the caller's own
 * number, the keys pressed so far, a note, and the registration as far as it is filled in.
 *
 * On the wire it is the header X-Hotlined-Along: compact JSON in base64url, no longer than
 * ALONG_WIRE. Whatever comes in is checked field by field, cut to size and printed anew: nothing of
 * it is passed through. A call without it, or with one that cannot be read, is a call like any
 * other. */
#ifndef TELEPHONY_ALONG_H
#define TELEPHONY_ALONG_H

#include <stddef.h>
#include <stdint.h>

#include <hotlined/ivr.h>
#include <hotlined/sip.h>

#define ALONG_KEYS  20   /* the last ones */
#define ALONG_NOTE  1200 /* bytes of UTF-8: 400 characters */
#define ALONG_DRAFT 3600 /* bytes of JSON */
#define ALONG_WIRE  SIP_ALONG_SIZE

struct along_key {
    char menu[IVR_NAME_SIZE];
    char key; /* 0 = none */
};

struct along {
    char center[32]; /* code of the center that sent it, "" = not told */
    char agent_no[16], agent_name[64];
    char caller[SIP_NUMBER_SIZE];
    char queue[48]; /* code of one there, asked before any other; "" = none */
    char note[ALONG_NOTE];
    struct along_key keys[ALONG_KEYS];
    uint8_t key_count;
    char draft[ALONG_DRAFT]; /* a JSON object of texts, "" = none */
};

/* Takes of a registration being typed what the form of another center can be filled with: texts of
 * known names, each cut to its size, in all no more than fits. json may be NULL or no object: "".
 */
void along_draft(const char *json, size_t length, char out[ALONG_DRAFT]);
/* The header's value; 0 or -ENOSPC, -ENOMEM. Leaves the draft out when all of it would not fit. */
int along_print(const struct along *along, char *out, size_t size);
/* 0 or -EINVAL. Texts are valid UTF-8 without control characters, the draft is as along_draft()
 * makes it. */
int along_read(const char *value, struct along *ret_along);

#endif
