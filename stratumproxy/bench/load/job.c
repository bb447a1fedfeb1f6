/* The pool's jobs, of the size of mainnet's: a 282-byte coinbase and 12 branches. What is in them
 * is random. */
#include "load.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

struct job *jobs[MAX_JOBS];
unsigned job_count;
static uint32_t first_ntime;
static uint64_t state = 0x9e3779b97f4a7c15;

static void random_bytes(uint8_t *to, size_t len) /* xorshift64: the same jobs in every run */
{
    for (size_t i = 0; i < len; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        to[i] = (uint8_t)(state >> 32);
    }
}

static void fill_coinbase(struct job *job)
{
    static const uint8_t start[] = {2, 0, 0, 0, 1};
    uint8_t *at = job->coinb1;
    memcpy(at, start, 5);
    memset(at + 5, 0, 32);
    memset(at + 37, 0xff, 4);
    at[41] = 100;                           /* bytes of script */
    random_bytes(at + 42, COINB1 - 42);     /* height, the pool's tag */
    random_bytes(job->coinb2, COINB2 - 4);  /* the rest of it, sequence, outputs */
    memset(job->coinb2 + COINB2 - 4, 0, 4); /* locktime */
}

static void swap_words(uint8_t to[32], const uint8_t from[32])
{
    for (int i = 0; i < 32; i++)
        to[i] = from[(i & ~3) + 3 - (i & 3)];
}

static void encode(struct job *job)
{
#define PUT(literal) to = put_text(to, literal, sizeof literal - 1)
    uint8_t swapped[32];
    char *to = job->notify = malloc(4096);
    if (!to)
        die("out of memory");
    swap_words(swapped, job->prevhash);
    PUT("{\"id\":null,\"method\":\"mining.notify\",\"params\":[\"");
    to = put_hex32(to, job->number);
    PUT("\",\"");
    to = put_hex(to, swapped, 32);
    PUT("\",\"");
    to = put_hex(to, job->coinb1, COINB1);
    PUT("\",\"");
    to = put_hex(to, job->coinb2, COINB2);
    PUT("\",[");
    for (int i = 0; i < BRANCHES; i++) {
        if (i)
            PUT(",");
        PUT("\"");
        to = put_hex(to, job->branches[i], 32);
        PUT("\"");
    }
    PUT("],\"");
    to = put_hex32(to, job->version);
    PUT("\",\"");
    to = put_hex32(to, job->nbits);
    PUT("\",\"");
    to = put_hex32(to, job->ntime);
    PUT("\",");
    to = job->clean ? put_text(to, "true", 4) : put_text(to, "false", 5);
    PUT("]}\n");
    job->notify_len = (size_t)(to - job->notify);
#undef PUT
}

static struct job *add_job(void)
{
    struct job *job = calloc(1, sizeof *job);
    if (!job || !(job->arrived = calloc(opt.miners, sizeof *job->arrived)))
        die("out of memory");
    job->number = job_count;
    return jobs[job_count++] = job;
}

struct job *job_make(bool clean)
{
    if (job_count == MAX_JOBS)
        die("more than %d jobs", MAX_JOBS);
    if (!job_count)
        first_ntime = (uint32_t)time(NULL);
    const struct job *before = job_count ? jobs[job_count - 1] : NULL;
    struct job *job = add_job();
    job->clean = clean;
    job->version = 0x20000000;
    job->nbits = 0x17034219; /* 2024: no share is a block */
    job->ntime = first_ntime + NTIME_STEP * job->number;
    fill_coinbase(job);
    random_bytes(job->branches[0], sizeof job->branches);
    if (clean || !before)
        random_bytes(job->prevhash, 28); /* real ones end in zeros */
    else
        memcpy(job->prevhash, before->prevhash, 32);
    encode(job);
    return job;
}

struct job *job_seen(ns_t at)
{
    if (job_count == MAX_JOBS)
        return NULL;
    struct job *job = add_job();
    job->sent = at;
    return job;
}
