/* The load generator: a pool and thousands of miners in one process, one thread and one clock.
 *
 *   main.c       the phases of a run
 *   options.c    the command line
 *   addresses.c  which machine may be loaded
 *   loop.c       epoll: which socket is ready, and when it was
 *   lines.c      bytes to lines
 *   json.c       lines to tokens
 *   text.c       numbers and hex, read and written
 *   pool.c       the pool: sessions of the server under test, verdicts
 *   job.c        the pool's jobs
 *   work.c       jobs as miners got them
 *   miners.c     the miners: connecting, introducing themselves, receiving
 *   shares.c     shares: made, sent, awaited
 *   hash.c       shares that have to be found
 *   verify.c     whether what the pool got is what the miner found
 *   sha256.c     for that
 *   server.c     CPU time and memory of the server under test
 *   stats.c      latencies
 *   report.c     the result as JSON
 *
 * Times are nanoseconds on CLOCK_REALTIME, the clock of the kernel's receive timestamps. */
#ifndef LOAD_H
#define LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

typedef uint64_t ns_t;
#define SECOND 1000000000ull
#define MASK 0x1fffe000u /* version bits that may be rolled: BIP320 */

/* ---- addresses.c ---- */
struct address {
    struct sockaddr_storage at;
    socklen_t len; /* 0: none */
};
void address_allow(const char *host);        /* beside this machine's own */
struct address address_of(const char *text); /* a mistake ends the program */
bool address_is_127(const struct address *address);

