/* The pool: the server under test mines here. A share is refused if it is there for the second time
 * or for no job of the pool's; those that are otherwise not what a miner sent are counted. */
#define _GNU_SOURCE
#include "load.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST_SESSIONS = 65536 }; /* as many as miners, where a server has one for each */

struct session {
    int fd;
    bool subscribed, authorized, has_job;
    uint8_t extranonce1[POOL_EXTRANONCE1];
    ns_t first_job_due; /* 0: not put off */
    struct tail tail;
    char *out;
    size_t out_len, out_room;
    bool watching_write;
};

struct pool_counts pool_counts;
static struct session *sessions;
static unsigned session_count, session_room, put_off_count;
static int listener = -1;

unsigned pool_session_count(void)
{
    return session_count;
}

void pool_extranonce1(unsigned session, uint8_t to[POOL_EXTRANONCE1])
{
    memcpy(to, sessions[session].extranonce1, POOL_EXTRANONCE1);
}

void pool_open(void)
{
    int on = 1;
    listener = socket(opt.pool.at.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listener < 0)
        die("socket: %s", strerror(errno));
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&opt.pool.at, opt.pool.len) || listen(listener, 4096))
        die("the pool can't listen: %s", strerror(errno));
    loop_watch(listener, POOL_LISTENER, 0, false, false);
}

unsigned pool_ready(void)
{
    unsigned ready = 0;
    for (unsigned i = 0; i < session_count; i++)
        ready += sessions[i].fd >= 0 && sessions[i].has_job;
    return ready;
}

