/* Whether what the pool got is what the miner found: both headers built, the miner's from the
 * notify it was sent and the pool's from the job it made, and their hashes compared. Some shares
 * are kept for that while the run goes on, evenly over it, and looked at when it is over. */
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST_COINBASE = 40000, POOL_COINBASE = COINB1 + POOL_EXTRANONCE1 + 16 + COINB2 };

struct kept {
    struct share share;
    const struct job *job;
    uint8_t coinbase[POOL_COINBASE];
    size_t len;
    uint32_t ntime, nonce, bits;
};

static struct kept *kept;
static unsigned kept_count;
static uint64_t offered, stride = 1;

void verify_keep_share(const struct share *share, const struct job *job, const uint8_t *coinbase,
                       size_t len, uint32_t ntime, uint32_t nonce, uint32_t bits)
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
    *one = (struct kept){
        .share = *share, .job = job, .len = len, .ntime = ntime, .nonce = nonce, .bits = bits};
    memcpy(one->coinbase, coinbase, len);
}

static uint8_t *put_le32(uint8_t *to, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        *to++ = (uint8_t)(value >> 8 * i);
    return to;
}

static void header_of(uint8_t header[80], const uint8_t *coinbase, size_t len,
                      const uint8_t (*branches)[32], unsigned branch_count,
                      const uint8_t prevhash[32], uint32_t version, uint32_t ntime, uint32_t nbits,
                      uint32_t nonce)
{
    uint8_t node[64];
    sha256d(node, coinbase, len);
    for (unsigned i = 0; i < branch_count; i++) {
        memcpy(node + 32, branches[i], 32);
        sha256d(node, node, 64);
    }
    uint8_t *at = put_le32(header, version);
    memcpy(at, prevhash, 32);
    memcpy(at + 32, node, 32);
    at = put_le32(at + 64, ntime);
    at = put_le32(at, nbits);
    put_le32(at, nonce);
}

static void pool_header(uint8_t header[80], const struct kept *one)
{
    const struct job *job = one->job;
    header_of(header, one->coinbase, one->len, (const uint8_t (*)[32])job->branches, BRANCHES,
              job->prevhash, (job->version & ~MASK) | (one->bits & MASK), one->ntime, job->nbits,
              one->nonce);
}

size_t verify_coinbase(uint8_t *to, size_t room, const struct work *work, const struct miner *miner,
                       uint32_t extranonce2)
{
    size_t own = (size_t)miner->extranonce1_len + miner->extranonce2_size;
    size_t len = work->coinb1_len + own + work->coinb2_len;
    if (len > room)
        return 0;
    memcpy(to, work->coinb1, work->coinb1_len);
    to += work->coinb1_len;
    memcpy(to, miner->extranonce1, miner->extranonce1_len);
    put_extranonce2(to + miner->extranonce1_len, miner, extranonce2);
    memcpy(to + own, work->coinb2, work->coinb2_len);
    return len;
}

/* The version as BIP310 has it: the bits that may be rolled are the share's. */
void verify_header(uint8_t header[80], const struct work *work, const struct miner *miner,
                   const struct share *share)
{
    static uint8_t coinbase[LONGEST_COINBASE];
    size_t len = verify_coinbase(coinbase, sizeof coinbase, work, miner, share->extranonce2);
    header_of(header, coinbase, len, (const uint8_t (*)[32])work->branches, work->branch_count,
              work->prevhash, (work->version & ~miner->mask) | share->bits, work->ntime,
              work->nbits, share->nonce);
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
        const struct share *share = &kept[i].share;
        uint8_t headers[2][80], hashes[2][32];
        pool_header(headers[0], &kept[i]);
        verify_header(headers[1], work_at(share->work), &miners[share->miner], share);
        sha256d(hashes[0], headers[0], 80);
        sha256d(hashes[1], headers[1], 80);
        result.checked++;
        if (memcmp(hashes[0], hashes[1], 32))
            complain(&result, "its share is another at the pool", share->miner);
    }
    return result;
}

/* The pool's coinbase is coinb1, a session's extranonce1, any extranonce2, coinb2. */
static bool mines_for(unsigned session, const struct job *job, const uint8_t *coinbase, size_t len)
{
    uint8_t extranonce1[POOL_EXTRANONCE1];
    pool_extranonce1(session, extranonce1);
    return len == COINB1 + POOL_EXTRANONCE1 + opt.extranonce2_size + COINB2 &&
           !memcmp(coinbase, job->coinb1, COINB1) &&
           !memcmp(coinbase + COINB1, extranonce1, POOL_EXTRANONCE1) &&
           !memcmp(coinbase + len - COINB2, job->coinb2, COINB2);
}

struct verified verify_works(void)
{
    static uint8_t coinbase[LONGEST_COINBASE];
    struct verified result = {0};
    for (uint32_t i = 0; i < opt.miners && result.checked < opt.verify; i++) {
        const struct miner *miner = &miners[i];
        if (miner->work < 0)
            continue;
        result.checked++;
        const struct work *work = work_at(miner->work);
        if (work->job < 0) {
            complain(&result, "its job is none of the pool's", i);
            continue;
        }
        const struct job *job = jobs[work->job];
        size_t len = verify_coinbase(coinbase, sizeof coinbase, work, miner, i);
        bool found = false;
        for (unsigned session = 0; session < pool_session_count() && !found; session++)
            found = mines_for(session, job, coinbase, len);
        if (!found)
            complain(&result, "its coinbase would be another at the pool", i);
        else if (work->branch_count != BRANCHES ||
                 memcmp(work->branches, job->branches, sizeof job->branches) ||
                 memcmp(work->prevhash, job->prevhash, 32) || work->version != job->version ||
                 work->nbits != job->nbits)
            complain(&result, "its header would be another at the pool", i);
    }
    return result;
}
