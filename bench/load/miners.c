/* The miners: each connects and introduces itself as cgminer does, one request after the other. */
#define _GNU_SOURCE
#include "load.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONFIGURE = 1, SUBSCRIBE = 2, AUTHORIZE = 3, READ_BYTES = 64 * 1024 };
enum { SOURCES = 24 }; /* addresses to connect from: each has 28,000 ports */

struct miner *miners;
struct miner_counts miner_counts;

void miners_open(void)
{
    miners = calloc(opt.miners, sizeof *miners);
    if (!miners)
        die("out of memory");
    for (unsigned i = 0; i < opt.miners; i++)
        miners[i] = (struct miner){.fd = -1, .job = -1};
}

char *put_name(char *to, uint32_t index)
{
    to = put_text(to, "farm.m", 6);
    index += 100000 * opt.part;
    for (uint32_t unit = 1000000; unit; unit /= 10)
        *to++ = (char)('0' + index / unit % 10);
    return to;
}

/* A tenth are old machines of 10 TH/s, most have 100, three in ten 200. */
unsigned miner_weight(uint32_t index)
{
    unsigned kind = index % 10;
    return kind == 0 ? 1 : kind < 7 ? 10 : 20;
}

static void gone(struct miner *miner, const char *why)
{
    if (miner->state == GONE)
        return;
    if (miner->state == MINING)
        miner_counts.mining--;
    if (!miner_counts.gone++)
        snprintf(miner_counts.gone_because, sizeof miner_counts.gone_because, "%s", why);
    miner->state = GONE;
    close(miner->fd);
    miner->fd = -1;
    free(miner->tail);
    miner->tail = NULL;
}

static void say(struct miner *miner, const char *line, size_t len)
{
    /* A few hundred bytes at a time into an empty socket buffer: they fit. */
    if (send(miner->fd, line, len, MSG_NOSIGNAL) != (ssize_t)len)
        gone(miner, strerror(errno));
}

static void connected(struct miner *miner)
{
    static const char configure[] =
        "{\"id\": 1, \"method\": \"mining.configure\", \"params\": [[\"version-rolling\"], "
        "{\"version-rolling.mask\": \"1fffe000\", \"version-rolling.min-bit-count\": 2}]}\n";
    miner->state = CONFIGURING;
    say(miner, configure, sizeof configure - 1);
}

static void connect_one(uint32_t index)
{
    struct miner *miner = &miners[index];
    int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        die("a socket for miner %u: %s; `ulimit -Hn` is the limit for one process", index,
            strerror(errno));
    struct sockaddr_in from = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(0x7f000002u + index % SOURCES),
    };
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    stamp_socket(fd);
    if (bind(fd, (struct sockaddr *)&from, sizeof from))
        die("bind: %s", strerror(errno));
    miner->fd = fd;
    miner->state = CONNECTING;
    miner->connected = now_ns();
    int made = connect(fd, (struct sockaddr *)&opt.server, sizeof opt.server);
    if (made && errno != EINPROGRESS) {
        gone(miner, strerror(errno));
        return;
    }
    loop_watch(fd, MINER, index, made != 0, false);
    if (!made)
        connected(miner);
}

bool miners_connect(unsigned at_most)
{
    while (at_most-- && miner_counts.started < opt.miners)
        connect_one(miner_counts.started++);
    return miner_counts.started < opt.miners;
}

static void subscribed(struct miner *miner, const char *result, const char *end)
{
    struct text extranonce1;
    const char *at = text_find(result, end, "]],"); /* behind the subscriptions */
    if (!at)
        at = text_find(result, end, "],");
    uint8_t bytes[16];
    ssize_t len = -1;
    if (at && text_next_string(&at, end, &extranonce1))
        len = text_unhex(extranonce1, bytes, sizeof bytes);
    while (len >= 0 && at < end && (*at == ',' || *at == ' '))
        at++;
    unsigned size = len >= 0 && at < end ? (unsigned)(*at - '0') : 0;
    if (size < 1 || size > 8) {
        gone(miner, "the reply to mining.subscribe is not understood");
        return;
    }
    memcpy(miner->extranonce1, bytes, (size_t)len);
    miner->extranonce1_len = (uint8_t)len;
    miner->extranonce2_size = (uint8_t)size;
    char line[128], name[16] = {0};
    put_name(name, (uint32_t)(miner - miners));
    int length = snprintf(line, sizeof line,
                          "{\"id\": 3, \"method\": \"mining.authorize\", "
                          "\"params\": [\"%s\", \"x\"]}\n",
                          name);
    miner->state = AUTHORIZING;
    say(miner, line, (size_t)length);
}

static void handshake(struct miner *miner, uint64_t id, const char *line, const char *end)
{
    static const char subscribe[] =
        "{\"id\": 2, \"method\": \"mining.subscribe\", \"params\": [\"cgminer/4.12.1\"]}\n";
    const char *result = text_find(line, end, "\"result\":");
    if (!result)
        return;
    if (id == CONFIGURE && miner->state == CONFIGURING) {
        struct text mask;
        const char *at = text_find(line, end, "version-rolling.mask\":");
        if (at && (at += 22, text_next_string(&at, end, &mask)))
            text_hex32(mask, &miner->mask);
        miner->state = SUBSCRIBING;
        say(miner, subscribe, sizeof subscribe - 1);
    } else if (id == SUBSCRIBE && miner->state == SUBSCRIBING) {
        subscribed(miner, result + 9, end);
    } else if (id == AUTHORIZE && miner->state == AUTHORIZING) {
        miner->state = MINING;
        miner_counts.mining++;
    }
}