static void accept_session(void)
{
    int on = 1, fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return;
    if (session_count == MOST_SESSIONS) {
        close(fd);
        return;
    }
    if (session_count == session_room) {
        session_room = 2 * session_room + 64;
        sessions = realloc(sessions, session_room * sizeof *sessions);
        if (!sessions)
            die("out of memory");
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    sessions[session_count] = (struct session){
        .fd = fd,
        .extranonce1 = {0xe1, (uint8_t)(session_count >> 16), (uint8_t)(session_count >> 8),
                        (uint8_t)session_count},
    };
    loop_watch(fd, POOL_SESSION, session_count++, false, false);
    pool_counts.sessions++;
}

static void drop(struct session *session)
{
    close(session->fd);
    session->fd = -1;
    lines_drop(&session->tail);
    free(session->out);
    session->out = NULL;
    session->out_len = session->out_room = 0;
    pool_counts.closed++;
}

static void queue(struct session *session, const char *data, size_t len)
{
    if (session->out_len + len > session->out_room) {
        session->out_room = 2 * (session->out_len + len) + 4096;
        session->out = realloc(session->out, session->out_room);
        if (!session->out)
            die("out of memory");
    }
    memcpy(session->out + session->out_len, data, len);
    session->out_len += len;
}

static void flush(struct session *session)
{
    if (session->fd < 0 || !session->out_len)
        return;
    ssize_t sent = send(session->fd, session->out, session->out_len, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) {
        drop(session);
        return;
    }
    if (sent > 0) {
        session->out_len -= (size_t)sent;
        memmove(session->out, session->out + sent, session->out_len);
    }
    bool waits = session->out_len > 0;
    if (waits != session->watching_write) {
        session->watching_write = waits;
        loop_watch(session->fd, POOL_SESSION, (uint32_t)(session - sessions), waits, true);
    }
}

static void answer(struct session *session, uint64_t id, const char *result, const char *error)
{
    char line[512];
    char *to = put_text(line, "{\"id\":", 6);
    to = put_number(to, id);
    to = put_text(to, ",\"result\":", 10);
    to = put_text(to, result, strlen(result));
    to = put_text(to, ",\"error\":", 9);
    to = put_text(to, error, strlen(error));
    to = put_text(to, "}\n", 2);
    queue(session, line, (size_t)(to - line));
}

static void reply(struct session *session, uint64_t id, const char *result)
{
    answer(session, id, result, "null");
}

static void send_first_job(struct session *session)
{
    char line[128];
    if (opt.set_difficulty) {
        int len =
            snprintf(line, sizeof line,
                     "{\"id\":null,\"method\":\"mining.set_difficulty\",\"params\":[%.17g]}\n",
                     opt.pool_difficulty);
        queue(session, line, (size_t)len);
    }
    const struct job *job = job_count ? jobs[job_count - 1] : job_make(true);
    queue(session, job->notify, job->notify_len);
    session->has_job = true;
}

static void first_job(struct session *session)
{
    if (!session->subscribed || !session->authorized || session->has_job || session->first_job_due)
        return;
    if (opt.notify_delay > 0) {
        session->first_job_due = after(opt.notify_delay);
        put_off_count++;
    } else {
        send_first_job(session);
    }
}

ns_t pool_due(ns_t now)
{
    ns_t next = UINT64_MAX;
    for (unsigned i = 0; put_off_count && i < session_count; i++) {
        struct session *session = &sessions[i];
        if (!session->first_job_due)
            continue;
        if (session->first_job_due > now && session->fd >= 0) {
            next = session->first_job_due < next ? session->first_job_due : next;
            continue;
        }
        session->first_job_due = 0;
        put_off_count--;
        if (session->fd >= 0) {
            send_first_job(session);
            flush(session);
        }
    }
    return next;
}

/* A forwarded share. Its nonce says which share of ours it is; all else must be as it was found,
 * and the coinbase is compared whole, however the server lays out extranonces. Returns an error
 * for a pool to refuse it with, or NULL. */
static const char *submitted(const struct session *session, const struct json *params)
{
    uint8_t coinbases[2][COINB1 + POOL_EXTRANONCE1 + 16 + COINB2], *extranonce2;
    uint32_t number, ntime, nonce, bits = 0;
    struct text bits_hex = json_string(json_item(params, 5));
    size_t len = COINB1 + POOL_EXTRANONCE1 + opt.extranonce2_size + COINB2;
    extranonce2 = coinbases[0] + COINB1 + POOL_EXTRANONCE1;
    if (!text_hex32(json_string(json_item(params, 1)), &number) || number >= job_count) {
        pool_counts.malformed++;
        return "[21,\"Job not found\",null]";
    }
    if (text_unhex(json_string(json_item(params, 2)), extranonce2, opt.extranonce2_size) !=
            (ssize_t)opt.extranonce2_size ||
        !text_hex32(json_string(json_item(params, 3)), &ntime) ||
        !text_hex32(json_string(json_item(params, 4)), &nonce) ||
        (bits_hex.len && !text_hex32(bits_hex, &bits))) {
        pool_counts.malformed++;
        return "[20,\"Malformed\",null]";
    }
    bool foreign;
    struct share *share = share_of_nonce(nonce, &foreign);
    if (!share) {
        *(foreign ? &pool_counts.foreign : &pool_counts.unknown) += 1;
        return NULL;
    }
    const struct job *job = jobs[number];
    memcpy(coinbases[0], job->coinb1, COINB1);
    memcpy(coinbases[0] + COINB1, session->extranonce1, POOL_EXTRANONCE1);
    memcpy(extranonce2 + opt.extranonce2_size, job->coinb2, COINB2);
    const struct work *work = work_at(share->work);
    if (verify_coinbase(coinbases[1], sizeof coinbases[1], work, &miners[share->miner],
                        share->extranonce2) != len ||
        memcmp(coinbases[0], coinbases[1], len))
        pool_counts.coinbase_changed++;
    else if (work->ntime != ntime)
        pool_counts.ntime_changed++;
    else if (share->bits != bits)
        pool_counts.version_changed++;
    else if (share->seen_by_pool)
        pool_counts.repeated++;
    else
        pool_counts.matched++;
    if (share->seen_by_pool)
        return "[22,\"Duplicate share\",null]";
    share->seen_by_pool = true;
    verify_keep_share(share, job, coinbases[0], len, ntime, nonce, bits);
    return NULL;
}

static void line_came(struct session *session, const char *line, const char *end)
{
    uint64_t id;
    const struct json *message = json_parse(line, end);
    struct text method = json_string(json_get(message, "method"));
    if (!method.len || !json_number(json_get(message, "id"), &id))
        return;
    if (text_is(method, "mining.submit")) {
        pool_counts.submits++;
        const char *error = submitted(session, json_get(message, "params"));
        answer(session, id, error ? "false" : "true", error ? error : "null");
    } else if (text_is(method, "mining.configure")) {
        reply(session, id, "{\"version-rolling\":true,\"version-rolling.mask\":\"1fffe000\"}");
    } else if (text_is(method, "mining.subscribe")) {
        char result[128], extranonce1[2 * POOL_EXTRANONCE1 + 1] = {0};
        put_hex(extranonce1, session->extranonce1, POOL_EXTRANONCE1);
        snprintf(result, sizeof result,
                 "[[[\"mining.set_difficulty\",\"1\"],[\"mining.notify\",\"1\"]],\"%s\",%u]",
                 extranonce1, opt.extranonce2_size);
        session->subscribed = true;
        reply(session, id, result);
        first_job(session);
    } else if (text_is(method, "mining.authorize")) {
        session->authorized = true;
        reply(session, id, "true");
        first_job(session);
    } else {
        reply(session, id, "true");
    }
}

static void receive(struct session *session)
{
    const char *at, *end;
    ns_t when;
    ssize_t got = lines_receive(session->fd, &session->tail, &at, &end, &when);
    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0) {
        drop(session);
        return;
    }
    for (const char *stop; (stop = memchr(at, '\n', (size_t)(end - at))); at = stop + 1)
        line_came(session, at, stop);
    lines_keep(&session->tail, at, end);
}

void pool_event(enum kind kind, uint32_t index, uint32_t events)
{
    if (kind == POOL_LISTENER) {
        accept_session();
        return;
    }
    struct session *session = &sessions[index];
    if (session->fd >= 0 && events & (EPOLLIN | EPOLLERR | EPOLLHUP))
        receive(session);
    flush(session);
}

void pool_new_job(bool clean)
{
    struct job *job = job_make(clean);
    job->sent = now_ns();
    for (unsigned i = 0; i < session_count; i++)
        if (sessions[i].fd >= 0 && sessions[i].has_job) {
            queue(&sessions[i], job->notify, job->notify_len);
            flush(&sessions[i]);
        }
}
