/* Which machine may be loaded: this one, and those that were named. */
#define _GNU_SOURCE
#include "load.h"

#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_ALLOWED = 32 };
static struct address allowed[MOST_ALLOWED];
static unsigned allowed_count;

static bool parse(struct address *address, const char *host, const char *port)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
    struct addrinfo *found;
    if (!strcmp(host, "localhost"))
        host = "127.0.0.1";
    if (getaddrinfo(host, port, &hints, &found)) /* numeric, so no name is ever looked up */
        return false;
    memcpy(&address->at, found->ai_addr, found->ai_addrlen);
    address->len = found->ai_addrlen;
    freeaddrinfo(found);
    return true;
}

bool address_is_127(const struct address *address)
{
    const struct sockaddr_in *four = (const void *)&address->at;
    return four->sin_family == AF_INET && ntohl(four->sin_addr.s_addr) >> 24 == 127;
}

static bool same_host(const struct address *a, const struct address *b)
{
    const struct sockaddr_in *four = (const void *)&a->at, *other_four = (const void *)&b->at;
    const struct sockaddr_in6 *six = (const void *)&a->at, *other_six = (const void *)&b->at;
    if (a->at.ss_family != b->at.ss_family)
        return false;
    if (a->at.ss_family == AF_INET)
        return four->sin_addr.s_addr == other_four->sin_addr.s_addr;
    return !memcmp(&six->sin6_addr, &other_six->sin6_addr, sizeof six->sin6_addr);
}

static bool is_ours(const struct address *address)
{
    const struct sockaddr_in6 *six = (const void *)&address->at;
    return address_is_127(address) ||
           (six->sin6_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&six->sin6_addr));
}

void address_allow(const char *host)
{
    if (allowed_count == MOST_ALLOWED)
        die("at most %d --allow", MOST_ALLOWED);
    if (!parse(&allowed[allowed_count++], host, "1"))
        die("--allow %s: an address such as 192.0.2.1 was expected", host);
}

struct address address_of(const char *text)
{
    char host[64];
    struct address address = {0};
    const char *colon = strrchr(text, ':'), *from = text;
    char *end;
    long port = colon ? strtol(colon + 1, &end, 10) : 0;
    size_t len = colon ? (size_t)(colon - text) : 0;
    if (len > 2 && text[0] == '[' && text[len - 1] == ']') { /* [::1]:3333 */
        from++;
        len -= 2;
    }
    bool good = len && len < sizeof host && port > 0 && port <= 65535 && !*end;
    if (good) {
        memcpy(host, from, len);
        host[len] = 0;
        good = parse(&address, host, colon + 1);
    }
    if (!good)
        die("%s: an address such as 127.0.0.1:3333 or [::1]:3333 was expected", text);
    if (is_ours(&address))
        return address;
    for (unsigned i = 0; i < allowed_count; i++)
        if (same_host(&allowed[i], &address))
            return address;
    die("%s: only this machine is loaded, so an address in 127.0.0.0/8 or [::1]; "
        "--allow %s before it allows that one",
        text, host);
}
