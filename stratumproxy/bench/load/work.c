/* Jobs as miners got them. Most miners get the same bytes, so a line is parsed once. */
#include "load.h"

#include <stdlib.h>
#include <string.h>

enum { LONGEST_COINBASE = 16384, MOST_BRANCHES = 24, LOOKED_FOR = 64 };

static struct work *works;
static int32_t count, room, last = -1;

const struct work *work_at(int32_t number)
{
    return &works[number];
}

static bool same(const struct work *work, const char *line, size_t len)
{
    return work->line && work->len == len && !memcmp(work->line, line, len);
}

int32_t work_known(const char *line, size_t len)
{
    if (last >= 0 && same(&works[last], line, len))
        return last;
    for (int32_t i = count; i-- > 0 && i >= count - LOOKED_FOR;)
        if (same(&works[i], line, len))
            return last = i;
    return -1;
}

static bool parse(struct work *work, const struct json *params)
{
    static uint8_t coinb1[LONGEST_COINBASE], coinb2[LONGEST_COINBASE], branches[MOST_BRANCHES][32];
    struct text id = json_string(json_item(params, 0));
    uint8_t swapped[32];
    ssize_t len1 = text_unhex(json_string(json_item(params, 2)), coinb1, sizeof coinb1);
    ssize_t len2 = text_unhex(json_string(json_item(params, 3)), coinb2, sizeof coinb2);
    if (!id.len || id.len > sizeof work->job_id || len1 <= 0 || len2 <= 0 ||
        text_unhex(json_string(json_item(params, 1)), swapped, 32) != 32 ||
        !text_hex32(json_string(json_item(params, 5)), &work->version) ||
        !text_hex32(json_string(json_item(params, 6)), &work->nbits) ||
        !text_hex32(json_string(json_item(params, 7)), &work->ntime))
        return false;
    const struct json *list = json_item(params, 4), *branch;
    for (; work->branch_count < MOST_BRANCHES && (branch = json_item(list, work->branch_count));
         work->branch_count++)
        if (text_unhex(json_string(branch), branches[work->branch_count], 32) != 32)
            return false;
    for (int i = 0; i < 32; i++) /* each word's bytes the other way round */
        work->prevhash[i] = swapped[(i & ~3) + 3 - (i & 3)];
    memcpy(work->job_id, id.at, id.len);
    work->job_id_len = (uint8_t)id.len;
    work->coinb1_len = (uint16_t)len1;
    work->coinb2_len = (uint16_t)len2;
    size_t hashes = work->branch_count * sizeof *branches;
    uint8_t *memory = malloc(hashes + (size_t)len1 + (size_t)len2);
    if (!memory)
        die("out of memory");
    work->branches = memcpy(memory, branches, hashes);
    work->coinb1 = memcpy(memory + hashes, coinb1, (size_t)len1);
    work->coinb2 = memcpy(memory + hashes + len1, coinb2, (size_t)len2);
    return true;
}

/* Of two jobs of our pool no branch is the same. Another's may have none, but not at one time. */
static bool is_of(const struct work *work, const struct job *job)
{
    if (opt.pool.len)
        return work->branch_count == BRANCHES && !memcmp(work->branches, job->branches, 32);
    return work->ntime == job->ntime && !memcmp(work->prevhash, job->prevhash, 32) &&
           (work->branch_count ? !memcmp(work->branches, job->branches, 32) : !job->version);
}

static int32_t job_of(const struct work *work, bool clean, ns_t at)
{
    for (unsigned i = job_count; i-- > 0;)
        if (is_of(work, jobs[i]))
            return (int32_t)i;
    struct job *seen = opt.pool.len ? NULL : job_seen(at);
    if (!seen)
        return -1;
    seen->clean = clean;
    seen->ntime = work->ntime;
    seen->version = work->branch_count; /* all that is_of wants to know */
    memcpy(seen->prevhash, work->prevhash, 32);
    if (work->branch_count)
        memcpy(seen->branches, work->branches, 32);
    return (int32_t)seen->number;
}

int32_t work_keep(const char *line, size_t len, const struct json *params, ns_t at)
{
    struct work work = {.len = len};
    if (!parse(&work, params))
        return -1;
    work.job = job_of(&work, json_is(json_item(params, 8), "true"), at);
    if (count == room) {
        room = 2 * room + 64;
        works = realloc(works, (size_t)room * sizeof *works);
    }
    work.line = malloc(len);
    if (!works || !work.line)
        die("out of memory");
    memcpy(work.line, line, len);
    if (count >= LOOKED_FOR) {
        free(works[count - LOOKED_FOR].line);
        works[count - LOOKED_FOR].line = NULL;
    }
    works[count] = work;
    return last = count++;
}
