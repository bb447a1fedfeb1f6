/* Just enough JSON to read lines whose shape is known, in either spacing. */
#define _GNU_SOURCE
#include "load.h"

#include <string.h>

const char *text_find(const char *from, const char *end, const char *needle)
{
    return memmem(from, (size_t)(end - from), needle, strlen(needle));
}

/* The next string from *from on, which is moved behind it. Escapes do not occur in what we read. */
bool text_next_string(const char **from, const char *end, struct text *string)
{
    const char *open = memchr(*from, '"', (size_t)(end - *from));
    if (!open)
        return false;
    const char *close = memchr(open + 1, '"', (size_t)(end - open - 1));
    if (!close)
        return false;
    *string = (struct text){open + 1, (size_t)(close - open - 1)};
    *from = close + 1;
    return true;
}

bool text_is(struct text text, const char *wanted)
{
    return text.len == strlen(wanted) && !memcmp(text.at, wanted, text.len);
}

/* The message's id, where that is a whole number. */
bool text_id(const char *line, const char *end, uint64_t *id)
{
    const char *at = text_find(line, end, "\"id\":");
    if (!at)
        return false;
    at += 5;
    while (at < end && *at == ' ')
        at++;
    if (at == end || *at < '0' || *at > '9')
        return false;
    uint64_t value = 0;
    for (; at < end && *at >= '0' && *at <= '9' && value < UINT64_MAX / 20; at++)
        value = value * 10 + (uint64_t)(*at - '0');
    *id = value;
    return true;
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool text_hex32(struct text text, uint32_t *value)
{
    if (!text.len || text.len > 8)
        return false;
    uint32_t sum = 0;
    for (size_t i = 0; i < text.len; i++) {
        int d = digit(text.at[i]);
        if (d < 0)
            return false;
        sum = sum << 4 | (uint32_t)d;
    }
    *value = sum;
    return true;
}

ssize_t text_unhex(struct text text, uint8_t *to, size_t room)
{
    if (text.len % 2 || text.len / 2 > room)
        return -1;
    for (size_t i = 0; i < text.len; i += 2) {
        int high = digit(text.at[i]), low = digit(text.at[i + 1]);
        if (high < 0 || low < 0)
            return -1;
        to[i / 2] = (uint8_t)(high << 4 | low);
    }
    return (ssize_t)(text.len / 2);
}

static const char digits[] = "0123456789abcdef";

char *put_hex32(char *to, uint32_t value)
{
    for (int shift = 28; shift >= 0; shift -= 4)
        *to++ = digits[value >> shift & 15];
    return to;
}

char *put_hex(char *to, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        *to++ = digits[bytes[i] >> 4];
        *to++ = digits[bytes[i] & 15];
    }
    return to;
}

char *put_number(char *to, uint64_t value)
{
    char reversed[20];
    int count = 0;
    do
        reversed[count++] = (char)('0' + value % 10);
    while (value /= 10);
    while (count)
        *to++ = reversed[--count];
    return to;
}

char *put_text(char *to, const char *text, size_t len)
{
    memcpy(to, text, len);
    return to + len;
}