/* A new job. What is wanted of it is the id, in front, and the ntime, at the end. */
static void notified(struct miner *miner, const char *line, const char *end, ns_t at)
{
    struct text job_id, ntime_hex;
    uint32_t ntime;
    const char *from = text_find(line, end, "\"params\":");
    const char *close = memrchr(line, '"', (size_t)(end - line));
    if (!from || !close || close - from < 64 || !(from += 9, text_next_string(&from, end, &job_id)))
        return;
    ntime_hex = (struct text){close - 8, 8};
    if (job_id.len > sizeof miner->job_id || !text_hex32(ntime_hex, &ntime))
        return;
    bool again;
    int number = job_of_ntime(ntime, &again);
    memcpy(miner->job_id, job_id.at, job_id.len);
    miner->job_id_len = (uint8_t)job_id.len;
    miner->ntime = ntime;
    miner->job = number;
    miner->work = verify_keep_notify(line, (size_t)(end - line));
    miner_counts.notifies++;
    miner_counts.repetitions += again;
    uint32_t index = (uint32_t)(miner - miners);
    if (number >= 0 && !again && !jobs[number]->arrived[index]) {
        jobs[number]->arrived[index] = at;
        jobs[number]->arrivals++;
    }
}

static void line_came(struct miner *miner, const char *line, const char *end, ns_t at)
{
    uint64_t id;
    if (end - line > 6 && !memcmp(line, "{\"id\":", 6) && line[6] >= '0' && line[6] <= '9')
        goto reply; /* what nearly all servers' replies begin with */
    const char *method = text_find(line, end, "\"method\":");
    if (method) {
        if (text_find(method, end, "mining.notify\"")) {
            notified(miner, line, end, at);
            if (!miner->working)
                miner->working = at;
        } else if (text_find(method, end, "set_difficulty\"")) {
            const char *open = text_find(line, end, "[");
            double difficulty = open ? strtod(open + 1, NULL) : 0;
            if (difficulty > miner_counts.hardest)
                miner_counts.hardest = difficulty;
        }
        return;
    }
reply:
    if (!text_id(line, end, &id))
        return;
    if (id <= AUTHORIZE) {
        handshake(miner, id, line, end);
        return;
    }
    const char *result = text_find(line, end, "\"result\":");
    bool accepted = result && (result += 9, result += *result == ' ', end - result > 4) &&
                    !memcmp(result, "true", 4);
    int code = 0;
    if (!accepted) {
        const char *error = text_find(line, end, "\"error\":");
        const char *open = error ? memchr(error, '[', (size_t)(end - error)) : NULL;
        code = open ? (int)strtol(open + 1, NULL, 10) : 0;
    }
    share_answered(id, accepted, code, at);
}

static void receive(struct miner *miner)
{
    static char buffer[READ_BYTES];
    ns_t at;
    size_t kept = miner->tail_len;
    if (kept)
        memcpy(buffer, miner->tail, kept);
    ssize_t got = receive_stamped(miner->fd, buffer + kept, sizeof buffer - 1 - kept, &at);
    if (got <= 0) {
        if (got == 0 || errno != EAGAIN)
            gone(miner, got ? strerror(errno) : "the server closed the connection");
        return;
    }
    const char *from = buffer, *end = buffer + kept + got;
    *(char *)end = '\n'; /* strtod and strtol stop here at the latest */
    for (const char *stop; (stop = memchr(from, '\n', (size_t)(end - from))); from = stop + 1) {
        line_came(miner, from, stop, at);
        if (miner->state == GONE)
            return;
    }
    miner->tail_len = (uint32_t)(end - from);
    if (miner->tail_len) {
        if (miner->tail_len > sizeof buffer / 2)
            die("the server sent a miner a line of over %zu bytes", sizeof buffer / 2);
        char *tail = realloc(miner->tail, miner->tail_len);
        if (!tail)
            die("out of memory");
        miner->tail = memcpy(tail, from, miner->tail_len);
    } else if (kept) {
        free(miner->tail);
        miner->tail = NULL;
    }
}

void miner_event(uint32_t index, uint32_t events)
{
    struct miner *miner = &miners[index];
    if (miner->state == GONE)
        return;
    if (miner->state == CONNECTING && events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) {
        int error = 0;
        socklen_t size = sizeof error;
        getsockopt(miner->fd, SOL_SOCKET, SO_ERROR, &error, &size);
        if (error) {
            gone(miner, strerror(error));
            return;
        }
        loop_watch(miner->fd, MINER, index, false, true);
        connected(miner);
    }
    if (miner->state != GONE && events & (EPOLLIN | EPOLLERR | EPOLLHUP))
        receive(miner);
}
