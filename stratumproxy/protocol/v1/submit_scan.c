#include "submit_scan.h"

#include <string.h>

/* Where the scan stands: [at, end) is still to be read. */
struct cursor {
    const char *at;
    const char *end;
};

static void skip_spaces(struct cursor *c) {
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\t' || *c->at == '\r')) c->at++;
}

/* Take one character, and the spaces before it. */
static bool take(struct cursor *c, char wanted) {
    skip_spaces(c);
    if (c->at == c->end || *c->at != wanted) return false;
    c->at++;
    return true;
}

/* Take a string of printable ASCII without escapes; `out` is what stands between the quotes. */
static bool take_string(struct cursor *c, struct piece *out) {
    if (!take(c, '"')) return false;
    out->at = c->at;
    for (; c->at < c->end; c->at++) {
        unsigned char byte = (unsigned char)*c->at;
        if (byte == '"') {
            out->length = (size_t)(c->at - out->at);
            c->at++;
            return true;
        }
        if (byte < 0x20 || byte > 0x7e || byte == '\\') return false;
    }
    return false;
}

/* Take an id that goes back as it came: an unsigned integer without leading zeros, or a string. */
static bool take_id(struct cursor *c, struct piece *out) {
    skip_spaces(c);
    out->at = c->at;
    if (c->at < c->end && *c->at == '"') {
        struct piece inside;
        if (!take_string(c, &inside)) return false;
    } else {
        while (c->at < c->end && *c->at >= '0' && *c->at <= '9') c->at++;
        size_t digits = (size_t)(c->at - out->at);
        if (digits == 0 || digits > 18 || (digits > 1 && *out->at == '0')) return false;
    }
    out->length = (size_t)(c->at - out->at);
    return true;
}

static bool take_params(struct cursor *c, struct piece fields[SUBMIT_FIELDS]) {
    if (!take(c, '[')) return false;
    int count = 0;
    do {
        if (count == SUBMIT_FIELDS || !take_string(c, &fields[count])) return false;
        count++;
    } while (take(c, ','));
    if (count < SUBMIT_FIELDS) fields[SUBMIT_FIELDS - 1].at = NULL;
    return count >= SUBMIT_FIELDS - 1 && take(c, ']');
}

static bool is(const struct piece *piece, const char *text) {
    return piece->length == strlen(text) && memcmp(piece->at, text, piece->length) == 0;
}

bool submit_scan(const char *line, size_t length, struct submit *out) {
    enum { ID = 1, METHOD = 2, PARAMS = 4, ALL = 7 };
    struct cursor c = {line, line + length};
    unsigned seen = 0;
    if (length > SUBMIT_LONGEST || !take(&c, '{')) return false;
    do {
        struct piece key, method;
        unsigned member;
        if (!take_string(&c, &key) || !take(&c, ':')) return false;
        if (is(&key, "params")) {
            member = PARAMS;
            if (!take_params(&c, out->fields)) return false;
        } else if (is(&key, "id")) {
            member = ID;
            if (!take_id(&c, &out->id)) return false;
        } else if (is(&key, "method")) {
            member = METHOD;
            if (!take_string(&c, &method) || !is(&method, "mining.submit")) return false;
        } else {
            return false;
        }
        if (seen & member) return false;
        seen |= member;
    } while (take(&c, ','));
    if (seen != ALL || !take(&c, '}')) return false;
    skip_spaces(&c);
    if (c.at < c.end && *c.at == '\n') c.at++;
    return c.at == c.end;
}
