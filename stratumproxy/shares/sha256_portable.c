/* SHA-256 in plain C, for every CPU. */
#include "sha256.h"

#include <string.h>

static inline uint32_t rotr(uint32_t x, int n)
{
    return x >> n | x << (32 - n);
}

/* One round (FIPS 180-4, 6.2.2 step 3). Instead of moving eight variables along, the callers
 * name them one further in each round; what the standard calls the new e and a end up in d, h. */
static inline void one_round(uint32_t a, uint32_t b, uint32_t c, uint32_t *d, uint32_t e,
                             uint32_t f, uint32_t g, uint32_t *h, uint32_t wk)
{
    uint32_t Sigma1 = rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25);
    uint32_t Ch = g ^ (e & (f ^ g));
    uint32_t Sigma0 = rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22);
    uint32_t Maj = (a & b) | (c & (a | b));
    uint32_t T1 = *h + Sigma1 + Ch + wk;
    *d += T1;
    *h = T1 + Sigma0 + Maj;
}

static void rounds(uint32_t H[8], const uint32_t WK[64])
{
    uint32_t a = H[0], b = H[1], c = H[2], d = H[3], e = H[4], f = H[5], g = H[6], h = H[7];
    for (int t = 0; t < 64; t += 8) {
        one_round(a, b, c, &d, e, f, g, &h, WK[t]);
        one_round(h, a, b, &c, d, e, f, &g, WK[t + 1]);
        one_round(g, h, a, &b, c, d, e, &f, WK[t + 2]);
        one_round(f, g, h, &a, b, c, d, &e, WK[t + 3]);
        one_round(e, f, g, &h, a, b, c, &d, WK[t + 4]);
        one_round(d, e, f, &g, h, a, b, &c, WK[t + 5]);
        one_round(c, d, e, &f, g, h, a, &b, WK[t + 6]);
        one_round(b, c, d, &e, f, g, h, &a, WK[t + 7]);
    }
    H[0] += a;
    H[1] += b;
    H[2] += c;
    H[3] += d;
    H[4] += e;
    H[5] += f;
    H[6] += g;
    H[7] += h;
}

static void portable_compress(uint32_t H[8], const uint32_t M[16])
{
    uint32_t WK[64];
    sha256_schedule(WK, M);
    rounds(H, WK);
}

static void portable_sha256d_pair(uint32_t H[8], const uint32_t other[8])
{
    uint32_t M[16];
    memcpy(M, H, SHA256_DIGEST);
    memcpy(M + 8, other, SHA256_DIGEST);
    memcpy(H, sha256_H0, SHA256_DIGEST);
    portable_compress(H, M);
    rounds(H, sha256_padding_of_64_WK);
    sha256_again(&sha256_portable, H);
}

static bool portable_available(void)
{
    return true;
}

const struct sha256_kernel sha256_portable = {
    .name = "portable",
    .available = portable_available,
    .compress = portable_compress,
    .sha256d_pair = portable_sha256d_pair,
};
