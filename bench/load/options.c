/* The command line. */
#include "load.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* Every hash meets a difficulty below 2^-32; above that, one in difficulty * 2^32 does. */
static const double EASIEST = 1e-10, TWO_TO_THE_MINUS_32 = 2.3283064365386963e-10;

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
    return TWO_TO_THE_MINUS_32 / number("forward", forward, 1e-9, 0.5);
}

void parse_options(int argc, char **argv)
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
