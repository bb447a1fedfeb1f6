/* The result, one JSON object. Times are in seconds, memory in bytes; what was not measured is
 * null. */
#include "load.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- JSON, written ---- */

static bool first_member = true;

static void member(const char *name)
{
    printf("%s\n", first_member ? "" : ",");
    first_member = false;
    if (name)
        printf("\"%s\": ", name);
}

static void begin(const char *name, char bracket)
{
    member(name);
    putchar(bracket);
    first_member = true;
}

static void end(char bracket)
{
    putchar(bracket);
    first_member = false;
}

static void number(const char *name, double value)
{
    member(name);
    if (isfinite(value))
        printf("%.12g", value);
    else
        printf("null");
}

static void count(const char *name, uint64_t value)
{
    member(name);
    printf("%llu", (unsigned long long)value);
}

/* Our own words and strerror's: nothing in them is to be escaped. */
static void text(const char *name, const char *value)
{
    member(name);
    if (value && *value)
        printf("\"%s\"", value);
    else
        printf("null");
}

static void nothing(const char *name)
{
    member(name);
    printf("null");
}

static double of(double part, double whole)
{
    return whole > 0 ? part / whole : NAN;
}

/* ---- new jobs ---- */

static int by_value(const void *a, const void *b)
{
    ns_t x = *(const ns_t *)a, y = *(const ns_t *)b;
    return (x > y) - (x < y);
}

struct fan_out {
    double first, median, last, weighted;
    unsigned served;
};

/* How long a job took to the first, the middle and the last miner, and on average where each
 * miner counts by its hashrate. */
static struct fan_out fan_out_of(const struct job *job)
{
    struct fan_out result = {NAN, NAN, NAN, NAN, 0};
    double sum = 0, weights = 0;
    ns_t *taken = malloc(opt.miners * sizeof *taken);
    if (!taken)
        die("out of memory");
    for (uint32_t i = 0; i < opt.miners; i++) {
        if (!job->arrived[i])
            continue;
        ns_t time = job->arrived[i] > job->sent ? job->arrived[i] - job->sent : 0;
        taken[result.served++] = time;
        weights += miner_weight(i);
        sum += miner_weight(i) * (double)time;
    }
    if (result.served) {
        qsort(taken, result.served, sizeof *taken, by_value);
        if (opt.pool.len) /* else the others are relative to it */
            result.first = (double)taken[0] / 1e9;
        result.median = (double)taken[result.served / 2] / 1e9;
        result.last = (double)taken[result.served - 1] / 1e9;
        result.weighted = sum / weights / 1e9;
    }
    free(taken);
    return result;
}

static void report_fan_out(const struct fan_out *out)
{
    number("first", out->first);
    number("median", out->median);
    number("last", out->last);
    number("weighted", out->weighted);
}

static void report_jobs(void)
{
    double *column[4];
    unsigned whole = 0;
    for (int i = 0; i < 4; i++)
        column[i] = calloc(job_count + 1, sizeof(double));
    begin("jobs", '[');
    for (unsigned i = 1; i < job_count; i++) { /* the first one came with the connections */
        struct fan_out out = fan_out_of(jobs[i]);
        begin(NULL, '{');
        member("clean");
        printf(jobs[i]->clean ? "true" : "false");
        count("served", out.served);
        report_fan_out(&out);
        end('}');
        if (out.served < miner_counts.mining)
            continue;
        column[0][whole] = out.first;
        column[1][whole] = out.median;
        column[2][whole] = out.last;
        column[3][whole++] = out.weighted;
    }
    end(']');
    begin("fan_out", '{');
    count("jobs", whole);
    report_fan_out(&(struct fan_out){
        opt.pool.len ? median_of(column[0], whole) : NAN,
        median_of(column[1], whole),
        median_of(column[2], whole),
        median_of(column[3], whole),
        0,
    });
    end('}');
    for (int i = 0; i < 4; i++)
        free(column[i]);
}

/* ---- shares ---- */

static void report_latencies(const char *name, const struct latencies *l)
{
    begin(name, '{');
    count("count", l->total);
    number("mean", of(l->sum / 1e9, (double)l->total));
    number("p50", latencies_at(l, 0.5));
    number("p90", latencies_at(l, 0.9));
    number("p99", latencies_at(l, 0.99));
    number("p999", latencies_at(l, 0.999));
    number("max", l->total ? (double)l->max / 1e9 : NAN);
    end('}');
}

static void report_histogram(const struct latencies *l)
{
    begin("histogram", '[');
    for (unsigned bucket = 0; bucket < BUCKETS; bucket++)
        if (l->count[bucket]) {
            member(NULL);
            printf("[%.9f, %llu]", latencies_floor(bucket), (unsigned long long)l->count[bucket]);
        }
    end(']');
}

