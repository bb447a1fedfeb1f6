/* The floor: what the kernel alone costs a server of this kind.
 *
 * One thread: epoll, recv, a canned reply, send; and for a new job a bare loop of sends. Nothing
 * is parsed but for the byte that tells requests apart and the id that goes back; no share is
 * checked, counted or forwarded. No server that uses these system calls can be cheaper.
 *
 *   floor LISTEN_PORT POOL_PORT      both on 127.0.0.1 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 65536, LINE = 8192, BATCH = 256 };

static int epoll_fd, listener, pool = -1;
static struct sockaddr_in pool_address;
static uint32_t slot_of[MOST];  /* by descriptor: the miner's extranonce1 */
static uint32_t place_of[MOST]; /* by descriptor: its place in mining[], + 1; 0: not mining */
static int mining[MOST];
static uint32_t mining_count, slots;
static char job[LINE], pool_in[2 * LINE];
static size_t job_len, pool_len;

static void die(const char *what)
{
    fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void watch(int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event))
        die("epoll_ctl");
}

static void hang_up(int fd)
{
    if (place_of[fd]) {
        uint32_t place = place_of[fd] - 1;
        mining[place] = mining[--mining_count];
        place_of[mining[place]] = place + 1;
        place_of[fd] = 0;
    }
    close(fd);
}

static void welcome(void)
{
    int on = 1;
    for (int i = 0; i < 64; i++) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0)
            return;
        if (fd >= MOST) {
            close(fd);
            return;
        }
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        slot_of[fd] = ++slots;
        place_of[fd] = 0;
        watch(fd);
    }
}

/* One request, its id at the end (cgminer's submit) or at the start. Its reply goes to `out`. */
static char *answer(int fd, const char *line, const char *end, char *out)
{
    static const char difficulty[] =
        "{\"id\":null,\"method\":\"mining.set_difficulty\",\"params\":[1e-10]}\n";
    const char *id = NULL;
    for (const char *at = end; at - line > 5; at--) /* an id behind the params is found at once */
        if (!memcmp(at - 5, "\"id\":", 5)) {
            id = at;
            break;
        }
    if (!id)
        return out;
    while (*id == ' ')
        id++;
    const char *id_end = id;
    while (*id_end >= '0' && *id_end <= '9')
        id_end++;
    out = mempcpy(out, "{\"id\":", 6);
    out = mempcpy(out, id, (size_t)(id_end - id));
    const char *method = line[2] == 'p' ? NULL : memmem(line, (size_t)(end - line), "mining.", 7);
    switch (method ? method[7] : 's') {
    case 'c': /* configure */
        return stpcpy(out, ",\"result\":{\"version-rolling\":true,\"version-rolling.mask\":"
                           "\"1fffe000\"},\"error\":null}\n");
    case 'a': /* authorize */
        out = stpcpy(out, ",\"result\":true,\"error\":null}\n");
        out = stpcpy(out, difficulty);
        if (!place_of[fd]) {
            mining[mining_count++] = fd;
            place_of[fd] = mining_count;
        }
        return mempcpy(out, job, job_len);
    }
    if (method && method[8] == 'u' && method[9] == 'b' && method[10] == 's') /* subscribe */
        return out + sprintf(out,
                             ",\"result\":[[[\"mining.set_difficulty\",\"1\"],[\"mining.notify\","
                             "\"1\"]],\"%08x\",4],\"error\":null}\n",
                             slot_of[fd]);
    return mempcpy(out, ",\"result\":true,\"error\":null}\n", 29); /* submit */
}

static void serve(int fd)
{
    static char in[LINE], out[4 * LINE];
    ssize_t got = recv(fd, in, sizeof in, 0);
    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0) {
        hang_up(fd);
        return;
    }
    char *to = out;
    const char *end = in + got; /* what a miner says at once is far below LINE, and whole lines */
    for (const char *at = in, *stop; (stop = memchr(at, '\n', (size_t)(end - at))); at = stop + 1)
        if (to - out < (ptrdiff_t)(2 * LINE))
            to = answer(fd, at, stop, to);
    if (to > out && send(fd, out, (size_t)(to - out), MSG_NOSIGNAL) < 0)
        hang_up(fd);
}

static void connect_pool(void)
{
    static const char hello[] =
        "{\"id\":1,\"method\":\"mining.configure\",\"params\":[[\"version-rolling\"],"
        "{\"version-rolling.mask\":\"1fffe000\"}]}\n"
        "{\"id\":2,\"method\":\"mining.subscribe\",\"params\":[\"floor\"]}\n"
        "{\"id\":3,\"method\":\"mining.authorize\",\"params\":[\"floor\",\"x\"]}\n";
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        die("socket");
    if (connect(fd, (struct sockaddr *)&pool_address, sizeof pool_address)) {
        close(fd);
        nanosleep(&(struct timespec){0, 50000000}, NULL);
        return;
    }
    if (send(fd, hello, sizeof hello - 1, MSG_NOSIGNAL) < 0)
        die("send");
    pool = fd;
    pool_len = 0;
    watch(fd);
}

static void fan_out(const char *line, size_t len)
{
    if (len > sizeof job)
        return;
    memcpy(job, line, len);
    job_len = len;
    for (uint32_t i = 0; i < mining_count; i++)
        send(mining[i], job, job_len, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void pool_said(void)
{
    ssize_t got = recv(pool, pool_in + pool_len, sizeof pool_in - pool_len, 0);
    if (got <= 0) {
        close(pool);
        pool = -1;
        return;
    }
    const char *at = pool_in, *end = pool_in + pool_len + got;
    for (const char *stop; (stop = memchr(at, '\n', (size_t)(end - at))); at = stop + 1)
        if (memmem(at, (size_t)(stop - at), "mining.notify\",\"params", 22))
            fan_out(at, (size_t)(stop + 1 - at));
    pool_len = (size_t)(end - at);
    memmove(pool_in, at, pool_len);
}

static struct sockaddr_in local(const char *port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
        .sin_port = htons((uint16_t)atoi(port)),
    };
}

int main(int argc, char **argv)
{
    struct rlimit limit;
    int on = 1;
    if (argc != 3) {
        fprintf(stderr, "usage: floor LISTEN_PORT POOL_PORT\n");
        return 2;
    }
    if (!getrlimit(RLIMIT_NOFILE, &limit)) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    struct sockaddr_in here = local(argv[1]);
    pool_address = local(argv[2]);
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&here, sizeof here) || listen(listener, 4096))
        die("listen");
    watch(listener);
    for (;;) {
        struct epoll_event events[BATCH];
        if (pool < 0)
            connect_pool();
        int count = epoll_wait(epoll_fd, events, BATCH, pool < 0 ? 0 : 1000);
        for (int i = 0; i < count; i++) {
            int fd = events[i].data.fd;
            if (fd == listener)
                welcome();
            else if (fd == pool)
                pool_said();
            else
                serve(fd);
        }
    }
}
