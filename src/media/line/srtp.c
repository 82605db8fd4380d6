/* SRTP and SRTCP: keys, indices and packets of one direction. */
#include "media/line/srtp.h"

#include <errno.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>

#define GCM_SALT      12
#define GCM_IV        12
#define GCM_TAG       16
#define CM_TAG        10
#define SHA1_SIZE     20
#define AUTH_KEY      20
#define WINDOW        64 /* packets; RFC 3711 3.3.2 asks for at least this */
#define RTP_HEADER    12
#define RTCP_HEADER   8
#define RTCP_TRAILER  4 /* E flag and SRTCP index */
#define RTCP_E_FLAG   0x80000000u
#define RTP_INDEX_END (1ull << 48)

/* Labels of the key derivation, RFC 3711 4.3.2; SRTCP's follow SRTP's. */
enum { LABEL_CIPHER = 0, LABEL_AUTH = 1, LABEL_SALT = 2, LABEL_RTCP = 3 };

static uint16_t get16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void put32(uint8_t *p, uint32_t value)
{
    p[0] = (uint8_t)(value >> 24);
    p[1] = (uint8_t)(value >> 16);
    p[2] = (uint8_t)(value >> 8);
    p[3] = (uint8_t)value;
}

size_t line_srtp_salt_size(enum line_srtp_suite suite)
{
    return suite == LINE_SRTP_GCM ? GCM_SALT : LINE_SRTP_SALT_SIZE;
}

static size_t tag_size(const struct line_srtp *srtp)
{
    return srtp->state.suite == LINE_SRTP_GCM ? GCM_TAG : CM_TAG;
}

/* --- keys ---------------------------------------------------------------------------------- */

/* AES counter mode as key stream generator: out = AES-CM(master key, (salt XOR label) * 2^16).
 * RFC 7714 11 uses the same with the short salt padded by zeros on the right. */
static int derive(const struct line_srtp_state *state, unsigned label, uint8_t *out, size_t size)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    uint8_t iv[16] = {0};
    int done = 0;
    int error = -EIO;

    if (ctx == NULL)
        return -ENOMEM;
    memcpy(iv, state->salt, LINE_SRTP_SALT_SIZE);
    iv[7] ^= (uint8_t)label;
    memset(out, 0, size);
    if (EVP_EncryptInit_ex2(ctx, EVP_aes_128_ctr(), state->key, iv, NULL) == 1 &&
        EVP_EncryptUpdate(ctx, out, &done, out, (int)size) == 1)
        error = 0;
    EVP_CIPHER_CTX_free(ctx);
    return error;
}

static int make_cipher(const struct line_srtp_state *state, unsigned labels,
                       EVP_CIPHER_CTX **ret_cipher)
{
    const EVP_CIPHER *type = state->suite == LINE_SRTP_GCM ? EVP_aes_128_gcm() : EVP_aes_128_ctr();
    uint8_t key[LINE_SRTP_KEY_SIZE];
    int error = derive(state, labels + LABEL_CIPHER, key, sizeof(key));

    if (error != 0)
        return error;
    *ret_cipher = EVP_CIPHER_CTX_new();
    if (*ret_cipher == NULL)
        error = -ENOMEM;
    else if (EVP_CipherInit_ex2(*ret_cipher, type, key, NULL,
                                state->sender || state->suite != LINE_SRTP_GCM, NULL) != 1)
        error = -EIO;
    OPENSSL_cleanse(key, sizeof(key));
    return error;
}

static int make_mac(const struct line_srtp_state *state, unsigned labels, EVP_MAC_CTX **ret_mac)
{
    char digest[] = "SHA1";
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                           OSSL_PARAM_construct_end()};
    uint8_t key[AUTH_KEY];
    EVP_MAC *mac;
    int error = derive(state, labels + LABEL_AUTH, key, sizeof(key));

    if (error != 0)
        return error;
    mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    *ret_mac = mac != NULL ? EVP_MAC_CTX_new(mac) : NULL;
    EVP_MAC_free(mac); /* the context keeps its own reference */
    if (*ret_mac == NULL)
        error = -ENOMEM;
    else if (EVP_MAC_init(*ret_mac, key, sizeof(key), params) != 1)
        error = -EIO;
    OPENSSL_cleanse(key, sizeof(key));
    return error;
}

