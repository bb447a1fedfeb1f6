/* Shares that have to be found: for servers whose difficulty not every hash meets. */
#include "load.h"

#include <math.h>
#include <string.h>

enum { SLICE = 256 }; /* hashes: a quarter of a millisecond in which nothing else is served */

static uint8_t header[80];
static uint32_t nonce;
static double target;

void hash_begin(const struct share *share)
{
    const struct miner *miner = &miners[share->miner];
    verify_header(header, work_at(share->work), miner, share);
    nonce = 0;
    target = ldexp(65535, 208) / miner->difficulty * (1 - 1e-12); /* doubles round */
}

static double value_of(const uint8_t hash[32])
{
    double value = 0;
    for (int i = 31; i >= 20; i--) /* more digits than a double has */
        value = value * 256 + hash[i];
    return ldexp(value, 160);
}

bool hash_found(uint32_t *found)
{
    uint8_t hash[32];
    for (int i = 0; i < SLICE; i++) {
        uint32_t tried = nonce++;
        for (int byte = 0; byte < 4; byte++)
            header[76 + byte] = (uint8_t)(tried >> 8 * byte);
        sha256d(hash, header, 80);
        if (value_of(hash) < target) {
            *found = tried;
            return true;
        }
    }
    return false;
}
