/* What is the same for every kernel: constants, padding, words and bytes, the double hash. */
#include "sha256.h"

#include <string.h>

/* FIPS 180-4, 5.3.3 and 4.2.2. */
const uint32_t sha256_H0[8] = {
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};

const uint32_t sha256_K[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

/* The padding of a 64-byte message is a block of its own and always the same, so its schedule is
 * computed once: a third of all blocks in a share check are this one. */
static const uint32_t padding_of_64[16] = {[0] = 0x80000000, [15] = 512};
uint32_t sha256_padding_of_64_WK[64];

void sha256_prepare(void)
{
    sha256_schedule(sha256_padding_of_64_WK, padding_of_64);
}

static inline uint32_t rotr(uint32_t x, int n)
{
    return x >> n | x << (32 - n);
}

void sha256_schedule(uint32_t WK[64], const uint32_t M[16])
{
    uint32_t W[64];
    memcpy(W, M, SHA256_BLOCK);
    for (int t = 16; t < 64; t++) {
        uint32_t x = W[t - 15], y = W[t - 2];
        uint32_t sigma0 = rotr(x, 7) ^ rotr(x, 18) ^ x >> 3;
        uint32_t sigma1 = rotr(y, 17) ^ rotr(y, 19) ^ y >> 10;
        W[t] = sigma1 + W[t - 7] + sigma0 + W[t - 16];
    }
    for (int t = 0; t < 64; t++)
        WK[t] = W[t] + sha256_K[t];
}

void sha256_words(uint32_t *words, const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++, bytes += 4)
        words[i] = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
                   bytes[3];
}

void sha256_bytes(uint8_t *bytes, const uint32_t *words, size_t count)
{
    for (size_t i = 0; i < count; i++, bytes += 4) {
        bytes[0] = (uint8_t)(words[i] >> 24);
        bytes[1] = (uint8_t)(words[i] >> 16);
        bytes[2] = (uint8_t)(words[i] >> 8);
        bytes[3] = (uint8_t)words[i];
    }
}

void sha256_hash(const struct sha256_kernel *kernel, uint32_t H[8], const uint8_t *message,
                 size_t size)
{
    uint32_t M[16];
    size_t done = 0;
    memcpy(H, sha256_H0, SHA256_DIGEST);
    for (; size - done >= SHA256_BLOCK; done += SHA256_BLOCK) {
        sha256_words(M, message + done, 16);
        kernel->compress(H, M);
    }

    uint8_t last[2 * SHA256_BLOCK] = {0};
    size_t left = size - done;
    size_t blocks = left + 9 > SHA256_BLOCK ? 2 : 1; /* 0x80 and eight bytes of length */
    uint64_t bits = (uint64_t)size * 8;
    if (left > 0)
        memcpy(last, message + done, left);
    last[left] = 0x80;
    for (size_t i = 0; i < 8; i++)
        last[blocks * SHA256_BLOCK - 1 - i] = (uint8_t)(bits >> 8 * i);
    for (size_t i = 0; i < blocks; i++) {
        sha256_words(M, last + i * SHA256_BLOCK, 16);
        kernel->compress(H, M);
    }
}

void sha256_again(const struct sha256_kernel *kernel, uint32_t H[8])
{
    uint32_t M[16] = {[8] = 0x80000000, [15] = 256};
    memcpy(M, H, SHA256_DIGEST);
    memcpy(H, sha256_H0, SHA256_DIGEST);
    kernel->compress(H, M);
}