int line_srtp_init(struct line_srtp *srtp, enum line_srtp_suite suite, bool sender,
                   const uint8_t *key, const uint8_t *salt)
{
    struct line_srtp_state *state = &srtp->state;
    int error;

    memset(srtp, 0, sizeof(*srtp));
    state->suite = suite;
    state->sender = sender;
    memcpy(state->key, key, LINE_SRTP_KEY_SIZE);
    memcpy(state->salt, salt, line_srtp_salt_size(suite));
    error = make_cipher(state, 0, &srtp->rtp_cipher);
    if (error == 0)
        error = make_cipher(state, LABEL_RTCP, &srtp->rtcp_cipher);
    if (error == 0 && suite == LINE_SRTP_CM_SHA1_80)
        error = make_mac(state, 0, &srtp->rtp_mac);
    if (error == 0 && suite == LINE_SRTP_CM_SHA1_80)
        error = make_mac(state, LABEL_RTCP, &srtp->rtcp_mac);
    if (error == 0)
        error = derive(state, LABEL_SALT, srtp->rtp_salt, line_srtp_salt_size(suite));
    if (error == 0)
        error = derive(state, LABEL_RTCP + LABEL_SALT, srtp->rtcp_salt, line_srtp_salt_size(suite));
    if (error != 0)
        line_srtp_done(srtp);
    return error;
}

void line_srtp_done(struct line_srtp *srtp)
{
    EVP_CIPHER_CTX_free(srtp->rtp_cipher);
    EVP_CIPHER_CTX_free(srtp->rtcp_cipher);
    EVP_MAC_CTX_free(srtp->rtp_mac);
    EVP_MAC_CTX_free(srtp->rtcp_mac);
    OPENSSL_cleanse(srtp, sizeof(*srtp));
}

/* --- sources and indices ------------------------------------------------------------------- */

static struct line_srtp_source *find_source(struct line_srtp_state *state, uint32_t ssrc)
{
    for (unsigned i = 0; i < LINE_SRTP_SOURCES; i++) {
        if (state->sources[i].used && state->sources[i].ssrc == ssrc)
            return &state->sources[i];
    }
    return NULL;
}

/* A place for a new source. A sender never forgets one (its indices would start again under the
 * same key); a listener replaces the one not heard for longest. */
static struct line_srtp_source *new_source(struct line_srtp_state *state)
{
    struct line_srtp_source *oldest = NULL;

    for (unsigned i = 0; i < LINE_SRTP_SOURCES; i++) {
        struct line_srtp_source *source = &state->sources[i];
        if (!source->used)
            return source;
        if (oldest == NULL || state->clock - source->age > state->clock - oldest->age)
            oldest = source;
    }
    return state->sender ? NULL : oldest;
}

/* The source for a packet that turned out right, made now if it is new. */
static struct line_srtp_source *keep_source(struct line_srtp_state *state, uint32_t ssrc)
{
    struct line_srtp_source *source = find_source(state, ssrc);

    if (source == NULL) {
        source = new_source(state);
        if (source == NULL)
            return NULL;
        *source = (struct line_srtp_source){.ssrc = ssrc, .used = true};
    }
    source->age = ++state->clock;
    return source;
}

/* RFC 3711 3.3.1: the roll-over counter that puts seq nearest to the highest index so far. */
static int guess_index(const struct line_srtp_source *source, uint16_t seq, uint64_t *ret_index)
{
    uint64_t roc, last;

    if (source == NULL || !source->rtp_any) {
        *ret_index = seq;
        return 0;
    }
    roc = source->highest >> 16;
    last = source->highest & 0xffff;
    if (last < 0x8000 && seq > last + 0x8000) {
        if (roc == 0)
            return -EALREADY; /* from before the first packet we know of */
        roc--;
    } else if (last >= 0x8000 && seq < last - 0x8000) {
        roc++;
    }
    *ret_index = roc << 16 | seq;
    return 0;
}

static bool window_used(bool any, uint64_t highest, uint64_t window, uint64_t index)
{
    if (!any || index > highest)
        return false;
    if (highest - index >= WINDOW)
        return true;
    return (window >> (highest - index) & 1) != 0;
}