static void report_shares(const struct run *run)
{
    const struct share_counts *counts = &run->shares;
    char code[16];
    begin("shares", '{');
    count("sent", counts->sent);
    count("answered", counts->answered);
    count("accepted", counts->accepted);
    begin("rejected", '{');
    for (int i = 0; i < 64; i++)
        if (counts->rejected[i]) {
            snprintf(code, sizeof code, "%d", i);
            count(code, counts->rejected[i]);
        }
    if (counts->other_rejects)
        count("other", counts->other_rejects);
    end('}');
    count("unanswered", shares_now.outstanding);
    count("stray", counts->stray);
    count("skipped", counts->skipped);
    number("per_second", of((double)counts->answered, run->window));
    end('}');
    report_latencies("reply", &reply_latencies);
    report_latencies("late", &lateness); /* open loop: sent after the time it was due */
    if (opt.histogram)
        report_histogram(&reply_latencies);
}

static void report_series(const struct run *run)
{
    begin("series", '[');
    for (unsigned i = 0; i < run->samples; i++) {
        const struct sample *one = &run->series[i];
        begin(NULL, '{');
        number("at", one->at);
        number("per_second", one->per_second);
        number("p50", one->p50);
        number("p99", one->p99);
        number("max", one->max);
        number("cpu", one->cpu);
        number("rss", one->rss);
        end('}');
    }
    end(']');
}

/* ---- the pool and the server ---- */

static void report_pool(const struct pool_counts *counts)
{
    if (!opt.pool.len) {
        nothing("pool");
        nothing("verified");
        return;
    }
    struct verified shares = verify_shares(), works = verify_works();
    begin("pool", '{');
    count("sessions", counts->sessions);
    count("closed", counts->closed);
    count("submits", counts->submits);
    count("matched", counts->matched);
    count("foreign", counts->foreign);
    count("unknown", counts->unknown);
    count("repeated", counts->repeated);
    count("malformed", counts->malformed);
    count("coinbase_changed", counts->coinbase_changed);
    count("ntime_changed", counts->ntime_changed);
    count("version_changed", counts->version_changed);
    end('}');
    begin("verified", '{');
    count("shares", shares.checked);
    count("shares_wrong", shares.wrong);
    count("works", works.checked);
    count("works_wrong", works.wrong);
    text("why", shares.wrong ? shares.why : works.why);
    end('}');
}

static void report_probes(void)
{
    begin("probes", '{'); /* the code of the refusal; 0: accepted */
    number("duplicate", probe_codes[0] < 0 ? NAN : probe_codes[0]);
    number("unknown_job", probe_codes[1] < 0 ? NAN : probe_codes[1]);
    end('}');
}

static void report_server(const struct run *run)
{
    double cpu = run->after.cpu - run->before.cpu, own = run->after.own_cpu - run->before.own_cpu;
    if (opt.pid_count && run->window > 0) {
        begin("server", '{');
        count("processes", run->after.processes);
        number("cpu", cpu);
        number("cpu_per_share", of(cpu, (double)run->shares.answered));
        number("busy", of(cpu, run->window));
        number("waited", of(run->after.waited - run->before.waited, run->window));
        number("rss_empty", run->empty.rss);
        number("rss", run->after.rss);
        number("peak", run->after.peak);
        number("rss_per_miner", (run->after.rss - run->empty.rss) / opt.miners);
        end('}');
    } else {
        nothing("server");
    }
    begin("generator", '{');
    number("cpu", own);
    number("busy", of(own, run->window));
    number("waited", of(run->after.own_waited - run->before.own_waited, run->window));
    end('}');
}

void report(const struct run *run)
{
    putchar('{');
    text("failure", run->failure);
    number("window", run->window > 0 ? run->window : NAN);
    begin("miners", '{');
    count("wanted", opt.miners);
    count("mining", miner_counts.mining);
    count("gone", run->gone ? run->gone : miner_counts.gone);
    text("gone_because", miner_counts.gone_because);
    count("notifies", miner_counts.notifies);
    count("repetitions", miner_counts.repetitions);
    count("strange_lines", miner_counts.strange);
    number("hardest_difficulty", miner_counts.hardest > 0 ? miner_counts.hardest : NAN);
    end('}');
    begin("storm", '{');
    number("last", run->storm);
    number("p50", run->storm_p50);
    number("p99", run->storm_p99);
    number("dropped_syns", run->storm_drops);
    end('}');
    begin("handshake", '{');
    number("p50", run->handshake_p50);
    number("p99", run->handshake_p99);
    end('}');
    report_shares(run);
    report_jobs();
    report_series(run);
    report_pool(run->failure ? &pool_counts : &run->pool);
    report_probes();
    report_server(run);
    puts("}");
}
