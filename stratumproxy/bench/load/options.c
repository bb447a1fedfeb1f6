/* The command line. */
#include "load.h"

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
    .set_difficulty = true,
    .extranonce2_size = 8,
    .user = "farm.m%d",
    .password = "x",
    .handshake = {CONFIGURE, SUBSCRIBE, AUTHORIZE},
    .verify = 2000,
    .deadline = 120,
    .sessions = 1,
};

/* Every hash meets a difficulty below 2^-32; above that, one in difficulty * 2^32 does. */
static const double EASIEST = 1e-10, TWO_TO_THE_MINUS_32 = 2.3283064365386963e-10;

static const char help[] =
    "usage: load --server 127.0.0.1:3333 [--pool 127.0.0.1:3334] [options]\n"
    "\n"
    "Miners, and the pool they mine on. The miners connect to --server. With --pool this is a\n"
    "pool too, and the server under test connects there; without, the server is a pool itself.\n"
    "  --allow ADDRESS     --server and --pool may be there, and not only on this machine\n"
    "  --miners N          how many (1000)\n"
    "  --depth D           closed loop: each miner keeps D shares under way (1)\n"
    "  --rate R            open loop instead: R shares a second, of all miners together\n"
    "  --hash              find shares that meet the difficulty, one after the other; without,\n"
    "                      their nonces are whatever they are\n"
    "  --user NAME         of the miners; %d in it is a number of seven digits (farm.m%d)\n"
    "  --password TEXT     of the miners (x)\n"
    "  --handshake LIST    what a miner says, each after the reply to the one before: configure,\n"
    "                      subscribe, authorize, extranonce (configure,subscribe,authorize)\n"
    "  --seconds S         the window that is measured (5)\n"
    "  --warmup S          before it (1)\n"
    "  --settle S          between the last miner's start and the warm-up (0.5)\n"
    "  --pid PID           the server's process, for its CPU time and memory, its children\n"
    "                      included; may be given several times\n"
    "  --verify N          shares that are verified in full afterwards (2000)\n"
    "  --histogram         report the distribution of the replies' latencies\n"
    "  --interval S        also report a series: rate, latency and memory that often (0: don't)\n"
    "  --deadline S        end the whole run after that time (120)\n"
    "The pool:\n"
    "  --forward F         all, none, or the fraction of shares that meet its difficulty (none)\n"
    "  --sessions N        wait until the server has so many sessions with it (1)\n"
    "  --no-set-difficulty it does not tell its difficulty\n"
    "  --notify-delay S    from authorize to its first job (0)\n"
    "  --extranonce2 N     bytes that it leaves to the server (8)\n"
    "  --job-interval S    a new job that often (0: never)\n"
    "  --clean-every N     every Nth of them is a clean one (0: none)\n"
    "Several of these on one --server, each with a part of the miners:\n"
    "  --part N            which one it is, from 0 to 15 (0); only part 0 has a --pool\n"
    "  --steps             say \"listening\", \"ready\" and \"mining\", a line each, and wait for\n"
    "                      a line before going on; the first may hold the server's process ids\n";

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

static void handshake_of(const char *list)
{
    static const char *const names[STEPS] = {
        [CONFIGURE] = "configure",
        [SUBSCRIBE] = "subscribe",
        [AUTHORIZE] = "authorize",
        [EXTRANONCE] = "extranonce",
    };
    unsigned count = 0;
    memset(opt.handshake, 0, sizeof opt.handshake);
    for (const char *at = list; *at;) {
        size_t len = strcspn(at, ",");
        int step = 1;
        while (step < STEPS && !text_is((struct text){at, len}, names[step]))
            step++;
        if (step == STEPS || count + 1 == STEPS)
            die("--handshake %s: configure, subscribe, authorize and extranonce were expected",
                list);
        opt.handshake[count++] = (enum step)step;
        at += len + (at[len] == ',');
    }
}

static const char *plain(const char *name, const char *text)
{
    size_t len = strlen(text);
    if (len > 128 || strcspn(text, "\"\\\n") != len)
        die("--%s: at most 128 characters without quotes and backslashes were expected", name);
    return text;
}

enum {
    ALLOW = 256,
    HASH,
    HISTOGRAM,
    NO_SET_DIFFICULTY,
    NOTIFY_DELAY,
    USER,
    PASSWORD,
    HANDSHAKE,
    TWO,
    MINERS,
    DEPTH,
    RATE,
    FORWARD,
    SECONDS,
    WARMUP,
    SETTLE,
    JOB_INTERVAL,
    CLEAN_EVERY,
    PID,
    VERIFY,
    DEADLINE,
    INTERVAL,
    SESSIONS,
    PART,
    PHASES,
    SERVER,
    POOL
};

