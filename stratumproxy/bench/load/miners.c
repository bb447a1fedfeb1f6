/* The miners: each connects and introduces itself, one request after the other, as cgminer does. */
#define _GNU_SOURCE
#include "load.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { SOURCES = 24 };          /* addresses to connect from: each has 28,000 ports */
enum { SHORTEST_NOTIFY = 200 }; /* bytes; what is shorter is not looked up */

struct miner *miners;
struct miner_counts miner_counts;

void miners_open(void)
{
    miners = calloc(opt.miners, sizeof *miners);
    if (!miners)
        die("out of memory");
    for (unsigned i = 0; i < opt.miners; i++)
        miners[i] = (struct miner){.fd = -1, .work = -1};
}

char *put_name(char *to, uint32_t index)
{
    const char *number = strstr(opt.user, "%d");
    if (!number)
        return put_text(to, opt.user, strlen(opt.user));
    to = put_text(to, opt.user, (size_t)(number - opt.user));
    index += 100000 * opt.part;
    for (uint32_t unit = 1000000; unit; unit /= 10) /* as long for every miner */
        *to++ = (char)('0' + index / unit % 10);
    return put_text(to, number + 2, strlen(number + 2));
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
    lines_drop(&miner->tail);
}

static void say(struct miner *miner, const char *line, size_t len)
{
    /* A few hundred bytes at a time into an empty socket buffer: they fit. */
    if (send(miner->fd, line, len, MSG_NOSIGNAL) != (ssize_t)len)
        gone(miner, strerror(errno));
}

/* The next request of the handshake; after the last it mines. */
static void greet(struct miner *miner, ns_t at)
{
    char line[512], name[160] = {0};
    int len = 0;
    switch (opt.handshake[miner->step]) {
    case CONFIGURE:
        len = snprintf(line, sizeof line,
                       "{\"id\": %d, \"method\": \"mining.configure\", \"params\": "
                       "[[\"version-rolling\"], {\"version-rolling.mask\": \"1fffe000\", "
                       "\"version-rolling.min-bit-count\": 2}]}\n",
                       CONFIGURE);
        break;
    case SUBSCRIBE:
        len = snprintf(line, sizeof line,
                       "{\"id\": %d, \"method\": \"mining.subscribe\", \"params\": "
                       "[\"cgminer/4.12.1\"]}\n",
                       SUBSCRIBE);
        break;
    case AUTHORIZE:
        put_name(name, (uint32_t)(miner - miners));
        len = snprintf(line, sizeof line,
                       "{\"id\": %d, \"method\": \"mining.authorize\", \"params\": "
                       "[\"%s\", \"%s\"]}\n",
                       AUTHORIZE, name, opt.password);
        break;
    case EXTRANONCE:
        len = snprintf(line, sizeof line,
                       "{\"id\": %d, \"method\": \"mining.extranonce.subscribe\", \"params\": "
                       "[]}\n",
                       EXTRANONCE);
        break;
    default:
        miner->state = MINING;
        miner_counts.mining++;
        if (miner->work >= 0)
            miner->working = at;
        return;
    }
    miner->state = GREETING;
    say(miner, line, (size_t)len);
}

