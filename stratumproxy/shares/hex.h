/* Hex as miners send it: digits of either case and nothing else. */
#ifndef STRATUMPROXY_HEX_H
#define STRATUMPROXY_HEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Characters that are not ours and may be anything; NULL when there was no text at all. */
struct text {
    const char *chars;
    size_t length;
};

/* Exactly size bytes. What false leaves in bytes is undefined. */
bool hex_bytes(uint8_t *bytes, size_t size, struct text text);
/* An integer of 1 to 8 digits: NerdMiner does not pad its nonces with zeros. */
bool hex_uint32(uint32_t *value, struct text text);

#endif
