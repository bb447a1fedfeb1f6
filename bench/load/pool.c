/* The pool: the server under test mines here. Every share is accepted; those that are not what a
 * miner sent are counted. */
#define _GNU_SOURCE
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { READ_BYTES = 256 * 1024, LONGEST = 16 * 1024 };

struct session {
    int fd;
    bool subscribed, authorized;
    uint8_t extranonce1[POOL_EXTRANONCE1];
    char *in; /* READ_BYTES + LONGEST */
    size_t in_len;
    char *out;
    size_t out_len, out_room;
    bool watching_write;
};

struct pool_counts pool_counts;
static struct session sessions[MAX_SESSIONS];
static unsigned session_count;
static int listener = -1;

unsigned pool_extranonce2_size(void)
{
    return opt.extranonce2_4 ? 4 : 8;
}

void pool_extranonce1(unsigned session, uint8_t to[POOL_EXTRANONCE1])
{
    memcpy(to, sessions[session].extranonce1, POOL_EXTRANONCE1);
}

void pool_open(void)
{
    int on = 1;
    listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listener < 0)
        die("socket: %s", strerror(errno));
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&opt.pool, sizeof opt.pool) || listen(listener, 256))
        die("the pool can't listen on port %u: %s", ntohs(opt.pool.sin_port), strerror(errno));
    loop_watch(listener, POOL_LISTENER, 0, false, false);
}

unsigned pool_ready(void)
{
    unsigned ready = 0;
    for (unsigned i = 0; i < session_count; i++)
        if (sessions[i].fd >= 0 && sessions[i].authorized && sessions[i].subscribed)
            ready++;
    return ready;
}

static void accept_session(void)
{
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return;
    if (session_count == MAX_SESSIONS) {
        close(fd);
        return;
    }
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, 1 /* TCP_NODELAY */, &on, sizeof on);
    struct session *session = &sessions[session_count];
    *session = (struct session){.fd = fd, .in = malloc(READ_BYTES + LONGEST)};
    if (!session->in)
        die("out of memory");
    session->extranonce1[0] = 0xe1;
    session->extranonce1[3] = (uint8_t)session_count;
    loop_watch(fd, POOL_SESSION, session_count++, false, false);
    pool_counts.sessions++;
}

static void drop(struct session *session)
{
    close(session->fd);
    session->fd = -1;
    free(session->in);
    free(session->out);
    session->in = session->out = NULL;
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

static void reply(struct session *session, uint64_t id, const char *result)
{
    char line[512];
    char *to = put_text(line, "{\"id\":", 6);
    to = put_number(to, id);
    to = put_text(to, ",\"result\":", 10);
    to = put_text(to, result, strlen(result));
    to = put_text(to, ",\"error\":null}\n", 15);
    queue(session, line, (size_t)(to - line));
}

static void first_job(struct session *session)
{
    char line[128];
    if (!session->subscribed || !session->authorized)
        return;
    int len = snprintf(line, sizeof line,
                       "{\"id\":null,\"method\":\"mining.set_difficulty\",\"params\":[%.17g]}\n",
                       opt.pool_difficulty);
    queue(session, line, (size_t)len);
    const struct job *job = job_count ? jobs[job_count - 1] : job_make(true);
    queue(session, job->notify, job->notify_len);
}

/* A forwarded share. Its nonce says which share of ours it is; all else must be as it was sent. */
static void submitted(struct session *session, const char *params, const char *end, uint64_t id)
{
    struct text field[6]; /* user, job, extranonce2, ntime, nonce, version bits */
    uint8_t extranonce2[16];
    uint32_t job, ntime, nonce, bits;
    pool_counts.submits++;
    reply(session, id, "true");
    for (int i = 0; i < 6; i++)
        if (!text_next_string(&params, end, &field[i])) {
            pool_counts.malformed++;
            return;
        }
    unsigned size = pool_extranonce2_size();
    if (!text_hex32(field[1], &job) || text_unhex(field[2], extranonce2, 16) != (ssize_t)size ||
        !text_hex32(field[3], &ntime) || !text_hex32(field[4], &nonce) ||
        !text_hex32(field[5], &bits)) {
        pool_counts.malformed++;
        return;
    }
    bool foreign;
    struct share *share = share_of_nonce(nonce, &foreign);
    if (!share) {
        *(foreign ? &pool_counts.foreign : &pool_counts.unknown) += 1;
        return;
    }
    const struct miner *miner = &miners[share->miner];
    unsigned own = miner->extranonce1_len + miner->extranonce2_size;
    uint8_t wanted[16] = {0}; /* zeros ‖ the miner's extranonce1 ‖ its extranonce2 */
    bool fits = own <= size;
    if (fits) {
        memcpy(wanted + size - own, miner->extranonce1, miner->extranonce1_len);
        for (unsigned i = 0; i < miner->extranonce2_size && i < 4; i++)
            wanted[size - 1 - i] = (uint8_t)(share->extranonce2 >> 8 * i);
    }
    if (!fits || memcmp(wanted, extranonce2, size) || share->ntime != ntime ||
        share->bits != bits || share->job != (int32_t)job)
        pool_counts.unknown++;
    else if (share->seen_by_pool)
        pool_counts.repeated++;
    else
        pool_counts.matched++;
    share->seen_by_pool = true;
    if (share->job >= 0)
        verify_keep_share(share, (unsigned)(session - sessions), extranonce2, size, bits);
}

static void line_came(struct session *session, const char *line, const char *end)
{
    uint64_t id;
    const char *method = text_find(line, end, "\"mining.");
    if (!method || !text_id(line, end, &id))
        return;
    if (text_find(method, end, "mining.submit\"")) {
        const char *params = text_find(line, end, "\"params\":");
        if (params)
            submitted(session, params + 9, end, id);
    } else if (text_find(method, end, "mining.configure\"")) {
        pool_counts.version_rolling = true;
        reply(session, id, "{\"version-rolling\":true,\"version-rolling.mask\":\"1fffe000\"}");
    } else if (text_find(method, end, "mining.subscribe\"")) {
        char result[128], extranonce1[2 * POOL_EXTRANONCE1 + 1] = {0};
        put_hex(extranonce1, session->extranonce1, POOL_EXTRANONCE1);
        snprintf(result, sizeof result,
                 "[[[\"mining.set_difficulty\",\"1\"],[\"mining.notify\",\"1\"]],\"%s\",%u]",
                 extranonce1, pool_extranonce2_size());
        session->subscribed = true;
        reply(session, id, result);
        first_job(session);
    } else if (text_find(method, end, "mining.authorize\"")) {
        session->authorized = true;
        reply(session, id, "true");
        first_job(session);
    } else {
        reply(session, id, "true");
    }
}

static void receive(struct session *session)
{
    ssize_t got = recv(session->fd, session->in + session->in_len, READ_BYTES, 0);
    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0) {
        drop(session);
        return;
    }
    const char *at = session->in, *end = session->in + session->in_len + got;
    for (const char *stop; (stop = memchr(at, '\n', (size_t)(end - at))); at = stop + 1)
        line_came(session, at, stop);
    session->in_len = (size_t)(end - at);
    if (session->in_len > LONGEST)
        die("the server sent the pool a line of over %d bytes", LONGEST);
    memmove(session->in, at, session->in_len);
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
        if (sessions[i].fd >= 0 && sessions[i].subscribed && sessions[i].authorized) {
            queue(&sessions[i], job->notify, job->notify_len);
            flush(&sessions[i]);
        }
}
