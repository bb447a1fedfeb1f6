/* Numbers and hex, read and written. */
#include "load.h"

#include <string.h>

bool text_is(struct text text, const char *wanted)
{
    return text.len == strlen(wanted) && !memcmp(text.at, wanted, text.len);
}

bool text_number(struct text text, uint64_t *value)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9' || sum > UINT64_MAX / 20)
            return false;
        sum = sum * 10 + (uint64_t)(text.at[i] - '0');
    }
    *value = sum;
    return text.len > 0;
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
