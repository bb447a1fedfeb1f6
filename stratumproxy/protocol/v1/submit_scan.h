/* Reads a mining.submit line without building a JSON document.
 *
 * Only the plain form is recognised, which every known firmware sends: the three members id, method
 * and params in any order, an id that is an unsigned integer or a string, and five or six params
 * that are strings, from the third on of hex; every string of printable ASCII without escapes.
 * Everything else is for the JSON parser to judge, so a "no" here never means that a line is wrong.
 *
 * No Python here: the scanner is tested and fuzzed alone, under sanitizers.
 */
#ifndef STRATUMPROXY_SUBMIT_SCAN_H
#define STRATUMPROXY_SUBMIT_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of a line, and of extranonce2: twice what any pool gives. */
enum { SUBMIT_LONGEST = 1024, SUBMIT_EXTRANONCE2 = 32 };

/* A piece of the line. */
struct piece {
    const char *at;
    size_t length;
};

struct submit {
    struct piece id; /* as it stands in the line, quotes included */
    struct piece worker, job_id;
    uint8_t extranonce2[SUBMIT_EXTRANONCE2];
    size_t extranonce2_size;
    uint32_t ntime, nonce, bits;
    bool has_bits;
};

/* Whether `line` (one line, a final '\n' allowed) is a plain mining.submit; if so `out` is filled,
 * but for what it says is not there. Reads no byte outside [line, line + length). */
bool submit_scan(const char *line, size_t length, struct submit *out);

#endif
