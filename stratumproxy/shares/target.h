/* Hashes and targets as the 256-bit integers they are. */
#ifndef STRATUMPROXY_TARGET_H
#define STRATUMPROXY_TARGET_H

#include <stdbool.h>
#include <stdint.h>

/* The 64-bit words from the lowest. */
struct u256 {
    uint64_t words[4];
};

/* From 32 bytes, little-endian: a header's hash as hashed, or a target. */
struct u256 u256_load(const uint8_t bytes[32]);
/* The target that compact nbits stand for; 0 for a negative or overflowing one (Bitcoin Core,
 * arith_uint256::SetCompact). */
struct u256 u256_from_nbits(uint32_t nbits);
/* (0xffff << 208) / value to the nearest double, ties to even; infinity for 0. */
double u256_difficulty(const struct u256 *value);

/* Whether a hash meets a target; equal meets. */
static inline bool u256_meets(const struct u256 *hash, const struct u256 *target)
{
    for (int i = 3; i > 0; i--)
        if (hash->words[i] != target->words[i])
            return hash->words[i] < target->words[i];
    return hash->words[0] <= target->words[0];
}

#endif
