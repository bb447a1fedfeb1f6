/* Shares: no two have the same header, and every one meets a difficulty so small.
 *
 * A share's number in the run is its request id, and scrambled its nonce, so a share that comes
 * back as a verdict or turns up at the pool is found again at once. With --hash its nonce is what
 * was found, and it is looked for among the last. */
#include "load.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { FIRST_ID = 16, PART_BITS = 28 };
static const uint32_t SCRAMBLE = 2654435761u, UNSCRAMBLE = 244002641u; /* inverse modulo 2^32 */

struct share_counts shares_now;
struct latencies reply_latencies, interval_latencies, lateness;
int probe_codes[2] = {-1, -1};

static struct share *ring;
static uint64_t ring_mask, next_id, outstanding;
static bool measuring, stopped;
static uint64_t probe_ids[2];

static uint32_t *turns; /* open loop: each miner as often as its weight */
static uint64_t turn_count;
static ns_t next_due; /* 0: not yet */

/* --hash: what was found, the oldest first, and what is looked for. */
enum { MOST_STOCKED = 32 };
static struct share stock[MOST_STOCKED], sought;
static unsigned stocked;
static bool seeking;

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
        shares_now = (struct share_counts){.outstanding = outstanding};
        memset(&reply_latencies, 0, sizeof reply_latencies);
        memset(&lateness, 0, sizeof lateness);
    }
}

void shares_stop(void)
{
    stopped = true;
}

void put_extranonce2(uint8_t *to, const struct miner *miner, uint32_t value)
{
    unsigned size = miner->extranonce2_size;
    memset(to, 0, size);
    for (unsigned i = 0; i < size && i < 4; i++)
        to[size - 1 - i] = (uint8_t)(value >> 8 * i);
}

/* As cgminer writes it. Without a version mask there is no sixth param (BIP310). */
static bool submit(const struct share *share, struct text job_id)
{
#define PUT(literal) to = put_text(to, literal, sizeof literal - 1)
    const struct miner *miner = &miners[share->miner];
    char line[512], *to = line;
    uint8_t extranonce2[16];
    PUT("{\"params\": [\"");
    to = put_name(to, share->miner);
    PUT("\", \"");
    to = put_text(to, job_id.at, job_id.len);
    PUT("\", \"");
    put_extranonce2(extranonce2, miner, share->extranonce2);
    to = put_hex(to, extranonce2, miner->extranonce2_size);
    PUT("\", \"");
    to = put_hex32(to, work_at(share->work)->ntime);
    PUT("\", \"");
    to = put_hex32(to, share->nonce);
    if (miner->mask) {
        PUT("\", \"");
        to = put_hex32(to, share->bits);
    }
    PUT("\"], \"id\": ");
    to = put_number(to, share->id);
    PUT(", \"method\": \"mining.submit\"}\n");
#undef PUT
    return send(miner->fd, line, (size_t)(to - line), MSG_NOSIGNAL) == to - line;
}

/* A share of this miner's last job; false if it has none. */
static bool prepare(struct share *share, uint32_t index)
{
    struct miner *miner = &miners[index];
    if (miner->state != MINING || miner->work < 0)
        return false;
    uint32_t extranonce2 = ++miner->shares;
    if (miner->extranonce2_size < 4)
        extranonce2 &= (1u << 8 * miner->extranonce2_size) - 1;
    *share = (struct share){
        .miner = index,
        .nonce = (uint32_t)next_id * SCRAMBLE,
        .bits = ((uint32_t)next_id * 40503u << 13) & miner->mask,
        .extranonce2 = extranonce2,
        .work = miner->work,
    };
    return true;
}

