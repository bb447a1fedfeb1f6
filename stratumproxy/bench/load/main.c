/* The phases of a run: the server connects to the pool, the miners to the server; a warm-up; the
 * window that is measured; what is still under way; the report. */
#include "load.h"

#include <math.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

void die(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("load: ", stderr);
    vfprintf(stderr, format, arguments);
    fputs("\n", stderr);
    va_end(arguments);
    exit(1);
}

/* With --steps: say where we are, and wait for a line. What is in it is for the caller to read. */
static void step(const char *word, char *line, int room)
{
    if (!opt.steps)
        return;
    printf("%s\n", word);
    fflush(stdout);
    while (!poll(&(struct pollfd){STDIN_FILENO, POLLIN, 0}, 1, 0))
        loop_turn(after(0.01)); /* the pool is served meanwhile */
    if (!fgets(line, room, stdin))
        die("standard input ended after \"%s\"", word);
}

static void read_pids(const char *at)
{
    char *end;
    for (long pid; (pid = strtol(at, &end, 10)) > 0; at = end)
        if (opt.pid_count < sizeof opt.pids / sizeof *opt.pids)
            opt.pids[opt.pid_count++] = (pid_t)pid;
}

static const char *wait_for_server(ns_t deadline)
{
    ns_t until = after(30);
    if (!opt.pool.len || !opt.sessions)
        return NULL;
    while (pool_ready() < opt.sessions) {
        if (now_ns() > until || now_ns() > deadline)
            return "the server did not connect to the pool within 30 seconds";
        if (!server_lives())
            return "the server has ended";
        loop_turn(after(0.05));
    }
    loop_until(after(0.5)); /* time to take in the first job */
    return NULL;
}

static bool all_working(void)
{
    if (miner_counts.mining + miner_counts.gone < opt.miners)
        return false;
    for (uint32_t i = 0; i < opt.miners; i++)
        if (miners[i].state != GONE && !miners[i].working)
            return false;
    return true;
}

/* All miners at once. Their sockets are made as fast as the answers of the others allow. */
static const char *storm(struct run *run, ns_t deadline)
{
    double *taken = calloc(opt.miners, sizeof *taken);
    double *greeting = calloc(opt.miners, sizeof *greeting);
    double drops = dropped_syns();
    ns_t begin = now_ns(), last = begin;
    unsigned count = 0;
    if (!taken || !greeting)
        die("out of memory");
    while (miners_connect(32))
        loop_turn(0);
    while (!all_working()) {
        if (now_ns() > deadline)
            return "not all miners have work at the deadline";
        if (!server_lives())
            return "the server has ended";
        loop_turn(after(0.05));
    }
    for (uint32_t i = 0; i < opt.miners; i++) {
        if (miners[i].state == GONE)
            continue;
        if (miners[i].working > last)
            last = miners[i].working;
        greeting[count] = (double)(miners[i].working - miners[i].connected) / 1e9;
        taken[count++] = (double)(miners[i].working - begin) / 1e9;
    }
    run->storm_drops = dropped_syns() - drops;
    if (count) {
        run->storm = (double)(last - begin) / 1e9;
        run->storm_p50 = median_of(taken, count);
        run->storm_p99 = taken[count * 99 / 100];
        run->handshake_p50 = median_of(greeting, count);
        run->handshake_p99 = greeting[count * 99 / 100];
    }
    free(taken);
    free(greeting);
    return miner_counts.gone ? "miners lost their connection at the start" : NULL;
}

static void fill_depth(void)
{
    for (unsigned round = 0; round < opt.depth; round++)
        for (uint32_t i = 0; i < opt.miners; i++) {
            share_send(i, now_ns());
            if (i % 64 == 63)
                loop_turn(0);
        }
}

