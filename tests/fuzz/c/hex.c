/* hex_bytes and hex_uint32 on any text, against sscanf's idea of a digit.
 *
 * Input: one byte that says how many bytes are wanted, then the text. */
#include "fuzz.h"

#include "../../../stratumproxy/shares/hex.h"

#include <ctype.h>

static int value_of(char digit)
{
    const char *all = "0123456789abcdef";
    return (int)(strchr(all, tolower((unsigned char)digit)) - all);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    size_t wanted = take(&input, 1);
    size_t length = input.left;
    char *chars = (char *)take_bytes(&input, length);
    struct text text = {chars, length};

    int digits = 1;
    for (size_t i = 0; i < length; i++)
        digits &= isxdigit((unsigned char)chars[i]) != 0;

    uint8_t *bytes = malloc(wanted);
    require(hex_bytes(bytes, wanted, text) == (digits && length == 2 * wanted),
            "bytes are that many pairs of digits");
    for (size_t i = 0; digits && length == 2 * wanted && i < wanted; i++)
        require(bytes[i] == value_of(chars[2 * i]) * 16 + value_of(chars[2 * i + 1]),
                "each byte is what its pair says");

    uint32_t number = 0;
    uint64_t expected = 0;
    require(hex_uint32(&number, text) == (digits && length >= 1 && length <= 8),
            "a number is one to eight digits");
    for (size_t i = 0; digits && length <= 8 && i < length; i++)
        expected = expected * 16 + (uint64_t)value_of(chars[i]);
    if (digits && length >= 1 && length <= 8)
        require(number == expected, "a number is what its digits say");

    require(!hex_bytes(bytes, wanted, (struct text){NULL, 0}), "no text is no bytes");
    require(!hex_uint32(&number, (struct text){NULL, 0}), "no text is no number");
    free(bytes);
    free(chars);
    return 0;
}
