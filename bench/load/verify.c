/* Whether what the pool got is what the miner found: both headers rebuilt, the miner's from the
 * notify it was sent and the pool's from the job it made, and their hashes compared. Some shares
 * are kept for that while the run goes on, evenly over it, and looked at when it is over. */
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST_COINBASE = 8192, MOST_BRANCHES = 24 };

struct work { /* a notify as miners got it */
    char *line;
    size_t len;
};

struct kept {
    struct share share;
    unsigned session, size;
    uint8_t extranonce2[16]; /* upstream */
    uint32_t bits;
};

static struct work *works;
static int32_t work_count, work_room, last_work = -1;
static struct kept *kept;
static unsigned kept_count;
static uint64_t offered, stride = 1;

static bool same(const struct work *work, const char *line, size_t len)
{
    return work->len == len && !memcmp(work->line, line, len);
}

int32_t verify_keep_notify(const char *line, size_t len)
{
    if (last_work >= 0 && same(&works[last_work], line, len))
        return last_work;
    for (int32_t i = work_count; i-- > 0 && i > work_count - 64;)
        if (same(&works[i], line, len))
            return last_work = i;
    if (work_count == work_room) {
        work_room = 2 * work_room + 64;
        works = realloc(works, (size_t)work_room * sizeof *works);
    }
    char *copy = malloc(len);
    if (!works || !copy)
        die("out of memory");
    works[work_count] = (struct work){memcpy(copy, line, len), len};
    return last_work = work_count++;
}

void verify_keep_share(const struct share *share, unsigned session, const uint8_t *extranonce2,
                       unsigned size, uint32_t bits)
{
    if (!opt.verify || offered++ % stride)
        return;
    if (!kept && !(kept = calloc(opt.verify, sizeof *kept)))
        die("out of memory");
    if (kept_count == opt.verify) { /* full: keep every second, and from now on half as many */
        for (unsigned i = 0; 2 * i < kept_count; i++)
            kept[i] = kept[2 * i];
        kept_count = (kept_count + 1) / 2;
        stride *= 2;
    }
    struct kept *one = &kept[kept_count++];
    *one = (struct kept){.share = *share, .session = session, .size = size, .bits = bits};
    memcpy(one->extranonce2, extranonce2, size);
}

static uint8_t *put_le32(uint8_t *to, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        *to++ = (uint8_t)(value >> 8 * i);
    return to;
}

/* The header's hash: coinbase, merkle root, header with the rolled version (BIP310). */
static void header_hash(uint8_t hash[32], const uint8_t *coinbase, size_t len,
                        const uint8_t *branches, unsigned branch_count, /* 32 bytes each */
                        const uint8_t prevhash[32], uint32_t version, uint32_t bits,
                        uint32_t ntime, uint32_t nbits, uint32_t nonce)
{
    uint8_t node[64], header[80];
    sha256d(node, coinbase, len);
    for (unsigned i = 0; i < branch_count; i++) {
        memcpy(node + 32, branches + (size_t)32 * i, 32);
        sha256d(node, node, 64);
    }
    uint8_t *at = put_le32(header, (version & ~MASK) | (bits & MASK));
    memcpy(at, prevhash, 32);
    memcpy(at + 32, node, 32);
    at = put_le32(at + 64, ntime);
    at = put_le32(at, nbits);
    put_le32(at, nonce);
    sha256d(hash, header, 80);
}

static void pool_hash(uint8_t hash[32], const struct job *job, unsigned session,
                      const uint8_t *extranonce2, unsigned size, uint32_t bits, uint32_t ntime,
                      uint32_t nonce)
{
    uint8_t coinbase[COINB1 + POOL_EXTRANONCE1 + 16 + COINB2], *at = coinbase;
    memcpy(at, job->coinb1, COINB1);
    pool_extranonce1(session, at += COINB1);
    memcpy(at += POOL_EXTRANONCE1, extranonce2, size);
    memcpy(at += size, job->coinb2, COINB2);
    header_hash(hash, coinbase, (size_t)(at + COINB2 - coinbase), job->branches[0], BRANCHES,
                job->prevhash, job->version, bits, ntime, job->nbits, nonce);
}

