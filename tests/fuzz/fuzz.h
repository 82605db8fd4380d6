/* What fuzz targets share: an input taken apart piece by piece, and checks.
 *
 * A target that wants more than one message or a choice reads its input as a script: struct
 * fuzz_in gives bytes, numbers and pieces, zeros and nothing when it is used up. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What has to hold for every input. */
#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition))                                                                          \
            fuzz_broken(__FILE__, __LINE__, #condition);                                           \
    } while (0)
_Noreturn void fuzz_broken(const char *file, int line, const char *what);

struct fuzz_in {
    const uint8_t *at;
    size_t left;
};
uint8_t fuzz_byte(struct fuzz_in *in);
uint16_t fuzz_16(struct fuzz_in *in);
uint32_t fuzz_32(struct fuzz_in *in);
/* A copy of the next bytes (fewer at the end), to be freed: ASan guards both of its ends. */
uint8_t *fuzz_piece(struct fuzz_in *in, size_t size, size_t *ret_size);
/* A copy as text, to be freed; cut at the first zero. */
char *fuzz_text(const uint8_t *data, size_t size);
/* The next line of the input, without its end, as text to be freed; NULL at the end. */
char *fuzz_line(struct fuzz_in *in);

#endif