static void connect_one(uint32_t index)
{
    struct miner *miner = &miners[index];
    int on = 1;
    int fd = socket(opt.server.at.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        die("a socket for miner %u: %s; `ulimit -Hn` is the limit for one process", index,
            strerror(errno));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    stamp_socket(fd);
    if (address_is_127(&opt.server)) {
        struct sockaddr_in from = {
            .sin_family = AF_INET,
            .sin_addr.s_addr = htonl(0x7f000002u + index % SOURCES),
        };
        setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
        if (bind(fd, (struct sockaddr *)&from, sizeof from))
            die("bind: %s", strerror(errno));
    }
    miner->fd = fd;
    miner->state = CONNECTING;
    miner->connected = now_ns();
    int made = connect(fd, (struct sockaddr *)&opt.server.at, opt.server.len);
    if (made && errno != EINPROGRESS) {
        gone(miner, strerror(errno));
        return;
    }
    loop_watch(fd, MINER, index, made != 0, false);
    if (!made)
        greet(miner, now_ns());
}

bool miners_connect(unsigned at_most)
{
    while (at_most-- && miner_counts.started < opt.miners)
        connect_one(miner_counts.started++);
    return miner_counts.started < opt.miners;
}

/* Whatever sizes the server chooses: [subscriptions, extranonce1, extranonce2_size]. */
static bool take_extranonce(struct miner *miner, const struct json *first,
                            const struct json *second)
{
    uint8_t bytes[sizeof miner->extranonce1];
    uint64_t size;
    ssize_t len = text_unhex(json_string(first), bytes, sizeof bytes);
    if (len < 0 || !first || first->kind != JSON_STRING || !json_number(second, &size) ||
        size < 1 || size > 16)
        return false;
    memcpy(miner->extranonce1, bytes, (size_t)len);
    miner->extranonce1_len = (uint8_t)len;
    miner->extranonce2_size = (uint8_t)size;
    return true;
}

static void greeted(struct miner *miner, const struct json *result, ns_t at)
{
    struct text mask;
    switch (opt.handshake[miner->step]) {
    case CONFIGURE:
        mask = json_string(json_get(result, "version-rolling.mask"));
        if (mask.len && text_hex32(mask, &miner->mask))
            miner->mask &= MASK;
        break;
    case SUBSCRIBE:
        if (!take_extranonce(miner, json_item(result, 1), json_item(result, 2))) {
            gone(miner, "the reply to mining.subscribe is not understood");
            return;
        }
        break;
    case AUTHORIZE:
        if (!json_is(result, "true")) {
            gone(miner, "mining.authorize was refused");
            return;
        }
        break;
    default: break;
    }
    miner->step++;
    greet(miner, at);
}

static void notified(struct miner *miner, int32_t number, ns_t at)
{
    const struct work *work = work_at(number);
    uint32_t index = (uint32_t)(miner - miners);
    miner->work = number;
    miner->difficulty = miner->next_difficulty;
    miner_counts.notifies++;
    if (!miner->working && miner->state == MINING)
        miner->working = at;
    if (work->job < 0)
        return;
    struct job *job = jobs[work->job];
    if (job->arrived[index]) {
        miner_counts.repetitions++;
        return;
    }
    job->arrived[index] = at;
    job->arrivals++;
}

static void told(struct miner *miner, struct text method, const struct json *params,
                 const char *line, const char *end, ns_t at)
{
    if (text_is(method, "mining.notify")) {
        int32_t number = work_keep(line, (size_t)(end - line), params, at);
        if (number < 0)
            miner_counts.strange++;
        else
            notified(miner, number, at);
    } else if (text_is(method, "mining.set_difficulty")) {
        const struct json *value = json_item(params, 0);
        double difficulty = value ? strtod(value->text.at, NULL) : 0;
        if (difficulty > miner_counts.hardest)
            miner_counts.hardest = difficulty;
        if (difficulty > 0)
            miner->next_difficulty = difficulty;
    } else if (text_is(method, "mining.set_extranonce")) {
        if (!take_extranonce(miner, json_item(params, 0), json_item(params, 1)))
            miner_counts.strange++;
    }
}

/* [21, "text", null] as most have it, {"code": 21}, or anything; 0: no code. */
static int code_of(const struct json *error)
{
    const struct json *code = json_get(error, "code");
    if (!code)
        code = json_item(error, 0);
    return code && code->kind == JSON_WORD ? (int)strtol(code->text.at, NULL, 10) : 0;
}

/* {"id":7,"result":true,"error":null}: most of what comes, so it is taken apart at once. */
static bool plain_reply(const char *line, const char *end, uint64_t *id)
{
    static const char before[] = "{\"id\":", behind[] = ",\"result\":true,\"error\":null}";
    const char *at = line + sizeof before - 1;
    if (end - line < (ptrdiff_t)(sizeof before + sizeof behind) ||
        memcmp(line, before, sizeof before - 1))
        return false;
    *id = 0;
    for (; *at >= '0' && *at <= '9' && *id < UINT32_MAX; at++)
        *id = *id * 10 + (uint64_t)(*at - '0');
    return end - at == sizeof behind - 1 && !memcmp(at, behind, sizeof behind - 1);
}

static void line_came(struct miner *miner, const char *line, const char *end, ns_t at)
{
    uint64_t id;
    if (plain_reply(line, end, &id) && id >= STEPS) {
        share_answered(id, true, 0, at);
        return;
    }
    if (end - line > SHORTEST_NOTIFY) {
        int32_t number = work_known(line, (size_t)(end - line));
        if (number >= 0) {
            notified(miner, number, at);
            return;
        }
    }
    const struct json *message = json_parse(line, end);
    if (!message || message->kind != JSON_OBJECT) {
        miner_counts.strange += end > line;
        return;
    }
    struct text method = json_string(json_get(message, "method"));
    if (method.len) {
        told(miner, method, json_get(message, "params"), line, end, at);
        return;
    }
    if (!json_number(json_get(message, "id"), &id))
        return;
    const struct json *result = json_get(message, "result"), *error = json_get(message, "error");
    if (id >= STEPS)
        share_answered(id, json_is(result, "true"), code_of(error), at);
    else if (miner->state == GREETING && id == (uint64_t)opt.handshake[miner->step])
        greeted(miner, result, at);
}

static void receive(struct miner *miner)
{
    const char *from, *end;
    ns_t at;
    ssize_t got = lines_receive(miner->fd, &miner->tail, &from, &end, &at);
    if (got <= 0) {
        if (got == 0 || errno != EAGAIN)
            gone(miner, got ? strerror(errno) : "the server closed the connection");
        return;
    }
    for (const char *stop; (stop = memchr(from, '\n', (size_t)(end - from))); from = stop + 1) {
        line_came(miner, from, stop, at);
        if (miner->state == GONE)
            return;
    }
    lines_keep(&miner->tail, from, end);
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
        greet(miner, now_ns());
    }
    if (miner->state != GONE && events & (EPOLLIN | EPOLLERR | EPOLLHUP))
        receive(miner);
}
