/* Any job, any share of it, every kernel: against a header put together the long way, in one piece
 * and with the portable kernel.
 *
 * Input, integers little-endian:
 *   flags 1, version 4, nbits 4, ntime 4, ntime_roll 4, version_mask 4, the share's ntime 4,
 *   nonce 4 and version_bits 4, extranonce_size 2, branch_count 1, prevhash 32, pool_target 32,
 *   target 32, coinb1 and coinb2 (length 2, bytes), extranonce1 and extranonce2 (length 1, bytes),
 *   the branches.
 * flags: 1 version bits are there; 2 extranonce_size is huge. */
#include "fuzz.h"

#include "../../../stratumproxy/shares/sha256.h"
#include "../../../stratumproxy/shares/work.h"

enum { VERSION_BITS = 1, HUGE_ROOM = 2 };

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    require(sha256_detect() > 0, "a kernel passes its self-test");
    return 0;
}

static struct bytes take_sized(struct input *input, size_t length_size)
{
    size_t size = (size_t)take(input, length_size);
    return (struct bytes){take_bytes(input, size), size};
}

static void little_endian(uint8_t *bytes, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        bytes[i] = (uint8_t)(value >> 8 * i);
}

static void sha256d(uint8_t digest[32], const uint8_t *message, size_t size)
{
    uint32_t H[8];
    sha256_hash(&sha256_portable, H, message, size);
    sha256_again(&sha256_portable, H);
    sha256_bytes(digest, H, 8);
}

/* The header as the protocol describes it, and nothing prepared. */
static void long_way(uint8_t header[WORK_HEADER], const struct job *job, const uint8_t *branches,
                     struct bytes extranonce1, struct bytes extranonce2, uint32_t version,
                     uint32_t ntime, uint32_t nonce)
{
    size_t size = job->coinb1.size + job->extranonce_size + job->coinb2.size;
    size_t pad = job->extranonce_size - extranonce1.size - extranonce2.size;
    uint8_t *coinbase = calloc(size + 1, 1), *at = coinbase;
    const struct bytes parts[] = {job->coinb1, {NULL, pad}, extranonce1, extranonce2, job->coinb2};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (parts[i].at != NULL && parts[i].size > 0)
            memcpy(at, parts[i].at, parts[i].size);
        at += parts[i].size;
    }
    uint8_t pair[64];
    sha256d(pair, coinbase, size);
    for (size_t i = 0; i < job->branch_count; i++) {
        memcpy(pair + 32, branches + 32 * i, 32);
        sha256d(pair, pair, 64);
    }
    little_endian(header, version);
    memcpy(header + 4, job->prevhash, 32);
    memcpy(header + 36, pair, 32);
    little_endian(header + 68, ntime);
    little_endian(header + 72, job->nbits);
    little_endian(header + 76, nonce);
    free(coinbase);
}

static void check(const struct job *job, const uint8_t *branches, const struct share *share)
{
    struct bytes extranonce1 = share->extranonce1, extranonce2 = share->extranonce2;
    int fits = extranonce1.size + extranonce2.size <= job->extranonce_size;
    struct work work;
    struct seen seen;
    seen_init(&seen, 1);
    require(work_init(&work, job) == NULL, "a job of these sizes is taken");
    for (size_t i = 0; i < job->branch_count; i++)
        work_branch(&work, i, branches + 32 * i);

    struct outcome outcome = work_check(&work, &seen, share);
    require(fits == (outcome.verdict != WORK_NO_ROOM), "no room is said when there is none");
    int reached = outcome.verdict >= SHARE && outcome.verdict <= DUPLICATE;
    require(outcome.hashed == reached, "hashed when, and only when, all else was right");
    uint32_t version = job->version, ntime = share->ntime, nonce = share->nonce;
    uint8_t header[WORK_HEADER], expected[WORK_HEADER], hash[32];
    if (share->has_version_bits)
        version =
            (job->version & ~share->version_mask) | (share->version_bits & share->version_mask);
    if (reached) {
        require(ntime >= job->ntime && ntime - job->ntime <= job->ntime_roll, "ntime is in range");
        struct u256 value = u256_load(outcome.hash), target = u256_load(share->target);
        struct u256 pool = u256_load(job->pool_target);
        require((outcome.verdict == LOW_DIFFICULTY) ==
                    (!u256_meets(&value, &target) && !u256_meets(&value, &pool)),
                "low is what meets neither target");
        require(outcome.verdict >= LOW_DIFFICULTY ||
                    work_check(&work, &seen, share).verdict == DUPLICATE,
                "the second time it is a duplicate");
    }
    int made = work_header(&work, extranonce1, extranonce2, version, ntime, nonce, header);
    require(made == fits, "a header is made when the extranonces fit");
    if (made) {
        long_way(expected, job, branches, extranonce1, extranonce2, version, ntime, nonce);
        require(memcmp(header, expected, sizeof header) == 0, "the header is the long way's");
        sha256d(hash, expected, sizeof expected);
        require(!reached || memcmp(hash, outcome.hash, sizeof hash) == 0, "and so is the hash");
        struct u256 target = u256_load(share->target);
        uint64_t start = nonce, end = start + 4;
        uint64_t found = work_scan(header, &target, start, end);
        require(found >= start && found <= end, "a nonce of the range, or its end");
    }
    work_clear(&work);
    seen_clear(&seen);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    unsigned flags = (unsigned)take(&input, 1);
    struct job job = {
        .version = (uint32_t)take(&input, 4),
        .nbits = (uint32_t)take(&input, 4),
        .ntime = (uint32_t)take(&input, 4),
        .ntime_roll = (uint32_t)take(&input, 4),
    };
    struct share share = {.has_version_bits = flags & VERSION_BITS};
    share.version_mask = (uint32_t)take(&input, 4);
    share.ntime = (uint32_t)take(&input, 4);
    share.nonce = (uint32_t)take(&input, 4);
    share.version_bits = (uint32_t)take(&input, 4);
    job.extranonce_size = (size_t)take(&input, 2) - (flags & HUGE_ROOM ? 1 << 16 : 0);
    job.branch_count = (size_t)take(&input, 1);
    uint8_t *prevhash = take_bytes(&input, 32), *pool_target = take_bytes(&input, 32);
    uint8_t *target = take_bytes(&input, 32);
    job.prevhash = prevhash;
    job.pool_target = pool_target;
    share.target = target;
    job.coinb1 = take_sized(&input, 2);
    job.coinb2 = take_sized(&input, 2);
    share.extranonce1 = take_sized(&input, 1);
    share.extranonce2 = take_sized(&input, 1);
    uint8_t *branches = take_bytes(&input, 32 * job.branch_count);

    struct work work;
    int fits = job.extranonce_size <= WORK_MAX_COINBASE && job.branch_count <= WORK_MAX_BRANCHES &&
               job.coinb1.size + job.extranonce_size + job.coinb2.size <= WORK_MAX_COINBASE;
    const char *problem = work_init(&work, &job);
    require(fits == (problem == NULL), "a job is refused for its sizes alone");
    if (fits) {
        work_clear(&work);
        for (size_t i = 0; sha256_listed(i) != NULL; i++) {
            sha256_current = sha256_listed(i);
            check(&job, branches, &share);
        }
    }

    void *const all[] = {
        prevhash,
        pool_target,
        target,
        branches,
        (void *)job.coinb1.at,
        (void *)job.coinb2.at,
        (void *)share.extranonce1.at,
        (void *)share.extranonce2.at,
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
    return 0;
}
