/* Header hashes that were accepted, each until nothing could bring it in again.
 *
 * They are kept in slices of the headers' ntime. The work that is handed out moves its ntime on,
 * and with it the earliest that a share may have: what lies before that is forgotten, a slice at a
 * time. So memory is the rate of shares times the time that a job is taken for, and there is no
 * limit at which a hash is forgotten that could come again. */
#ifndef STRATUMPROXY_SEEN_H
#define STRATUMPROXY_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SEEN_SLICE_SHIFT = 6 }; /* a slice is 64 s of ntime: about a keep-alive */

/* An open-addressing table, at most half full; 0 marks a free slot, so the key 0 is kept beside. */
struct slice {
    uint64_t *slots;
    size_t capacity; /* 0, or 2^(64 - shift) */
    size_t count;
    unsigned shift;
    uint32_t number; /* ntime >> SEEN_SLICE_SHIFT */
    bool has_zero;
};

struct seen {
    struct slice *slices; /* in no order; the newest is the last */
    size_t slice_count;
    size_t slice_room;
    uint64_t mixer;
};

enum seen_answer { SEEN_NEW, SEEN_BEFORE, SEEN_NO_MEMORY };

/* mixer: a random number, by which a key's slot is not foreseen: see seen.c.
 * Takes no memory yet. */
void seen_init(struct seen *seen, uint64_t mixer);
/* Forgets everything, and gives the memory back. */
void seen_clear(struct seen *seen);
/* Remembers a hash by its header's ntime and 64 of its low-order bits: a target says nothing about
 * those, so they are as good as random. Nothing changes when there is no memory. */
enum seen_answer seen_add(struct seen *seen, uint32_t ntime, uint64_t key);
/* No share with an ntime before this one is accepted any more. */
void seen_forget(struct seen *seen, uint32_t before);
size_t seen_count(const struct seen *seen);

#endif
