#include "target.h"

#include <math.h>
#include <string.h>

static inline uint64_t load64(const uint8_t b[8])
{
    return (uint64_t)b[0] | (uint64_t)b[1] << 8 | (uint64_t)b[2] << 16 | (uint64_t)b[3] << 24 |
           (uint64_t)b[4] << 32 | (uint64_t)b[5] << 40 | (uint64_t)b[6] << 48 |
           (uint64_t)b[7] << 56;
}

struct u256 u256_load(const uint8_t bytes[32])
{
    return (struct u256){
        {load64(bytes), load64(bytes + 8), load64(bytes + 16), load64(bytes + 24)}};
}

struct u256 u256_from_nbits(uint32_t nbits)
{
    const struct u256 zero = {{0}};
    uint8_t bytes[32] = {0};
    int exponent = (int)(nbits >> 24); /* bytes of the target, the mantissa's three on top */
    if (nbits & 0x800000)
        return zero;
    for (int i = 0; i < 3; i++) {
        int place = exponent - 3 + i;
        uint8_t byte = (uint8_t)(nbits >> 8 * i);
        if (place > 31 && byte != 0)
            return zero;
        if (place >= 0 && place <= 31)
            bytes[place] = byte;
    }
    return u256_load(bytes);
}

/* The eight 32-bit digits, lowest first, of a value shifted left until its top bit is set.
 * Returns how far; the value is not 0. */
static int normalize(uint32_t digits[8], const struct u256 *value)
{
    int top = 3;
    while (value->words[top] == 0)
        top--;
    int bits = __builtin_clzll(value->words[top]);
    for (int i = 3; i >= 0; i--) {
        int from = i - (3 - top);
        uint64_t word = from >= 0 ? value->words[from] << bits : 0;
        if (from > 0 && bits > 0)
            word |= value->words[from - 1] >> (64 - bits);
        digits[2 * i] = (uint32_t)word;
        digits[2 * i + 1] = (uint32_t)(word >> 32);
    }
    return 64 * (3 - top) + bits;
}

/* The next digit of r / v by long division (Knuth, TAOCP 4.3.1, algorithm D). r becomes
 * (r << 32) mod v. r is below v, so its ninth digit is 0 before and after; v is normalized. */
static uint32_t next_digit(uint32_t r[9], const uint32_t v[8])
{
    memmove(r + 1, r, 8 * sizeof *r);
    r[0] = 0;
    uint64_t q = ((uint64_t)r[8] << 32 | r[7]) / v[7]; /* right, or up to 2 too large */
    if (q > UINT32_MAX)
        q = UINT32_MAX;
    uint64_t borrow = 0;
    for (int i = 0; i < 8; i++) {
        uint64_t product = q * v[i] + borrow;
        borrow = (product >> 32) + (r[i] < (uint32_t)product);
        r[i] -= (uint32_t)product;
    }
    r[8] -= (uint32_t)borrow;
    while (r[8] != 0) { /* below zero */
        uint64_t carry = 0;
        for (int i = 0; i < 8; i++) {
            carry += (uint64_t)r[i] + v[i];
            r[i] = (uint32_t)carry;
            carry >>= 32;
        }
        r[8] += (uint32_t)carry;
        q--;
    }
    return (uint32_t)q;
}

double u256_difficulty(const struct u256 *value)
{
    if (!(value->words[0] | value->words[1] | value->words[2] | value->words[3]))
        return INFINITY;
    uint32_t v[8];
    int shift = normalize(v, value);
    /* 0xffff << 239 is below every normalized v, and above a quarter of it: the quotient times
     * 2**64 has 63 or 64 bits, 10 more than a double keeps. */
    uint32_t r[9] = {[7] = 0x7fff8000};
    uint64_t q = (uint64_t)next_digit(r, v) << 32;
    q |= next_digit(r, v);
    for (int i = 0; i < 8; i++)
        if (r[i] != 0)
            q |= 1; /* not exact: keeps the conversion from taking it for a tie */
    return ldexp((double)q, shift - 95);
}
