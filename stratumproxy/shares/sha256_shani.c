/* SHA-256 with the x86 SHA extensions (Intel Goldmont, Ice Lake; AMD Zen; and later).
 *
 * The functions carry their target, so the file needs no compiler flags and nothing outside them
 * uses an instruction that the CPU might not have. */
#include "sha256.h"

#ifdef SHA256_HAS_SHANI

#include <cpuid.h>
#include <immintrin.h>

#define SHANI __attribute__((target("sha,sse4.1")))

/* The hash value as the instructions want it: lanes from the lowest f e b a and h g d c. */
struct halves {
    __m128i abef, cdgh;
};

SHANI static inline struct halves load(const uint32_t H[8])
{
    __m128i abcd = _mm_loadu_si128((const __m128i *)H);
    __m128i efgh = _mm_loadu_si128((const __m128i *)(H + 4));
    return (struct halves){
        _mm_shuffle_epi32(_mm_unpacklo_epi64(efgh, abcd), _MM_SHUFFLE(2, 3, 0, 1)),
        _mm_shuffle_epi32(_mm_unpackhi_epi64(efgh, abcd), _MM_SHUFFLE(2, 3, 0, 1)),
    };
}

/* The same value as words: a b c d and e f g h. */
SHANI static inline void words(__m128i W[2], struct halves H)
{
    __m128i efab = _mm_shuffle_epi32(H.abef, _MM_SHUFFLE(2, 3, 0, 1));
    __m128i ghcd = _mm_shuffle_epi32(H.cdgh, _MM_SHUFFLE(2, 3, 0, 1));
    W[0] = _mm_unpackhi_epi64(efab, ghcd);
    W[1] = _mm_unpacklo_epi64(efab, ghcd);
}

SHANI static inline void store(uint32_t H[8], struct halves value)
{
    __m128i W[2];
    words(W, value);
    _mm_storeu_si128((__m128i *)H, W[0]);
    _mm_storeu_si128((__m128i *)(H + 4), W[1]);
}

SHANI static inline struct halves sum(struct halves x, struct halves y)
{
    return (struct halves){_mm_add_epi32(x.abef, y.abef), _mm_add_epi32(x.cdgh, y.cdgh)};
}

/* Four rounds: each instruction does two, on the low half of its last operand, and gives the new
 * abef, while the old abef is the new cdgh. */
SHANI static inline struct halves four_rounds(struct halves s, __m128i WK)
{
    s.cdgh = _mm_sha256rnds2_epu32(s.cdgh, s.abef, WK);
    s.abef = _mm_sha256rnds2_epu32(s.abef, s.cdgh, _mm_shuffle_epi32(WK, _MM_SHUFFLE(1, 0, 3, 2)));
    return s;
}

/* The next four words of the schedule from the sixteen before. */
SHANI static inline __m128i next_words(__m128i W0, __m128i W4, __m128i W8, __m128i W12)
{
    __m128i W9 = _mm_alignr_epi8(W12, W8, 4); /* W[9] to W[12], the standard's W[t-7] */
    return _mm_sha256msg2_epu32(_mm_add_epi32(_mm_sha256msg1_epu32(W0, W4), W9), W12);
}

/* One block into the hash value. W is used up. */
SHANI static inline struct halves block(struct halves H, __m128i W[4])
{
    struct halves s = H;
#pragma GCC unroll 16 /* so that W stays in registers */
    for (int t = 0; t < 16; t++) {
        __m128i K = _mm_loadu_si128((const __m128i *)(sha256_K + 4 * t));
        s = four_rounds(s, _mm_add_epi32(W[t & 3], K));
        if (t < 12)
            W[t & 3] = next_words(W[t & 3], W[(t + 1) & 3], W[(t + 2) & 3], W[(t + 3) & 3]);
    }
    return sum(H, s);
}

/* The same for a block whose schedule is known. */
SHANI static inline struct halves scheduled_block(struct halves H, const uint32_t WK[64])
{
    struct halves s = H;
    for (int t = 0; t < 64; t += 4)
        s = four_rounds(s, _mm_loadu_si128((const __m128i *)(WK + t)));
    return sum(H, s);
}

SHANI static void shani_compress(uint32_t H[8], const uint32_t M[16])
{
    __m128i W[4];
    for (int i = 0; i < 4; i++)
        W[i] = _mm_loadu_si128((const __m128i *)(M + 4 * i));
    store(H, block(load(H), W));
}

/* Each block needs the one before, so what counts is the latency from block to block: nothing goes
 * through memory in between. */
SHANI static void shani_sha256d_pair(uint32_t H[8], const uint32_t other[8])
{
    const struct halves H0 = load(sha256_H0);
    __m128i W[4] = {
        _mm_loadu_si128((const __m128i *)H),
        _mm_loadu_si128((const __m128i *)(H + 4)),
        _mm_loadu_si128((const __m128i *)other),
        _mm_loadu_si128((const __m128i *)(other + 4)),
    };
    words(W, scheduled_block(block(H0, W), sha256_padding_of_64_WK));
    W[2] = _mm_setr_epi32(INT32_MIN, 0, 0, 0); /* the padding of 32 bytes */
    W[3] = _mm_setr_epi32(0, 0, 0, 256);
    store(H, block(H0, W));
}

static bool shani_available(void)
{
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_SSSE3) || !(c & bit_SSE4_1))
        return false;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_SHA);
}

const struct sha256_kernel sha256_shani = {
    .name = "sha-ni",
    .available = shani_available,
    .compress = shani_compress,
    .sha256d_pair = shani_sha256d_pair,
};

#else
typedef int nothing_to_compile_here; /* ISO C wants a declaration in every file */
#endif
