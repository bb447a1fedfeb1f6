#include "seen.h"

#include <stdlib.h>

enum { FIRST_SHIFT = 64 - 8 };

/* The slot of a key that is not 0: where it is, or where it would go.
 *
 * A miner chooses among the hashes that it finds, and could send only those that crowd a few slots
 * if it knew which. So a key's slot is the top bits of its product with a secret odd number
 * (multiply-shift: Dietzfelbinger, Hagerup, Katajainen, Penttonen, "A reliable randomized algorithm
 * for the closest-pair problem", 1997). */
static uint64_t *find(const struct generation *generation, uint64_t mixer, uint64_t key)
{
    size_t mask = generation->capacity - 1;
    size_t i = (size_t)(key * mixer >> generation->shift);
    while (generation->slots[i] != 0 && generation->slots[i] != key)
        i = (i + 1) & mask;
    return &generation->slots[i];
}

static bool has(const struct generation *generation, uint64_t mixer, uint64_t key)
{
    if (key == 0)
        return generation->has_zero;
    return generation->capacity > 0 && *find(generation, mixer, key) == key;
}

/* Makes room for one more key. */
static bool grow(struct generation *generation, uint64_t mixer)
{
    if ((generation->count + 1) * 2 <= generation->capacity)
        return true;
    struct generation grown = *generation;
    grown.shift = generation->capacity > 0 ? generation->shift - 1 : FIRST_SHIFT;
    grown.capacity = (size_t)1 << (64 - grown.shift);
    grown.slots = calloc(grown.capacity, sizeof *grown.slots);
    if (grown.slots == NULL)
        return false;
    for (size_t i = 0; i < generation->capacity; i++)
        if (generation->slots[i] != 0)
            *find(&grown, mixer, generation->slots[i]) = generation->slots[i];
    free(generation->slots);
    *generation = grown;
    return true;
}

static void forget(struct generation *generation)
{
    free(generation->slots);
    *generation = (struct generation){0};
}

void seen_init(struct seen *seen, size_t limit, uint64_t mixer)
{
    *seen = (struct seen){.limit = limit, .mixer = mixer | 1};
}

void seen_clear(struct seen *seen)
{
    forget(&seen->young);
    forget(&seen->old);
}

enum seen_answer seen_add(struct seen *seen, uint64_t key)
{
    struct generation *young = &seen->young;
    uint64_t mixer = seen->mixer;
    if (has(young, mixer, key) || has(&seen->old, mixer, key))
        return SEEN_BEFORE;
    if (!grow(young, mixer))
        return SEEN_NO_MEMORY;
    if (key == 0)
        young->has_zero = true;
    else
        *find(young, mixer, key) = key;
    young->count++;
    if (young->count == seen->limit) {
        forget(&seen->old);
        seen->old = *young;
        *young = (struct generation){0};
    }
    return SEEN_NEW;
}

size_t seen_count(const struct seen *seen)
{
    return seen->young.count + seen->old.count;
}
