/* SHA-256 with the ARMv8 cryptography extension (most 64-bit ARM; not the Raspberry Pi 4).
 *
 * The functions carry their target, so the file needs no compiler flags. */
#include "sha256.h"

#ifdef SHA256_HAS_ARMV8

#include <arm_neon.h>
#if defined(__linux__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#elif defined(__APPLE__)
#include <sys/sysctl.h>
#endif

#if defined(__clang__)
#define ARMV8 __attribute__((target("sha2")))
#else
#define ARMV8 __attribute__((target("+crypto"))) /* gcc's name for AES and SHA-2 together */
#endif

struct halves {
    uint32x4_t abcd, efgh;
};

ARMV8 static inline struct halves load(const uint32_t H[8])
{
    return (struct halves){vld1q_u32(H), vld1q_u32(H + 4)};
}

ARMV8 static inline void store(uint32_t H[8], struct halves value)
{
    vst1q_u32(H, value.abcd);
    vst1q_u32(H + 4, value.efgh);
}

ARMV8 static inline struct halves sum(struct halves x, struct halves y)
{
    return (struct halves){vaddq_u32(x.abcd, y.abcd), vaddq_u32(x.efgh, y.efgh)};
}

ARMV8 static inline struct halves four_rounds(struct halves s, uint32x4_t WK)
{
    return (struct halves){
        vsha256hq_u32(s.abcd, s.efgh, WK),
        vsha256h2q_u32(s.efgh, s.abcd, WK),
    };
}

/* The next four words of the schedule from the sixteen before. */
ARMV8 static inline uint32x4_t next_words(uint32x4_t W0, uint32x4_t W4, uint32x4_t W8,
                                          uint32x4_t W12)
{
    return vsha256su1q_u32(vsha256su0q_u32(W0, W4), W8, W12);
}

/* One block into the hash value. W is used up. */
ARMV8 static inline struct halves block(struct halves H, uint32x4_t W[4])
{
    struct halves s = H;
#pragma GCC unroll 16 /* so that W stays in registers */
    for (int t = 0; t < 16; t++) {
        s = four_rounds(s, vaddq_u32(W[t & 3], vld1q_u32(sha256_K + 4 * t)));
        if (t < 12)
            W[t & 3] = next_words(W[t & 3], W[(t + 1) & 3], W[(t + 2) & 3], W[(t + 3) & 3]);
    }
    return sum(H, s);
}

/* The same for a block whose schedule is known. */
ARMV8 static inline struct halves scheduled_block(struct halves H, const uint32_t WK[64])
{
    struct halves s = H;
    for (int t = 0; t < 64; t += 4)
        s = four_rounds(s, vld1q_u32(WK + t));
    return sum(H, s);
}

ARMV8 static void armv8_compress(uint32_t H[8], const uint32_t M[16])
{
    uint32x4_t W[4];
    for (int i = 0; i < 4; i++)
        W[i] = vld1q_u32(M + 4 * i);
    store(H, block(load(H), W));
}

/* In registers from the first block to the last, as with SHA-NI. */
ARMV8 static void armv8_sha256d_pair(uint32_t H[8], const uint32_t other[8])
{
    static const uint32_t padding_of_32[8] = {[0] = 0x80000000, [7] = 256};
    const struct halves H0 = load(sha256_H0);
    uint32x4_t M[4] = {vld1q_u32(H), vld1q_u32(H + 4), vld1q_u32(other), vld1q_u32(other + 4)};
    struct halves first = scheduled_block(block(H0, M), sha256_padding_of_64_WK);
    uint32x4_t W[4] = {first.abcd, first.efgh, vld1q_u32(padding_of_32),
                       vld1q_u32(padding_of_32 + 4)};
    store(H, block(H0, W));
}

static bool armv8_available(void)
{
#if defined(__linux__)
    return getauxval(AT_HWCAP) & HWCAP_SHA2;
#elif defined(__APPLE__)
    int has = 0; /* the name is there since macOS 12 */
    size_t size = sizeof has;
    return sysctlbyname("hw.optional.arm.FEAT_SHA256", &has, &size, NULL, 0) == 0 && has;
#else
    return false;
#endif
}

const struct sha256_kernel sha256_armv8 = {
    .name = "armv8",
    .available = armv8_available,
    .compress = armv8_compress,
    .sha256d_pair = armv8_sha256d_pair,
};

#else
typedef int nothing_to_compile_here; /* ISO C wants a declaration in every file */
#endif
