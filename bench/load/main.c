/* Options, and the phases of a run: the server connects to the pool, the miners to the server;
 * a warm-up; the window that is measured; what is still under way; the report. */
#define _GNU_SOURCE
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

struct options opt = {
    .miners = 1000,
    .depth = 1,
    .seconds = 5,
    .warmup = 1,
    .settle = 0.5,
    .pool_difficulty = 1e6,
    .verify = 2000,
    .deadline = 120,
    .sessions = 1,
};

/* Half of all hashes meet a difficulty of 2^-31, all of them one just below 2^-32. */
static const double EASIEST = 1e-10, SHARE_OF_HASHES = 2.3283064365386963e-10;

static const char help[] =
    "usage: load --server 127.0.0.1:3333 --pool 127.0.0.1:3334 [options]\n"
    "\n"
    "A pool and its miners. The server under test connects to --pool, the miners to --server.\n"
    "  --miners N          how many (1000)\n"
    "  --depth D           closed loop: each miner keeps D shares under way (1)\n"
    "  --rate R            open loop instead: R shares a second, of all miners together\n"
    "  --forward F         all, none, or the fraction of shares that meet the pool's\n"
    "                      difficulty (none)\n"
    "  --seconds S         the window that is measured (5)\n"
    "  --warmup S          before it (1)\n"
    "  --settle S          between the last miner's start and the warm-up (0.5)\n"
    "  --job-interval S    a new job that often (0: never)\n"
    "  --clean-every N     every Nth of them is a clean one (0: none)\n"
    "  --pid PID           the server's process, for its CPU time and memory, its children\n"
    "                      included; may be given several times\n"
    "  --verify N          shares that are verified in full afterwards (2000)\n"
    "  --histogram         report the distribution of the replies' latencies\n"
    "  --interval S        also report a series: rate, latency and memory that often (0: don't)\n"
    "  --sessions N        wait until the server has so many sessions with the pool (1)\n"
    "  --extranonce2-4     the pool leaves 4 bytes of extranonce2 instead of 8\n"
    "  --deadline S        end the whole run after that time (120)\n"
    "\n"
    "Miners beyond the file limit: start more of these on the same --server once the first has\n"
    "connected, without --pool, and each with a --part of its own, from 1 to 15. What the pool\n"
    "counts, and how long jobs take, is known to the first for its own miners only.\n";

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

static struct sockaddr_in address_of(const char *text)
{
    char host[32];
    const char *colon = strrchr(text, ':');
    struct sockaddr_in address = {.sin_family = AF_INET};
    if (!colon || (size_t)(colon - text) >= sizeof host)
        die("%s: an address such as 127.0.0.1:3333 was expected", text);
    memcpy(host, text, (size_t)(colon - text));
    host[colon - text] = 0;
    long port = strtol(colon + 1, NULL, 10);
    if (inet_pton(AF_INET, host, &address.sin_addr) != 1 || port < 1 || port > 65535)
        die("%s: an address such as 127.0.0.1:3333 was expected", text);
    if (ntohl(address.sin_addr.s_addr) >> 24 != 127)
        die("%s: only this machine is ever loaded, so an address in 127.0.0.0/8", text);
    address.sin_port = htons((uint16_t)port);
    return address;
}

static double number(const char *name, const char *text, double low, double high)
{
    char *end;
    double value = strtod(text, &end);
    if (*end || !(value >= low && value <= high))
        die("--%s %s: a number from %g to %g was expected", name, text, low, high);
    return value;
}

static double pool_difficulty_of(const char *forward)
{
    if (!strcmp(forward, "all"))
        return EASIEST;
    if (!strcmp(forward, "none"))
        return 1e6;
    return SHARE_OF_HASHES / number("forward", forward, 1e-9, 0.5);
}