static void take_sample(struct run *run, ns_t opened)
{
    static uint64_t answered;
    static double cpu, at;
    struct usage usage = server_usage(true);
    double now = (double)(now_ns() - opened) / 1e9;
    run->series = realloc(run->series, (run->samples + 1) * sizeof *run->series);
    if (!run->series)
        die("out of memory");
    run->series[run->samples++] = (struct sample){
        .at = now,
        .per_second = (double)(shares_now.answered - answered) / (now - at),
        .p50 = latencies_at(&interval_latencies, 0.5),
        .p99 = latencies_at(&interval_latencies, 0.99),
        .max = (double)interval_latencies.max / 1e9,
        .cpu = usage.cpu - (cpu > 0 ? cpu : run->before.cpu),
        .rss = usage.rss,
    };
    memset(&interval_latencies, 0, sizeof interval_latencies);
    answered = shares_now.answered;
    cpu = usage.cpu;
    at = now;
}

/* Shares and jobs until then. */
static void mine(struct run *run, ns_t until, ns_t *next_job, ns_t opened)
{
    ns_t step = opened && opt.interval > 0 ? (ns_t)(opt.interval * 1e9) : 0;
    ns_t next_sample = step ? opened + step : UINT64_MAX;
    for (ns_t now; (now = now_ns()) < until;) {
        if (now >= next_sample) {
            take_sample(run, opened);
            next_sample += step;
        }
        if (now >= *next_job) {
            unsigned number = job_count;
            pool_new_job(opt.clean_every && number % opt.clean_every == 0);
            *next_job += (ns_t)(opt.job_interval * 1e9);
        }
        shares_due(now);
        ns_t wake = until < *next_job ? until : *next_job;
        loop_turn(wake < shares_next() ? wake : shares_next());
    }
}

static const char *measure(struct run *run, ns_t deadline)
{
    bool jobs_come = opt.job_interval > 0 && opt.pool.len;
    ns_t next_job = jobs_come ? after(opt.job_interval / 2) : UINT64_MAX;
    ns_t open = after(opt.warmup);
    if (open + (ns_t)(opt.seconds * 1e9) > deadline)
        return "the deadline leaves no time for the window";
    fill_depth();
    mine(run, open, &next_job, 0);
    run->before = server_usage(false);
    open = now_ns(); /* on a busy machine, when it comes to it */
    shares_measure(true);
    mine(run, after(opt.seconds), &next_job, open);
    run->after = server_usage(true);
    run->window = (double)(now_ns() - open) / 1e9;
    run->shares = shares_now;
    shares_measure(false);
    shares_stop();
    for (ns_t until = after(5); shares_now.outstanding && now_ns() < until;)
        loop_turn(after(0.01));
    loop_until(after(0.3)); /* the last job on its way, the pool's last shares */
    run->gone = miner_counts.gone;
    run->pool = pool_counts;
    if (run->gone)
        return "miners lost their connection";
    shares_probe();
    loop_until(after(0.2));
    return NULL;
}

static void raise_file_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit))
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur < opt.miners + 32)
        die("%u miners need as many open files; the limit is %lu. Run several generators.",
            opt.miners, (unsigned long)limit.rlim_cur);
}

static const char *go(struct run *run, ns_t deadline)
{
    char line[512] = "";
    const char *failure;
    step("listening", line, sizeof line);
    read_pids(line);
    if ((failure = wait_for_server(deadline)))
        return failure;
    step("ready", line, sizeof line);
    run->empty = server_usage(true);
    if ((failure = storm(run, deadline)))
        return failure;
    loop_until(after(opt.settle));
    step("mining", line, sizeof line);
    return measure(run, deadline);
}

int main(int argc, char **argv)
{
    static struct run run = {
        .storm = NAN,
        .storm_p50 = NAN,
        .storm_p99 = NAN,
        .storm_drops = NAN,
        .handshake_p50 = NAN,
        .handshake_p99 = NAN,
    };
    parse_options(argc, argv);
    if (!sha256_self_test())
        die("sha256.c is wrong");
    alarm((unsigned)opt.deadline + 30); /* whatever happens */
    raise_file_limit();
    prctl(PR_SET_TIMERSLACK, 1000ul);
    loop_open();
    miners_open();
    shares_open();
    if (opt.pool.len)
        pool_open();
    run.failure = go(&run, after(opt.deadline));
    report(&run);
    return run.failure != NULL;
}
