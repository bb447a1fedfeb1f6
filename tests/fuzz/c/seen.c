/* The set of seen hashes against two plain arrays, for any keys in any order.
 *
 * Input: one byte, the limit less one; eight, the mixer; then steps of one byte how and two bytes
 * which. A step adds a key, clears the set (one in 64), or lets memory run out for itself (one in
 * 64). Built with -Dcalloc=scarce_calloc. */
#undef calloc
#include "fuzz.h"

#include "../../../stratumproxy/shares/seen.h"

void *scarce_calloc(size_t count, size_t size);

static int memory_is_out;

void *scarce_calloc(size_t count, size_t size)
{
    return memory_is_out ? NULL : calloc(count, size);
}

static int has(const uint64_t *keys, size_t count, uint64_t key)
{
    for (size_t i = 0; i < count; i++)
        if (keys[i] == key)
            return 1;
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    uint64_t young[256], old[256];
    size_t limit = (size_t)take(&input, 1) + 1, young_count = 0, old_count = 0;
    struct seen seen;
    seen_init(&seen, limit, take(&input, 8));
    while (input.left > 0) {
        unsigned how = (unsigned)take(&input, 1);
        /* Few different keys, all in the same few slots, or far apart: what collides. */
        uint64_t key = take(&input, 2) << how % 4 * 16;
        if (how >> 2 == 63) {
            seen_clear(&seen);
            young_count = old_count = 0;
            continue;
        }
        memory_is_out = how >> 2 == 62;
        enum seen_answer answer = seen_add(&seen, key);
        int known = has(young, young_count, key) || has(old, old_count, key);
        require(known == (answer == SEEN_BEFORE), "a key is known when it was added");
        require(answer != SEEN_NO_MEMORY || memory_is_out, "there is memory");
        memory_is_out = 0;
        if (answer == SEEN_NEW)
            young[young_count++] = key;
        if (young_count == limit) {
            memcpy(old, young, sizeof old);
            old_count = young_count;
            young_count = 0;
        }
        require(seen_count(&seen) == young_count + old_count, "as many as were added");
    }
    seen_clear(&seen);
    require(seen_count(&seen) == 0, "nothing is left");
    return 0;
}