static void parse(int argc, char **argv)
{
    static const struct option names[] = {
        {"server", 1, 0, 's'},     {"pool", 1, 0, 'p'},        {"miners", 1, 0, 'm'},
        {"depth", 1, 0, 'd'},      {"rate", 1, 0, 'r'},        {"forward", 1, 0, 'f'},
        {"seconds", 1, 0, 't'},    {"warmup", 1, 0, 'w'},      {"settle", 1, 0, 'e'},
        {"job-interval", 1, 0, 'j'}, {"clean-every", 1, 0, 'c'}, {"pid", 1, 0, 'P'},
        {"verify", 1, 0, 'v'},     {"histogram", 0, 0, 'H'},   {"extranonce2-4", 0, 0, '4'},
        {"deadline", 1, 0, 'D'},   {"interval", 1, 0, 'i'},    {"sessions", 1, 0, 'n'},  {"part", 1, 0, 'a'},
        {"help", 0, 0, 'h'},        {0},
    };
    int option, at = 0;
    while ((option = getopt_long(argc, argv, "h", names, &at)) != -1) {
        const char *name = names[at].name;
#define NUMBER(low, high) number(name, optarg, low, high)
        switch (option) {
        case 's': opt.server = address_of(optarg); break;
        case 'p': opt.pool = address_of(optarg); break;
        case 'm': opt.miners = (unsigned)NUMBER(1, 100000); break;
        case 'd': opt.depth = (unsigned)NUMBER(1, 1000); break;
        case 'r': opt.rate = NUMBER(0.01, 1e7); opt.depth = 0; break;
        case 'f': opt.pool_difficulty = pool_difficulty_of(optarg); break;
        case 't': opt.seconds = NUMBER(0, 86400); break;
        case 'w': opt.warmup = NUMBER(0, 3600); break;
        case 'e': opt.settle = NUMBER(0, 3600); break;
        case 'j': opt.job_interval = NUMBER(0, 3600); break;
        case 'c': opt.clean_every = (unsigned)NUMBER(0, 1e6); break;
        case 'v': opt.verify = (unsigned)NUMBER(0, 1e6); break;
        case 'D': opt.deadline = NUMBER(1, 1e5); break;
        case 'i': opt.interval = NUMBER(0, 3600); break;
        case 'a': opt.part = (unsigned)NUMBER(0, 15); break;
        case 'n': opt.sessions = (unsigned)NUMBER(1, MAX_SESSIONS); break;
        case 'H': opt.histogram = true; break;
        case '4': opt.extranonce2_4 = true; break;
        case 'P':
            if (opt.pid_count == 32)
                die("at most 32 --pid");
            opt.pids[opt.pid_count++] = (pid_t)NUMBER(1, 1e9);
            break;
        case 'h': fputs(help, stdout); exit(0);
        default: exit(2);
        }
    }
    if (!opt.server.sin_port || optind < argc) {
        fputs(help, stderr);
        exit(2);
    }
}

static ns_t after(double seconds)
{
    return now_ns() + (ns_t)(seconds * 1e9);
}

static void turns_until(ns_t until)
{
    while (now_ns() < until)
        loop_turn(until);
}

static const char *wait_for_server(ns_t deadline)
{
    ns_t until = after(30);
    if (!opt.pool.sin_port)
        return NULL;
    while (pool_ready() < opt.sessions) {
        if (now_ns() > until || now_ns() > deadline)
            return "the server did not connect to the pool within 30 seconds";
        if (!server_lives())
            return "the server has ended";
        loop_turn(after(0.05));
    }
    turns_until(after(0.5)); /* time to take in the first job */
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
    uint64_t drops = dropped_syns();
    ns_t begin = now_ns(), last = begin;
    unsigned count = 0;
    if (!taken)
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
        taken[count++] = (double)(miners[i].working - begin) / 1e9;
    }
    run->storm = (double)(last - begin) / 1e9;
    run->storm_drops = dropped_syns() - drops;
    run->storm_p50 = median_of(taken, count);
    run->storm_p99 = count ? taken[count * 99 / 100] : 0;
    free(taken);
    return miner_counts.gone ? "miners lost their connection at the start" : NULL;
}

static void fill_depth(void)
{
    for (unsigned round = 0; round < opt.depth; round++)
        for (uint32_t i = 0; i < opt.miners; i++) {
            share_send(i);
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
    bool jobs_come = opt.job_interval > 0 && opt.pool.sin_port;
    ns_t next_job = jobs_come ? after(opt.job_interval / 2) : UINT64_MAX;
    ns_t begin = now_ns(), open = begin + (ns_t)(opt.warmup * 1e9);
    ns_t close = open + (ns_t)(opt.seconds * 1e9);
    if (close > deadline)
        return "the deadline leaves no time for the window";
    fill_depth();
    mine(run, open, &next_job, 0);
    run->before = server_usage(false);
    open = now_ns();
    shares_measure(true);
    mine(run, close, &next_job, open);
    run->after = server_usage(true);
    run->window = (double)(now_ns() - open) / 1e9;
    run->shares = shares_now;
    shares_measure(false);
    shares_stop();
    for (ns_t until = after(5); shares_now.outstanding && now_ns() < until;)
        loop_turn(after(0.01));
    turns_until(after(0.3)); /* the last job on its way, the pool's last shares */
    shares_probe();
    turns_until(after(0.2));
    return miner_counts.gone ? "miners lost their connection" : NULL;
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

int main(int argc, char **argv)
{
    static struct run run;
    parse(argc, argv);
    if (!sha256_self_test())
        die("sha256.c is wrong");
    alarm((unsigned)opt.deadline + 30); /* whatever happens */
    raise_file_limit();
    prctl(PR_SET_TIMERSLACK, 1000ul);
    ns_t deadline = after(opt.deadline);
    loop_open();
    miners_open();
    shares_open();
    if (opt.pool.sin_port)
        pool_open();
    run.failure = wait_for_server(deadline);
    run.empty = server_usage(true);
    if (!run.failure)
        run.failure = storm(&run, deadline);
    turns_until(after(opt.settle));
    if (!run.failure)
        run.failure = measure(&run, deadline);
    report(&run);
    return run.failure != NULL;
}