static void send_prepared(const struct share *prepared, ns_t due)
{
    struct share *share = &ring[next_id & ring_mask];
    if (share->open) { /* as many are under way as there is room for */
        shares_now.skipped++;
        return;
    }
    *share = *prepared;
    share->id = next_id;
    share->open = true;
    share->measured = measuring;
    share->due = due;
    const struct work *work = work_at(share->work);
    if (!submit(share, (struct text){work->job_id, work->job_id_len})) {
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

void share_send(uint32_t index, ns_t due)
{
    struct share share;
    if (prepare(&share, index))
        send_prepared(&share, due);
}

/* The next one after an exponentially distributed pause: a Poisson process, as hashing is. */
static void schedule(void)
{
    double uniform = ((double)(random_bits() >> 11) + 1) / 9007199254740993.0;
    next_due += (ns_t)(-log(uniform) / opt.rate * 1e9);
}

static uint32_t any_miner(void) /* each as often as its weight */
{
    return turns[random_bits() % turn_count];
}

static void was_due(ns_t now)
{
    if (measuring)
        latencies_add(&lateness, now - next_due);
}

static bool is_of_last_job(const struct share *share)
{
    return miners[share->miner].state == MINING && share->work == miners[share->miner].work;
}

/* Shares come when they come, and so do their times: some are found before they are due. */
static void seek(void)
{
    if (!seeking || !is_of_last_job(&sought)) {
        seeking = prepare(&sought, any_miner());
        if (seeking)
            hash_begin(&sought);
    }
    if (seeking && hash_found(&sought.nonce)) {
        stock[stocked++] = sought;
        seeking = false;
    }
}

static bool take_stocked(struct share *share)
{
    while (stocked) {
        *share = stock[0];
        memmove(stock, stock + 1, --stocked * sizeof *stock);
        if (is_of_last_job(share))
            return true;
    }
    return false;
}

static void found_due(ns_t now)
{
    struct share share;
    if (stocked < MOST_STOCKED)
        seek();
    while (next_due <= now && take_stocked(&share)) {
        was_due(now);
        send_prepared(&share, next_due);
        schedule();
    }
    if (next_due <= now) /* there is no share before it is found; too few of them is told later */
        next_due = now;
}

void shares_due(ns_t now)
{
    if (opt.rate <= 0 || stopped)
        return;
    if (next_due == 0) {
        next_due = now;
        schedule();
    }
    if (opt.hash) {
        found_due(now);
        return;
    }
    for (int burst = 0; burst < 64 && next_due <= now; burst++) {
        was_due(now);
        share_send(any_miner(), next_due);
        schedule();
    }
}

ns_t shares_next(void)
{
    if (opt.rate <= 0 || stopped || !next_due)
        return UINT64_MAX;
    return opt.hash && stocked < MOST_STOCKED ? 0 : next_due;
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
        uint64_t taken = at > share->due ? at - share->due : 0;
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
        share_send(share->miner, now_ns());
}

static struct share *found_with(uint32_t nonce)
{
    for (uint64_t id = next_id; id-- > next_id - 4096 && id >= FIRST_ID;)
        if (ring[id & ring_mask].id == id && ring[id & ring_mask].nonce == nonce)
            return &ring[id & ring_mask];
    return NULL;
}

struct share *share_of_nonce(uint32_t nonce, bool *foreign)
{
    uint32_t low = nonce * UNSCRAMBLE;
    *foreign = !opt.hash && low >> PART_BITS != opt.part;
    if (opt.hash)
        return found_with(nonce);
    struct share *share = &ring[low & ring_mask];
    return !*foreign && share->id && (uint32_t)share->id == low ? share : NULL;
}

/* After the run: is the server one that checks? The last share again, and one for no job. */
void shares_probe(void)
{
    struct share again = ring[(next_id - 1) & ring_mask];
    if (!again.id || miners[again.miner].state != MINING)
        return;
    const struct work *work = work_at(again.work);
    again.id = probe_ids[0] = next_id++;
    if (miners[again.miner].work == again.work) /* it is still on that job */
        submit(&again, (struct text){work->job_id, work->job_id_len});
    again.id = probe_ids[1] = next_id++;
    submit(&again, (struct text){"nojob", 5});
}