static uint64_t window_mark(bool any, uint64_t highest, uint64_t window, uint64_t index)
{
    if (!any)
        return 1;
    if (index <= highest)
        return window | 1ull << (highest - index);
    if (index - highest >= WINDOW)
        return 1;
    return window << (index - highest) | 1;
}

static void mark_rtp(struct line_srtp_source *source, uint64_t index)
{
    source->window = window_mark(source->rtp_any, source->highest, source->window, index);
    if (!source->rtp_any || index > source->highest)
        source->highest = index;
    source->rtp_any = true;
}

static void mark_rtcp(struct line_srtp_source *source, uint32_t index)
{
    source->rtcp_window =
        window_mark(source->rtcp_any, source->rtcp_highest, source->rtcp_window, index);
    if (!source->rtcp_any || index > source->rtcp_highest)
        source->rtcp_highest = index;
    source->rtcp_any = true;
}

/* --- ciphers ------------------------------------------------------------------------------- */

/* Both suites mix (SSRC, index) into the salt: CM as salt*2^16 ^ SSRC*2^64 ^ index*2^16, GCM as
 * 0 | SSRC | 48-bit index. In SRTCP the upper 16 bits of the index are zero. */
static void make_iv(const struct line_srtp *srtp, const uint8_t *salt, uint32_t ssrc,
                    uint64_t index, uint8_t iv[16])
{
    uint8_t *at = srtp->state.suite == LINE_SRTP_GCM ? iv + 2 : iv + 4;

    memset(iv, 0, 16);
    put32(at, ssrc);
    at[4] = (uint8_t)(index >> 40);
    at[5] = (uint8_t)(index >> 32);
    put32(at + 6, (uint32_t)index);
    for (size_t i = 0; i < line_srtp_salt_size(srtp->state.suite); i++)
        iv[i] ^= salt[i];
}

/* What one encryption or decryption works on. trailer is authenticated but not encrypted. */
struct work {
    EVP_CIPHER_CTX *cipher;
    EVP_MAC_CTX *mac;
    uint8_t iv[16];
    const uint8_t *head;
    size_t head_size;
    uint8_t *body;
    size_t body_size;
    uint8_t trailer[4];
    uint8_t *tag;
};

static int gcm_seal(const struct work *work, size_t trailer_size)
{
    int n;

    if (EVP_EncryptInit_ex2(work->cipher, NULL, NULL, work->iv, NULL) != 1 ||
        EVP_EncryptUpdate(work->cipher, NULL, &n, work->head, (int)work->head_size) != 1)
        return -EIO;
    if (trailer_size > 0 &&
        EVP_EncryptUpdate(work->cipher, NULL, &n, work->trailer, (int)trailer_size) != 1)
        return -EIO;
    if (work->body_size > 0 &&
        EVP_EncryptUpdate(work->cipher, work->body, &n, work->body, (int)work->body_size) != 1)
        return -EIO;
    if (EVP_EncryptFinal_ex(work->cipher, work->body + work->body_size, &n) != 1 ||
        EVP_CIPHER_CTX_ctrl(work->cipher, EVP_CTRL_AEAD_GET_TAG, GCM_TAG, work->tag) != 1)
        return -EIO;
    return 0;
}

static int gcm_open(const struct work *work, size_t trailer_size)
{
    int n;

    if (EVP_DecryptInit_ex2(work->cipher, NULL, NULL, work->iv, NULL) != 1 ||
        EVP_CIPHER_CTX_ctrl(work->cipher, EVP_CTRL_AEAD_SET_TAG, GCM_TAG, work->tag) != 1 ||
        EVP_DecryptUpdate(work->cipher, NULL, &n, work->head, (int)work->head_size) != 1)
        return -EIO;
    if (trailer_size > 0 &&
        EVP_DecryptUpdate(work->cipher, NULL, &n, work->trailer, (int)trailer_size) != 1)
        return -EIO;
    if (work->body_size > 0 &&
        EVP_DecryptUpdate(work->cipher, work->body, &n, work->body, (int)work->body_size) != 1)
        return -EIO;
    return EVP_DecryptFinal_ex(work->cipher, work->body + work->body_size, &n) == 1 ? 0 : -EBADMSG;
}

