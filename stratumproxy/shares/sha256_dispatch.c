/* Which kernel hashes: what the CPU has, and what proves that it can count. */
#include "sha256.h"

#include <string.h>

const struct sha256_kernel *sha256_current = &sha256_portable;

static const struct sha256_kernel *const candidates[] = {
#ifdef SHA256_HAS_SHANI
    &sha256_shani,
#endif
#ifdef SHA256_HAS_ARMV8
    &sha256_armv8,
#endif
    &sha256_portable,
};

static const struct sha256_kernel *listed[SHA256_MAX_KERNELS + 1];

/* The examples of FIPS 180 (none, one and two blocks of padding), and one of many blocks. */
static const struct {
    const char *message;
    size_t times;
    uint32_t H[8];
} known[] = {
    {"",
     1,
     {0xe3b0c442, 0x98fc1c14, 0x9afbf4c8, 0x996fb924, 0x27ae41e4, 0x649b934c, 0xa495991b,
      0x7852b855}},
    {"abc",
     1,
     {0xba7816bf, 0x8f01cfea, 0x414140de, 0x5dae2223, 0xb00361a3, 0x96177a9c, 0xb410ff61,
      0xf20015ad}},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     1,
     {0x248d6a61, 0xd20638b8, 0xe5c02693, 0x0c3e6039, 0xa33ce459, 0x64ff2167, 0xf6ecedd4,
      0x19db06c1}},
    {"a",
     1000,
     {0x41edece4, 0x2d63e8d9, 0xbf515a9b, 0xa6932e1c, 0x20cbc9f5, 0xa5d13464, 0x5adb5db1,
      0xb9737ea3}},
};

/* sha256d of 64 zero bytes, for the block whose schedule is computed beforehand. */
static const uint32_t known_pair[8] = {
    0xe2f61c3f, 0x71d1defd, 0x3fa999df, 0xa3695375, 0x5c690689, 0x799962b4, 0x8bebd836, 0x974e8cf9,
};

bool sha256_self_test(const struct sha256_kernel *kernel)
{
    uint8_t message[1000];
    uint32_t H[8];
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        size_t length = strlen(known[i].message);
        for (size_t j = 0; j < known[i].times; j++)
            memcpy(message + j * length, known[i].message, length);
        sha256_hash(kernel, H, message, known[i].times * length);
        if (memcmp(H, known[i].H, sizeof H) != 0)
            return false;
    }
    const uint32_t zero[8] = {0};
    memset(H, 0, sizeof H);
    kernel->sha256d_pair(H, zero);
    return memcmp(H, known_pair, sizeof H) == 0;
}

size_t sha256_detect(void)
{
    size_t count = 0;
    sha256_prepare();
    for (size_t i = 0; i < sizeof candidates / sizeof *candidates; i++)
        if (candidates[i]->available() && sha256_self_test(candidates[i]))
            listed[count++] = candidates[i];
    listed[count] = NULL;
    if (count > 0)
        sha256_current = listed[0];
    return count;
}

const struct sha256_kernel *sha256_listed(size_t i)
{
    return i < SHA256_MAX_KERNELS ? listed[i] : NULL;
}
