/* One pool job, prepared, and the check of a share against it. No Python here.
 *
 * What it all means is written in _reference.py. Sizes are checked where they enter: work_init and
 * work_check. A work is scratch space too: one thread at a time. */
#ifndef STRATUMPROXY_WORK_H
#define STRATUMPROXY_WORK_H

#include "seen.h"
#include "target.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The limits are reasoned in _reference.py. */
enum { WORK_MAX_COINBASE = 16384, WORK_MAX_BRANCHES = 32, WORK_HEADER = 80 };

/* Numbers shared with verdict.py; the negative ones never leave the C side. */
enum verdict {
    WORK_NO_ROOM = -2,   /* extranonce1 and extranonce2 do not fit: the caller's mistake */
    WORK_NO_MEMORY = -1, /* the hash can't be remembered */
    SHARE = 0,
    POOL_SHARE = 1,
    BLOCK = 2,
    LOW_DIFFICULTY = 8,
    DUPLICATE = 9,
    BAD_NTIME = 10,
    BAD_VERSION = 11,
};

struct bytes {
    const uint8_t *at;
    size_t size;
};

struct job {
    struct bytes coinb1, coinb2;
    size_t extranonce_size; /* bytes between them */
    uint32_t version, nbits, ntime, ntime_roll;
    const uint8_t *prevhash;    /* 32 bytes, internal order */
    const uint8_t *pool_target; /* 32 bytes, little-endian */
    size_t branch_count;        /* the branches themselves: work_branch */
};

struct work {
    uint32_t midstate[8]; /* of the coinbase's first blocks, the same for every share */
    uint8_t *tail;        /* the rest of the coinbase with its SHA-256 padding */
    size_t tail_blocks;
    uint8_t *room; /* in the tail: pad, extranonce1 and extranonce2 */
    size_t room_size;
    uint32_t branches[WORK_MAX_BRANCHES][8];
    size_t branch_count;
    uint32_t header[32]; /* two padded blocks, in SHA-256 words */
    uint32_t version, ntime, ntime_roll;
    struct u256 pool_target, network_target;
};

struct share {
    struct bytes extranonce1, extranonce2;
    uint32_t ntime, nonce, version_bits;
    bool has_version_bits;
    uint32_t version_mask;
    const uint8_t *target; /* 32 bytes, little-endian */
};

struct outcome {
    enum verdict verdict;
    bool hashed; /* whether there are the other two */
    double difficulty;
    uint8_t hash[32]; /* internal order */
};

/* NULL, or what is wrong with the sizes, or work_no_memory. A work that failed needs no clear. */
const char *work_init(struct work *work, const struct job *job);
extern const char work_no_memory[];
void work_clear(struct work *work);
/* The i-th of the job's branches, 32 bytes in internal order. */
void work_branch(struct work *work, size_t i, const uint8_t hash[32]);

struct outcome work_check(struct work *work, struct seen *seen, const struct share *share);

/* Builds one header. False: extranonce1 and extranonce2 do not fit. */
bool work_header(struct work *work, struct bytes extranonce1, struct bytes extranonce2,
                 uint32_t version, uint32_t ntime, uint32_t nonce, uint8_t header[WORK_HEADER]);

/* Looks for a nonce from start to end (not included) with which the header meets the target.
 * Returns it, or end. Touches nothing else, so it may run beside anything. */
uint64_t work_scan(const uint8_t header[WORK_HEADER], const struct u256 *target, uint64_t start,
                   uint64_t end);

#endif
