#include "seen.h"

#include <stdlib.h>

enum { FIRST_CAPACITY = 256 };

/* The slot of a key that is not 0: where it is, or where it would go. */
static uint64_t *find(const struct generation *generation, uint64_t key)
{
    size_t mask = generation->capacity - 1;
    size_t i = (size_t)key & mask;
    while (generation->slots[i] != 0 && generation->slots[i] != key)
        i = (i + 1) & mask;
    return &generation->slots[i];
}

static bool has(const struct generation *generation, uint64_t key)
{
    if (key == 0)
        return generation->has_zero;
    return generation->capacity > 0 && *find(generation, key) == key;
}

/* Makes room for one more key. */
static bool grow(struct generation *generation)
{
    if ((generation->count + 1) * 2 <= generation->capacity)
        return true;
    struct generation grown = *generation;
    grown.capacity = generation->capacity > 0 ? generation->capacity * 2 : FIRST_CAPACITY;
    grown.slots = calloc(grown.capacity, sizeof *grown.slots);
    if (grown.slots == NULL)
        return false;
    for (size_t i = 0; i < generation->capacity; i++)
        if (generation->slots[i] != 0)
            *find(&grown, generation->slots[i]) = generation->slots[i];
    free(generation->slots);
    *generation = grown;
    return true;
}

static void forget(struct generation *generation)
{
    free(generation->slots);
    *generation = (struct generation){0};
}

void seen_init(struct seen *seen, size_t limit)
{
    *seen = (struct seen){.limit = limit};
}

void seen_clear(struct seen *seen)
{
    forget(&seen->young);
    forget(&seen->old);
}

enum seen_answer seen_add(struct seen *seen, uint64_t key)
{
    struct generation *young = &seen->young;
    if (has(young, key) || has(&seen->old, key))
        return SEEN_BEFORE;
    if (!grow(young))
        return SEEN_NO_MEMORY;
    if (key == 0)
        young->has_zero = true;
    else
        *find(young, key) = key;
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
