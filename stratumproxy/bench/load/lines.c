/* Bytes to lines. All sockets are read into one buffer; what a line lacks is kept by its socket. */
#include "load.h"

#include <stdlib.h>
#include <string.h>

enum { READ_BYTES = 256 * 1024, LONGEST = 64 * 1024 };

ssize_t lines_receive(int fd, struct tail *tail, const char **from, const char **end, ns_t *at)
{
    static char buffer[LONGEST + READ_BYTES + 1];
    if (tail->len)
        memcpy(buffer, tail->at, tail->len);
    ssize_t got = receive_stamped(fd, buffer + tail->len, READ_BYTES, at);
    if (got > 0) {
        *from = buffer;
        *end = buffer + tail->len + got;
        buffer[tail->len + got] = 0; /* strtod and its like stop here at the latest */
    }
    return got;
}

void lines_keep(struct tail *tail, const char *from, const char *end)
{
    size_t len = (size_t)(end - from);
    if (!len) {
        if (tail->at)
            lines_drop(tail);
        return;
    }
    if (len > LONGEST)
        die("the server sent a line of over %d bytes", LONGEST);
    char *at = realloc(tail->at, len);
    if (!at)
        die("out of memory");
    *tail = (struct tail){memcpy(at, from, len), (uint32_t)len};
}

void lines_drop(struct tail *tail)
{
    free(tail->at);
    *tail = (struct tail){0};
}
