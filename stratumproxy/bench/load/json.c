/* JSON (RFC 8259), as far as a line of Stratum can go: no copies, no numbers converted. */
#include "load.h"

#include <stdlib.h>
#include <string.h>

enum { DEEPEST = 16 };

static struct json tokens[MOST_TOKENS];
static unsigned count;

static const char *skip_space(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\r'))
        at++;
    return at;
}

static struct json *add(enum json_kind kind, const char *at, size_t len)
{
    if (count == MOST_TOKENS)
        return NULL;
    tokens[count] = (struct json){kind, 1, {at, len}};
    return &tokens[count++];
}

/* Each of these begins at what it reads, and returns what stands behind it; NULL: it is broken. */
static const char *string(const char *at, const char *end)
{
    const char *from = ++at;
    for (; at < end && *at != '"'; at++)
        if (*at == '\\')
            at++;
    if (at >= end || !add(JSON_STRING, from, (size_t)(at - from)))
        return NULL;
    return at + 1;
}

static const char *word(const char *at, const char *end)
{
    static const char in_words[] = "+-.0123456789abcdefghijklmnopqrstuvwxyzE";
    const char *from = at;
    while (at < end && *at && strchr(in_words, *at))
        at++;
    return at > from && add(JSON_WORD, from, (size_t)(at - from)) ? at : NULL;
}

static const char *value(const char *at, const char *end, int depth);

static const char *members(const char *at, const char *end, int depth, bool object)
{
    char close = object ? '}' : ']';
    unsigned self = count;
    if (depth == DEEPEST || !add(object ? JSON_OBJECT : JSON_ARRAY, at, 1))
        return NULL;
    at = skip_space(at + 1, end);
    if (at < end && *at == close)
        return at + 1;
    for (;;) {
        if (object) {
            if (at >= end || *at != '"' || !(at = string(at, end)))
                return NULL;
            at = skip_space(at, end);
            if (at >= end || *at++ != ':')
                return NULL;
        }
        if (!(at = value(at, end, depth + 1)))
            return NULL;
        at = skip_space(at, end);
        if (at < end && *at == close)
            break;
        if (at >= end || *at++ != ',')
            return NULL;
        at = skip_space(at, end);
    }
    tokens[self].size = count - self;
    return at + 1;
}

static const char *value(const char *at, const char *end, int depth)
{
    at = skip_space(at, end);
    if (at == end)
        return NULL;
    if (*at == '{' || *at == '[')
        return members(at, end, depth, *at == '{');
    return *at == '"' ? string(at, end) : word(at, end);
}

const struct json *json_parse(const char *line, const char *end)
{
    count = 0;
    const char *behind = value(line, end, 0);
    return behind && skip_space(behind, end) == end ? tokens : NULL;
}

const struct json *json_get(const struct json *object, const char *key)
{
    if (!object || object->kind != JSON_OBJECT)
        return NULL;
    const struct json *at = object + 1, *end = object + object->size;
    for (; at < end; at = at + 1 + at[1].size) /* a key and its value */
        if (text_is(at->text, key))
            return at + 1;
    return NULL;
}

const struct json *json_item(const struct json *array, unsigned index)
{
    if (!array || array->kind != JSON_ARRAY)
        return NULL;
    const struct json *at = array + 1, *end = array + array->size;
    for (; at < end && index; index--)
        at += at->size;
    return at < end ? at : NULL;
}

bool json_is(const struct json *value, const char *word)
{
    return value && value->kind == JSON_WORD && text_is(value->text, word);
}

struct text json_string(const struct json *value)
{
    return value && value->kind == JSON_STRING ? value->text : (struct text){0};
}

bool json_number(const struct json *value, uint64_t *number)
{
    if (!value || (value->kind != JSON_WORD && value->kind != JSON_STRING))
        return false;
    if (text_number(value->text, number))
        return true;
    if (value->kind == JSON_STRING)
        return false;
    char *end;
    double real = strtod(value->text.at, &end);
    if (end != value->text.at + value->text.len || !(real >= 0 && real < 1e15) ||
        real != (double)(uint64_t)real)
        return false;
    *number = (uint64_t)real;
    return true;
}
