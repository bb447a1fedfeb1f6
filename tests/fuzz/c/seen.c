/* The set of seen hashes against a plain array, for any keys in any order.
 *
 * Input: eight bytes, the mixer; then steps of one byte how, one byte when and two bytes which. A
 * step adds a key, forgets what lies before a moment (one in 64), clears the set (one in 64), or
 * lets memory run out for itself (one in 64). Built with -Dcalloc=scarce_calloc. */
#undef calloc
#include "fuzz.h"

#include "../../../stratumproxy/shares/seen.h"

void *scarce_calloc(size_t count, size_t size);

static int memory_is_out;

void *scarce_calloc(size_t count, size_t size)
{
    return memory_is_out ? NULL : calloc(count, size);
}

enum { MOST = 4096, SLICE = 1 << SEEN_SLICE_SHIFT };

static struct {
    uint32_t ntime;
    uint64_t key;
} known[MOST];

static size_t known_count;

static int is_known(uint32_t ntime, uint64_t key)
{
    for (size_t i = 0; i < known_count; i++)
        if (known[i].ntime / SLICE == ntime / SLICE && known[i].key == key)
            return 1;
    return 0;
}

static void forget(uint32_t before)
{
    size_t kept = 0;
    for (size_t i = 0; i < known_count; i++)
        if (known[i].ntime / SLICE >= before / SLICE)
            known[kept++] = known[i];
    known_count = kept;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    struct seen seen;
    seen_init(&seen, take(&input, 8));
    known_count = 0;
    while (input.left > 0 && known_count < MOST) {
        unsigned how = (unsigned)take(&input, 1);
        uint32_t ntime = 0xffffc000u + 0x40u * (uint32_t)take(&input, 1);
        /* Few different keys, all in the same few slots, or far apart: what collides. */
        uint64_t key = take(&input, 2) << how % 4 * 16;
        if (how >> 2 == 63) {
            seen_clear(&seen);
            known_count = 0;
        } else if (how >> 2 == 62) {
            seen_forget(&seen, ntime);
            forget(ntime);
        } else {
            memory_is_out = how >> 2 == 61;
            enum seen_answer answer = seen_add(&seen, ntime, key);
            int before = is_known(ntime, key);
            require(before == (answer == SEEN_BEFORE), "a key is known when it was added");
            require(answer != SEEN_NO_MEMORY || memory_is_out, "there is memory");
            memory_is_out = 0;
            if (answer == SEEN_NEW) {
                known[known_count].ntime = ntime;
                known[known_count++].key = key;
            }
        }
        require(seen_count(&seen) == known_count, "as many as were added");
    }
    seen_clear(&seen);
    require(seen_count(&seen) == 0, "nothing is left");
    return 0;
}
