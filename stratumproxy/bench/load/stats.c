/* Latencies: how many in each bucket, buckets of under 1 % of their value. */
#include "load.h"

#include <math.h>
#include <stdlib.h>

static unsigned bucket_of(uint64_t ns)
{
    if (ns < 2u << SUB_BITS)
        return (unsigned)ns;
    unsigned shift = 63u - (unsigned)__builtin_clzll(ns) - SUB_BITS;
    uint64_t bucket = ((uint64_t)shift << SUB_BITS) + (ns >> shift);
    return bucket < BUCKETS ? (unsigned)bucket : BUCKETS - 1;
}

double latencies_floor(unsigned bucket)
{
    if (bucket < 2u << SUB_BITS)
        return bucket / 1e9;
    unsigned shift = (bucket >> SUB_BITS) - 1;
    uint64_t mantissa = (bucket & ((1u << SUB_BITS) - 1)) | 1u << SUB_BITS;
    return (double)(mantissa << shift) / 1e9;
}

void latencies_add(struct latencies *l, uint64_t ns)
{
    l->count[bucket_of(ns)]++;
    l->total++;
    l->sum += (double)ns;
    if (ns > l->max)
        l->max = ns;
}

double latencies_at(const struct latencies *l, double fraction)
{
    if (!l->total)
        return NAN;
    uint64_t wanted = (uint64_t)(fraction * (double)l->total);
    uint64_t seen = 0;
    for (unsigned bucket = 0; bucket < BUCKETS; bucket++) {
        seen += l->count[bucket];
        if (seen > wanted)
            return latencies_floor(bucket);
    }
    return (double)l->max / 1e9;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double median_of(double *values, unsigned count)
{
    if (!count)
        return NAN;
    qsort(values, count, sizeof *values, by_size);
    return values[count / 2];
}
