/* Shares: no two have the same header, and every one meets a difficulty so small.
 *
 * A share's number in the run is its request id, and scrambled its nonce, so a share that comes
 * back as a verdict or turns up at the pool is found again at once. */
#include "load.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { FIRST_ID = 16, PART_BITS = 28 };
static const uint32_t SCRAMBLE = 2654435761u, UNSCRAMBLE = 244002641u; /* inverse modulo 2^32 */

struct share_counts shares_now;
struct latencies reply_latencies, interval_latencies;
int probe_codes[2] = {-1, -1};

static struct share *ring;
static uint64_t ring_mask, next_id, outstanding;
static bool measuring, stopped;
static uint64_t probe_ids[2];

static uint32_t *turns; /* open loop: each miner as often as its weight */
static uint64_t turn_count;
static ns_t next_due; /* 0: not yet */
static uint64_t random_state = 88172645463325252;

static uint64_t random_bits(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

void shares_open(void)
{
    uint64_t wanted = 4ull * opt.miners * (opt.depth ? opt.depth : 1) + (uint64_t)(4 * opt.rate);
    uint64_t size = 1 << 16;
    while (size < wanted && size < 1 << 24)
        size *= 2;
    ring_mask = size - 1;
    next_id = (uint64_t)opt.part << PART_BITS | FIRST_ID;
    ring = calloc(size, sizeof *ring);
    for (uint32_t i = 0; i < opt.miners; i++)
        turn_count += miner_weight(i);
    turns = malloc(turn_count * sizeof *turns);
    if (!ring || !turns)
        die("out of memory");
    uint32_t *turn = turns;
    for (uint32_t i = 0; i < opt.miners; i++)
        for (unsigned weight = miner_weight(i); weight; weight--)
            *turn++ = i;
    if (SCRAMBLE * UNSCRAMBLE != 1)
        die("shares.c: UNSCRAMBLE is not SCRAMBLE's inverse");
}

void shares_measure(bool on)
{
    measuring = on;
    if (on) {
        memset(&shares_now, 0, sizeof shares_now);
        memset(&reply_latencies, 0, sizeof reply_latencies);
    }
}

void shares_stop(void)
{
    stopped = true;
}

static bool submit(uint32_t index, const struct share *share, struct text job_id)
{
#define PUT(literal) to = put_text(to, literal, sizeof literal - 1)
    const struct miner *miner = &miners[index];
    char line[256], *to = line;
    PUT("{\"params\": [\"");
    to = put_name(to, index);
    PUT("\", \"");
    to = put_text(to, job_id.at, job_id.len);
    PUT("\", \"");
    uint8_t extranonce2[8] = {0};
    unsigned size = miner->extranonce2_size;
    for (unsigned i = 0; i < size && i < 4; i++)
        extranonce2[size - 1 - i] = (uint8_t)(share->extranonce2 >> 8 * i);
    to = put_hex(to, extranonce2, size);
    PUT("\", \"");
    to = put_hex32(to, share->ntime);
    PUT("\", \"");
    to = put_hex32(to, share->nonce);
    PUT("\", \"");
    to = put_hex32(to, share->bits);
    PUT("\"], \"id\": ");
    to = put_number(to, share->id);
    PUT(", \"method\": \"mining.submit\"}\n");
#undef PUT
    return send(miner->fd, line, (size_t)(to - line), MSG_NOSIGNAL) == to - line;
}

void share_send(uint32_t index)
{
    struct miner *miner = &miners[index];
    if (miner->state != MINING || !miner->job_id_len)
        return;
    struct share *share = &ring[next_id & ring_mask];
    if (share->open) { /* as many are under way as there is room for */
        shares_now.skipped++;
        return;
    }
    uint32_t extranonce2 = ++miner->shares;
    if (miner->extranonce2_size < 4)
        extranonce2 &= (1u << 8 * miner->extranonce2_size) - 1;
    *share = (struct share){
        .id = next_id,
        .miner = index,
        .nonce = (uint32_t)next_id * SCRAMBLE,
        .bits = ((uint32_t)next_id * 40503u << 13) & (miner->mask ? miner->mask : 0),
        .ntime = miner->ntime,
        .extranonce2 = extranonce2,
        .job = miner->job,
        .work = miner->work,
        .open = true,
        .measured = measuring,
        .sent = now_ns(),
    };
    if (!submit(index, share, (struct text){miner->job_id, miner->job_id_len})) {
        share->open = false;
        shares_now.skipped++;
        return;
    }
    if (++next_id >> PART_BITS != opt.part)
        die("more than 2^%d shares", PART_BITS);
    outstanding++;
    shares_now.outstanding = outstanding;
    shares_now.sent++;
}

/* The next one after an exponentially distributed pause: a Poisson process, as hashing is. */
static void schedule(void)
{
    double uniform = ((double)(random_bits() >> 11) + 1) / 9007199254740993.0;
    next_due += (ns_t)(-log(uniform) / opt.rate * 1e9);
}

void shares_due(ns_t now)
{
    if (opt.rate <= 0 || stopped)
        return;
    if (next_due == 0) {
        next_due = now;
        schedule();
    }
    for (int burst = 0; burst < 64 && next_due <= now; burst++) {
        if (now - next_due > shares_now.late)
            shares_now.late = now - next_due;
        share_send(turns[random_bits() % turn_count]);
        schedule();
    }
}

ns_t shares_next(void)
{
    return opt.rate > 0 && !stopped && next_due ? next_due : UINT64_MAX;
}

static bool probe_answered(uint64_t id, bool accepted, int code)
{
    for (int i = 0; i < 2; i++)
        if (probe_ids[i] == id) {
            probe_codes[i] = accepted ? 0 : code;
            return true;
        }
    return false;
}

void share_answered(uint64_t id, bool accepted, int code, ns_t at)
{
    struct share *share = &ring[id & ring_mask];
    if (share->id != id || !share->open) {
        if (!probe_answered(id, accepted, code))
            shares_now.stray++;
        return;
    }
    share->open = false;
    shares_now.outstanding = --outstanding;
    if (share->measured) {
        uint64_t taken = at > share->sent ? at - share->sent : 0;
        latencies_add(&reply_latencies, taken);
        if (opt.interval > 0)
            latencies_add(&interval_latencies, taken);
    }
    shares_now.answered++;
    if (accepted)
        shares_now.accepted++;
    else if (code >= 0 && code < 64)
        shares_now.rejected[code]++;
    else
        shares_now.other_rejects++;
    if (opt.depth && !stopped)
        share_send(share->miner);
}

struct share *share_of_nonce(uint32_t nonce, bool *foreign)
{
    uint32_t low = nonce * UNSCRAMBLE;
    *foreign = low >> PART_BITS != opt.part;
    struct share *share = &ring[low & ring_mask];
    return !*foreign && share->id && (uint32_t)share->id == low ? share : NULL;
}

/* After the run: is the server one that checks? The last share again, and one for no job. */
void shares_probe(void)
{
    struct share *last = &ring[(next_id - 1) & ring_mask];
    if (!last->id || miners[last->miner].state != MINING)
        return;
    const struct miner *miner = &miners[last->miner];
    struct share again = *last;
    again.id = probe_ids[0] = next_id++;
    if (miner->ntime == last->ntime) /* it is still on that job */
        submit(last->miner, &again, (struct text){miner->job_id, miner->job_id_len});
    again.id = probe_ids[1] = next_id++;
    submit(last->miner, &again, (struct text){"nojob", 5});
}