/* ---- options.c ---- */
enum step { CONFIGURE = 1, SUBSCRIBE, AUTHORIZE, EXTRANONCE, STEPS }; /* and their requests' ids */
struct options {
    struct address server; /* where the miners connect */
    struct address pool;   /* where the pool listens; none: this process is no pool */
    unsigned miners;
    unsigned depth; /* closed loop: shares each miner has under way; 0: open loop */
    double rate;    /* open loop: shares a second, of all miners together */
    double seconds, warmup, settle;
    double job_interval;  /* 0: one job only */
    unsigned clean_every; /* every so many jobs one is clean; 0: none but the first */
    double pool_difficulty;
    bool set_difficulty; /* whether the pool tells it */
    double notify_delay; /* seconds from authorize to the pool's first job */
    unsigned extranonce2_size;
    const char *user, *password; /* %d in the user stands for the miner's number */
    enum step handshake[STEPS];  /* ends with 0 */
    bool hash;                   /* shares are found, not made */
    unsigned part;               /* which of several generators on one server this is */
    unsigned sessions;           /* of the server with the pool, to wait for */
    double interval;             /* seconds between two samples of the series; 0: no series */
    unsigned verify;             /* shares to verify in full */
    double deadline;             /* seconds the whole run may take */
    bool histogram;              /* report the latencies' distribution */
    bool steps;                  /* wait for a word on standard input before each phase */
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
double latencies_at(const struct latencies *l, double fraction); /* seconds; NAN: of none */
double latencies_floor(unsigned bucket);                         /* a bucket's seconds */
double median_of(double *values, unsigned count);                /* sorts them; NAN: of none */

/* ---- loop.c ---- */
ns_t now_ns(void);
ns_t after(double seconds);
enum kind { POOL_LISTENER, POOL_SESSION, MINER };
void loop_open(void);
void loop_watch(int fd, enum kind kind, uint32_t index, bool writable, bool change);
void loop_turn(ns_t until); /* serve what is ready; wait for it at most that long */
void loop_until(ns_t until);
/* Receive; the kernel's timestamp, or now where it has none. As recv otherwise. */
ssize_t receive_stamped(int fd, char *to, size_t room, ns_t *at);
void stamp_socket(int fd);

/* ---- text.c ---- */
struct text {
    const char *at;
    size_t len;
};
bool text_is(struct text text, const char *wanted);
bool text_hex32(struct text text, uint32_t *value);
ssize_t text_unhex(struct text text, uint8_t *to, size_t room); /* bytes, or -1 */
bool text_number(struct text text, uint64_t *value);            /* a whole one, all of it */
char *put_hex32(char *to, uint32_t value);
char *put_hex(char *to, const uint8_t *bytes, size_t len);
char *put_number(char *to, uint64_t value);
char *put_text(char *to, const char *text, size_t len);

/* ---- json.c: a value and all in it, as tokens in the order they stand ---- */
enum json_kind { JSON_OBJECT, JSON_ARRAY, JSON_STRING, JSON_WORD /* a number, true, null … */ };
struct json {
    enum json_kind kind;
    uint32_t size;    /* tokens, with this one */
    struct text text; /* of a string: between its quotes, escapes as they are */
};
enum { MOST_TOKENS = 512 };
/* The line's only value; NULL where it is no JSON, or too much. Good until the next call. */
const struct json *json_parse(const char *line, const char *end);
/* NULL where there is none, or no object or array to look in. */
const struct json *json_get(const struct json *object, const char *key);
const struct json *json_item(const struct json *array, unsigned index);
bool json_is(const struct json *value, const char *word);     /* such as null; not a string */
struct text json_string(const struct json *value);            /* empty where it is none */
bool json_number(const struct json *value, uint64_t *number); /* 7, 7.0 and "7" */

/* ---- lines.c ---- */
struct tail { /* the beginning of a line whose end is to come */
    char *at;
    uint32_t len;
};
/* Receive: from *from to *end are the tail and what came. As recv otherwise. */
ssize_t lines_receive(int fd, struct tail *tail, const char **from, const char **end, ns_t *at);
void lines_keep(struct tail *tail, const char *from, const char *end);
void lines_drop(struct tail *tail);

/* ---- sha256.c ---- */
void sha256d(uint8_t digest[32], const uint8_t *data, size_t len);
bool sha256_self_test(void);

/* ---- job.c ---- */
enum { BRANCHES = 12, COINB1 = 58, COINB2 = 212, NTIME_STEP = 100, MAX_JOBS = 4096 };
struct job {
    uint32_t number;
    bool clean;
    ns_t sent; /* where this process is no pool: when the first miner had it */
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
struct job *job_seen(ns_t at); /* another pool's */

/* ---- work.c ---- */
struct work {   /* a notify as miners got it */
    char *line; /* NULL once it is not looked for any more */
    size_t len;
    char job_id[64];
    uint8_t job_id_len, branch_count;
    uint16_t coinb1_len, coinb2_len;
    uint8_t *coinb1, *coinb2, (*branches)[32]; /* one piece of memory */
    uint8_t prevhash[32];
    uint32_t version, nbits, ntime;
    int32_t job; /* its number; -1: none of the pool's */
};
const struct work *work_at(int32_t number);
int32_t work_known(const char *line, size_t len); /* -1: not by these bytes */
int32_t work_keep(const char *line, size_t len, const struct json *params, ns_t at);

/* ---- miners.c ---- */
enum miner_state { IDLE, CONNECTING, GREETING, MINING, GONE };
struct miner {
    int fd;
    uint8_t state, step; /* of the handshake */
    uint8_t extranonce1_len, extranonce2_size;
    uint8_t extranonce1[16];
    int32_t work; /* -1: none yet */
    uint32_t mask;
    double difficulty, next_difficulty; /* binds from the next job */
    ns_t connected, working;
    struct tail tail;
    uint32_t shares;
};
extern struct miner *miners;
struct miner_counts {
    unsigned started, mining, gone, notifies, repetitions, strange;
    double hardest; /* the highest difficulty that was asked for */
    char gone_because[96];
};
extern struct miner_counts miner_counts;
void miners_open(void);
bool miners_connect(unsigned at_most); /* false when all have begun */
void miner_event(uint32_t index, uint32_t events);
char *put_name(char *to, uint32_t index); /* the worker's name */
unsigned miner_weight(uint32_t index);    /* its hashrate, in 10 TH/s */

/* ---- shares.c ---- */
struct share {
    uint64_t id; /* of the request; 0: none */
    ns_t due;    /* when it was to be sent: latency counts from here */
    uint32_t miner, nonce, bits;
    uint32_t extranonce2;
    int32_t work;
    bool open, measured, seen_by_pool;
};
struct share_counts {
    uint64_t sent, answered, accepted, other_rejects;
    uint64_t rejected[64]; /* by error code */
    uint64_t stray;        /* answers to nothing */
    uint64_t skipped;      /* not sent: too many under way, or the socket was full */
    uint64_t outstanding;  /* of the whole run, as all others are not */
};
extern struct share_counts shares_now; /* of the window */
extern struct latencies reply_latencies, interval_latencies, lateness;
void shares_open(void);
void shares_measure(bool on);
void shares_stop(void);
void share_send(uint32_t miner, ns_t due);
void shares_due(ns_t now); /* open loop: send what is due */
ns_t shares_next(void);
void share_answered(uint64_t id, bool accepted, int code, ns_t at);
/* NULL: a share of another generator's (*foreign), or of nobody's. */
struct share *share_of_nonce(uint32_t nonce, bool *foreign);
void put_extranonce2(uint8_t *to, const struct miner *miner, uint32_t value);
void shares_probe(void);   /* send a duplicate and a share for an unknown job */
extern int probe_codes[2]; /* -1: not answered; 0: accepted */

/* ---- hash.c ---- */
void hash_begin(const struct share *share); /* look for its nonce */
bool hash_found(uint32_t *nonce);           /* after one slice more */

/* ---- verify.c ---- */
struct verified {
    uint64_t checked, wrong;
    char why[128];
};
/* The coinbase as the miner has it; its length, 0 where it is too long. */
size_t verify_coinbase(uint8_t *to, size_t room, const struct work *work, const struct miner *miner,
                       uint32_t extranonce2);
void verify_header(uint8_t header[80], const struct work *work, const struct miner *miner,
                   const struct share *share);
void verify_keep_share(const struct share *share, const struct job *job, const uint8_t *coinbase,
                       size_t len, uint32_t ntime, uint32_t nonce, uint32_t bits);
struct verified verify_shares(void);
/* Where nothing is forwarded: is each miner's last job one of the pool's, whose shares it would
 * take? */
struct verified verify_works(void);

/* ---- pool.c ---- */
enum { POOL_EXTRANONCE1 = 4 };
struct pool_counts {
    uint64_t submits, matched, foreign, unknown, repeated, malformed;
    uint64_t coinbase_changed, ntime_changed, version_changed; /* of shares that are ours */
    unsigned sessions, closed;
};
extern struct pool_counts pool_counts;
void pool_open(void);
unsigned pool_ready(void); /* sessions that have a job */
void pool_event(enum kind kind, uint32_t index, uint32_t events);
void pool_new_job(bool clean);
ns_t pool_due(ns_t now); /* send what was put off; when the next of it is due */
unsigned pool_session_count(void);
void pool_extranonce1(unsigned session, uint8_t to[POOL_EXTRANONCE1]);

/* ---- server.c ---- */
struct usage {
    double cpu, own_cpu;       /* seconds */
    double waited, own_waited; /* seconds in which it could have run, but others had the core */
    double rss, peak;          /* bytes, of all processes */
    unsigned processes;
};
struct usage server_usage(bool memory);
bool server_lives(void);
double dropped_syns(void); /* NAN: not known */

/* ---- report.c ---- */
struct sample { /* one interval of the window */
    double at, per_second, p50, p99, max, cpu, rss;
};
struct run {
    struct sample *series;
    unsigned samples;
    struct share_counts shares;                      /* of the window */
    double storm, storm_p50, storm_p99, storm_drops; /* from the first connect; NAN: not measured */
    double handshake_p50, handshake_p99;             /* from the miner's own */
    unsigned gone;           /* both before the probes, which are no shares of a miner, */
    struct pool_counts pool; /* and at which a server may hang up */
    double window;           /* seconds */
    struct usage empty, before, after;
    const char *failure;
};
void report(const struct run *run);

#endif
