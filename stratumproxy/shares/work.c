#include "work.h"

#include "sha256.h"

#include <stdlib.h>
#include <string.h>

/* Words of the header's two blocks that differ from share to share. */
enum { VERSION = 0, PREVHASH = 1, ROOT = 9, NTIME = 17, NBITS = 18, NONCE = 19 };

const char work_no_memory[] = "no memory";

/* The header's first 20 words are the header; then comes its padding. */
static void header_padding(uint32_t header[32])
{
    memset(header + 20, 0, 12 * sizeof *header);
    header[20] = 0x80000000;
    header[31] = WORK_HEADER * 8;
}

/* Hashes the whole blocks of coinb1, and lays out what follows them. */
static bool coinbase_init(struct work *work, const struct job *job)
{
    size_t before = job->coinb1.size / SHA256_BLOCK * SHA256_BLOCK;
    size_t kept = job->coinb1.size - before;
    size_t size = job->coinb1.size + job->extranonce_size + job->coinb2.size;
    size_t left = size - before;
    work->tail_blocks = (left + 9 + SHA256_BLOCK - 1) / SHA256_BLOCK; /* 0x80, 8 bytes of length */
    work->tail = calloc(work->tail_blocks, SHA256_BLOCK);
    if (work->tail == NULL)
        return false;

    memcpy(work->midstate, sha256_H0, sizeof work->midstate);
    for (size_t at = 0; at < before; at += SHA256_BLOCK) {
        uint32_t M[16];
        sha256_words(M, job->coinb1.at + at, 16);
        sha256_current->compress(work->midstate, M);
    }

    work->room = work->tail + kept;
    work->room_size = job->extranonce_size;
    if (kept > 0)
        memcpy(work->tail, job->coinb1.at + before, kept);
    if (job->coinb2.size > 0)
        memcpy(work->room + work->room_size, job->coinb2.at, job->coinb2.size);
    work->tail[left] = 0x80;
    uint8_t *end = work->tail + work->tail_blocks * SHA256_BLOCK;
    for (int i = 0; i < 8; i++)
        end[-1 - i] = (uint8_t)((uint64_t)size * 8 >> 8 * i);
    return true;
}

const char *work_init(struct work *work, const struct job *job)
{
    size_t room = WORK_MAX_COINBASE;
    const size_t sizes[] = {job->coinb1.size, job->extranonce_size, job->coinb2.size};
    for (size_t i = 0; i < 3; i++) {
        if (sizes[i] > room)
            return "the coinbase is longer than 16384 bytes";
        room -= sizes[i];
    }
    if (job->branch_count > WORK_MAX_BRANCHES)
        return "more than 32 branches";

    memset(work, 0, sizeof *work);
    if (!coinbase_init(work, job))
        return work_no_memory;
    work->branch_count = job->branch_count;
    sha256_words(work->header + PREVHASH, job->prevhash, 8);
    work->header[NBITS] = byte_swap(job->nbits);
    header_padding(work->header);
    work->version = job->version;
    work->ntime = job->ntime;
    work->ntime_roll = job->ntime_roll;
    work->pool_target = u256_load(job->pool_target);
    work->network_target = u256_from_nbits(job->nbits);
    return NULL;
}

void work_clear(struct work *work)
{
    free(work->tail);
    memset(work, 0, sizeof *work);
}

void work_branch(struct work *work, size_t i, const uint8_t hash[32])
{
    sha256_words(work->branches[i], hash, 8);
}

/* Puts zeros, extranonce1 and extranonce2 between coinb1 and coinb2. False: no room. */
static bool fill_room(struct work *work, struct bytes extranonce1, struct bytes extranonce2)
{
    if (extranonce2.size > work->room_size || extranonce1.size > work->room_size - extranonce2.size)
        return false;
    size_t pad = work->room_size - extranonce2.size - extranonce1.size;
    memset(work->room, 0, pad);
    if (extranonce1.size > 0)
        memcpy(work->room + pad, extranonce1.at, extranonce1.size);
    if (extranonce2.size > 0)
        memcpy(work->room + pad + extranonce1.size, extranonce2.at, extranonce2.size);
    return true;
}