static int cm_crypt(const struct work *work)
{
    int n;

    if (EVP_EncryptInit_ex2(work->cipher, NULL, NULL, work->iv, NULL) != 1)
        return -EIO;
    if (work->body_size > 0 &&
        EVP_EncryptUpdate(work->cipher, work->body, &n, work->body, (int)work->body_size) != 1)
        return -EIO;
    return 0;
}

static int cm_mac(const struct work *work, uint8_t ret_mac[SHA1_SIZE])
{
    size_t size = 0;

    /* head and body lie side by side in the packet */
    if (EVP_MAC_init(work->mac, NULL, 0, NULL) != 1 ||
        EVP_MAC_update(work->mac, work->head, work->head_size + work->body_size) != 1 ||
        EVP_MAC_update(work->mac, work->trailer, sizeof(work->trailer)) != 1 ||
        EVP_MAC_final(work->mac, ret_mac, &size, SHA1_SIZE) != 1)
        return -EIO;
    return 0;
}

static int cm_seal(const struct work *work)
{
    uint8_t mac[SHA1_SIZE];
    int error = cm_crypt(work);

    if (error == 0)
        error = cm_mac(work, mac);
    if (error == 0)
        memcpy(work->tag, mac, CM_TAG);
    return error;
}

static int cm_open(const struct work *work)
{
    uint8_t mac[SHA1_SIZE];
    int error = cm_mac(work, mac);

    if (error != 0)
        return error;
    if (CRYPTO_memcmp(mac, work->tag, CM_TAG) != 0)
        return -EBADMSG;
    return cm_crypt(work);
}

/* --- RTP ----------------------------------------------------------------------------------- */

/* Header with CSRCs and extension, which stay readable. 0 = not RTP. */
static size_t rtp_header_size(const uint8_t *packet, size_t length)
{
    size_t size;

    if (length < RTP_HEADER || packet[0] >> 6 != 2)
        return 0;
    size = RTP_HEADER + 4u * (packet[0] & 15);
    if ((packet[0] & 0x10) != 0) {
        if (length < size + 4)
            return 0;
        size += 4 + 4u * get16(packet + size + 2);
    }
    return size <= length ? size : 0;
}

/* CM authenticates the roll-over counter behind the packet; GCM has it in the IV. */
static void rtp_work(struct line_srtp *srtp, uint8_t *packet, size_t head, size_t length,
                     uint64_t index, struct work *ret_work)
{
    struct work *work = ret_work;

    work->cipher = srtp->rtp_cipher;
    work->mac = srtp->rtp_mac;
    make_iv(srtp, srtp->rtp_salt, get32(packet + 8), index, work->iv);
    work->head = packet;
    work->head_size = head;
    work->body = packet + head;
    work->body_size = length - head;
    put32(work->trailer, (uint32_t)(index >> 16));
    work->tag = packet + length;
}

int line_srtp_protect(struct line_srtp *srtp, uint8_t *packet, size_t *length, size_t capacity)
{
    size_t head = rtp_header_size(packet, *length);
    struct line_srtp_source *source;
    struct work work;
    uint64_t index;
    int error;

    if (head == 0)
        return -EINVAL;
    if (*length + tag_size(srtp) > capacity)
        return -EMSGSIZE;
    source = keep_source(&srtp->state, get32(packet + 8));
    if (source == NULL)
        return -ENOSPC;
    error = guess_index(source, get16(packet + 2), &index);
    if (error != 0)
        return error;
    if (index >= RTP_INDEX_END)
        return -EKEYEXPIRED;
    if (window_used(source->rtp_any, source->highest, source->window, index))
        return -EALREADY;
    mark_rtp(source, index); /* before encrypting: a failure must not free the index again */
    rtp_work(srtp, packet, head, *length, index, &work);
    error = srtp->state.suite == LINE_SRTP_GCM ? gcm_seal(&work, 0) : cm_seal(&work);
    if (error == 0)
        *length += tag_size(srtp);
    return error;
}

