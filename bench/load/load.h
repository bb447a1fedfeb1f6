/* The load generator: a pool and thousands of miners in one process, one thread and one clock.
 *
 *   main.c     the phases of a run
 *   options.c  the command line
 *   loop.c     epoll: which socket is ready, and when it was
 *   text.c     just enough JSON for lines that we know
 *   pool.c     the pool: sessions of the server under test, jobs, verdicts
 *   job.c      what a job is made of
 *   miners.c   the miners: connecting, receiving
 *   shares.c   shares: made, sent, awaited
 *   verify.c   whether what the pool got is what the miner found
 *   sha256.c   for that
 *   server.c   CPU time and memory of the server under test
 *   stats.c    latencies
 *   report.c   the result as JSON
 *
 * Times are nanoseconds on CLOCK_REALTIME, the clock of the kernel's receive timestamps. */
#ifndef LOAD_H
#define LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <netinet/in.h>
#include <sys/types.h>

typedef uint64_t ns_t;
#define SECOND 1000000000ull
#define MASK 0x1fffe000u /* version bits that may be rolled: BIP320 */

/* ---- options.c ---- */
struct options {
    struct sockaddr_in server; /* where the miners connect */
    struct sockaddr_in pool;   /* where the pool listens; port 0: this process is no pool */
    unsigned miners;
    unsigned depth;      /* closed loop: shares each miner has under way; 0: open loop */
    double rate;         /* open loop: shares a second, of all miners together */
    double seconds, warmup, settle;
    double job_interval; /* 0: one job only */
    unsigned clean_every; /* every so many jobs one is clean; 0: none but the first */
    double pool_difficulty;
    bool extranonce2_4;
    unsigned part;       /* which of several generators on one server this is */
    unsigned sessions;   /* of the server with the pool, to wait for */
    double interval;     /* seconds between two samples of the series; 0: no series */
    unsigned verify;     /* shares to verify in full */
    double deadline;     /* seconds the whole run may take */
    bool histogram;      /* report the latencies' distribution */
    pid_t pids[32];
    unsigned pid_count;
};
extern struct options opt;
void parse_options(int argc, char **argv); /* into opt; a mistake ends the program */

/* ---- main.c ---- */
void die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* ---- stats.c: a histogram of latencies, in buckets of under 1 % ---- */
#define SUB_BITS 7
#define BUCKETS ((44 - SUB_BITS) << SUB_BITS)
struct latencies {
    uint64_t count[BUCKETS];
    uint64_t total, max;
    double sum;
};
void latencies_add(struct latencies *l, uint64_t ns);
double latencies_at(const struct latencies *l, double fraction); /* seconds */
double latencies_floor(unsigned bucket);                         /* a bucket's seconds */
double median_of(double *values, unsigned count);                /* sorts them */

/* ---- loop.c ---- */
ns_t now_ns(void);
enum kind { POOL_LISTENER, POOL_SESSION, MINER };
void loop_open(void);
void loop_watch(int fd, enum kind kind, uint32_t index, bool writable, bool change);
void loop_turn(ns_t until); /* serve what is ready; wait for it at most that long */
/* Receive; the kernel's timestamp, or now where it has none. As recv otherwise. */
ssize_t receive_stamped(int fd, char *to, size_t room, ns_t *at);
void stamp_socket(int fd);

/* ---- text.c ---- */
struct text {
    const char *at;
    size_t len;
};
const char *text_find(const char *from, const char *end, const char *needle);
bool text_next_string(const char **from, const char *end, struct text *string);
bool text_is(struct text text, const char *wanted);
bool text_id(const char *line, const char *end, uint64_t *id);
bool text_hex32(struct text text, uint32_t *value);
ssize_t text_unhex(struct text text, uint8_t *to, size_t room); /* bytes, or -1 */
char *put_hex32(char *to, uint32_t value);
char *put_hex(char *to, const uint8_t *bytes, size_t len);
char *put_number(char *to, uint64_t value);
char *put_text(char *to, const char *text, size_t len);

/* ---- sha256.c ---- */
void sha256d(uint8_t digest[32], const uint8_t *data, size_t len);
bool sha256_self_test(void);

/* ---- job.c ---- */
enum { BRANCHES = 12, COINB1 = 58, COINB2 = 212, NTIME_STEP = 100, MAX_JOBS = 4096 };
struct job {
    uint32_t number;
    bool clean;
    ns_t sent;
    uint8_t coinb1[COINB1], coinb2[COINB2], branches[BRANCHES][32], prevhash[32];
    uint32_t version, nbits, ntime;
    char *notify; /* a line */
    size_t notify_len;
    ns_t *arrived; /* by miner; 0: not yet */
    unsigned arrivals;
};
extern struct job *jobs[MAX_JOBS];
extern unsigned job_count;
struct job *job_make(bool clean);
/* The number of the job that ntime belongs to; -1 for none. A job's ntime moved on a little is
 * a repetition of it: *again. */
