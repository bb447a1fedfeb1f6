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

ARMV8 static inline void add_to(uint32_t H[8], struct halves start, struct halves end)
{
    vst1q_u32(H, vaddq_u32(start.abcd, end.abcd));
    vst1q_u32(H + 4, vaddq_u32(start.efgh, end.efgh));
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

ARMV8 static void armv8_compress(uint32_t H[8], const uint32_t M[16])
{
    const struct halves start = load(H);
    struct halves s = start;
    uint32x4_t W[4];
    for (int i = 0; i < 4; i++)
        W[i] = vld1q_u32(M + 4 * i);
#pragma GCC unroll 16 /* so that W stays in registers */
    for (int t = 0; t < 16; t++) {
        s = four_rounds(s, vaddq_u32(W[t & 3], vld1q_u32(sha256_K + 4 * t)));
        if (t < 12)
            W[t & 3] = next_words(W[t & 3], W[(t + 1) & 3], W[(t + 2) & 3], W[(t + 3) & 3]);
    }
    add_to(H, start, s);
}

ARMV8 static void armv8_compress_scheduled(uint32_t H[8], const uint32_t WK[64])
{
    const struct halves start = load(H);
    struct halves s = start;
    for (int t = 0; t < 64; t += 4)
        s = four_rounds(s, vld1q_u32(WK + t));
    add_to(H, start, s);
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
    .compress_scheduled = armv8_compress_scheduled,
};

#else
typedef int nothing_to_compile_here; /* ISO C wants a declaration in every file */
#endif
