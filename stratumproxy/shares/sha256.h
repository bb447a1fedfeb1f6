/* SHA-256 (FIPS 180-4), one kernel per instruction set, and the double hash Bitcoin uses.
 *
 * Names are the standard's: H is the hash value, M a message block, W its schedule, K the
 * constants. Everything between kernels is 32-bit words in host order: bytes become words once,
 * where they enter, so that a digest can be the next message without being swapped. */
#ifndef STRATUMPROXY_SHA256_H
#define STRATUMPROXY_SHA256_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SHA256_BLOCK = 64, SHA256_DIGEST = 32, SHA256_MAX_KERNELS = 4 };

struct sha256_kernel {
    const char *name;
    /* Whether this CPU (and this system) can run it. */
    bool (*available)(void);
    /* Takes one block into the hash value. */
    void (*compress)(uint32_t H[8], const uint32_t M[16]);
    /* H becomes sha256d(H || other): a step up the merkle tree. */
    void (*sha256d_pair)(uint32_t H[8], const uint32_t other[8]);
};

/* Which kernels there are. Before version 16, clang has the ARM intrinsics only when the whole
 * build aims at a CPU with them, as it does on a Mac. */
#if defined(__x86_64__)
#define SHA256_HAS_SHANI 1
#endif
#if defined(__aarch64__) && !defined(__AARCH64EB__) && \
    (defined(__ARM_FEATURE_SHA2) || !defined(__clang__) || __clang_major__ >= 16)
#define SHA256_HAS_ARMV8 1
#endif

extern const struct sha256_kernel sha256_portable;
#ifdef SHA256_HAS_SHANI
extern const struct sha256_kernel sha256_shani;
#endif
#ifdef SHA256_HAS_ARMV8
extern const struct sha256_kernel sha256_armv8;
#endif

extern const uint32_t sha256_H0[8];
extern const uint32_t sha256_K[64];
/* The schedule of the block that pads a message of 64 bytes, W[t] + K[t]; from sha256_prepare. */
extern uint32_t sha256_padding_of_64_WK[64];

/* The kernel in use; sha256_detect must have run. */
extern const struct sha256_kernel *sha256_current;

/* Lists the kernels that this CPU has and that pass their self-test, best first, and puts the
 * first to use. Returns how many there are. To be called once, before anything else. */
size_t sha256_detect(void);
/* The i-th kernel of that list, NULL past its end. */
const struct sha256_kernel *sha256_listed(size_t i);
/* Whether a kernel computes what the standard says. */
bool sha256_self_test(const struct sha256_kernel *kernel);

/* Computes what the kernels' sha256d_pair needs; sha256_detect does it. */
void sha256_prepare(void);
void sha256_schedule(uint32_t WK[64], const uint32_t M[16]);
void sha256_words(uint32_t *words, const uint8_t *bytes, size_t count);
void sha256_bytes(uint8_t *bytes, const uint32_t *words, size_t count);

/* The whole hash of any message. */
void sha256_hash(const struct sha256_kernel *kernel, uint32_t H[8], const uint8_t *message,
                 size_t size);
/* H becomes the hash of H. */
void sha256_again(const struct sha256_kernel *kernel, uint32_t H[8]);

static inline uint32_t byte_swap(uint32_t word)
{
    return word >> 24 | (word >> 8 & 0xff00) | (word << 8 & 0xff0000) | word << 24;
}

#endif
