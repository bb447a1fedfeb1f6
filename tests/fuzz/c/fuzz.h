/* What the fuzz targets share: taking an input apart, and saying what does not hold.
 *
 * An input that ends early goes on with zeros, so every input means something. */
#ifndef STRATUMPROXY_FUZZ_H
#define STRATUMPROXY_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
    const uint8_t *at;
    size_t left;
};

/* Aborts, which is what the fuzzer calls a crash. */
static inline void require(int condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "does not hold: %s\n", what);
    abort();
}

/* An integer of that many bytes, little-endian. */
static inline uint64_t take(struct input *input, size_t size)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size && input->left > 0; i++, input->left--)
        value |= (uint64_t)*input->at++ << 8 * i;
    return value;
}

/* A copy of just its size, so that the sanitizer sees a step too far. To be freed. */
static inline uint8_t *take_bytes(struct input *input, size_t size)
{
    uint8_t *bytes = malloc(size);
    size_t there = size < input->left ? size : input->left;
    require(bytes != NULL || size == 0, "there is memory");
    if (size == 0)
        return bytes;
    memcpy(bytes, input->at, there);
    memset(bytes + there, 0, size - there);
    input->at += there;
    input->left -= there;
    return bytes;
}

#endif
