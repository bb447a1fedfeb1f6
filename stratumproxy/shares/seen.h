/* Header hashes that were accepted: a bounded set, in two generations.
 *
 * When the young generation is full it becomes the old one, and the old one is forgotten. So the
 * last `limit` hashes are always remembered, and nothing is ever removed one by one. */
#ifndef STRATUMPROXY_SEEN_H
#define STRATUMPROXY_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SEEN_MAX_LIMIT ((size_t)1 << 28)

/* An open-addressing table, at most half full; 0 marks a free slot, so the key 0 is kept beside. */
struct generation {
    uint64_t *slots;
    size_t capacity; /* 0, or 2^(64 - shift) */
    unsigned shift;
    size_t count;
    bool has_zero;
};

struct seen {
    struct generation young, old;
    size_t limit;
    uint64_t mixer;
};

enum seen_answer { SEEN_NEW, SEEN_BEFORE, SEEN_NO_MEMORY };

/* limit: hashes in a generation, from 1 to SEEN_MAX_LIMIT.
 * mixer: a random number, by which a key's slot is not foreseen: see seen.c.
 * Takes no memory yet. */
void seen_init(struct seen *seen, size_t limit, uint64_t mixer);
/* Forgets everything, and gives the memory back. */
void seen_clear(struct seen *seen);
/* Remembers a hash by 64 of its low-order bits: a target says nothing about those, so they are as
 * good as random. Nothing changes when there is no memory. */
enum seen_answer seen_add(struct seen *seen, uint64_t key);
size_t seen_count(const struct seen *seen);

#endif