static const struct option names[] = {
    {"allow", 1, 0, ALLOW},
    {"clean-every", 1, 0, CLEAN_EVERY},
    {"deadline", 1, 0, DEADLINE},
    {"depth", 1, 0, DEPTH},
    {"extranonce2", 1, 0, TWO},
    {"forward", 1, 0, FORWARD},
    {"handshake", 1, 0, HANDSHAKE},
    {"hash", 0, 0, HASH},
    {"help", 0, 0, 'h'},
    {"histogram", 0, 0, HISTOGRAM},
    {"interval", 1, 0, INTERVAL},
    {"job-interval", 1, 0, JOB_INTERVAL},
    {"miners", 1, 0, MINERS},
    {"no-set-difficulty", 0, 0, NO_SET_DIFFICULTY},
    {"notify-delay", 1, 0, NOTIFY_DELAY},
    {"part", 1, 0, PART},
    {"password", 1, 0, PASSWORD},
    {"pid", 1, 0, PID},
    {"pool", 1, 0, POOL},
    {"rate", 1, 0, RATE},
    {"seconds", 1, 0, SECONDS},
    {"server", 1, 0, SERVER},
    {"sessions", 1, 0, SESSIONS},
    {"settle", 1, 0, SETTLE},
    {"steps", 0, 0, PHASES},
    {"user", 1, 0, USER},
    {"verify", 1, 0, VERIFY},
    {"warmup", 1, 0, WARMUP},
    {0},
};

static void take(int option, const char *name)
{
#define NUMBER(low, high) number(name, optarg, low, high)
    switch (option) {
    case ALLOW: address_allow(optarg); break;
    case CLEAN_EVERY: opt.clean_every = (unsigned)NUMBER(0, 1e6); break;
    case DEADLINE: opt.deadline = NUMBER(1, 1e5); break;
    case DEPTH: opt.depth = (unsigned)NUMBER(1, 1000); break;
    case TWO: opt.extranonce2_size = (unsigned)NUMBER(1, 16); break;
    case FORWARD: opt.pool_difficulty = pool_difficulty_of(optarg); break;
    case HANDSHAKE: handshake_of(optarg); break;
    case HASH: opt.hash = true; break;
    case HISTOGRAM: opt.histogram = true; break;
    case INTERVAL: opt.interval = NUMBER(0, 3600); break;
    case JOB_INTERVAL: opt.job_interval = NUMBER(0, 3600); break;
    case MINERS: opt.miners = (unsigned)NUMBER(1, 100000); break;
    case NO_SET_DIFFICULTY: opt.set_difficulty = false; break;
    case NOTIFY_DELAY: opt.notify_delay = NUMBER(0, 60); break;
    case PART: opt.part = (unsigned)NUMBER(0, 15); break;
    case PASSWORD: opt.password = plain(name, optarg); break;
    case PID:
        if (opt.pid_count == sizeof opt.pids / sizeof *opt.pids)
            die("too many --pid");
        opt.pids[opt.pid_count++] = (pid_t)NUMBER(1, 1e9);
        break;
    case POOL: opt.pool = address_of(optarg); break;
    case RATE:
        opt.rate = NUMBER(0.01, 1e7);
        opt.depth = 0;
        break;
    case SECONDS: opt.seconds = NUMBER(0, 86400); break;
    case SERVER: opt.server = address_of(optarg); break;
    case SESSIONS: opt.sessions = (unsigned)NUMBER(0, 1e5); break;
    case SETTLE: opt.settle = NUMBER(0, 3600); break;
    case PHASES: opt.steps = true; break;
    case USER: opt.user = plain(name, optarg); break;
    case VERIFY: opt.verify = (unsigned)NUMBER(0, 1e6); break;
    case WARMUP: opt.warmup = NUMBER(0, 3600); break;
    case 'h': fputs(help, stdout); exit(0);
    default: exit(2);
    }
#undef NUMBER
}

void parse_options(int argc, char **argv)
{
    int option, at = 0;
    while ((option = getopt_long(argc, argv, "h", names, &at)) != -1)
        take(option, names[at].name);
    if (!opt.server.len || optind < argc) {
        fputs(help, stderr);
        exit(2);
    }
    if (opt.hash && opt.depth)
        die("--hash needs a --rate: shares are found one after the other");
}
