#include "seen.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_SHIFT = 64 - 4, FIRST_ROOM = 4 };

/* The slot of a key that is not 0: where it is, or where it would go.
 *
 * A miner chooses among the hashes that it finds, and could send only those that crowd a few slots
 * if it knew which. So a key's slot is the top bits of its product with a secret odd number
 * (multiply-shift: Dietzfelbinger, Hagerup, Katajainen, Penttonen, "A reliable randomized algorithm
 * for the closest-pair problem", 1997). */
static uint64_t *find(const struct slice *slice, uint64_t mixer, uint64_t key)
{
    size_t mask = slice->capacity - 1;
    size_t i = (size_t)(key * mixer >> slice->shift);
    while (slice->slots[i] != 0 && slice->slots[i] != key)
        i = (i + 1) & mask;
    return &slice->slots[i];
}

static bool has(const struct slice *slice, uint64_t mixer, uint64_t key)
{
    if (key == 0)
        return slice->has_zero;
    return slice->capacity > 0 && *find(slice, mixer, key) == key;
}

/* Makes room for one more key. */
static bool grow(struct slice *slice, uint64_t mixer)
{
    if ((slice->count + 1) * 2 <= slice->capacity)
        return true;
    struct slice grown = *slice;
    grown.shift = slice->capacity > 0 ? slice->shift - 1 : FIRST_SHIFT;
    grown.capacity = (size_t)1 << (64 - grown.shift);
    grown.slots = calloc(grown.capacity, sizeof *grown.slots);
    if (grown.slots == NULL)
        return false;
    for (size_t i = 0; i < slice->capacity; i++)
        if (slice->slots[i] != 0)
            *find(&grown, mixer, slice->slots[i]) = slice->slots[i];
    free(slice->slots);
    *slice = grown;
    return true;
}

/* The slice of that number, new and empty if there was none; NULL: no memory. */
static struct slice *slice_of(struct seen *seen, uint32_t number)
{
    for (size_t i = seen->slice_count; i > 0; i--)
        if (seen->slices[i - 1].number == number)
            return &seen->slices[i - 1];
    if (seen->slice_count == seen->slice_room) {
        size_t room = seen->slice_room > 0 ? 2 * seen->slice_room : FIRST_ROOM;
        struct slice *slices = calloc(room, sizeof *slices);
        if (slices == NULL)
            return NULL;
        if (seen->slice_count > 0)
            memcpy(slices, seen->slices, seen->slice_count * sizeof *slices);
        free(seen->slices);
        seen->slices = slices;
        seen->slice_room = room;
    }
    struct slice *slice = &seen->slices[seen->slice_count++];
    *slice = (struct slice){.number = number};
    return slice;
}

void seen_init(struct seen *seen, uint64_t mixer)
{
    *seen = (struct seen){.mixer = mixer | 1};
}

void seen_clear(struct seen *seen)
{
    for (size_t i = 0; i < seen->slice_count; i++)
        free(seen->slices[i].slots);
    free(seen->slices);
    *seen = (struct seen){.mixer = seen->mixer};
}

enum seen_answer seen_add(struct seen *seen, uint32_t ntime, uint64_t key)
{
    struct slice *slice = slice_of(seen, ntime >> SEEN_SLICE_SHIFT);
    if (slice == NULL)
        return SEEN_NO_MEMORY;
    if (has(slice, seen->mixer, key))
        return SEEN_BEFORE;
    if (!grow(slice, seen->mixer))
        return SEEN_NO_MEMORY;
    if (key == 0)
        slice->has_zero = true;
    else
        *find(slice, seen->mixer, key) = key;
    slice->count++;
    return SEEN_NEW;
}

void seen_forget(struct seen *seen, uint32_t before)
{
    uint32_t first = before >> SEEN_SLICE_SHIFT;
    size_t kept = 0;
    for (size_t i = 0; i < seen->slice_count; i++) {
        if (seen->slices[i].number < first)
            free(seen->slices[i].slots);
        else
            seen->slices[kept++] = seen->slices[i];
    }
    seen->slice_count = kept;
}

size_t seen_count(const struct seen *seen)
{
    size_t count = 0;
    for (size_t i = 0; i < seen->slice_count; i++)
        count += seen->slices[i].count;
    return count;
}
