#include "hex.h"

/* 0 for what is no digit. */
static const uint8_t digit_plus_1[256] = {
    ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
    ['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
    ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
};

/* -1 for what is no digit. */
static inline int digit(char c)
{
    return digit_plus_1[(uint8_t)c] - 1;
}

bool hex_bytes(uint8_t *bytes, size_t size, struct text text)
{
    if (text.chars == NULL || text.length % 2 != 0 || text.length / 2 != size)
        return false;
    for (size_t i = 0; i < size; i++) {
        int high = digit(text.chars[2 * i]), low = digit(text.chars[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

bool hex_uint32(uint32_t *value, struct text text)
{
    if (text.chars == NULL || text.length < 1 || text.length > 8)
        return false;
    *value = 0;
    for (size_t i = 0; i < text.length; i++) {
        int d = digit(text.chars[i]);
        if (d < 0)
            return false;
        *value = *value << 4 | (uint32_t)d;
    }
    return true;
}
