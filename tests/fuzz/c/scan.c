/* submit_scan on every byte string: it agrees, both ways, with the strict reading below, and what
 * it gives is what stands in the line. */
#include "fuzz.h"

#include "../../../stratumproxy/protocol/v1/submit_scan.h"

#include <ctype.h>

/* The other reading. First the line becomes tokens, then their order is looked at. */
enum { MAX_TOKENS = 40 };

struct token {
    char kind; /* one of {}[]:, or s for a string, n for an unsigned integer */
    const char *at;
    size_t length; /* of a string without its quotes */
};

static size_t string_length(const char *at, const char *end)
{
    const char *quote = memchr(at, '"', (size_t)(end - at));
    if (quote == NULL)
        return SIZE_MAX;
    for (const char *c = at; c < quote; c++)
        if (*c < ' ' || *c > '~' || *c == '\\')
            return SIZE_MAX;
    return (size_t)(quote - at);
}

/* How many tokens; 0 for what has no place in a plain line. */
static size_t tokens_of(const char *line, size_t length, struct token *tokens)
{
    size_t count = 0;
    const char *end = line + length;
    if (length > 0 && end[-1] == '\n')
        end--;
    for (const char *at = line; at < end;) {
        if (*at == ' ' || *at == '\t' || *at == '\r') {
            at++;
            continue;
        }
        if (count == MAX_TOKENS)
            return 0;
        struct token *token = &tokens[count++];
        *token = (struct token){*at, at, 1};
        if (*at == '"') {
            *token = (struct token){'s', at + 1, string_length(at + 1, end)};
            if (token->length == SIZE_MAX)
                return 0;
            at += token->length + 2;
        } else if (*at >= '0' && *at <= '9') {
            while (at + token->length < end && at[token->length] >= '0' && at[token->length] <= '9')
                token->length++;
            if (token->length > 18 || (*at == '0' && token->length > 1))
                return 0;
            token->kind = 'n';
            at += token->length;
        } else if (*at != '\0' && strchr("{}[]:,", *at) != NULL) {
            at++;
        } else {
            return 0;
        }
    }
    return count;
}

static int says(const struct token *token, const char *text)
{
    return token->kind == 's' && token->length == strlen(text) &&
           memcmp(token->at, text, token->length) == 0;
}

static int is_hex(const struct token *token)
{
    size_t digits = 0;
    while (digits < token->length && isxdigit((unsigned char)token->at[digits]))
        digits++;
    return token->kind == 's' && digits == token->length;
}

/* Whether a string can be that param: worker, job id, extranonce2, then numbers. */
static int fits(size_t field, const struct token *token)
{
    if (field < 2)
        return 1;
    if (field == 2)
        return is_hex(token) && token->length % 2 == 0 && token->length / 2 <= SUBMIT_EXTRANONCE2;
    return is_hex(token) && token->length >= 1 && token->length <= 8;
}

/* What hex digits say, by the C library. */
static uint32_t value_of(const char *digits, size_t count)
{
    char text[9] = {0};
    memcpy(text, digits, count);
    return (uint32_t)strtoul(text, NULL, 16);
}

static const char *const keys[] = {"id", "method", "params"};

/* Tokens of a value, 0 if it is not what that key wants. */
static size_t value_size(size_t key, const struct token *token, size_t left)
{
    if (left == 0)
        return 0;
    if (key == 0)
        return token->kind == 's' || token->kind == 'n';
    if (key == 1)
        return (size_t)says(token, "mining.submit");
    size_t fields = 0, i = 1;
    if (token->kind != '[')
        return 0;
    for (; i + 1 < left && token[i].kind == 's' && fits(fields, &token[i]); i += 2) {
        fields++;
        if (token[i + 1].kind == ']')
            return fields == 5 || fields == 6 ? i + 2 : 0;
        if (token[i + 1].kind != ',')
            return 0;
    }
    return 0;
}

/* Where each key's value begins, or false. */
static int plain(const struct token *tokens, size_t count, size_t values[3])
{
    size_t at = 0;
    memset(values, 0, 3 * sizeof *values);
    for (int member = 0; member < 3; member++) {
        size_t key = 0;
        if (at + 3 >= count || tokens[at].kind != (member == 0 ? '{' : ','))
            return 0;
        while (key < 3 && !says(&tokens[at + 1], keys[key]))
            key++;
        if (key == 3 || values[key] != 0 || tokens[at + 2].kind != ':')
            return 0;
        values[key] = at + 3;
        size_t size = value_size(key, &tokens[at + 3], count - at - 3);
        if (size == 0)
            return 0;
        at += 3 + size;
    }
    return at + 1 == count && tokens[at].kind == '}';
}

static void same(const struct piece *piece, const struct token *token, int quotes)
{
    quotes = quotes && token->kind == 's';
    require(piece->at == token->at - quotes, "a piece begins where its token does");
    require(piece->length == token->length + 2 * (size_t)quotes, "and is as long");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *line = (const char *)data;
    struct token tokens[MAX_TOKENS];
    size_t values[3];
    struct submit submit;
    int found = submit_scan(line, size, &submit);
    size_t count = tokens_of(line, size, tokens);
    int expected = size <= SUBMIT_LONGEST && count > 0 && plain(tokens, count, values);
    require(found == expected, "both readings say the same of the line");
    if (!found)
        return 0;

    const struct token *fields[6];
    for (size_t i = 0; i < 6; i++)
        fields[i] = &tokens[values[2] + 1 + 2 * i];
    same(&submit.id, &tokens[values[0]], 1);
    same(&submit.worker, fields[0], 0);
    same(&submit.job_id, fields[1], 0);
    require(2 * submit.extranonce2_size == fields[2]->length, "two digits a byte");
    for (size_t i = 0; i < submit.extranonce2_size; i++)
        require(submit.extranonce2[i] == value_of(fields[2]->at + 2 * i, 2),
                "each byte is what its pair says");
    require(submit.ntime == value_of(fields[3]->at, fields[3]->length), "ntime is what it says");
    require(submit.nonce == value_of(fields[4]->at, fields[4]->length), "and so is the nonce");
    require(submit.has_bits == (fields[4][1].kind == ','), "version bits where there are six");
    if (submit.has_bits)
        require(submit.bits == value_of(fields[5]->at, fields[5]->length), "with their value");
    return 0;
}
