#include "submit_scan.h"

#include <string.h>

/* Where the scan stands: [at, end) is still to be read. */
struct cursor {
    const char *at;
    const char *end;
};

static void skip_spaces(struct cursor *c)
{
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\t' || *c->at == '\r'))
        c->at++;
}

/* Take one character, and the spaces before it. */
static bool take(struct cursor *c, char wanted)
{
    skip_spaces(c);
    if (c->at == c->end || *c->at != wanted)
        return false;
    c->at++;
    return true;
}

/* Take a string of printable ASCII without escapes; `out` is what stands between the quotes. */
static bool take_string(struct cursor *c, struct piece *out)
{
    if (!take(c, '"'))
        return false;
    out->at = c->at;
    for (; c->at < c->end; c->at++) {
        unsigned char byte = (unsigned char)*c->at;
        if (byte == '"') {
            out->length = (size_t)(c->at - out->at);
            c->at++;
            return true;
        }
        if (byte < 0x20 || byte > 0x7e || byte == '\\')
            return false;
    }
    return false;
}

/* Take an id that goes back as it came: an unsigned integer without leading zeros, or a string. */
static bool take_id(struct cursor *c, struct piece *out)
{
    skip_spaces(c);
    out->at = c->at;
    if (c->at < c->end && *c->at == '"') {
        struct piece inside;
        if (!take_string(c, &inside))
            return false;
    } else {
        while (c->at < c->end && *c->at >= '0' && *c->at <= '9')
            c->at++;
        size_t digits = (size_t)(c->at - out->at);
        if (digits == 0 || digits > 18 || (digits > 1 && *out->at == '0'))
            return false;
    }
    out->length = (size_t)(c->at - out->at);
    return true;
}

/* One more than a hex digit is worth, in either case; 0 for what is none. */
static const uint8_t digit_plus_1[256] = {
    ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
    ['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
    ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
};

/* Take a hex digit, if there is one. */
static bool take_digit(struct cursor *c, uint8_t *digit)
{
    if (c->at == c->end || digit_plus_1[(uint8_t)*c->at] == 0)
        return false;
    *digit = digit_plus_1[(uint8_t)*c->at++] - 1;
    return true;
}

/* Take the quote that ends a string, right here. */
static bool take_end(struct cursor *c)
{
    return c->at < c->end && *c->at++ == '"';
}

/* Take a string of hex, two digits a byte. */
static bool take_bytes(struct cursor *c, uint8_t bytes[SUBMIT_EXTRANONCE2], size_t *size)
{
    uint8_t high, low;
    if (!take(c, '"'))
        return false;
    for (*size = 0; *size < SUBMIT_EXTRANONCE2 && take_digit(c, &high); ++*size) {
        if (!take_digit(c, &low))
            return false;
        bytes[*size] = (uint8_t)(high << 4 | low);
    }
    return take_end(c);
}

/* Take a string of 1 to 8 hex digits: NerdMiner does not pad its nonces with zeros. */
static bool take_number(struct cursor *c, uint32_t *number)
{
    uint8_t digit;
    int digits = 0;
    if (!take(c, '"'))
        return false;
    for (*number = 0; digits < 8 && take_digit(c, &digit); digits++)
        *number = *number << 4 | digit;
    return digits > 0 && take_end(c);
}

static bool take_params(struct cursor *c, struct submit *out)
{
    if (!take(c, '[') || !take_string(c, &out->worker))
        return false;
    if (!take(c, ',') || !take_string(c, &out->job_id))
        return false;
    if (!take(c, ',') || !take_bytes(c, out->extranonce2, &out->extranonce2_size))
        return false;
    if (!take(c, ',') || !take_number(c, &out->ntime))
        return false;
    if (!take(c, ',') || !take_number(c, &out->nonce))
        return false;
    out->has_bits = take(c, ',');
    if (out->has_bits && !take_number(c, &out->bits))
        return false;
    return take(c, ']');
}

static bool is(const struct piece *piece, const char *text)
{
    return piece->length == strlen(text) && memcmp(piece->at, text, piece->length) == 0;
}

bool submit_scan(const char *line, size_t length, struct submit *out)
{
    enum { ID = 1, METHOD = 2, PARAMS = 4, ALL = 7 };
    struct cursor c = {line, line + length};
    unsigned seen = 0;
    if (length > SUBMIT_LONGEST || !take(&c, '{'))
        return false;
    do {
        struct piece key, method;
        unsigned member;
        if (!take_string(&c, &key) || !take(&c, ':'))
            return false;
        if (is(&key, "params")) {
            member = PARAMS;
            if (!take_params(&c, out))
                return false;
        } else if (is(&key, "id")) {
            member = ID;
            if (!take_id(&c, &out->id))
                return false;
        } else if (is(&key, "method")) {
            member = METHOD;
            if (!take_string(&c, &method) || !is(&method, "mining.submit"))
                return false;
        } else {
            return false;
        }
        if (seen & member)
            return false;
        seen |= member;
    } while (take(&c, ','));
    if (seen != ALL || !take(&c, '}'))
        return false;
    skip_spaces(&c);
    if (c.at < c.end && *c.at == '\n')
        c.at++;
    return c.at == c.end;
}
