/* What fuzz targets share. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hotlined/log.h>

/* Nothing is logged: a target would do little else. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    log_set_level((enum log_level)0);
    return 0;
}

void fuzz_broken(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: must hold: %s\n", file, line, what);
    abort();
}

uint8_t fuzz_byte(struct fuzz_in *in)
{
    if (in->left == 0)
        return 0;
    in->left--;
    return *in->at++;
}

uint16_t fuzz_16(struct fuzz_in *in)
{
    unsigned high = fuzz_byte(in);

    return (uint16_t)(high << 8 | fuzz_byte(in));
}

uint32_t fuzz_32(struct fuzz_in *in)
{
    uint32_t high = fuzz_16(in);

    return high << 16 | fuzz_16(in);
}

uint8_t *fuzz_piece(struct fuzz_in *in, size_t size, size_t *ret_size)
{
    uint8_t *copy;

    if (size > in->left)
        size = in->left;
    copy = malloc(size ? size : 1);
    if (!copy)
        abort();
    if (size)
        memcpy(copy, in->at, size);
    in->at += size;
    in->left -= size;
    *ret_size = size;
    return copy;
}

char *fuzz_text(const uint8_t *data, size_t size)
{
    size_t length = size ? strnlen((const char *)data, size) : 0;
    char *text = malloc(length + 1);

    if (!text)
        abort();
    if (length)
        memcpy(text, data, length);
    text[length] = 0;
    return text;
}

char *fuzz_line(struct fuzz_in *in)
{
    const uint8_t *end = in->left ? memchr(in->at, '\n', in->left) : NULL;
    size_t length = end ? (size_t)(end - in->at) : in->left;
    char *line;

    if (in->left == 0)
        return NULL;
    line = fuzz_text(in->at, length);
    in->at += length + (end != NULL);
    in->left -= length + (end != NULL);
    return line;
}
