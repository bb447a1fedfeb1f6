/* epoll: which socket is ready, and when what it has to say came in. */
#define _GNU_SOURCE
#include "load.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int epoll_fd;

ns_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (ns_t)t.tv_sec * SECOND + (ns_t)t.tv_nsec;
}

ns_t after(double seconds)
{
    return now_ns() + (ns_t)(seconds * 1e9);
}

void loop_open(void)
{
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_fd < 0)
        die("epoll_create1: %s", strerror(errno));
}

void loop_watch(int fd, enum kind kind, uint32_t index, bool writable, bool change)
{
    struct epoll_event event = {
        .events = EPOLLIN | (writable ? EPOLLOUT : 0),
        .data.u64 = (uint64_t)kind << 32 | index,
    };
    if (epoll_ctl(epoll_fd, change ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event))
        die("epoll_ctl: %s", strerror(errno));
}

void loop_turn(ns_t until)
{
    struct epoll_event events[256];
    ns_t now = now_ns(), put_off = pool_due(now);
    if (put_off < until)
        until = put_off;
    ns_t wait = until > now ? until - now : 0;
    struct timespec timeout = {(time_t)(wait / SECOND), (long)(wait % SECOND)};
    int count = epoll_pwait2(epoll_fd, events, 256, &timeout, NULL);
    if (count < 0 && errno == ENOSYS) /* before Linux 5.11; whole milliseconds then */
        count = epoll_wait(epoll_fd, events, 256, (int)(wait / 1000000));
    if (count < 0 && errno != EINTR)
        die("epoll_wait: %s", strerror(errno));
    for (int i = 0; i < count; i++) {
        enum kind kind = (enum kind)(events[i].data.u64 >> 32);
        uint32_t index = (uint32_t)events[i].data.u64;
        if (kind == MINER)
            miner_event(index, events[i].events);
        else
            pool_event(kind, index, events[i].events);
    }
}

void loop_until(ns_t until)
{
    while (now_ns() < until)
        loop_turn(until);
}

void stamp_socket(int fd)
{
    int on = 1;
    if (setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on))
        die("SO_TIMESTAMPNS: %s", strerror(errno));
}

ssize_t receive_stamped(int fd, char *to, size_t room, ns_t *at)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(struct timespec))];
    } control;
    struct iovec part = {to, room};
    struct msghdr message = {
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = sizeof control,
    };
    ssize_t got = recvmsg(fd, &message, 0);
    if (got <= 0)
        return got;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SO_TIMESTAMPNS) {
        struct timespec stamp;
        memcpy(&stamp, CMSG_DATA(header), sizeof stamp);
        *at = (ns_t)stamp.tv_sec * SECOND + (ns_t)stamp.tv_nsec;
    } else {
        *at = now_ns(); /* the first packets, before the kernel has its stamps switched on */
    }
    return got;
}