/* Completes the header: the room is filled. */
static void complete_header(struct work *work, uint32_t version, uint32_t ntime, uint32_t nonce)
{
    const struct sha256_kernel *kernel = sha256_current;
    uint32_t *root = work->header + ROOT;
    memcpy(root, work->midstate, sizeof work->midstate);
    for (size_t i = 0; i < work->tail_blocks; i++) {
        uint32_t M[16];
        sha256_words(M, work->tail + i * SHA256_BLOCK, 16);
        kernel->compress(root, M);
    }
    sha256_again(kernel, root);
    for (size_t i = 0; i < work->branch_count; i++)
        kernel->sha256d_pair(root, work->branches[i]);
    /* The header's integers are little-endian, SHA-256's words big-endian. */
    work->header[VERSION] = byte_swap(version);
    work->header[NTIME] = byte_swap(ntime);
    work->header[NONCE] = byte_swap(nonce);
}

/* The version as rolled. False: something outside the mask would change. Some devices send the
 * whole rolled version instead of its rolled bits alone, so the job's own bits may stand there. */
static bool roll_version(uint32_t *version, uint32_t bits, uint32_t mask)
{
    uint32_t outside = bits & ~mask;
    if (outside != 0 && outside != (*version & ~mask))
        return false;
    *version = (*version & ~mask) | (bits & mask);
    return true;
}

static enum verdict judge(const struct work *work, struct seen *seen, const struct share *share,
                          const struct u256 *hash)
{
    struct u256 target = u256_load(share->target);
    bool pool = u256_meets(hash, &work->pool_target);
    /* What the pool would take must count, however hard the miner's own target is. */
    if (!pool && !u256_meets(hash, &target))
        return LOW_DIFFICULTY;
    switch (seen_add(seen, share->ntime, hash->words[0])) {
    case SEEN_BEFORE: return DUPLICATE;
    case SEEN_NO_MEMORY: return WORK_NO_MEMORY;
    case SEEN_NEW: break;
    }
    if (u256_meets(hash, &work->network_target))
        return BLOCK;
    return pool ? POOL_SHARE : SHARE;
}

struct outcome work_check(struct work *work, struct seen *seen, const struct share *share)
{
    struct outcome outcome = {.hashed = false};
    uint32_t ntime = share->ntime, version = work->version;
    if (!fill_room(work, share->extranonce1, share->extranonce2))
        outcome.verdict = WORK_NO_ROOM;
    else if (share->has_version_bits &&
             !roll_version(&version, share->version_bits, share->version_mask))
        outcome.verdict = BAD_VERSION;
    else if (ntime < work->ntime || ntime - work->ntime > work->ntime_roll)
        outcome.verdict = BAD_NTIME;
    else {
        complete_header(work, version, ntime, share->nonce);
        uint32_t H[8];
        memcpy(H, sha256_H0, sizeof H);
        sha256_current->compress(H, work->header);
        sha256_current->compress(H, work->header + 16);
        sha256_again(sha256_current, H);
        sha256_bytes(outcome.hash, H, 8);
        struct u256 hash = u256_load(outcome.hash);
        outcome.hashed = true;
        outcome.difficulty = u256_difficulty(&hash);
        outcome.verdict = judge(work, seen, share, &hash);
    }
    return outcome;
}

bool work_header(struct work *work, struct bytes extranonce1, struct bytes extranonce2,
                 uint32_t version, uint32_t ntime, uint32_t nonce, uint8_t header[WORK_HEADER])
{
    if (!fill_room(work, extranonce1, extranonce2))
        return false;
    complete_header(work, version, ntime, nonce);
    sha256_bytes(header, work->header, WORK_HEADER / 4);
    return true;
}

uint64_t work_scan(const uint8_t header[WORK_HEADER], const struct u256 *target, uint64_t start,
                   uint64_t end)
{
    const struct sha256_kernel *kernel = sha256_current;
    uint32_t words[32], midstate[8], H[8];
    uint8_t hash[SHA256_DIGEST];
    sha256_words(words, header, WORK_HEADER / 4);
    header_padding(words);
    memcpy(midstate, sha256_H0, sizeof midstate);
    kernel->compress(midstate, words);
    for (uint64_t nonce = start; nonce < end; nonce++) {
        words[NONCE] = byte_swap((uint32_t)nonce);
        memcpy(H, midstate, sizeof H);
        kernel->compress(H, words + 16);
        sha256_again(kernel, H);
        if (byte_swap(H[7]) > target->words[3] >> 32)
            continue; /* settled by the highest 32 bits, nearly always */
        sha256_bytes(hash, H, 8);
        struct u256 value = u256_load(hash);
        if (u256_meets(&value, target))
            return nonce;
    }
    return end;
}