/* Returns false where the notify is not understood. */
static bool miner_hash(uint8_t hash[32], const struct work *work, const struct miner *miner,
                       const struct share *share)
{
    static uint8_t coinbase[2 * LONGEST_COINBASE], branches[MOST_BRANCHES][32];
    const char *at = text_find(work->line, work->line + work->len, "\"params\":");
    const char *end = work->line + work->len;
    struct text field;
    uint8_t swapped[32], prevhash[32];
    uint32_t version, nbits;
    if (!at || !(at += 9, text_next_string(&at, end, &field)) || /* the job id */
        !text_next_string(&at, end, &field) || text_unhex(field, swapped, 32) != 32)
        return false;
    for (int i = 0; i < 32; i++)
        prevhash[i] = swapped[(i & ~3) + 3 - (i & 3)];
    if (!text_next_string(&at, end, &field))
        return false;
    ssize_t len = text_unhex(field, coinbase, LONGEST_COINBASE);
    if (len < 0)
        return false;
    uint8_t *to = coinbase + len;
    memcpy(to, miner->extranonce1, miner->extranonce1_len);
    to += miner->extranonce1_len;
    memset(to, 0, miner->extranonce2_size);
    for (unsigned i = 0; i < miner->extranonce2_size && i < 4; i++)
        to[miner->extranonce2_size - 1 - i] = (uint8_t)(share->extranonce2 >> 8 * i);
    to += miner->extranonce2_size;
    if (!text_next_string(&at, end, &field) ||
        (len = text_unhex(field, to, LONGEST_COINBASE)) < 0)
        return false;
    unsigned count = 0;
    const char *close = text_find(at, end, "]");
    for (; close && count < MOST_BRANCHES && text_next_string(&at, close, &field); count++)
        if (text_unhex(field, branches[count], 32) != 32)
            return false;
    if (!close || !(at = close, text_next_string(&at, end, &field)) ||
        !text_hex32(field, &version) || !text_next_string(&at, end, &field) ||
        !text_hex32(field, &nbits))
        return false;
    header_hash(hash, coinbase, (size_t)(to - coinbase + len), branches[0], count, prevhash,
                version,
                share->bits, share->ntime, nbits, share->nonce);
    return true;
}

static void complain(struct verified *result, const char *why, uint32_t miner)
{
    if (!result->wrong++)
        snprintf(result->why, sizeof result->why, "miner %u: %s", miner, why);
}

struct verified verify_shares(void)
{
    struct verified result = {0};
    for (unsigned i = 0; i < kept_count; i++) {
        const struct kept *one = &kept[i];
        const struct share *share = &one->share;
        uint8_t pool[32], miner[32];
        result.checked++;
        pool_hash(pool, jobs[share->job], one->session, one->extranonce2, one->size, one->bits,
                  share->ntime, share->nonce);
        if (!miner_hash(miner, &works[share->work], &miners[share->miner], share))
            complain(&result, "its notify is not understood", share->miner);
        else if (memcmp(miner, pool, 32))
            complain(&result, "its share is another at the pool", share->miner);
    }
    return result;
}

struct verified verify_works(void)
{
    struct verified result = {0};
    unsigned size = pool_extranonce2_size();
    for (uint32_t i = 0; i < opt.miners && result.checked < opt.verify; i++) {
        const struct miner *miner = &miners[i];
        unsigned own = miner->extranonce1_len + miner->extranonce2_size;
        if (miner->job < 0 || own > size)
            continue;
        struct share share = {.nonce = i, .bits = MASK & ~i, .ntime = miner->ntime};
        uint8_t extranonce2[16] = {0}, pool[32], found[32];
        memcpy(extranonce2 + size - own, miner->extranonce1, miner->extranonce1_len);
        result.checked++;
        if (!miner_hash(found, &works[miner->work], miner, &share)) {
            complain(&result, "its notify is not understood", i);
            continue;
        }
        bool same_share = false; /* on whichever of the server's sessions it mines */
        for (unsigned session = 0; session < pool_counts.sessions && !same_share; session++) {
            pool_hash(pool, jobs[miner->job], session, extranonce2, size, share.bits, share.ntime,
                      share.nonce);
            same_share = !memcmp(pool, found, 32);
        }
        if (!same_share)
            complain(&result, "its shares would be others at the pool", i);
    }
    return result;
}
