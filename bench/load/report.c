/* The result, one JSON object. Times are in seconds, memory in bytes. */
#include "load.h"

#include <stdio.h>
#include <stdlib.h>

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
    struct fan_out result = {0};
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
        result.first = (double)taken[0] / 1e9;
        result.median = (double)taken[result.served / 2] / 1e9;
        result.last = (double)taken[result.served - 1] / 1e9;
        result.weighted = sum / weights / 1e9;
    }
    free(taken);
    return result;
}

static void report_jobs(void)
{
    double *column[4];
    unsigned whole = 0;
    for (int i = 0; i < 4; i++)
        column[i] = calloc(job_count + 1, sizeof(double));
    printf("  \"jobs\": [");
    for (unsigned i = 1; i < job_count; i++) { /* the first one came with the connections */
        struct fan_out out = fan_out_of(jobs[i]);
        printf("%s\n    {\"clean\": %s, \"served\": %u, \"first\": %.6f, \"median\": %.6f, "
               "\"last\": %.6f, \"weighted\": %.6f}",
               i > 1 ? "," : "", jobs[i]->clean ? "true" : "false", out.served, out.first,
               out.median, out.last, out.weighted);
        if (out.served < miner_counts.mining)
            continue;
        column[0][whole] = out.first;
        column[1][whole] = out.median;
        column[2][whole] = out.last;
        column[3][whole++] = out.weighted;
    }
    printf("],\n  \"fan_out\": {\"jobs\": %u, \"first\": %.6f, \"median\": %.6f, \"last\": %.6f, "
           "\"weighted\": %.6f},\n",
           whole, median_of(column[0], whole), median_of(column[1], whole),
           median_of(column[2], whole), median_of(column[3], whole));
    for (int i = 0; i < 4; i++)
        free(column[i]);
}

static void report_shares(const struct run *run)
{
    const struct share_counts *counts = &run->shares;
    const struct latencies *l = &reply_latencies;
    printf("  \"shares\": {\"sent\": %llu, \"answered\": %llu, \"accepted\": %llu, \"rejected\": {",
           (unsigned long long)counts->sent, (unsigned long long)counts->answered,
           (unsigned long long)counts->accepted);
    const char *comma = "";
    for (int code = 0; code < 64; code++)
        if (counts->rejected[code]) {
            printf("%s\"%d\": %llu", comma, code, (unsigned long long)counts->rejected[code]);
            comma = ", ";
        }
    printf("}, \"unanswered\": %llu, \"stray\": %llu, \"skipped\": %llu, \"per_second\": %.1f, "
           "\"late_most\": %.6f},\n",
           (unsigned long long)shares_now.outstanding, (unsigned long long)counts->stray,
           (unsigned long long)counts->skipped,
           run->window > 0 ? (double)counts->answered / run->window : 0,
           (double)counts->late / 1e9);
    printf("  \"reply\": {\"count\": %llu, \"mean\": %.9f, \"p50\": %.9f, \"p90\": %.9f, "
           "\"p99\": %.9f, \"p999\": %.9f, \"max\": %.9f},\n",
           (unsigned long long)l->total, l->total ? l->sum / (double)l->total / 1e9 : 0,
           latencies_at(l, 0.5), latencies_at(l, 0.9), latencies_at(l, 0.99),
           latencies_at(l, 0.999), (double)l->max / 1e9);
    if (opt.histogram) {
        comma = "";
        printf("  \"histogram\": [");
        for (unsigned bucket = 0; bucket < BUCKETS; bucket++)
            if (l->count[bucket]) {
                printf("%s[%.9f, %llu]", comma, latencies_floor(bucket),
                       (unsigned long long)l->count[bucket]);
                comma = ", ";
            }
        printf("],\n");
    }
}

static void report_series(const struct run *run)
{
    printf("  \"series\": [");
    for (unsigned i = 0; i < run->samples; i++) {
        const struct sample *one = &run->series[i];
        printf("%s\n    {\"at\": %.3f, \"per_second\": %.1f, \"p50\": %.9f, \"p99\": %.9f, "
               "\"max\": %.9f, \"cpu\": %.6f, \"rss\": %.0f}",
               i ? "," : "", one->at, one->per_second, one->p50, one->p99, one->max, one->cpu,
               one->rss);
    }
    printf("],\n");
}

static void report_pool(void)
{
    struct verified shares = verify_shares();
    struct verified works = verify_works();
    printf("  \"pool\": {\"sessions\": %u, \"closed\": %u, \"submits\": %llu, \"matched\": %llu, "
           "\"foreign\": %llu, "
           "\"unknown\": %llu, \"repeated\": %llu, \"malformed\": %llu},\n",
           pool_counts.sessions, pool_counts.closed, (unsigned long long)pool_counts.submits,
           (unsigned long long)pool_counts.matched, (unsigned long long)pool_counts.foreign, (unsigned long long)pool_counts.unknown,
           (unsigned long long)pool_counts.repeated, (unsigned long long)pool_counts.malformed);
    printf("  \"verified\": {\"shares\": %llu, \"shares_wrong\": %llu, \"works\": %llu, "
           "\"works_wrong\": %llu, \"why\": \"%s\"},\n",
           (unsigned long long)shares.checked, (unsigned long long)shares.wrong,
           (unsigned long long)works.checked, (unsigned long long)works.wrong,
           shares.wrong ? shares.why : works.why);
    printf("  \"probes\": {\"duplicate\": %d, \"unknown_job\": %d},\n", probe_codes[0],
           probe_codes[1]);
}

static void report_server(const struct run *run)
{
    double cpu = run->after.cpu - run->before.cpu, own = run->after.own_cpu - run->before.own_cpu;
    double shares = (double)run->shares.answered;
    printf("  \"server\": {\"processes\": %u, \"cpu\": %.6f, \"cpu_per_share\": %.9f, "
           "\"busy\": %.4f, \"waited\": %.4f, \"rss_empty\": %.0f, \"rss\": %.0f, \"peak\": %.0f, "
           "\"rss_per_miner\": %.1f},\n",
           run->after.processes, cpu, shares > 0 ? cpu / shares : 0,
           run->window > 0 ? cpu / run->window : 0,
           run->window > 0 ? (run->after.waited - run->before.waited) / run->window : 0,
           run->empty.rss, run->after.rss,
           run->after.peak, (run->after.rss - run->empty.rss) / opt.miners);
    printf("  \"generator\": {\"cpu\": %.6f, \"busy\": %.4f, \"waited\": %.4f}\n", own,
           run->window > 0 ? own / run->window : 0,
           run->window > 0 ? (run->after.own_waited - run->before.own_waited) / run->window : 0);
}

void report(const struct run *run)
{
    printf("{\n  \"failure\": \"%s\",\n  \"window\": %.6f,\n", run->failure ? run->failure : "",
           run->window);
    printf("  \"miners\": {\"wanted\": %u, \"mining\": %u, \"gone\": %u, \"gone_because\": \"%s\", "
           "\"notifies\": %u, \"repetitions\": %u, \"hardest_difficulty\": %.17g},\n",
           opt.miners, miner_counts.mining, miner_counts.gone, miner_counts.gone_because,
           miner_counts.notifies, miner_counts.repetitions, miner_counts.hardest);
    printf("  \"storm\": {\"last\": %.6f, \"p50\": %.6f, \"p99\": %.6f, \"dropped_syns\": %llu},\n",
           run->storm, run->storm_p50, run->storm_p99, (unsigned long long)run->storm_drops);
    report_shares(run);
    report_jobs();
    report_series(run);
    report_pool();
    report_server(run);
    printf("}\n");
}