int line_srtp_unprotect(struct line_srtp *srtp, uint8_t *packet, size_t *length)
{
    struct line_srtp_source *source;
    struct work work;
    uint64_t index;
    size_t head, body;
    int error;

    if (*length < RTP_HEADER + tag_size(srtp))
        return -EINVAL;
    body = *length - tag_size(srtp);
    head = rtp_header_size(packet, body);
    if (head == 0)
        return -EINVAL;
    source = find_source(&srtp->state, get32(packet + 8));
    error = guess_index(source, get16(packet + 2), &index);
    if (error != 0)
        return error;
    if (index >= RTP_INDEX_END)
        return -EINVAL;
    if (source != NULL && window_used(source->rtp_any, source->highest, source->window, index))
        return -EALREADY;
    rtp_work(srtp, packet, head, body, index, &work);
    error = srtp->state.suite == LINE_SRTP_GCM ? gcm_open(&work, 0) : cm_open(&work);
    if (error != 0)
        return error;
    mark_rtp(keep_source(&srtp->state, get32(packet + 8)), index);
    *length = body;
    return 0;
}

/* --- RTCP ---------------------------------------------------------------------------------- */

static void rtcp_work(struct line_srtp *srtp, uint8_t *packet, size_t length, uint32_t word,
                      struct work *ret_work)
{
    struct work *work = ret_work;

    work->cipher = srtp->rtcp_cipher;
    work->mac = srtp->rtcp_mac;
    make_iv(srtp, srtp->rtcp_salt, get32(packet + 4), word & ~RTCP_E_FLAG, work->iv);
    work->head = packet;
    work->head_size = RTCP_HEADER;
    work->body = packet + RTCP_HEADER;
    work->body_size = length - RTCP_HEADER;
    put32(work->trailer, word);
    /* GCM puts the tag before the index word, CM behind it. */
    work->tag = packet + length + (srtp->state.suite == LINE_SRTP_GCM ? 0 : RTCP_TRAILER);
}

int line_srtcp_protect(struct line_srtp *srtp, uint8_t *packet, size_t *length, size_t capacity)
{
    size_t grown = *length + tag_size(srtp) + RTCP_TRAILER;
    struct work work;
    uint32_t word;
    int error;

    if (*length < RTCP_HEADER || packet[0] >> 6 != 2)
        return -EINVAL;
    if (grown > capacity)
        return -EMSGSIZE;
    if (srtp->state.rtcp_next >= RTCP_E_FLAG)
        return -EKEYEXPIRED;
    word = srtp->state.rtcp_next++ | RTCP_E_FLAG;
    rtcp_work(srtp, packet, *length, word, &work);
    if (srtp->state.suite == LINE_SRTP_GCM) {
        error = gcm_seal(&work, RTCP_TRAILER);
        put32(work.tag + GCM_TAG, word);
    } else {
        error = cm_seal(&work);
        put32(packet + *length, word);
    }
    if (error == 0)
        *length = grown;
    return error;
}

int line_srtcp_unprotect(struct line_srtp *srtp, uint8_t *packet, size_t *length)
{
    bool gcm = srtp->state.suite == LINE_SRTP_GCM;
    struct line_srtp_source *source;
    struct work work;
    uint32_t word, index;
    size_t body;
    int error;

    if (*length < RTCP_HEADER + tag_size(srtp) + RTCP_TRAILER || packet[0] >> 6 != 2)
        return -EINVAL;
    body = *length - tag_size(srtp) - RTCP_TRAILER;
    word = get32(gcm ? packet + *length - RTCP_TRAILER : packet + body);
    if ((word & RTCP_E_FLAG) == 0)
        return -EINVAL; /* browsers must encrypt: RFC 8827 6.5 */
    index = word & ~RTCP_E_FLAG;
    source = find_source(&srtp->state, get32(packet + 4));
    if (source != NULL &&
        window_used(source->rtcp_any, source->rtcp_highest, source->rtcp_window, index))
        return -EALREADY;
    rtcp_work(srtp, packet, body, word, &work);
    error = gcm ? gcm_open(&work, RTCP_TRAILER) : cm_open(&work);
    if (error != 0)
        return error;
    mark_rtcp(keep_source(&srtp->state, get32(packet + 4)), index);
    *length = body;
    return 0;
}