int job_of_ntime(uint32_t ntime, bool *again);

/* ---- pool.c ---- */
enum { MAX_SESSIONS = 256, POOL_EXTRANONCE1 = 4 };
struct pool_counts {
    uint64_t submits, matched, foreign, unknown, repeated, malformed;
    unsigned sessions, closed;
    bool version_rolling;
};
extern struct pool_counts pool_counts;
void pool_open(void);
unsigned pool_ready(void); /* sessions that have a job */
void pool_event(enum kind kind, uint32_t index, uint32_t events);
void pool_new_job(bool clean);
void pool_extranonce1(unsigned session, uint8_t to[POOL_EXTRANONCE1]);
unsigned pool_extranonce2_size(void);

/* ---- miners.c ---- */
enum miner_state { IDLE, CONNECTING, CONFIGURING, SUBSCRIBING, AUTHORIZING, MINING, GONE };
struct miner {
    int fd;
    uint8_t state;
    uint8_t extranonce1_len, extranonce2_size, job_id_len;
    uint8_t extranonce1[16];
    char job_id[32];
    uint32_t ntime, version;
    int32_t job;  /* its number; -1: none */
    int32_t work; /* what it looks like to this miner: verify.c */
    uint32_t mask;
    ns_t connected, working;
    char *tail;
    uint32_t tail_len;
    uint32_t shares;
};
extern struct miner *miners;
struct miner_counts {
    unsigned started, mining, gone, notifies, repetitions;
    double hardest; /* the highest difficulty that was asked for */
    char gone_because[96];
};
extern struct miner_counts miner_counts;
void miners_open(void);
bool miners_connect(unsigned at_most); /* false when all have begun */
void miner_event(uint32_t index, uint32_t events);
char *put_name(char *to, uint32_t index); /* the worker's name */
unsigned miner_weight(uint32_t index); /* its hashrate, in 10 TH/s */

/* ---- shares.c ---- */
struct share {
    uint64_t id; /* of the request; 0: none */
    ns_t sent;
    uint32_t miner, nonce, bits, ntime;
    uint32_t extranonce2;
    int32_t job, work;
    bool open, measured, seen_by_pool;
};
struct share_counts {
    uint64_t sent, answered, accepted, other_rejects;
    uint64_t rejected[64]; /* by error code */
    uint64_t stray;        /* answers to nothing */
    uint64_t skipped;      /* not sent: too many under way, or the socket was full */
    uint64_t outstanding;  /* of the whole run, as all others are not */
    ns_t late;             /* open loop: the most a share went out after its time */
};
extern struct share_counts shares_now; /* of the window */
extern struct latencies reply_latencies, interval_latencies;
void shares_open(void);
void shares_measure(bool on);
void shares_stop(void);
void share_send(uint32_t miner);
void shares_due(ns_t now); /* open loop: send what is due */
ns_t shares_next(void);
void share_answered(uint64_t id, bool accepted, int code, ns_t at);
/* NULL: a share of another generator's (*foreign), or of nobody's. */
struct share *share_of_nonce(uint32_t nonce, bool *foreign);
void shares_probe(void); /* send a duplicate and a share for an unknown job */
extern int probe_codes[2];

/* ---- verify.c ---- */
struct verified {
    uint64_t checked, wrong;
    char why[128];
};
int32_t verify_keep_notify(const char *line, size_t len);
void verify_keep_share(const struct share *share, unsigned session, const uint8_t *extranonce2,
                       unsigned size, uint32_t bits);
struct verified verify_shares(void);
/* Where nothing is forwarded: would a share of each miner be the same share at the pool? */
struct verified verify_works(void);

/* ---- server.c ---- */
struct usage {
    double cpu, own_cpu;       /* seconds */
    double waited, own_waited; /* seconds in which it could have run, but others had the core */
    double rss, peak;      /* bytes, of all processes */
    unsigned processes;
};
struct usage server_usage(bool memory);
bool server_lives(void);
uint64_t dropped_syns(void);

/* ---- report.c ---- */
struct sample { /* one interval of the window */
    double at, per_second, p50, p99, max, cpu, rss;
};
struct run {
    struct sample *series;
    unsigned samples;
    struct share_counts shares; /* of the window */
    double storm, storm_p50, storm_p99;
    uint64_t storm_drops;
    double window; /* seconds */
    struct usage empty, before, after;
    const char *failure;
};
void report(const struct run *run);

#endif
